/* float16 to float32 by F16C, eight at a time. */
#ifndef CDOT_VECTOR_AVX2_HALF_H
#define CDOT_VECTOR_AVX2_HALF_H

#include <immintrin.h>
#include <stdint.h>

static inline void widen_halves(const uint16_t *from, uint32_t count, float *to)
{
    uint32_t i = 0;
    for (; i + 8 <= count; i += 8)
        _mm256_storeu_ps(to + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(from + i))));
    for (; i < count; i++)
        to[i] = _cvtsh_ss(from[i]);
}

#endif
