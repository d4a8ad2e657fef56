/* Inner loops in plain C: four sums side by side, because one chain of additions waits for each. */
#ifndef CDOT_VECTOR_PORTABLE_H
#define CDOT_VECTOR_PORTABLE_H

#include "core/payload.h"

enum { LANES = 8, WIDE = 4 * LANES }; /* vectors of a batch taken at once, and those whose places are constants */
enum { READS = 0, ADD_READS = 0 }; /* entries before an end that are read at the least: none but the segment's own */
enum { FETCH_SINGLY, FETCH_BY_GATHER };

static const int fetch_way = FETCH_SINGLY;

static inline float sum_rows(const void *rows, uint32_t row_bytes, const float *values, uint32_t from, uint32_t end,
                             const float *x, int way, uint32_t ahead)
{
    (void)way;
    (void)ahead;
    float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    uint32_t i = from;
    for (; i + 4 <= end; i += 4) {
        s0 += values[i] * x[cdot_index(rows, row_bytes, i)];
        s1 += values[i + 1] * x[cdot_index(rows, row_bytes, i + 1)];
        s2 += values[i + 2] * x[cdot_index(rows, row_bytes, i + 2)];
        s3 += values[i + 3] * x[cdot_index(rows, row_bytes, i + 3)];
    }
    for (; i < end; i++)
        s0 += values[i] * x[cdot_index(rows, row_bytes, i)];
    return (s0 + s1) + (s2 + s3);
}

static inline float sum_few(const void *rows, uint32_t row_bytes, const float *values, uint32_t from,
                            uint32_t end, const float *x)
{
    return sum_rows(rows, row_bytes, values, from, end, x, FETCH_SINGLY, 0);
}

static inline float sum_of(float sum)
{
    return sum;
}

static inline float sum_run(const float *values, uint32_t count, const float *x)
{
    float sums[16] = {0};
    uint32_t i = 0;
    for (; i + 16 <= count; i += 16)
        for (uint32_t lane = 0; lane < 16; lane++)
            sums[lane] += values[i + lane] * x[i + lane];
    for (; i < count; i++)
        sums[0] += values[i] * x[i];
    for (uint32_t half = 8; half; half /= 2)
        for (uint32_t lane = 0; lane < half; lane++)
            sums[lane] += sums[lane + half];
    return sums[0];
}

/* out[0 .. LANES) += the entries times LANES vectors. */
static inline void add_rows(const void *rows, uint32_t row_bytes, const float *values, uint32_t count,
                            const float *x, size_t ldx, float *out)
{
    float sums[LANES] = {0};
    for (uint32_t i = 0; i < count; i++) {
        const float *from = x + (size_t)cdot_index(rows, row_bytes, i) * ldx;
        for (uint32_t lane = 0; lane < LANES; lane++)
            sums[lane] += values[i] * from[lane];
    }
    for (uint32_t lane = 0; lane < LANES; lane++)
        out[lane] += sums[lane];
}

static inline void add_few(const void *rows, uint32_t row_bytes, const float *values, uint32_t count, const float *x,
                           size_t ldx, float *out)
{
    add_rows(rows, row_bytes, values, count, x, ldx, out);
}

static inline void add_run(const float *values, uint32_t count, const float *x, size_t ldx, float *out)
{
    float sums[LANES] = {0};
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t lane = 0; lane < LANES; lane++)
            sums[lane] += values[i] * x[i * ldx + lane];
    for (uint32_t lane = 0; lane < LANES; lane++)
        out[lane] += sums[lane];
}

#endif
