/* Cutting a range of columns into runs of entries: for formats that decode every entry, or look at each.
 *
 * A run is as many whole columns as fit, or the next rows of a column that does not fit. So where a
 * column is cut depends on nothing but its length. */
#ifndef CDOT_RUNS_H
#define CDOT_RUNS_H

#include "core/payload.h"

enum { RUNS_COLUMNS = 256 }; /* segments of a block, at the most */

typedef struct {
    uint32_t column, end, row; /* the next entry's place, and the end of the range */
} runs_cursor;

/* The next run of up to `entries` entries as a block of consecutive rows (its values are the caller's to
 * fill); *from: the first entry, counted down the columns of the matrix. `ends` has RUNS_COLUMNS items.
 * Returns 0 behind the last run. */
static inline int runs_next(const cdot_view *view, runs_cursor *at, uint32_t entries, uint32_t *ends,
                            cdot_block *block, uint64_t *from)
{
    if (at->column == at->end || view->n == 0)
        return 0;
    *from = (uint64_t)at->column * view->n + at->row;
    *block = (cdot_block){.column = at->column, .segments = 1, .row = at->row, .ends = ends};
    if (view->n <= entries) {
        uint32_t columns = entries / view->n;
        if (columns > RUNS_COLUMNS)
            columns = RUNS_COLUMNS;
        if (columns > at->end - at->column)
            columns = at->end - at->column;
        for (uint32_t k = 0; k < columns; k++)
            ends[k] = (k + 1) * view->n;
        block->segments = columns;
        at->column += columns;
    } else {
        uint32_t left = view->n - at->row;
        ends[0] = left < entries ? left : entries;
        at->row += ends[0];
        if (at->row == view->n) {
            at->row = 0;
            at->column++;
        }
    }
    return 1;
}

#endif
