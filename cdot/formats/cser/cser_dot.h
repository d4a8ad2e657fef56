/* The product of cser; see cser_dot.c. */
#ifndef CDOT_CSER_DOT_H
#define CDOT_CSER_DOT_H

#include "core/cdot.h"

int cser_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
             uint32_t col_begin, uint32_t col_end, void *scratch);

#endif
