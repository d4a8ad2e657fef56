/* The fused product of cells; see cells_dot.c. */
#ifndef CDOT_CELLS_DOT_H
#define CDOT_CELLS_DOT_H

#include "core/cdot.h"

#if defined(__AVX2__) && defined(__FMA__)
int cells_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
              uint32_t col_begin, uint32_t col_end, void *scratch);
#else
#define cells_dot NULL /* blocks are as good where codes are looked up one by one */
#endif

#endif
