/* Looking up packed indices of up to 4 bits with AVX2: the codebook stays in two registers, and eight
 * indices are shifted into their lanes at once. Wider ones are as fast with plain loads. */
#ifndef CDOT_VECTOR_PACKED_AVX2_H
#define CDOT_VECTOR_PACKED_AVX2_H

#include <immintrin.h>

enum { PACKED_IN_REGISTERS = 4 }; /* bits of an index, at the most */

/* Eight values for the indices in the low 8 * width bits of each lane of `window`. */
static inline __m256 packed_eight(__m256i window, __m256i shifts, __m256i mask, __m256 low, __m256 high)
{
    __m256i index = _mm256_and_si256(_mm256_srlv_epi32(window, shifts), mask);
    __m256 upper = _mm256_castsi256_ps(_mm256_slli_epi32(index, 28)); /* the fourth bit as a sign */
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(low, index), _mm256_permutevar8x32_ps(high, index), upper);
}

/* As many of `count` values as come in eights; returns how many these are. `table` has 16 entries. */
static inline uint32_t packed_in_registers(const uint8_t *bytes, uint32_t width, uint64_t bit, uint32_t count,
                                           const float *table, float *out)
{
    const __m256 low = _mm256_loadu_ps(table), high = _mm256_loadu_ps(table + 8);
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i shifts = _mm256_mullo_epi32(lanes, _mm256_set1_epi32((int)width));
    const __m256i mask = _mm256_set1_epi32((int)((1u << width) - 1));
    uint32_t i = 0;
    for (; i + 8 <= count; i += 8, bit += 8 * width) {
        __m256i window = _mm256_set1_epi32((int)(uint32_t)packed_window(bytes, bit));
        _mm256_storeu_ps(out + i, packed_eight(window, shifts, mask, low, high));
    }
    return i;
}

#endif
