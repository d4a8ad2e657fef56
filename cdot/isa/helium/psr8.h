/* psr8 times one vector with Helium: rows of eight bits are offsets of a gather as they are stored, sixteen at
 * a time. What is left is the gather itself: ten of the fifteen cycles that sixteen entries take. */
#ifndef CDOT_VECTOR_MVE_PSR8_H
#define CDOT_VECTOR_MVE_PSR8_H

#include "isa/helium/multiply_s8.h"

/* Matrices of one block of rows: a column's entries are one part. `before`: entries before the first column;
 * there is one at the least. A column's sum is stored when the next one's end has been loaded: both wait for
 * the gather of the first, and the next gather then waits for neither. */
static void psr8_short(const uint32_t *ends, uint32_t before, const uint8_t *rows, const int8_t *values,
                       const int8_t *x, int32_t *y, uint32_t columns)
{
    const uint32_t *last = ends + columns;
    uint32_t end = *ends++, count = end - before;
    ptrdiff_t apart = values - (const int8_t *)rows; /* of one payload */
    rows += before;
    for (;;) {
        uint32_t sum = s8_sum_rows_u8(rows, (const int8_t *)rows + apart, count, x);
        rows += count;
        if (ends == last) {
            *y = (int32_t)sum;
            return;
        }
        before = end;
        end = *ends++;
        *y++ = (int32_t)sum;
        count = end - before;
    }
}

/* The next column, at a place that steps over its parts. */
static int32_t psr8_column(const cdot_view *view, counted_place *place, uint32_t count, const int8_t *x)
{
    const uint8_t *counts = view->section[COUNTS];
    const uint8_t *rows = (const uint8_t *)view->section[ROWS] + place->position;
    const int8_t *values = (const int8_t *)view->section[VALUES] + place->position;
    uint32_t sum = 0;
    for (uint32_t block = 0; count; block++) {
        if (!psr8_present(view, place->column, block))
            continue;
        uint32_t part = counts[place->more[PARTS]++] + 1u;
        sum += s8_sum_rows_u8(rows, values, part, x + block * SPAN);
        count -= part;
        rows += part;
        values += part;
    }
    return (int32_t)sum;
}

static int psr8_dot(const cdot_view *view, const int8_t *x, size_t ldx, int32_t *y, size_t ldy, size_t batch,
                    uint32_t col_begin, uint32_t col_end, void *scratch)
{
    cdot_cursor cursor;
    counted_place *place = &((counted_cursor *)&cursor)->place;
    if (batch != 1 || ldx != 1 || ldy != 1)
        return cdot_dot_blocks_s8(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
    psr8_seek(view, &cursor, col_begin, col_end, scratch);
    if (view->n <= SPAN && col_begin < col_end) {
        psr8_short((const uint32_t *)view->section[ENDS] + col_begin, place->position, view->section[ROWS],
                   view->section[VALUES], x, y + col_begin, col_end - col_begin);
        return CDOT_OK;
    }
    for (; place->column < col_end; place->column++) {
        uint32_t count = (uint32_t)counted_entries(view->workspace, place->column);
        y[place->column] = psr8_column(view, place, count, x);
        place->position += count;
    }
    return CDOT_OK;
}

#endif
