/* Looking up bytes in a codebook of up to 32 values and a zero with AVX2, 32 at a time. The codebook lies in
 * registers as four or eight tables of 16 bytes: the first, second, third and fourth bytes of values 1 to 16, and of
 * 17 to 32. A shuffle looks up 32 indices in one of them; what four give is put together to floats.
 *
 * Counted: 12 or 16 shuffles for 32 entries, 4 or 8 to look up and 8 to put bytes together. Floats leave in the order
 * in which that is all: it is cheaper to bring the inputs into the same order, once for all columns. */
#ifndef CDOT_VECTOR_PALETTE_AVX2_H
#define CDOT_VECTOR_PALETTE_AVX2_H

#include <string.h>

#include "isa/avx2/multiply.h"

enum { PALETTE_STEP = 32, PALETTE_HALF = 16, PALETTE_VALUES = 2 * PALETTE_HALF };

typedef struct {
    __m256i low[4], high[4]; /* byte k of values 1 to 16, and of values 17 to 32 */
    __m256i first;           /* the index of value 1 in every byte: one less has no value, and counts as 0 */
    int wide;                /* whether there are more than 16 values */
} palette;

/* Whether indices into a codebook can be looked up: 32 values, or 33 the first of which is 0. */
static inline int palette_fits(const float *codebook, uint32_t symbols)
{
    return symbols <= PALETTE_VALUES || (symbols == PALETTE_VALUES + 1 && codebook[0] == 0);
}

/* tables[k]: byte k of 16 values, twice. */
static inline void palette_bytes(const float *values, __m256i *tables)
{
    const __m128i together = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    __m256i v[4];
    for (int k = 0; k < 4; k++) {
        __m128i four = _mm_loadu_si128((const __m128i *)(values + 4 * k));
        v[k] = _mm256_broadcastsi128_si256(_mm_shuffle_epi8(four, together));
    }
    __m256i a = _mm256_unpacklo_epi32(v[0], v[1]), b = _mm256_unpacklo_epi32(v[2], v[3]);
    __m256i c = _mm256_unpackhi_epi32(v[0], v[1]), d = _mm256_unpackhi_epi32(v[2], v[3]);
    tables[0] = _mm256_unpacklo_epi64(a, b);
    tables[1] = _mm256_unpackhi_epi64(a, b);
    tables[2] = _mm256_unpacklo_epi64(c, d);
    tables[3] = _mm256_unpackhi_epi64(c, d);
}

static inline void palette_fill(palette *p, const float *codebook, uint32_t symbols)
{
    float values[PALETTE_VALUES] = {0};
    uint32_t first = symbols > PALETTE_HALF && codebook[0] == 0;
    memcpy(values, codebook + first, (symbols - first) * sizeof *values);
    p->first = _mm256_set1_epi8((char)first);
    p->wide = symbols - first > PALETTE_HALF;
    palette_bytes(values, p->low);
    palette_bytes(values + PALETTE_HALF, p->high);
}

/* 32 floats of their first, second, third and fourth bytes, in palette_order. */
static inline void palette_floats(const __m256i *bytes, __m256 *out)
{
    __m256i a = _mm256_unpacklo_epi8(bytes[0], bytes[1]), b = _mm256_unpackhi_epi8(bytes[0], bytes[1]);
    __m256i c = _mm256_unpacklo_epi8(bytes[2], bytes[3]), d = _mm256_unpackhi_epi8(bytes[2], bytes[3]);
    out[0] = _mm256_castsi256_ps(_mm256_unpacklo_epi16(a, c));
    out[1] = _mm256_castsi256_ps(_mm256_unpackhi_epi16(a, c));
    out[2] = _mm256_castsi256_ps(_mm256_unpacklo_epi16(b, d));
    out[3] = _mm256_castsi256_ps(_mm256_unpackhi_epi16(b, d));
}

/* The values of 32 indices, in palette_order: out[k] has those of 4 k to 4 k + 3 and 16 + 4 k to 16 + 4 k + 3. A
 * shuffle gives 0 where the highest bit of a byte is set: indices of the other half are moved there, and the one
 * before the first value is there in both. `wide` is a constant in every call. */
static inline void palette_look_up(const palette *p, __m256i index, __m256 *out, int wide)
{
    __m256i bytes[4];
    index = _mm256_sub_epi8(index, p->first);
    __m256i low = wide ? _mm256_adds_epu8(index, _mm256_set1_epi8(0x80 - PALETTE_HALF)) : index;
    __m256i high = _mm256_sub_epi8(index, _mm256_set1_epi8(PALETTE_HALF));
    for (int k = 0; k < 4; k++) {
        bytes[k] = _mm256_shuffle_epi8(p->low[k], low);
        if (wide)
            bytes[k] = _mm256_or_si256(bytes[k], _mm256_shuffle_epi8(p->high[k], high));
    }
    palette_floats(bytes, out);
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

/* out[0 .. 32): the values of 32 indices in their own order. */
static inline void palette_values(const palette *p, __m256i index, float *out, int wide)
{
    const __m256i order = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
    __m256 values[4];
    palette_look_up(p, _mm256_permutevar8x32_epi32(index, order), values, wide);
    for (int k = 0; k < 4; k++)
        _mm256_storeu_ps(out + 8 * k, values[k]);
}

/* The product of whole steps of a column and inputs in palette_order; `load` gives the 32 indices of a step. A step
 * of nothing but zeros is passed over: index 0 is the zero's if `zeros`. That, `wide` and `load` are constants in
 * every call: another branch in the loop costs a third of its speed. */
static inline float palette_sum_as(const palette *p, __m256i (*load)(const void *from, uint32_t step), const void *from,
                                   uint32_t steps, const float *x, int zeros, int wide)
{
    __m256 sums[4] = {0}, values[4];
    for (uint32_t step = 0; step < steps; step++) {
        __m256i index = load(from, step);
        if (zeros && _mm256_testz_si256(index, index))
            continue;
        palette_look_up(p, index, values, wide);
        for (int k = 0; k < 4; k++)
            sums[k] = _mm256_fmadd_ps(values[k], _mm256_loadu_ps(x + PALETTE_STEP * step + 8 * k), sums[k]);
    }
    return sum_lanes(_mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
}

static inline float palette_sum(const palette *p, __m256i (*load)(const void *from, uint32_t step), const void *from,
                                uint32_t steps, const float *x, int zeros)
{
    if (p->wide)
        return zeros ? palette_sum_as(p, load, from, steps, x, 1, 1) : palette_sum_as(p, load, from, steps, x, 0, 1);
    return zeros ? palette_sum_as(p, load, from, steps, x, 1, 0) : palette_sum_as(p, load, from, steps, x, 0, 0);
}

#endif
