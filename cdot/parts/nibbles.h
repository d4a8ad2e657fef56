/* Relative indices of four bits: the row of an entry is the row of the one before it plus a nibble, from 0
 * at the top of a column. rle4 and rel15 differ in which entries they insert, and in their counts. */
#ifndef CDOT_NIBBLES_H
#define CDOT_NIBBLES_H

#include "parts/counted.h"

typedef struct {
    uint32_t entries; /* nonzeros and inserted zeros */
} nibbles_fields;

enum { NIBBLES_COUNTS, NIBBLES_GAPS, NIBBLES_VALUES };

/* The first entry of a pair stands in the high nibble. */
static inline uint32_t nibble_at(const uint8_t *gaps, uint32_t i)
{
    return gaps[i >> 1] >> (i & 1 ? 0 : 4) & 15;
}

/* Sections behind the fields: counts (2 or 4 bytes each), gaps, values. */
int nibbles_read(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace, uint16_t format,
                 const cdot_decoder *decoder, uint32_t *entries);

/* Counts, and that no column runs over its end. */
int nibbles_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                 uint64_t workspace_size, uint16_t format, const cdot_decoder *decoder);

static inline void nibbles_step(const cdot_view *view, counted_place *place, uint32_t count, uint16_t *rows)
{
    const uint8_t *gaps = view->section[NIBBLES_GAPS];
    uint32_t row = 0;
    if (!rows)
        return;
    for (uint32_t i = 0; i < count; i++) {
        row += nibble_at(gaps, place->position + i);
        rows[i] = (uint16_t)row;
    }
}

static inline void nibbles_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end,
                                void *scratch)
{
    counted_seek(view, cursor, column, end, scratch, nibbles_step);
}

static inline int nibbles_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    return counted_next(view, cursor, block, nibbles_step);
}

#endif
