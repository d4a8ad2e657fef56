/* Inner loops of int8 products for AVX2: values widened to 16 bits, whose products vpmaddwd adds in pairs without
 * loss. In a run 16 values a step, in a batch two entries. Single rows are loaded one by one, as in avx2.h. */
#ifndef CDOT_VECTOR_AVX2_S8_H
#define CDOT_VECTOR_AVX2_S8_H

#include <immintrin.h>

#define s8_sum_run s8_sum_run_portable
#define s8_add_entries s8_add_entries_portable
#include "isa/portable/multiply_s8.h"
#undef s8_sum_run
#undef s8_add_entries

static inline __m256i s8_sixteen(const int8_t *from)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)from));
}

static inline uint32_t s8_sum_run(const int8_t *values, uint32_t count, const int8_t *x)
{
    __m256i s0 = _mm256_setzero_si256(), s1 = s0;
    uint32_t i = 0, lanes[8], sum = 0;
    for (; i + 32 <= count; i += 32) {
        s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(s8_sixteen(values + i), s8_sixteen(x + i)));
        s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(s8_sixteen(values + i + 16), s8_sixteen(x + i + 16)));
    }
    for (; i + 16 <= count; i += 16)
        s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(s8_sixteen(values + i), s8_sixteen(x + i)));
    _mm256_storeu_si256((__m256i *)lanes, _mm256_add_epi32(s0, s1));
    for (int lane = 0; lane < 8; lane++)
        sum += lanes[lane];
    return sum + s8_sum_run_portable(values + i, count - i, x + i);
}

enum { S8_LANES = 8, S8_WIDE = 4 * S8_LANES }; /* vectors of a batch that share a pass over the entries */

/* Inputs of two entries in turn, widened. */
static inline __m256i s8_two(const int8_t *first, const int8_t *second)
{
    __m128i a = _mm_loadl_epi64((const __m128i *)first), b = _mm_loadl_epi64((const __m128i *)second);
    return _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(a, b));
}

/* out[0 .. lanes) += the entries times so many vectors, a constant in every call; rows NULL: rows follow each other. */
static inline void s8_add_lanes(const void *rows, uint32_t row_bytes, const int8_t *values, uint32_t count,
                                const int8_t *x, size_t ldx, uint32_t *out, int lanes)
{
    __m256i sums[S8_WIDE / S8_LANES];
    for (int k = 0; k < lanes / S8_LANES; k++)
        sums[k] = _mm256_loadu_si256((const __m256i *)out + k);
    for (uint32_t i = 0; i < count; i += 2) {
        uint32_t next = i + 1 < count ? i + 1 : i;
        const int8_t *first = x + (rows ? cdot_index(rows, row_bytes, i) : (size_t)i) * ldx;
        const int8_t *second = x + (rows ? cdot_index(rows, row_bytes, next) : (size_t)next) * ldx;
        uint32_t high = next > i ? (uint32_t)(uint16_t)values[next] << 16 : 0;
        __m256i two = _mm256_set1_epi32((int)(high | (uint16_t)values[i]));
        for (int k = 0; k < lanes / S8_LANES; k++) {
            __m256i inputs = s8_two(first + S8_LANES * k, second + S8_LANES * k);
            sums[k] = _mm256_add_epi32(sums[k], _mm256_madd_epi16(inputs, two));
        }
    }
    for (int k = 0; k < lanes / S8_LANES; k++)
        _mm256_storeu_si256((__m256i *)out + k, sums[k]);
}

/* As the portable one, S8_WIDE and S8_LANES vectors of the batch at a time. */
static inline void s8_add_entries(const void *rows, uint32_t row_bytes, uint32_t row, const int8_t *values,
                                  uint32_t begin, uint32_t end, const int8_t *x, size_t ldx, size_t batch,
                                  uint32_t *out)
{
    const void *at = rows ? (const uint8_t *)rows + (size_t)begin * row_bytes : NULL;
    const int8_t *from = x + (rows ? 0 : row * ldx);
    size_t b = 0;
    for (; b + S8_WIDE <= batch; b += S8_WIDE)
        s8_add_lanes(at, row_bytes, values + begin, end - begin, from + b, ldx, out + b, S8_WIDE);
    for (; b + S8_LANES <= batch; b += S8_LANES)
        s8_add_lanes(at, row_bytes, values + begin, end - begin, from + b, ldx, out + b, S8_LANES);
    if (b < batch)
        s8_add_entries_portable(rows, row_bytes, row, values, begin, end, x + b, ldx, batch - b, out + b);
}

#endif
