/* rle4 and rel15 times one vector with Helium: sixteen gaps become sixteen offsets of a gather. Gaps of four
 * bits add up to 240 at the most, so offsets are bytes, from an address that moves on with each step. */
#ifndef CDOT_VECTOR_MVE_NIBBLES_H
#define CDOT_VECTOR_MVE_NIBBLES_H

#include "isa/helium/prefix.h"
#include "isa/helium/multiply_s8.h"

/* Sixteen gaps of eight bytes, in their order: the first of a pair stands in the high nibble. */
static inline uint8x16_t nibbles_gaps(uint16x8_t pairs)
{
    uint16x8_t gaps = vsliq_n_u16(vshrq_n_u16(pairs, 4), pairs, 8);
    return vreinterpretq_u8_u16(vbicq_n_u16(gaps, 0xf000));
}

/* One column. Where it starts with the second nibble of a byte, the first is taken as an entry of it: in row 0,
 * because the address starts before x by that gap, with a product that is taken off the sum again. */
static inline int32_t nibbles_column(const uint8_t *gaps, const int8_t *values, uint32_t position, uint32_t count,
                                     const int8_t *x)
{
    int32_t sum = 0, left = (int32_t)count;
    uintptr_t from = (uintptr_t)x;
    if (left && position & 1) {
        position--;
        left++;
        sum = -(values[position] * x[0]);
        from -= gaps[position / 2] >> 4;
    }
    gaps += position / 2;
    values += position;
    for (; left > 0; left -= 16, gaps += 8, values += 16) {
        uint16x8_t pairs = vldrbq_z_u16(gaps, vctp16q(((uint32_t)left + 1) / 2));
        mve_pred16_t lanes = vctp8q((uint32_t)left);
        int8x16_t weights = vldrbq_z_s8(values, lanes);
        uint8x16_t at = mve_prefix(nibbles_gaps(pairs));
        int8x16_t some = vldrbq_gather_offset_z_s8((const int8_t *)from, at, lanes);
        sum = vmladavaq_p_s8(sum, weights, some, lanes);
        from += vgetq_lane_u8(at, 15);
    }
    return sum;
}

static inline int nibbles_dot(const cdot_view *view, const int8_t *x, size_t ldx, int32_t *y, size_t ldy,
                              size_t batch, uint32_t col_begin, uint32_t col_end, void *scratch)
{
    cdot_cursor cursor;
    counted_place *place = &((counted_cursor *)&cursor)->place;
    if (batch != 1 || ldx != 1 || ldy != 1)
        return cdot_dot_blocks_s8(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
    nibbles_seek(view, &cursor, col_begin, col_end, scratch);
    for (; place->column < col_end; place->column++) {
        uint32_t count = (uint32_t)counted_entries(view->workspace, place->column);
        y[place->column] = nibbles_column(view->section[NIBBLES_GAPS], view->section[NIBBLES_VALUES],
                                          place->position, count, x);
        place->position += count;
    }
    return CDOT_OK;
}

#endif
