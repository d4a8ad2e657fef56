/* dcsr times one vector with Helium, a group of sixteen entries at a time. Bit masks are predicates as they are
 * stored. Offsets of even and of odd entries are gathered apart, as numbers of 16 bits, from an address that is
 * the group's minimum. */
#ifndef CDOT_VECTOR_MVE_DCSR_H
#define CDOT_VECTOR_MVE_DCSR_H

#include "isa/helium/multiply_s8.h"

enum { DCSR_ROWS = 32767 }; /* inputs, at the most, for offsets of 16 bits from below row 0 */

/* The deltas of a group's lanes; steps over its masks. */
static inline uint8x16_t dcsr_group(const cdot_view *view, uint32_t group, const uint16_t **masks)
{
    uint8x16_t low = vldrbq_u8((const uint8_t *)view->section[DELTAS] + (uint64_t)(group / 2) * LANES);
    uint8x16_t deltas = group & 1 ? vandq_u8(low, vdupq_n_u8(15)) : vshrq_n_u8(low, 4);
    uint32_t bit = 16;
    for (uint32_t map = dcsr_map(view, group); map; map >>= 1, bit <<= 1)
        if (map & 1)
            deltas = vorrq_m_u8(deltas, deltas, vdupq_n_u8((uint8_t)bit), *(*masks)++);
    return deltas;
}

/* Adds eight products, of every second entry of a group: their weights and deltas, widened. */
static inline int32_t dcsr_eight(int32_t sum, int16x8_t weights, uint16x8_t deltas, uint16x8_t ramp, uintptr_t from,
                                 uint32_t count)
{
    mve_pred16_t lanes = vctp16q(count);
    int16x8_t some = vldrbq_gather_offset_z_s16((const int8_t *)from, vaddq_u16(ramp, deltas), lanes);
    return vmladavaq_p_s16(sum, weights, some, lanes);
}

/* One column; steps behind its groups and masks. */
static int32_t dcsr_sum(const cdot_view *view, counted_place *place, uint32_t count, const int8_t *x)
{
    uint32_t slope = (uint32_t)dcsr_slope(view->n, count);
    uint16x8_t ramp = vmulq_n_u16(vidupq_n_u16(0, 2), (uint16_t)slope);
    const int8_t *values = (const int8_t *)view->section[VALUES] + place->position;
    const uint16_t *first = view->section[BITMASKS], *masks = first + place->more[MASKS];
    uintptr_t from = (uintptr_t)x;
    int32_t sum = 0;
    for (int32_t left = (int32_t)count; left > 0; left -= LANES, values += LANES) {
        uint32_t group = place->more[GROUPS]++;
        uint8x16_t deltas = dcsr_group(view, group, &masks);
        int8x16_t weights = vldrbq_z_s8(values, vctp8q((uint32_t)left));
        from += (uintptr_t)((const int8_t *)view->section[MINIMUMS])[group];
        sum = dcsr_eight(sum, vmovlbq_s8(weights), vmovlbq_u8(deltas), ramp, from, ((uint32_t)left + 1) / 2);
        sum = dcsr_eight(sum, vmovltq_s8(weights), vmovltq_u8(deltas), ramp, from + slope, (uint32_t)left / 2);
        from += slope * LANES;
    }
    place->more[MASKS] = (uint32_t)(masks - first);
    return sum;
}

static int dcsr_dot(const cdot_view *view, const int8_t *x, size_t ldx, int32_t *y, size_t ldy, size_t batch,
                    uint32_t col_begin, uint32_t col_end, void *scratch)
{
    cdot_cursor cursor;
    counted_place *place = &((counted_cursor *)&cursor)->place;
    if (batch != 1 || ldx != 1 || ldy != 1 || view->n > DCSR_ROWS)
        return cdot_dot_blocks_s8(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
    dcsr_seek(view, &cursor, col_begin, col_end, scratch);
    for (; place->column < col_end; place->column++) {
        uint32_t count = (uint32_t)counted_entries(view->workspace, place->column);
        y[place->column] = dcsr_sum(view, place, count, x);
        place->position += count;
    }
    return CDOT_OK;
}

#endif
