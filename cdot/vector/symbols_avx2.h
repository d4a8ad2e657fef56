/* Values of numbers in a small codebook, which stays in registers: eight numbers choose from each register,
 * and their higher bits choose among the registers. */
#ifndef CDOT_VECTOR_SYMBOLS_AVX2_H
#define CDOT_VECTOR_SYMBOLS_AVX2_H

#include <immintrin.h>
#include <stdint.h>

/* `size`: 8, 16 or 32 entries of the codebook, a constant in every call. */
static inline void values_from(const uint8_t *numbers, uint32_t count, const float *codebook, uint32_t size,
                               float *out)
{
    __m256 table[4];
    for (uint32_t k = 0; k < size / 8; k++)
        table[k] = _mm256_loadu_ps(codebook + 8 * k);
    for (uint32_t i = 0; i < count; i += 8) {
        __m256i which = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(numbers + i)));
        __m256 found = _mm256_permutevar8x32_ps(table[0], which);
        if (size > 8) { /* bit 3 moves to the sign, which is what a blend looks at */
            __m256 third = _mm256_castsi256_ps(_mm256_slli_epi32(which, 28));
            found = _mm256_blendv_ps(found, _mm256_permutevar8x32_ps(table[1], which), third);
            if (size > 16) {
                __m256 upper = _mm256_blendv_ps(_mm256_permutevar8x32_ps(table[2], which),
                                                _mm256_permutevar8x32_ps(table[3], which), third);
                found = _mm256_blendv_ps(found, upper, _mm256_castsi256_ps(_mm256_slli_epi32(which, 27)));
            }
        }
        _mm256_storeu_ps(out + i, found);
    }
}

#endif
