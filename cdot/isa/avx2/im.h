/* Index maps of mostly zeros with AVX2: 64 indices are compared with the zero's at once, and only the others
 * are looked up. */
#ifndef CDOT_VECTOR_IM_AVX2_H
#define CDOT_VECTOR_IM_AVX2_H

#include "parts/ones.h"
#include "isa/avx2/palette.h"

enum { IM_STEP = 64 };

/* A one for each of 64 indices that is not 0. */
static inline uint64_t im_others(const uint8_t *indices)
{
    const __m256i zero = _mm256_setzero_si256();
    __m256i low = _mm256_loadu_si256((const __m256i *)indices);
    __m256i high = _mm256_loadu_si256((const __m256i *)(indices + 32));
    uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, zero));
    uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, zero));
    return ~((uint64_t)b << 32 | a);
}

/* Rows, from `row` on, and values of the indices that are not 0 among `count`; how many these are. Writes up to
 * ONES_STEP rows more. `row_bytes` is a constant in every call. */
static inline uint32_t im_nonzeros(const uint8_t *indices, uint32_t count, uint32_t row, const float *codebook,
                                   uint8_t *rows, float *values, uint32_t row_bytes)
{
    uint32_t ones = 0, done = 0;
    for (; done + IM_STEP <= count; done += IM_STEP)
        ones += ones_rows(im_others(indices + done), row + done, rows + (size_t)ones * row_bytes, row_bytes);
    if (done < count) {
        uint8_t last[IM_STEP] = {0};
        memcpy(last, indices + done, count - done);
        ones += ones_rows(im_others(last), row + done, rows + (size_t)ones * row_bytes, row_bytes);
    }
    for (uint32_t k = 0; k < ones; k++)
        values[k] = codebook[indices[cdot_index(rows, row_bytes, k) - row]];
    return ones;
}

static inline __m256i im_load(const void *indices, uint32_t step)
{
    return _mm256_loadu_si256((const __m256i *)indices + step);
}

/* The product of `count` entries of a column and inputs in palette_order. */
static inline float im_sum(const palette *p, const uint8_t *indices, uint32_t count, const float *codebook,
                           const float *x, int zeros)
{
    uint32_t steps = count / PALETTE_STEP;
    float sum = palette_sum(p, im_load, indices, steps, x, zeros);
    for (uint32_t i = steps * PALETTE_STEP; i < count; i++)
        sum += codebook[indices[i]] * x[i];
    return sum;
}

#endif
