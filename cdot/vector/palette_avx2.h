/* Looking up bytes in a codebook of up to 32 values and a zero with AVX2, 32 at a time. The codebook lies in
 * registers as eight tables of 16 bytes: the first, second, third and fourth bytes of its values, 1 to 16 and 17
 * to 32. A shuffle looks up 32 indices in one of them; what four give is put together to floats.
 *
 * Counted: 16 shuffles for 32 entries, 8 to look up and 8 to put bytes together. Floats leave in the order in which
 * that is all: it is cheaper to bring the inputs into the same order, once for all columns. */
#ifndef CDOT_VECTOR_PALETTE_AVX2_H
#define CDOT_VECTOR_PALETTE_AVX2_H

#include <string.h>

#include "avx2.h"

enum { PALETTE_STEP = 32, PALETTE_HALF = 16, PALETTE_VALUES = 2 * PALETTE_HALF };

typedef struct {
    __m256i low[4], high[4]; /* byte k of values 1 to 16, and of values 17 to 32 */
    __m256i first;           /* the index of value 1 in every byte: one less has no value, and counts as 0 */
} palette;

/* Whether indices into a codebook can be looked up: 32 values, or 33 the first of which is 0. */
static inline int palette_fits(const float *codebook, uint32_t symbols)
{
    return symbols <= PALETTE_VALUES || (symbols == PALETTE_VALUES + 1 && codebook[0] == 0);
}

static inline void palette_fill(palette *p, const float *codebook, uint32_t symbols)
{
    uint8_t bytes[PALETTE_VALUES][4] = {{0}}, table[PALETTE_HALF];
    uint32_t first = symbols > PALETTE_VALUES;
    memcpy(bytes, codebook + first, (symbols - first) * 4);
    p->first = _mm256_set1_epi8((char)first);
    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < PALETTE_HALF; i++)
            table[i] = bytes[i][k];
        p->low[k] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
        for (int i = 0; i < PALETTE_HALF; i++)
            table[i] = bytes[PALETTE_HALF + i][k];
        p->high[k] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
    }
}

/* The values of 32 indices, in palette_order: out[k] has those of 4 k to 4 k + 3 and 16 + 4 k to 16 + 4 k + 3. A
 * shuffle gives 0 where the highest bit of a byte is set: indices of the other half are moved there, and the one
 * before the first value is there in both. */
static inline void palette_look_up(const palette *p, __m256i index, __m256 *out)
{
    index = _mm256_sub_epi8(index, p->first);
    __m256i low = _mm256_adds_epu8(index, _mm256_set1_epi8(0x80 - PALETTE_HALF));
    __m256i high = _mm256_sub_epi8(index, _mm256_set1_epi8(PALETTE_HALF)), bytes[4];
    for (int k = 0; k < 4; k++)
        bytes[k] = _mm256_or_si256(_mm256_shuffle_epi8(p->low[k], low), _mm256_shuffle_epi8(p->high[k], high));
    __m256i a = _mm256_unpacklo_epi8(bytes[0], bytes[1]), b = _mm256_unpackhi_epi8(bytes[0], bytes[1]);
    __m256i c = _mm256_unpacklo_epi8(bytes[2], bytes[3]), d = _mm256_unpackhi_epi8(bytes[2], bytes[3]);
    out[0] = _mm256_castsi256_ps(_mm256_unpacklo_epi16(a, c));
    out[1] = _mm256_castsi256_ps(_mm256_unpackhi_epi16(a, c));
    out[2] = _mm256_castsi256_ps(_mm256_unpacklo_epi16(b, d));
    out[3] = _mm256_castsi256_ps(_mm256_unpackhi_epi16(b, d));
}

/* Inputs in the order in which values come; those behind the last whole step stay where they are. */
static inline void palette_order(const float *x, uint32_t count, float *out)
{
    uint32_t i = 0;
    for (; i + PALETTE_STEP <= count; i += PALETTE_STEP)
        for (uint32_t k = 0; k < 4; k++) {
            memcpy(out + i + 8 * k, x + i + 4 * k, 16);
            memcpy(out + i + 8 * k + 4, x + i + 16 + 4 * k, 16);
        }
    memcpy(out + i, x + i, (count - i) * sizeof *x);
}

/* The product of `count` entries of a column and inputs in palette_order. Steps of nothing but zeros are passed
 * over: index 0 is the zero's if `zeros`. */
static inline float palette_sum(const palette *p, const uint8_t *indices, uint32_t count, const float *codebook,
                                const float *x, int zeros)
{
    __m256 sums[4] = {0}, values[4];
    uint32_t i = 0;
    for (; i + PALETTE_STEP <= count; i += PALETTE_STEP) {
        __m256i index = _mm256_loadu_si256((const __m256i *)(indices + i));
        if (zeros && _mm256_testz_si256(index, index))
            continue;
        palette_look_up(p, index, values);
        for (int k = 0; k < 4; k++)
            sums[k] = _mm256_fmadd_ps(values[k], _mm256_loadu_ps(x + i + 8 * k), sums[k]);
    }
    float sum = sum_lanes(_mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
    for (; i < count; i++)
        sum += codebook[indices[i]] * x[i];
    return sum;
}

#endif
