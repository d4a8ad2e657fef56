/* Columns of nonzeros in pieces that fit a buffer of values: what decoders share whose values do not lie in the
 * payload as they are multiplied. */
#ifndef CDOT_CUT_H
#define CDOT_CUT_H

#include "core/payload.h"

enum { CUT_ENTRIES = 4096, CUT_COLUMNS = 512 };

typedef struct {
    uint32_t column, end;
    uint32_t done; /* nonzeros of the column that were shown already: it has more than CUT_ENTRIES */
    uint32_t reserved;
    float *values; /* int8 where the view's arithmetic is */
    uint32_t *ends;
} cut_cursor;

static inline uint64_t cut_scratch(void)
{
    return CUT_ENTRIES * sizeof(float) + CUT_COLUMNS * sizeof(uint32_t);
}

static inline void cut_seek(cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    float *values = scratch;
    *(cut_cursor *)cursor = (cut_cursor){column, end, 0, 0, values, (uint32_t *)(values + CUT_ENTRIES)};
}

/* As many whole columns as fit, or the next CUT_ENTRIES nonzeros of one that does not; how many in all. */
static inline uint32_t cut_next(cut_cursor *at, const uint32_t *pointers, cdot_block *block)
{
    uint32_t from = pointers[at->column] + at->done, columns = at->end - at->column, k = 0;
    *block = (cdot_block){.column = at->column, .ends = at->ends};
    columns = columns < CUT_COLUMNS ? columns : CUT_COLUMNS;
    for (; k < columns && pointers[at->column + k + 1] - from <= CUT_ENTRIES; k++)
        at->ends[k] = pointers[at->column + k + 1] - from;
    at->done = k ? 0 : at->done + CUT_ENTRIES;
    at->column += k;
    if (k == 0)
        at->ends[0] = CUT_ENTRIES;
    block->segments = k ? k : 1;
    return at->ends[block->segments - 1];
}

#endif
