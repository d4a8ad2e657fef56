/* The view of a column_combined payload, for its decoder and its fused kernel. */
#ifndef CDOT_COLUMN_COMBINED_H
#define CDOT_COLUMN_COMBINED_H

#include "core/bits.h"
#include "core/payload.h"

enum {
    COMBINED_TILE = 16, /* outputs that lie side by side */
    COMBINED_PICKS = 8, /* inputs of a group that the fused kernel picks from, at the most */
    COMBINED_PIECE = 1024 /* groups that are summed at once: see multiply.c */
};

/* Cells lie tile by tile, in a tile group by group, of a group the outputs side by side: cell
 * (tile groups + group width) + lane, where only the last tile may be narrower than COMBINED_TILE. */
typedef struct {
    const float *values; /* [m groups] */
    bit_stream selectors; /* [m groups] of `bits` each: the input's place in its group */
    uint32_t bits, groups;
    const void *rows; /* inputs of all groups */
    uint32_t row_bytes, reserved;
    uint32_t *starts; /* [groups + 1]: of each group in rows */
} combined_tables;

static inline uint32_t combined_selector(const combined_tables *tables, uint64_t cell)
{
    uint32_t bits = tables->bits;
    return bits ? (uint32_t)(bits_peek(&tables->selectors, cell * bits) >> (64 - bits)) : 0;
}

/* The input at a place of a group; places beyond its end, which only damage brings, are its last one. */
static inline uint32_t combined_row(const combined_tables *tables, uint32_t group, uint32_t place)
{
    uint32_t start = tables->starts[group], last = tables->starts[group + 1] - start - 1;
    return cdot_index(tables->rows, tables->row_bytes, start + (place < last ? place : last));
}

#endif
