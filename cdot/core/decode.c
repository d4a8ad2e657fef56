/* Blocks into nonzeros in column order, for Python. */
#include <string.h>

#include "core/cdot.h"

static uint32_t row_of(const cdot_block *block, uint32_t row_bytes, uint32_t i, uint32_t run_row)
{
    if (!block->rows)
        return run_row;
    if (row_bytes == 1)
        return ((const uint8_t *)block->rows)[i];
    if (row_bytes == 2)
        return ((const uint16_t *)block->rows)[i];
    return ((const uint32_t *)block->rows)[i];
}

/* Copies entry `i` to place `to`, or anywhere where `values` is NULL; 0 where it is a zero. */
static int value_of(const cdot_view *view, const cdot_block *block, uint32_t i, void *values, int64_t to)
{
    if (view->arithmetic == CDOT_IN_INT32) {
        int8_t value = ((const int8_t *)block->values)[i];
        if (values && value)
            ((int8_t *)values)[to] = value;
        return value != 0;
    }
    float value = ((const float *)block->values)[i];
    if (values && value != 0)
        ((float *)values)[to] = value;
    return value != 0;
}

/* Blocks may jump between columns, so a first walk counts and a second one fills. */
static int decode_walk(const cdot_view *view, uint32_t col_begin, uint32_t col_end, int32_t *rows,
                       void *values, int64_t *at, int64_t capacity, void *scratch)
{
    cdot_cursor cursor;
    cdot_block block;
    int status;
    view->decoder->seek(view, &cursor, col_begin, col_end, scratch);
    while ((status = view->decoder->next(view, &cursor, &block)) > 0) {
        uint32_t i = block.begin, row = block.row;
        for (uint32_t k = 0; k < block.segments; k++, row = 0) {
            int64_t *to = at + (block.column + k - col_begin);
            for (; i < block.ends[k]; i++, row++) {
                if (rows && *to >= capacity && value_of(view, &block, i, NULL, 0))
                    return CDOT_CAPACITY;
                if (!value_of(view, &block, i, *to < capacity ? values : NULL, *to))
                    continue;
                if (rows)
                    rows[*to] = (int32_t)row_of(&block, view->row_bytes, i, row);
                ++*to;
            }
        }
    }
    return status;
}

int64_t cdot_decode(const cdot_view *view, uint32_t col_begin, uint32_t col_end, int32_t *rows,
                    void *values, int64_t *ends, uint64_t capacity, void *scratch)
{
    if (col_begin > col_end || col_end > view->m)
        return CDOT_RANGE;
    uint32_t columns = col_end - col_begin;
    int64_t total = 0;
    memset(ends, 0, columns * sizeof *ends);
    int error = decode_walk(view, col_begin, col_end, NULL, NULL, ends, 0, scratch);
    if (error)
        return error;
    for (uint32_t k = 0; k < columns; k++) { /* counts become starts, which the second walk moves on */
        int64_t count = ends[k];
        ends[k] = total;
        total += count;
    }
    if (rows) {
        if ((uint64_t)total > capacity)
            return CDOT_CAPACITY;
        error = decode_walk(view, col_begin, col_end, rows, values, ends, total, scratch);
        return error ? error : total;
    }
    for (uint32_t k = 0; k < columns; k++)
        ends[k] = k + 1 < columns ? ends[k + 1] : total;
    return total;
}
