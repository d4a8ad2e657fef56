/* The one set of multipliers: what turns blocks into products, whatever the format. */
#ifndef CDOT_MULTIPLY_H
#define CDOT_MULTIPLY_H

#include "core/cdot.h"

/* y[column ldy + b] += the block's segments times x, for every column of the block. */
void cdot_multiply(const cdot_view *view, const cdot_block *block, const float *x, size_t ldx, float *y,
                   size_t ldy, size_t batch);

/* What cdot_dot does where a format has no fused kernel: y has been cleared, the range lies inside. Fused
 * kernels call it for what they do not fuse. */
int cdot_dot_blocks(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
                    uint32_t col_begin, uint32_t col_end, void *scratch);

#endif
