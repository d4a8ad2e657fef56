/* Rows of a column of nibbles as floats. */
#ifndef CDOT_RANK_ROWS_H
#define CDOT_RANK_ROWS_H

#if defined(__AVX2__)
#include "isa/avx2/rank.h"
#else
#include "isa/portable/rank.h"
#endif

/* The last rows of a column, fewer than a chunk: bytes of two ranks, the low nibble first, then signs and mantissas. */
static inline void rank_tail(const uint8_t *at, uint32_t count, const rank_tables *tables, float *out)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bits = rank_bits(tables, at[(count + 1) / 2 + i], at[i / 2] >> i % 2 * 4 & 15);
        memcpy(out + i, &bits, sizeof bits);
    }
}

/* `count` rows of a column from `row` on, a multiple of RANK_CHUNK; `count` is one, too, or ends the column. */
static inline void rank_widen(const cdot_view *view, uint32_t column, uint32_t row, uint32_t count, float *out)
{
    const rank_tables *tables = rank_tables_of(view);
    const uint8_t *at = rank_place(view, column, row);
    uint32_t i = 0;
    for (; i + RANK_CHUNK <= count; i += RANK_CHUNK, at += RANK_CHUNK_BYTES)
        rank_chunk(at, tables, out + i);
    rank_tail(at, count - i, tables, out + i);
    rank_patch(view, column, row, count, rank_exception(view, column, row), out);
}

#endif
