/* The int8 multipliers: what turns blocks of int8 into products of int32, whatever the format. */
#ifndef CDOT_MULTIPLY_S8_H
#define CDOT_MULTIPLY_S8_H

#include "core/cdot.h"

/* y[column ldy + b] += the block's segments times x, for every column of the block. */
void cdot_multiply_s8(const cdot_view *view, const cdot_block *block, const int8_t *x, size_t ldx, int32_t *y,
                      size_t ldy, size_t batch);

/* What cdot_dot_s8 does where a format has no fused kernel: y has been cleared, the range lies inside. Fused
 * kernels for one vector call it for more. */
int cdot_dot_blocks_s8(const cdot_view *view, const int8_t *x, size_t ldx, int32_t *y, size_t ldy, size_t batch,
                       uint32_t col_begin, uint32_t col_end, void *scratch);

#endif
