/* The one set of multipliers: what turns blocks into products, whatever the format. */
#ifndef CDOT_MULTIPLY_H
#define CDOT_MULTIPLY_H

#include "cdot.h"

/* y[column ldy + b] += the block's segments times x, for every column of the block. */
void cdot_multiply(const cdot_view *view, const cdot_block *block, const float *x, size_t ldx, float *y,
                   size_t ldy, size_t batch);

#endif
