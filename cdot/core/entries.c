/* Blocks into all entries, for Python: zeros keep their signs, which cdot_decode leaves out. */
#include <string.h>

#include "core/payload.h"

/* The entries of one segment: a run of rows, or a row each. */
static void place_entries(const cdot_view *view, const cdot_block *block, uint32_t from, uint32_t to, uint32_t row,
                          float *column)
{
    const float *values = block->values;
    for (uint32_t i = from; i < to; i++, row++)
        column[block->rows ? cdot_index(block->rows, view->row_bytes, i) : row] = values[i];
}

int cdot_entries(const cdot_view *view, uint32_t col_begin, uint32_t col_end, float *out, void *scratch)
{
    cdot_cursor cursor;
    cdot_block block;
    int status;
    if (view->arithmetic != CDOT_IN_FLOAT32)
        return CDOT_FORMAT;
    if (col_begin > col_end || col_end > view->m)
        return CDOT_RANGE;
    memset(out, 0, (size_t)(col_end - col_begin) * view->n * sizeof *out);
    view->decoder->seek(view, &cursor, col_begin, col_end, scratch);
    while ((status = view->decoder->next(view, &cursor, &block)) > 0) {
        uint32_t from = block.begin, row = block.row;
        for (uint32_t k = 0; k < block.segments; k++, row = 0) {
            place_entries(view, &block, from, block.ends[k], row,
                          out + (size_t)(block.column + k - col_begin) * view->n);
            from = block.ends[k];
        }
    }
    return status;
}
