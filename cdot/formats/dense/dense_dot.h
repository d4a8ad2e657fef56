/* The fused product of dense; see dense_dot.c. */
#ifndef CDOT_DENSE_DOT_H
#define CDOT_DENSE_DOT_H

#include "core/cdot.h"

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
int dense_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
              uint32_t col_begin, uint32_t col_end, void *scratch);
#else
#define dense_dot NULL
#endif

#endif
