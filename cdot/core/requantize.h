/* TFLite's int8 outputs from int32 sums, right to the bit; see requantize.c. */
#ifndef CDOT_REQUANTIZE_H
#define CDOT_REQUANTIZE_H

#include "core/cdot.h"

/* x times multiplier 2^(shift - 31), rounded twice as TFLite's reference does (gemmlowp); shift -31 to 30. */
int32_t cdot_rescale(int32_t x, int32_t multiplier, int32_t shift);

/* out[b m + j] = clamp(rescale(y[b m + j] + bias[j]) + zero_point), sums modulo 2^32. `channels` is m (a
 * multiplier and shift for each output) or 1 (one for all); bias may be NULL. out may lie where y does. */
void cdot_requantize_s8(const int32_t *y, size_t batch, uint32_t m, const int32_t *bias,
                        const int32_t *multipliers, const int32_t *shifts, uint32_t channels,
                        int32_t zero_point, int32_t low, int32_t high, int8_t *out);

#endif
