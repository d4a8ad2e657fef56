/* What all formats share on top of blocks: the product, and decoding for Python. */
#include <string.h>

#include "core/multiply.h"
#include "core/multiply_s8.h"

static int in_range(const cdot_view *view, uint32_t col_begin, uint32_t col_end)
{
    return col_begin <= col_end && col_end <= view->m;
}

/* Outputs of both value types have four bytes, and nothing is their zero. Places are as wide as pointers: from 2^30
 * columns on, a byte's does not fit into 32 bits. */
static void clear(void *y, size_t ldy, size_t batch, uint32_t col_begin, uint32_t col_end)
{
    uint32_t *out = (uint32_t *)y + col_begin * ldy;
    if (ldy == batch)
        memset(out, 0, (col_end - col_begin) * batch * sizeof *out);
    else
        for (uint32_t j = col_begin; j < col_end; j++, out += ldy)
            memset(out, 0, batch * sizeof *out);
}

int cdot_dot_blocks(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
                    uint32_t col_begin, uint32_t col_end, void *scratch)
{
    cdot_cursor cursor;
    cdot_block block;
    int status;
    view->decoder->seek(view, &cursor, col_begin, col_end, scratch);
    while ((status = view->decoder->next(view, &cursor, &block)) > 0)
        cdot_multiply(view, &block, x, ldx, y, ldy, batch);
    return status;
}

int cdot_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
             uint32_t col_begin, uint32_t col_end, void *scratch)
{
    if (view->value_type != CDOT_FLOAT32)
        return CDOT_FORMAT;
    if (!in_range(view, col_begin, col_end))
        return CDOT_RANGE;
    clear(y, ldy, batch, col_begin, col_end);
    if (view->decoder->dot)
        return view->decoder->dot(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
    return cdot_dot_blocks(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
}

int cdot_dot_blocks_s8(const cdot_view *view, const int8_t *x, size_t ldx, int32_t *y, size_t ldy, size_t batch,
                       uint32_t col_begin, uint32_t col_end, void *scratch)
{
    cdot_cursor cursor;
    cdot_block block;
    int status;
    view->decoder->seek(view, &cursor, col_begin, col_end, scratch);
    while ((status = view->decoder->next(view, &cursor, &block)) > 0)
        cdot_multiply_s8(view, &block, x, ldx, y, ldy, batch);
    return status;
}

int cdot_dot_s8(const cdot_view *view, const int8_t *x, size_t ldx, int32_t *y, size_t ldy, size_t batch,
                uint32_t col_begin, uint32_t col_end, void *scratch)
{
    if (view->value_type != CDOT_INT8)
        return CDOT_FORMAT;
    if (!in_range(view, col_begin, col_end))
        return CDOT_RANGE;
    clear(y, ldy, batch, col_begin, col_end);
    if (view->decoder->dot_s8)
        return view->decoder->dot_s8(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
    return cdot_dot_blocks_s8(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
}

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
    if (view->value_type == CDOT_INT8) {
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
    if (!in_range(view, col_begin, col_end))
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
