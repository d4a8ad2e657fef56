/* Sums of inputs over lists of rows, for the product of cser: one vector, and BATCH of them.
 *
 * Lists are short, so loops that run as often as a list is long cost more in mispredicted branches than in
 * work. So rows are taken four at a time, and what a list does not have of its last four is masked. Sums
 * are made in pieces, as in multiply.c: rounding errors grow with the length of a piece. */
#ifndef CDOT_VECTOR_CSER_H
#define CDOT_VECTOR_CSER_H

#include <string.h>

#include "formats/cser/cser.h"

enum { PIECE = 1024, FOUR = 4, BATCH = 8 };

/* Vectors of gcc and clang: registers where the target has them, several or scalars where not. */
typedef float floats4 __attribute__((vector_size(16)));
typedef int32_t masks4 __attribute__((vector_size(16)));
typedef float floats8 __attribute__((vector_size(32)));
typedef int32_t masks8 __attribute__((vector_size(32)));

static const int32_t MASKS[2 * FOUR] = {-1, -1, -1, -1, 0, 0, 0, 0};

/* The inputs of four rows. `row_bytes` is a constant in every call, and so is `ldx` where it is 1. */
static inline floats4 inputs(const void *rows, uint32_t row_bytes, uint32_t from, const float *x, size_t ldx)
{
    return (floats4){
        x[ldx * cdot_index(rows, row_bytes, from)],
        x[ldx * cdot_index(rows, row_bytes, from + 1)],
        x[ldx * cdot_index(rows, row_bytes, from + 2)],
        x[ldx * cdot_index(rows, row_bytes, from + 3)],
    };
}

/* Four sums that together are the one of the inputs of rows `from` to `end`. */
static inline floats4 sum_inputs(const cser_arrays *a, uint32_t row_bytes, uint32_t from, uint32_t end,
                                 const float *x, size_t ldx)
{
    floats4 sum = {0};
    while (end - from >= FOUR) {
        uint32_t last = end - from < PIECE ? end : from + PIECE;
        floats4 piece = {0};
        for (; last - from >= FOUR; from += FOUR)
            piece += inputs(a->rows, row_bytes, from, x, ldx);
        sum += piece;
    }
    if (a->indices - from >= FOUR) {
        masks4 mask;
        memcpy(&mask, MASKS + FOUR - (end - from), sizeof mask);
        sum += (floats4)((masks4)inputs(a->rows, row_bytes, from, x, ldx) & mask);
    } else { /* the last of all lists: there are no four */
        for (; from < end; from++)
            sum[0] += x[ldx * cdot_index(a->rows, row_bytes, from)];
    }
    return sum;
}

/* The inputs of a row in BATCH vectors; mask: all ones, or 0 for none. (Vectors this wide are handed over in
 * memory: how functions return them depends on the instruction set.) */
static inline void inputs_batch(const cser_arrays *a, uint32_t row_bytes, uint32_t i, const float *x,
                                size_t ldx, int32_t mask, floats8 *out)
{
    masks8 bits;
    memcpy(&bits, x + ldx * cdot_index(a->rows, row_bytes, i), sizeof bits);
    *out = (floats8)(bits & mask);
}

static inline void sum_inputs_batch(const cser_arrays *a, uint32_t row_bytes, uint32_t from, uint32_t end,
                                    const float *x, size_t ldx, floats8 *out)
{
    floats8 sum = {0}, next[FOUR];
    while (end - from >= FOUR) {
        uint32_t last = end - from < PIECE ? end : from + PIECE;
        floats8 even = {0}, odd = {0};
        for (; last - from >= FOUR; from += FOUR) {
            for (uint32_t k = 0; k < FOUR; k++)
                inputs_batch(a, row_bytes, from + k, x, ldx, -1, next + k);
            even += next[0] + next[1];
            odd += next[2] + next[3];
        }
        sum += even + odd;
    }
    uint32_t left = end - from;
    if (a->indices - from >= FOUR)
        for (uint32_t k = 0; k < FOUR - 1; k++) {
            inputs_batch(a, row_bytes, from + k, x, ldx, MASKS[FOUR + k - left], next);
            sum += next[0];
        }
    else
        for (uint32_t k = 0; k < left; k++) {
            inputs_batch(a, row_bytes, from + k, x, ldx, -1, next);
            sum += next[0];
        }
    *out = sum;
}

static inline float value_of(const cser_arrays *a, uint32_t list)
{
    return a->values[cdot_index(a->ranks, a->rank_bytes, list)];
}

#endif
