/* Inner loops of int8 products for AVX2. Only runs gain from it: 16 values a step, widened to 16 bits, whose
 * products vpmaddwd adds in pairs without loss. Single rows are loaded one by one, as in avx2.h. */
#ifndef CDOT_VECTOR_AVX2_S8_H
#define CDOT_VECTOR_AVX2_S8_H

#include <immintrin.h>

#define s8_sum_run s8_sum_run_portable
#include "portable_s8.h"
#undef s8_sum_run

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

#endif
