/* What the decoder of rank (rank.c) and its fused product (rank_dot.c) share.
 *
 * A bfloat16 is sign 1, exponent 8, mantissa 7 bits. Sign and mantissa are a byte (sign the highest bit). Of the
 * exponents the 15 most frequent ones have ranks 0 to 14; rank 15 says that the exponent is listed apart. */
#ifndef CDOT_RANK_H
#define CDOT_RANK_H

#include <string.h>

#include "core/payload.h"
#include "parts/runs.h"

enum { RANK_FIELDS, RANK_WEIGHTS, RANK_COUNTS, RANK_ROWS, RANK_EXPONENTS, RANK_LENGTHS, RANK_STREAM };
enum { RANK_NIBBLES, RANK_RICE }; /* codings */
enum { RANK_CHUNK = 32, RANK_CHUNK_BYTES = 48, RANK_OTHER = 15, RANK_ENTRIES = 4096 };

typedef struct {
    uint8_t exponents[16]; /* by falling frequency; the last is 0 */
    uint64_t bits;         /* of the stream; 0 for nibbles */
    uint32_t exceptions;   /* entries whose exponent has no rank */
    uint8_t coding;
    uint8_t parameter; /* k of the Rice code */
    uint16_t reserved;
} rank_fields;

/* Derived at open. A float32 with a bfloat16 in its upper half has four bytes, of which two are 0:
 *
 *     byte 3                        byte 2                 bytes 1 and 0
 *     sign | exponent / 2 (7 bits)  exponent % 2 | mantissa      0
 *
 * so with the byte of sign and mantissa, two tables of 16 bytes make them. */
typedef struct {
    uint8_t high[16]; /* exponent / 2 of each rank */
    uint8_t low[16];  /* exponent % 2, as the highest bit */
    uint64_t before[]; /* exceptions before each column, m + 1; of a stream, bits before each CDOT_GROUP columns */
} rank_tables;

static inline const rank_tables *rank_tables_of(const cdot_view *view)
{
    return view->workspace;
}

/* Bytes of a column of nibbles: 12 bits an entry. */
static inline uint64_t rank_column_bytes(uint32_t n)
{
    return (uint64_t)n + n / 2 + n % 2;
}

/* Where entry `row` of a column begins, a multiple of RANK_CHUNK. */
static inline const uint8_t *rank_place(const cdot_view *view, uint32_t column, uint32_t row)
{
    return (const uint8_t *)view->section[RANK_WEIGHTS] + column * rank_column_bytes(view->n) +
           (uint64_t)row / RANK_CHUNK * RANK_CHUNK_BYTES;
}

/* The float32 of a byte of sign and mantissa and a rank, as bits. */
static inline uint32_t rank_bits(const rank_tables *tables, uint8_t byte, uint32_t rank)
{
    return (uint32_t)((byte & 0x80) | tables->high[rank]) << 24 | (uint32_t)((byte & 0x7f) | tables->low[rank]) << 16;
}

/* The first exception of a column in row `row` or below; the column's end where there is none. */
static inline uint64_t rank_exception(const cdot_view *view, uint32_t column, uint32_t row)
{
    const uint64_t *before = rank_tables_of(view)->before;
    uint64_t low = before[column], high = before[column + 1];
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (cdot_index(view->section[RANK_ROWS], view->row_bytes, middle) < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Gives `count` floats, of which the first is of row `row`, the exponents that are listed; `at`: the first exception
 * from there on. Returns the first one behind. */
static inline uint64_t rank_patch(const cdot_view *view, uint32_t column, uint32_t row, uint32_t count, uint64_t at,
                                  float *values)
{
    const uint8_t *exponents = view->section[RANK_EXPONENTS];
    uint64_t end = rank_tables_of(view)->before[column + 1];
    for (; at < end; at++) {
        uint32_t place = cdot_index(view->section[RANK_ROWS], view->row_bytes, at) - row, bits;
        if (place >= count)
            break;
        memcpy(&bits, values + place, sizeof bits);
        bits = (bits & 0x807f0000) | (uint32_t)exponents[at] << 23;
        memcpy(values + place, &bits, sizeof bits);
    }
    return at;
}

#endif
