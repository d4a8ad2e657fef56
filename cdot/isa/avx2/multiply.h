/* Inner loops for AVX2 and FMA. Rows are loaded one by one: a gather is no faster on the processors that
 * this was raced on, and four chains of fused additions keep both load ports busy. */
#ifndef CDOT_VECTOR_AVX2_H
#define CDOT_VECTOR_AVX2_H

#include <immintrin.h>

#include "core/payload.h"

enum { LANES = 8, WIDE = 4 * LANES }; /* vectors of a batch that share a pass over the entries */
#define HAS_WIDE 1

static inline float sum_rows(const void *rows, uint32_t row_bytes, const float *values, uint32_t count,
                             const float *x)
{
    float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    uint32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        s0 = __builtin_fmaf(values[i], x[cdot_index(rows, row_bytes, i)], s0);
        s1 = __builtin_fmaf(values[i + 1], x[cdot_index(rows, row_bytes, i + 1)], s1);
        s2 = __builtin_fmaf(values[i + 2], x[cdot_index(rows, row_bytes, i + 2)], s2);
        s3 = __builtin_fmaf(values[i + 3], x[cdot_index(rows, row_bytes, i + 3)], s3);
    }
    if (i + 2 <= count) {
        s0 = __builtin_fmaf(values[i], x[cdot_index(rows, row_bytes, i)], s0);
        s1 = __builtin_fmaf(values[i + 1], x[cdot_index(rows, row_bytes, i + 1)], s1);
        i += 2;
    }
    if (i < count)
        s2 = __builtin_fmaf(values[i], x[cdot_index(rows, row_bytes, i)], s2);
    return (s0 + s1) + (s2 + s3);
}

static inline float sum_lanes(__m256 v)
{
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

static inline float sum_run(const float *values, uint32_t count, const float *x)
{
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    uint32_t i = 0;
    for (; i + 32 <= count; i += 32) {
        s0 = _mm256_fmadd_ps(_mm256_loadu_ps(values + i), _mm256_loadu_ps(x + i), s0);
        s1 = _mm256_fmadd_ps(_mm256_loadu_ps(values + i + 8), _mm256_loadu_ps(x + i + 8), s1);
        s2 = _mm256_fmadd_ps(_mm256_loadu_ps(values + i + 16), _mm256_loadu_ps(x + i + 16), s2);
        s3 = _mm256_fmadd_ps(_mm256_loadu_ps(values + i + 24), _mm256_loadu_ps(x + i + 24), s3);
    }
    for (; i + 8 <= count; i += 8)
        s0 = _mm256_fmadd_ps(_mm256_loadu_ps(values + i), _mm256_loadu_ps(x + i), s0);
    float sum = sum_lanes(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));
    for (; i < count; i++)
        sum = __builtin_fmaf(values[i], x[i], sum);
    return sum;
}

/* out[0 .. LANES) += the entries times LANES vectors; `from(i)` is where the x of entry i stands. */
static inline void add_rows(const void *rows, uint32_t row_bytes, const float *values, uint32_t count,
                            const float *x, size_t ldx, float *out)
{
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    uint32_t i = 0;
#define X(i) _mm256_loadu_ps(x + (size_t)cdot_index(rows, row_bytes, i) * ldx)
    for (; i + 4 <= count; i += 4) {
        s0 = _mm256_fmadd_ps(_mm256_set1_ps(values[i]), X(i), s0);
        s1 = _mm256_fmadd_ps(_mm256_set1_ps(values[i + 1]), X(i + 1), s1);
        s2 = _mm256_fmadd_ps(_mm256_set1_ps(values[i + 2]), X(i + 2), s2);
        s3 = _mm256_fmadd_ps(_mm256_set1_ps(values[i + 3]), X(i + 3), s3);
    }
    for (; i < count; i++)
        s0 = _mm256_fmadd_ps(_mm256_set1_ps(values[i]), X(i), s0);
#undef X
    s0 = _mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3));
    _mm256_storeu_ps(out, _mm256_add_ps(_mm256_loadu_ps(out), s0));
}

static inline void add_run(const float *values, uint32_t count, const float *x, size_t ldx, float *out)
{
    __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
    uint32_t i = 0;
    for (; i + 4 <= count; i += 4, x += 4 * ldx) {
        s0 = _mm256_fmadd_ps(_mm256_set1_ps(values[i]), _mm256_loadu_ps(x), s0);
        s1 = _mm256_fmadd_ps(_mm256_set1_ps(values[i + 1]), _mm256_loadu_ps(x + ldx), s1);
        s2 = _mm256_fmadd_ps(_mm256_set1_ps(values[i + 2]), _mm256_loadu_ps(x + 2 * ldx), s2);
        s3 = _mm256_fmadd_ps(_mm256_set1_ps(values[i + 3]), _mm256_loadu_ps(x + 3 * ldx), s3);
    }
    for (; i < count; i++, x += ldx)
        s0 = _mm256_fmadd_ps(_mm256_set1_ps(values[i]), _mm256_loadu_ps(x), s0);
    s0 = _mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3));
    _mm256_storeu_ps(out, _mm256_add_ps(_mm256_loadu_ps(out), s0));
}

/* The same for WIDE vectors: an entry is loaded once for all of them. Two entries at a time, so that eight
 * chains of additions hide how long each takes. rows NULL: rows follow each other, as in add_run. */
static inline void add_wide(const void *rows, uint32_t row_bytes, const float *values, uint32_t count,
                            const float *x, size_t ldx, float *out)
{
    enum { VECTORS = WIDE / LANES };
    __m256 even[VECTORS], odd[VECTORS];
    uint32_t i = 0;
    for (int k = 0; k < VECTORS; k++)
        even[k] = odd[k] = _mm256_setzero_ps();
#define X(i) (x + (rows ? (size_t)cdot_index(rows, row_bytes, i) : (size_t)(i)) * ldx)
    for (; i + 2 <= count; i += 2) {
        const float *first = X(i), *second = X(i + 1);
        __m256 a = _mm256_set1_ps(values[i]), b = _mm256_set1_ps(values[i + 1]);
        for (int k = 0; k < VECTORS; k++) {
            even[k] = _mm256_fmadd_ps(a, _mm256_loadu_ps(first + LANES * k), even[k]);
            odd[k] = _mm256_fmadd_ps(b, _mm256_loadu_ps(second + LANES * k), odd[k]);
        }
    }
    if (i < count)
        for (int k = 0; k < VECTORS; k++)
            even[k] = _mm256_fmadd_ps(_mm256_set1_ps(values[i]), _mm256_loadu_ps(X(i) + LANES * k), even[k]);
#undef X
    for (int k = 0; k < VECTORS; k++, out += LANES)
        _mm256_storeu_ps(out, _mm256_add_ps(_mm256_loadu_ps(out), _mm256_add_ps(even[k], odd[k])));
}

#endif
