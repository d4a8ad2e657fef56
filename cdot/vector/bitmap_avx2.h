/* The product of a bitmap and one vector with AVX2: eight inputs are moved together as a byte of the map says, and
 * multiplied with the values that come next. No row is written, and no branch depends on the bits but for steps of
 * nothing but zeros. */
#ifndef CDOT_VECTOR_BITMAP_AVX2_H
#define CDOT_VECTOR_BITMAP_AVX2_H

#include "avx2.h"

static const int32_t BITMAP_MASKS[16] = {-1, -1, -1, -1, -1, -1, -1, -1};

/* Eight inputs times the values of those that have one; `ones` of them. */
static inline __m256 bitmap_eight(const uint8_t *places, uint32_t ones, const float *values, const float *x, __m256 sum)
{
    __m256i mask = _mm256_loadu_si256((const __m256i *)(BITMAP_MASKS + 8 - ones));
    __m256i place = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)places));
    __m256 inputs = _mm256_permutevar8x32_ps(_mm256_loadu_ps(x), place);
    return _mm256_fmadd_ps(_mm256_and_ps(_mm256_loadu_ps(values), _mm256_castsi256_ps(mask)), inputs, sum);
}

/* The product of a column of `count` entries, their bits from `bit` on. `*values` moves on behind the column's; not
 * more is read than up to `end`, nor any input behind the last. */
static inline float bitmap_sum(const bitmap_tables *tables, const uint8_t *bits, uint64_t bit, uint32_t count,
                               const float **values, const float *end, const float *x)
{
    __m256 sums[4] = {0};
    const float *next = *values;
    float rest = 0;
    for (uint32_t done = 0; done < count; done += STEP) {
        uint64_t step = bitmap_step(bits, bit + done, count - done);
        uint32_t bytes = end - next < STEP + 8 ? 0 : count - done < STEP ? (count - done) / 8 : STEP / 8;
        if (step == 0)
            continue;
        if (bytes == STEP / 8) {
            for (uint32_t k = 0; k < STEP / 8; k++, step >>= 8) {
                uint32_t ones = tables->counts[step & 255];
                sums[k & 3] = bitmap_eight(tables->places[step & 255], ones, next, x + done + 8 * k, sums[k & 3]);
                next += ones;
            }
            continue;
        }
        for (uint32_t k = 0; k < bytes; k++, step >>= 8) {
            uint32_t ones = tables->counts[step & 255];
            sums[0] = bitmap_eight(tables->places[step & 255], ones, next, x + done + 8 * k, sums[0]);
            next += ones;
        }
        for (; step; step &= step - 1)
            rest += *next++ * x[done + 8 * bytes + (uint32_t)__builtin_ctzll(step)];
    }
    *values = next;
    return rest + sum_lanes(_mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
}

#endif
