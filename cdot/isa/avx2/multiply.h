/* Inner loops for AVX2 and FMA.
 *
 * What bounds a product of one vector is how many loads a processor starts in a cycle: an index, an input, and an
 * eighth of a value an entry.
 *
 * Entries that are no whole vector are not taken one by one: the vector that ends with them is, and what belongs to the
 * segment before is masked out of its products, not of its factors, for an infinity times 0 is not 0. A segment of
 * eleven entries, and how they are added up:
 *
 *     first    3 4 5 6 7 8 9 10   under the mask 0 0 0 0 0 1 1 1
 *     then     0 1 2 3 4 5 6 7
 *
 * and one of two, after p to u of segments before: p q r s t u 0 1 under the mask 0 0 0 0 0 0 1 1. */
#ifndef CDOT_VECTOR_AVX2_H
#define CDOT_VECTOR_AVX2_H

#include <immintrin.h>
#include <string.h>

#include "core/payload.h"
#include "isa/avx2/fetch_way.h"

enum { LANES = 8, WIDE = 4 * LANES }; /* vectors of a batch that share a pass over the entries */
enum { READS = 8, ADD_READS = 4 };    /* entries before an end that sum_rows and add_rows read at the least */
#define HAS_WIDE 1
#define HAS_FOUR 1

/* The mask of the last of `count` entries that are left where all before them fill `lanes`, four or eight. */
static inline const float *mask_of_last(uint32_t count, uint32_t lanes)
{
    static const int32_t none_then_all[16] = {0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1};
    return (const float *)(none_then_all + 9 - lanes + (count - 1) % lanes);
}

/* Four indices, from one word of as many bits or two: each by itself takes four loads. */
static inline __attribute__((always_inline)) void four_indices(const void *rows, uint32_t row_bytes, int64_t i,
                                                               uint64_t *out)
{
    const uint8_t *from = (const uint8_t *)rows + i * row_bytes;
    uint64_t words[2] = {0, 0}, mask = ((uint64_t)1 << 8 * row_bytes) - 1;
    uint32_t each = row_bytes == 4 ? 2 : 4; /* indices of a word */
    for (uint32_t k = 0; k < 4 / each; k++) {
        memcpy(&words[k], from + 8 * k, row_bytes == 1 ? 4 : 8);
        __asm__("" : "+r"(words[k])); /* else the compiler loads each by itself again */
    }
    for (uint32_t k = 0; k < 4; k++)
        out[k] = words[k / each] >> k % each * 8 * row_bytes & mask;
}

/* x at indices i to i + 3. */
static inline __attribute__((always_inline)) __m128 fetch_four(const void *rows, uint32_t row_bytes, int64_t i,
                                                               const float *x)
{
    uint64_t at[4];
    four_indices(rows, row_bytes, i, at);
    __m128 out = _mm_insert_ps(_mm_load_ss(x + at[0]), _mm_load_ss(x + at[1]), 0x10);
    return _mm_insert_ps(_mm_insert_ps(out, _mm_load_ss(x + at[2]), 0x20), _mm_load_ss(x + at[3]), 0x30);
}

/* x at indices i to i + 7, one by one or by a gather, whose indices are signed: those of 32 bits count from the middle
 * of their range. */
static inline __attribute__((always_inline)) __m256 fetch_eight(const void *rows, uint32_t row_bytes, int64_t i,
                                                                const float *x, int way)
{
    if (way == FETCH_SINGLY)
        return _mm256_set_m128(fetch_four(rows, row_bytes, i + 4, x), fetch_four(rows, row_bytes, i, x));
    const uint8_t *from = (const uint8_t *)rows + i * row_bytes;
    if (row_bytes == 1)
        return _mm256_i32gather_ps(x, _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)from)), 4);
    if (row_bytes == 2)
        return _mm256_i32gather_ps(x, _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)from)), 4);
    const float *middle = (const float *)((uintptr_t)x + ((uintptr_t)1 << 33));
    __m256i index = _mm256_loadu_si256((const __m256i *)from);
    return _mm256_i32gather_ps(middle, _mm256_xor_si256(index, _mm256_set1_epi32(INT32_MIN)), 4);
}

/* Eight partial sums of a segment: entries `from` to `end` of rows and values, one at the least. READS entries lie
 * before `end`; if there are fewer, sum_few. One chain: the next segment's is made at the same time. `ahead`: bytes that
 * are asked for before they are needed, of both streams; 0 for none, which is better for what is in the cache. */
