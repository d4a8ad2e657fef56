/* bitmap times one int8 vector with Helium, 32 bits of the map at a time. Where ones are many, sixteen bits are a
 * predicate as they are: the values of the ones are gathered by their ranks, x is loaded as it lies. Where they
 * are few, taking one by one is cheaper than two ranks of vectors. */
#ifndef CDOT_VECTOR_MVE_BITMAP_H
#define CDOT_VECTOR_MVE_BITMAP_H

#include "isa/helium/prefix.h"
#include "isa/helium/multiply_s8.h"

enum { BITMAP_WORD = 32, BITMAP_FEW = 5 }; /* few: less than one in so many */

/* Adds the products of sixteen rows to a sum; returns the values behind those used. */
static inline const int8_t *bitmap_sixteen(uint32_t ones, const int8_t *values, const int8_t *x, int32_t *sum)
{
    mve_pred16_t lanes = (mve_pred16_t)ones;
    uint8x16_t ranks = mve_prefix(vpselq_u8(vdupq_n_u8(1), vdupq_n_u8(0), lanes)); /* from 1 on */
    int8x16_t some = vldrbq_z_s8(x, lanes);
    *sum = vmladavaq_p_s8(*sum, some, vldrbq_gather_offset_z_s8(values - 1, ranks, lanes), lanes);
    return values + vgetq_lane_u8(ranks, 15);
}

static inline const int8_t *bitmap_many(uint32_t ones, const int8_t *values, const int8_t *x, int32_t *sum)
{
    values = bitmap_sixteen(ones & 0xffff, values, x, sum);
    return bitmap_sixteen(ones >> 16, values, x + 16, sum);
}

static inline const int8_t *bitmap_few(uint32_t ones, const int8_t *values, const int8_t *x, int32_t *sum)
{
    for (; ones; ones &= ones - 1)
        *sum += *values++ * x[__builtin_ctz(ones)];
    return values;
}

/* One column, whose bits start with bit `shift` of a byte; returns the values behind it. A map ends with spare
 * bytes, so that windows may be loaded to its last bit. */
static inline const int8_t *bitmap_column(const uint8_t *bits, uint32_t shift, uint32_t n, int few,
                                          const int8_t *values, const int8_t *x, int32_t *y)
{
    int32_t sum = 0;
    for (; n; bits += BITMAP_WORD / 8, x += BITMAP_WORD) {
        uint32_t ones = (uint32_t)packed_window(bits, shift);
        if (n < BITMAP_WORD)
            ones &= (uint32_t)packed_mask(n);
        if (ones)
            values = few ? bitmap_few(ones, values, x, &sum) : bitmap_many(ones, values, x, &sum);
        n -= n < BITMAP_WORD ? n : BITMAP_WORD;
    }
    *y = sum;
    return values;
}

static int bitmap_dot_s8(const cdot_view *view, const int8_t *x, size_t ldx, int32_t *y, size_t ldy, size_t batch,
                         uint32_t col_begin, uint32_t col_end, void *scratch)
{
    cdot_cursor cursor;
    const bitmap_fields *fields = view->section[BITMAP_FIELDS];
    if (batch != 1 || ldx != 1 || ldy != 1 || fields->coded)
        return cdot_dot_blocks_s8(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
    bitmap_seek(view, &cursor, col_begin, col_end, scratch);
    const uint8_t *bits = view->section[BITMAP_BITS];
    const int8_t *values = (const int8_t *)view->section[BITMAP_VALUES] + ((bitmap_cursor *)&cursor)->position;
    int few = view->nnz * BITMAP_FEW < (uint64_t)view->n * view->m;
    for (uint32_t column = col_begin; column < col_end; column++) {
        uint64_t bit = (uint64_t)column * view->n;
        values = bitmap_column(bits + (bit >> 3), (uint32_t)bit & 7, view->n, few, values, x, y + column);
    }
    return CDOT_OK;
}

#endif
