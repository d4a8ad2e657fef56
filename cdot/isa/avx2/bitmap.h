/* The inner loop of bitmap_dot.c. */
#ifndef CDOT_VECTOR_BITMAP_AVX2_H
#define CDOT_VECTOR_BITMAP_AVX2_H

#include "formats/bitmap/bitmap.h"
#include "isa/avx2/multiply.h"

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
    for (uint32_t done = 0; done < count; done += BITMAP_STEP) {
        uint64_t step = bitmap_step(bits, bit + done, count - done);
        uint32_t bytes = (count - done < BITMAP_STEP ? count - done : BITMAP_STEP) / 8;
        if (end - next < BITMAP_STEP + 8) /* values, at the most, that a step reads */
            bytes = 0;
        if (step == 0)
            continue;
        if (bytes == BITMAP_STEP / 8) {
            for (uint32_t k = 0; k < BITMAP_STEP / 8; k++, step >>= 8) {
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