static inline __attribute__((always_inline)) __m256 sum_rows(const void *rows, uint32_t row_bytes, const float *values,
                                                             uint32_t from, uint32_t end, const float *x, int way,
                                                             uint32_t ahead)
{
    uint32_t last = end - 8;
    __m256 sums = _mm256_mul_ps(_mm256_loadu_ps(values + last), fetch_eight(rows, row_bytes, last, x, way));
    sums = _mm256_and_ps(sums, _mm256_loadu_ps(mask_of_last(end - from, 8)));
#pragma clang loop unroll(disable)
    for (; end - from > 8; from += 8) {
        if (ahead) {
            _mm_prefetch((const char *)(values + from) + ahead, _MM_HINT_T0);
            _mm_prefetch((const char *)rows + (size_t)from * row_bytes + ahead, _MM_HINT_T0);
        }
        sums = _mm256_fmadd_ps(_mm256_loadu_ps(values + from), fetch_eight(rows, row_bytes, from, x, way), sums);
    }
    return sums;
}

/* Up to seven entries, in the lanes in which sum_rows has them. */
static inline __m256 sum_few(const void *rows, uint32_t row_bytes, const float *values, uint32_t from, uint32_t end,
                             const float *x)
{
    float products[8] = {0};
    for (uint32_t i = from; i < end; i++)
        products[8 - (end - i)] = values[i] * x[cdot_index(rows, row_bytes, i)];
    return _mm256_loadu_ps(products);
}

/* The sums of four times eight lanes, each as if it were alone: lanes 0 and 2, 1 and 3, then both, then halves. */
static inline __m128 sum_four(__m256 a, __m256 b, __m256 c, __m256 d)
{
    __m256 ab = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
    __m256 cd = _mm256_add_ps(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
    __m256d even = _mm256_unpacklo_pd(_mm256_castps_pd(ab), _mm256_castps_pd(cd));
    __m256d odd = _mm256_unpackhi_pd(_mm256_castps_pd(ab), _mm256_castps_pd(cd));
    __m256 sums = _mm256_add_ps(_mm256_castpd_ps(even), _mm256_castpd_ps(odd));
    return _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps(sums, 1));
}

static inline float sum_of(__m256 v)
{
    return _mm_cvtss_f32(sum_four(v, v, v, v));
}

/* y[0 .. 4) += the sums of four segments that follow each other: `from` to a, to b, to c, to d. */
static inline __attribute__((always_inline)) void add_four_sums(const void *rows, uint32_t row_bytes,
                                                                const float *values, uint32_t from, uint32_t a,
                                                                uint32_t b, uint32_t c, uint32_t d, const float *x,
                                                                int way, float *y)
{
    __m128 sums = sum_four(sum_rows(rows, row_bytes, values, from, a, x, way, 0),
                           sum_rows(rows, row_bytes, values, a, b, x, way, 0),
                           sum_rows(rows, row_bytes, values, b, c, x, way, 0),
                           sum_rows(rows, row_bytes, values, c, d, x, way, 0));
    _mm_storeu_ps(y, _mm_add_ps(_mm_loadu_ps(y), sums));
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

/* out[0 .. LANES) += the entries, one at the least, times LANES vectors. At least ADD_READS entries lie before the end
 * of the last one; if there are fewer, add_few. */
static inline __attribute__((always_inline)) void add_rows(const void *rows, uint32_t row_bytes, const float *values,
                                                           uint32_t count, const float *x, size_t ldx, float *out)
{
    int64_t last = (int64_t)count - 4;
    const float *mask = mask_of_last(count, 4);
    uint64_t at[4];
    __m256 s[4];
    four_indices(rows, row_bytes, last, at);
    for (int k = 0; k < 4; k++) {
        s[k] = _mm256_mul_ps(_mm256_broadcast_ss(values + last + k), _mm256_loadu_ps(x + at[k] * ldx));
        s[k] = _mm256_and_ps(s[k], _mm256_broadcast_ss(mask + k));
    }
#pragma clang loop unroll(disable)
    for (uint32_t i = 0; i + 4 < count; i += 4) {
        four_indices(rows, row_bytes, i, at);
        for (int k = 0; k < 4; k++)
            s[k] = _mm256_fmadd_ps(_mm256_broadcast_ss(values + i + k), _mm256_loadu_ps(x + at[k] * ldx), s[k]);
    }
    s[0] = _mm256_add_ps(_mm256_add_ps(s[0], s[1]), _mm256_add_ps(s[2], s[3]));
    _mm256_storeu_ps(out, _mm256_add_ps(_mm256_loadu_ps(out), s[0]));
}

/* Up to three entries, added in the order in which add_rows does. */
static inline void add_few(const void *rows, uint32_t row_bytes, const float *values, uint32_t count, const float *x,
                           size_t ldx, float *out)
{
    __m256 s[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
    for (uint32_t i = 0; i < count; i++) {
        __m256 at = _mm256_loadu_ps(x + (size_t)cdot_index(rows, row_bytes, i) * ldx);
        s[4 - count + i] = _mm256_mul_ps(_mm256_set1_ps(values[i]), at);
    }
    s[0] = _mm256_add_ps(_mm256_add_ps(s[0], s[1]), _mm256_add_ps(s[2], s[3]));
    _mm256_storeu_ps(out, _mm256_add_ps(_mm256_loadu_ps(out), s[0]));
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
