/* Transposing squares of 8 x 8 words of four bytes with AVX2. */
#ifndef CDOT_TRANSPOSE_AVX2_H
#define CDOT_TRANSPOSE_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

enum { SQUARE = 8 };

/* out[c out_stride + r] = in[r in_stride + c] for r and c below SQUARE. Pairs, fours, then halves of rows are woven:
 * 24 shuffles for 64 words. */
static inline void transpose_square(const uint32_t *in, size_t in_stride, uint32_t *out, size_t out_stride)
{
    __m256 rows[8], pairs[8], fours[8];
    for (int r = 0; r < 8; r++)
        rows[r] = _mm256_loadu_ps((const float *)in + r * in_stride);
    for (int r = 0; r < 8; r += 2) {
        pairs[r] = _mm256_unpacklo_ps(rows[r], rows[r + 1]);
        pairs[r + 1] = _mm256_unpackhi_ps(rows[r], rows[r + 1]);
    }
    for (int r = 0; r < 8; r += 4)
        for (int k = 0; k < 2; k++) {
            __m256d a = _mm256_castps_pd(pairs[r + k]), b = _mm256_castps_pd(pairs[r + 2 + k]);
            fours[r + 2 * k] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, b));
            fours[r + 2 * k + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, b));
        }
    for (int c = 0; c < 4; c++) {
        __m256 low = _mm256_permute2f128_ps(fours[c], fours[c + 4], 0x20);
        __m256 high = _mm256_permute2f128_ps(fours[c], fours[c + 4], 0x31);
        _mm256_storeu_ps((float *)out + c * out_stride, low);
        _mm256_storeu_ps((float *)out + (c + 4) * out_stride, high);
    }
}

#endif
