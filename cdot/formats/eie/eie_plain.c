/* eie, plain: gaps become rows eight at a time, indices become values as in csc_palette. */
#include "formats/eie/eie.h"

#include "parts/packed.h"

enum { ENTRIES = 4096, SEGMENTS = 512 };

typedef struct {
    uint64_t position;    /* entries before the next block */
    uint32_t column, end;
    uint32_t done;        /* entries of the column that were shown already: it has more than ENTRIES */
    uint32_t row;         /* below the last of them */
    float *values;
    uint32_t *ends;
    void *rows;
} eie_plain_cursor;
_Static_assert(sizeof(eie_plain_cursor) <= sizeof(cdot_cursor), "the cursor has no room");

uint64_t eie_plain_scratch(const cdot_view *view)
{
    return ENTRIES * sizeof(float) + SEGMENTS * sizeof(uint32_t) + (ENTRIES + STEP_SPARE) * view->row_bytes;
}

/* Eight steps from the packed gaps of entry `position` on: each half byte in a byte of its own, and 1. */
static inline uint64_t eie_steps(const uint8_t *gaps, uint64_t position)
{
    uint64_t steps = packed_window(gaps, position * EIE_GAP_BITS) & 0xffffffffu;
    steps = (steps | steps << 16) & 0x0000ffff0000ffffu;
    steps = (steps | steps << 8) & 0x00ff00ff00ff00ffu;
    steps = (steps | steps << 4) & 0x0f0f0f0f0f0f0f0fu;
    return steps_of_gaps(steps);
}

int eie_plain_check(const eie_tables *tables, uint32_t n)
{
    uint64_t position = 0;
    for (uint32_t column = 0; column < tables->counts.m; column++) {
        uint32_t count = chunk_count(&tables->counts, column);
        uint64_t row = 0;
        for (uint32_t i = 0; i < count; i += 8) {
            uint64_t steps = eie_steps(tables->gaps, position + i);
            if (count - i < 8)
                steps &= packed_mask(8 * (count - i));
            row += steps * 0x0101010101010101u >> 56;
        }
        if (row > n)
            return CDOT_ROW;
        position += count;
    }
    return packed_check(tables->indices, packed_width(tables->symbols), tables->entries, tables->symbols);
}

void eie_plain_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    const chunk_counts *counts = &((const eie_tables *)view->workspace)->counts;
    eie_plain_cursor *at = (eie_plain_cursor *)cursor;
    float *values = scratch;
    uint32_t *ends = (uint32_t *)(values + ENTRIES), first = column >> counts->shift << counts->shift;
    *at = (eie_plain_cursor){0, column, end, 0, 0, values, ends, ends + SEGMENTS};
    if (column == end)
        return;
    at->position = counts->positions[column >> counts->shift];
    for (; first < column; first++)
        at->position += chunk_count(counts, first);
}

/* Rows of the next `count` entries of a column; returns the row below the last. */
static inline uint32_t eie_rows(const uint8_t *gaps, uint64_t position, uint32_t count, uint32_t row,
                                uint32_t n, uint8_t *rows, uint32_t row_bytes)
{
    for (uint32_t i = 0; i < count; i += 8, rows += (size_t)8 * row_bytes)
        row = steps_eight(eie_steps(gaps, position + i), count - i, row, n, rows, row_bytes);
    return row;
}

/* As many whole columns as fit, or the next ENTRIES entries of one that does not; `row_bytes` is a constant
 * in every call. */
static inline void eie_plain_fill(const cdot_view *view, eie_plain_cursor *at, cdot_block *block,
                                  uint32_t row_bytes)
{
    const eie_tables *tables = view->workspace;
    uint32_t fill = 0, segments = 0;
    *block = (cdot_block){.column = at->column, .ends = at->ends, .rows = at->rows, .values = at->values};
    while (at->column < at->end && segments < SEGMENTS) {
        uint32_t left = chunk_count(&tables->counts, at->column) - at->done, room = ENTRIES - fill;
        uint32_t take = left < room ? left : room;
        if (take < left && segments)
            break;
        uint8_t *rows = (uint8_t *)at->rows + (size_t)fill * row_bytes;
        at->row = eie_rows(tables->gaps, at->position + fill, take, at->row, view->n, rows, row_bytes);
        fill += take;
        at->ends[segments++] = fill;
        at->done += take;
        if (take < left)
            break;
        at->done = at->row = 0;
        at->column++;
    }
    block->segments = segments;
    packed_values(tables->indices, at->position, fill, tables->codebook, tables->symbols, at->values);
    at->position += fill;
}

int eie_plain_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    eie_plain_cursor *at = (eie_plain_cursor *)cursor;
    if (at->column == at->end)
        return 0;
    if (view->row_bytes == 2)
        eie_plain_fill(view, at, block, 2);
    else
        eie_plain_fill(view, at, block, 4);
    return 1;
}
