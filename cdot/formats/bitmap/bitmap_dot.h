/* The product of bitmap; see bitmap_dot.c. */
#ifndef CDOT_BITMAP_DOT_H
#define CDOT_BITMAP_DOT_H

#include "core/cdot.h"

#if defined(__AVX2__) && defined(__FMA__)
int bitmap_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
               uint32_t col_begin, uint32_t col_end, void *scratch);
#else
#define bitmap_dot NULL /* without vectors that move inputs, blocks are as good */
#endif

#endif
