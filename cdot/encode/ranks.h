/* What the encoder of rank[coding=rice] calls: exponents counted, then written as a Rice code of their ranks. Sizes are
 * checked by the callers in Python but for those of what is written, which depend on the numbers. */
#ifndef CDOT_ENCODE_RANKS_H
#define CDOT_ENCODE_RANKS_H

#include "core/cdot.h"

/* counts[e] += entries of bfloat16 whose exponent is e, of 256. Returns how many entries are not 0. */
uint64_t encode_exponents(const uint16_t *bits, uint64_t count, uint64_t *counts);

/* Columns of n entries each, one behind the other, and what becomes of their exponents: `codes`, of 256, has the code of
 * each in its low 16 bits (the first bit lowest), its length in the next 8, and 1 above where it is listed apart. */
typedef struct {
    const uint16_t *bits;
    const uint32_t *codes;
    uint32_t columns, n;
} encode_ranked;

/* Signs and mantissas to weights (columns n); codes to `stream` from `bit` (0 to 7) on, in bytes that are 0, of which
 * there are stream_bytes, 8 of them behind the last code. ends[k]: the bit behind column k. listed[k]: how many of its
 * entries are listed, with their rows and exponents, of which there is room for `room`. Returns how many in all, or
 * CDOT_CAPACITY. */
int64_t encode_rice_ranks(const encode_ranked *in, uint8_t *weights, uint8_t *stream, uint64_t stream_bytes, uint64_t bit,
                          uint64_t *ends, uint32_t *listed, uint32_t *rows, uint8_t *exponents, uint64_t room);

#endif
