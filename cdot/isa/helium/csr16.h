/* csr16 times one vector with Helium: rows of 16 bits are offsets of a gather as they are stored, eight at a
 * time. */
#ifndef CDOT_VECTOR_MVE_CSR16_H
#define CDOT_VECTOR_MVE_CSR16_H

#include "isa/helium/multiply_s8.h"

static int csr16_dot(const cdot_view *view, const int8_t *x, size_t ldx, int32_t *y, size_t ldy, size_t batch,
                     uint32_t col_begin, uint32_t col_end, void *scratch)
{
    cdot_cursor cursor;
    if (batch != 1 || ldx != 1 || ldy != 1)
        return cdot_dot_blocks_s8(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
    csr16_seek(view, &cursor, col_begin, col_end, scratch);
    uint32_t position = ((counted_cursor *)&cursor)->place.position;
    const uint16_t *counts = view->section[COUNTS], *rows = (const uint16_t *)view->section[ROWS] + position;
    const int8_t *values = (const int8_t *)view->section[VALUES] + position;
    for (uint32_t column = col_begin; column < col_end; column++) {
        uint32_t count = counts[column];
        y[column] = (int32_t)s8_sum_rows_u16(rows, values, count, x);
        rows += count;
        values += count;
    }
    return CDOT_OK;
}

#endif
