/* Relative rows: a step is a gap and the entry behind it, 1 to STEP_LONGEST rows.
 *
 * Rows are sums of steps. Eight steps are bytes of one word, and a multiplication adds each to all above
 * it. No row is ever past the matrix, whatever the steps. */
#ifndef CDOT_STEPS_H
#define CDOT_STEPS_H

#include <stdint.h>
#include <string.h>

enum {
    STEP_LONGEST = 16, /* a gap of 15; eight of them fit into a byte */
    STEP_SPARE = 8     /* items behind steps and rows that may be read and written */
};

typedef uint8_t step_bytes __attribute__((vector_size(8)));
typedef uint16_t step_rows16 __attribute__((vector_size(16)));
typedef uint32_t step_rows32 __attribute__((vector_size(32)));

/* Sums of steps, each `left` at the most: a damaged payload stays in the last row. */
uint64_t steps_clamped(uint64_t sums, uint32_t left);

/* Writes the rows of up to eight entries, and always eight items. `row` is the row below the entry before
 * them; returns that of the last. Bytes of `steps` behind `count` need not be 0. */
static inline uint32_t steps_eight(uint64_t steps, uint32_t count, uint32_t row, uint32_t n, void *rows,
                                   uint32_t row_bytes)
{
    step_bytes sums;
    if (count < 8)
        steps &= ((uint64_t)1 << 8 * count) - 1;
    steps *= 0x0101010101010101u;
    if (__builtin_expect(steps >> 56 > n - row, 0))
        steps = steps_clamped(steps, n - row);
    memcpy(&sums, &steps, sizeof sums);
    if (row_bytes == 2) {
        step_rows16 all = __builtin_convertvector(sums, step_rows16) + (uint16_t)(row - 1);
        memcpy(rows, &all, sizeof all);
    } else {
        step_rows32 all = __builtin_convertvector(sums, step_rows32) + (row - 1);
        memcpy(rows, &all, sizeof all);
    }
    return row + (uint32_t)(steps >> 56);
}

/* Eight gaps, a byte each, as steps. */
static inline uint64_t steps_of_gaps(uint64_t gaps)
{
    return gaps + 0x0101010101010101u;
}

#endif
