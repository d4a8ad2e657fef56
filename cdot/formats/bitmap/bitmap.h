/* What the decoder of bitmap (bitmap.c) and its product of one vector (bitmap_dot.c) share. */
#ifndef CDOT_BITMAP_H
#define CDOT_BITMAP_H

#include "parts/packed.h"
#include "parts/runs.h"

enum { BITMAP_STEP = 56 }; /* bits taken at once */
enum { BITMAP_FIELDS, BITMAP_VALUES, BITMAP_INDICES, BITMAP_BITS };

typedef struct {
    uint32_t coded;   /* 0: values are stored; 1: they are indices into a codebook */
    uint32_t symbols; /* entries of the codebook */
} bitmap_fields;

typedef struct {
    uint8_t places[256][8]; /* of the ones of a byte, rising */
    uint8_t counts[256];
    uint64_t positions[]; /* nonzeros before each group of CDOT_GROUP columns */
} bitmap_tables;

typedef struct {
    runs_cursor run;
    uint64_t position; /* nonzeros before the run */
    uint8_t *rows;
    float *values; /* of a codebook; int8 where the view's are */
    uint32_t *ends;
} bitmap_cursor;

/* Up to BITMAP_STEP bits from `bit` on. */
static inline uint64_t bitmap_step(const uint8_t *bits, uint64_t bit, uint64_t count)
{
    return packed_window(bits, bit) & packed_mask(count < BITMAP_STEP ? (uint32_t)count : BITMAP_STEP);
}

void bitmap_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch);
int bitmap_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block);

#endif
