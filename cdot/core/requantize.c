/* From int32 sums to the int8 outputs of a quantised network, as TFLite's reference kernels compute them.
 *
 * A real scale is multiplier 2^(shift - 31) with a multiplier of 31 bits. The product is rounded twice: the
 * high half of the doubled 64-bit product to the nearest, ties upwards; then the shift to the right to the
 * nearest, ties away from zero. Once would be nearer to the truth, and differ from TFLite's bits. */
#include "core/requantize.h"

/* round(a b / 2^31), ties upwards; the one overflow saturates. */
static int32_t high_product(int32_t a, int32_t b)
{
    if (a == INT32_MIN && b == INT32_MIN)
        return INT32_MAX;
    int64_t product = (int64_t)a * b;
    int64_t nudge = product >= 0 ? (int64_t)1 << 30 : 1 - ((int64_t)1 << 30);
    return (int32_t)((product + nudge) / ((int64_t)1 << 31)); /* division truncates, a shift would not */
}

/* round(x / 2^exponent), ties away from zero; exponent 0 to 31. */
static int32_t divide_by_power(int32_t x, int32_t exponent)
{
    int32_t mask = (int32_t)(((uint32_t)1 << exponent) - 1);
    int32_t remainder = x & mask, threshold = (mask >> 1) + (x < 0);
    return (x >> exponent) + (remainder > threshold);
}

int32_t cdot_rescale(int32_t x, int32_t multiplier, int32_t shift)
{
    uint32_t left = shift > 0 ? (uint32_t)shift : 0;
    int32_t right = shift > 0 ? 0 : -shift;
    return divide_by_power(high_product((int32_t)((uint32_t)x << left), multiplier), right);
}

void cdot_requantize_s8(const int32_t *y, size_t batch, uint32_t m, const int32_t *bias,
                        const int32_t *multipliers, const int32_t *shifts, uint32_t channels,
                        int32_t zero_point, int32_t low, int32_t high, int8_t *out)
{
    for (size_t b = 0; b < batch; b++, y += m, out += m)
        for (uint32_t j = 0; j < m; j++) {
            uint32_t channel = channels == 1 ? 0 : j;
            int32_t sum = (int32_t)((uint32_t)y[j] + (bias ? (uint32_t)bias[j] : 0));
            int32_t scaled = cdot_rescale(sum, multipliers[channel], shifts[channel]);
            int32_t value = (int32_t)((uint32_t)scaled + (uint32_t)zero_point);
            value = value < low ? low : value;
            out[j] = (int8_t)(value > high ? high : value);
        }
}
