/* Inner loops of int8 products in plain C: sums are uint32_t, which may wrap. */
#ifndef CDOT_VECTOR_PORTABLE_S8_H
#define CDOT_VECTOR_PORTABLE_S8_H

#include "core/payload.h"

static inline uint32_t s8_sum_rows(const void *rows, uint32_t row_bytes, const int8_t *values, uint32_t count,
                                   const int8_t *x)
{
    uint32_t s0 = 0, s1 = 0, i = 0;
    for (; i + 2 <= count; i += 2) {
        s0 += (uint32_t)(values[i] * x[cdot_index(rows, row_bytes, i)]);
        s1 += (uint32_t)(values[i + 1] * x[cdot_index(rows, row_bytes, i + 1)]);
    }
    if (i < count)
        s0 += (uint32_t)(values[i] * x[cdot_index(rows, row_bytes, i)]);
    return s0 + s1;
}

static inline uint32_t s8_sum_run(const int8_t *values, uint32_t count, const int8_t *x)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += (uint32_t)(values[i] * x[i]);
    return sum;
}

/* out[b] += the entries `begin` to `end` of a segment times x, for a batch. `row`: of the first, where there
 * are no rows. */
static inline void s8_add_entries(const void *rows, uint32_t row_bytes, uint32_t row, const int8_t *values,
                                  uint32_t begin, uint32_t end, const int8_t *x, size_t ldx, size_t batch,
                                  uint32_t *out)
{
    for (uint32_t i = begin; i < end; i++, row++) {
        const int8_t *from = x + (size_t)(rows ? cdot_index(rows, row_bytes, i) : row) * ldx;
        for (size_t b = 0; b < batch; b++)
            out[b] += (uint32_t)(values[i] * from[b]);
    }
}

#endif
