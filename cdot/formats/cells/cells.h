/* What the decoder of cells (cells.c), its product (cells_dot.c) and the instruction sets share.
 *
 * A chunk is 32 rows of a column: 16 bytes of nibbles, then 4 bytes for each further bit of the codes, a plane.
 *
 *     nibble   of row i in the low half of byte i, of row i + 16 in the high half
 *     bit      of row 4 i + b in byte b of a plane, the highest one for i = 0: in eight words, each shifted left by its
 *              number, the highest bits of all bytes are those of the rows in order
 *
 * The last rows of a column, fewer than 32, are bytes of two nibbles, too, row i and row i + half in one, and planes
 * with the first row's in the lowest bit. */
#ifndef CDOT_CELLS_H
#define CDOT_CELLS_H

#include <string.h>

#include "core/payload.h"
#include "parts/runs.h"

enum { CELLS_FIELDS, CELLS_VALUES, CELLS_CELLS };
enum { CELLS_CHUNK = 32, CELLS_HALF = 16, CELLS_PLANE = 4, CELLS_MOST = 64, CELLS_ENTRIES = 4096 };

typedef struct {
    uint32_t symbols; /* entries of the codebook */
} cells_fields;

static inline uint32_t cells_symbols(const cdot_view *view)
{
    return ((const cells_fields *)view->section[CELLS_FIELDS])->symbols;
}

static inline uint32_t cells_planes(uint32_t symbols)
{
    return (symbols > 16) + (symbols > 32);
}

static inline uint32_t cells_chunk_bytes(uint32_t planes)
{
    return CELLS_HALF + CELLS_PLANE * planes;
}

static inline uint64_t cells_column_bytes(uint32_t n, uint32_t planes)
{
    uint32_t left = n % CELLS_CHUNK;
    return (uint64_t)(n / CELLS_CHUNK) * cells_chunk_bytes(planes) + (left + 1) / 2 + planes * ((left + 7) / 8);
}

/* Where the cell of a row begins that is a multiple of CELLS_CHUNK. */
static inline const uint8_t *cells_place(const cdot_view *view, uint32_t column, uint32_t row)
{
    uint32_t planes = cells_planes(cells_symbols(view));
    return (const uint8_t *)view->section[CELLS_CELLS] + column * cells_column_bytes(view->n, planes) +
           (uint64_t)(row / CELLS_CHUNK) * cells_chunk_bytes(planes);
}

/* The 32 codes of a chunk. */
static inline void cells_chunk_codes(const uint8_t *chunk, uint32_t planes, uint8_t *codes)
{
    for (uint32_t i = 0; i < CELLS_HALF; i++) {
        codes[i] = chunk[i] & 15;
        codes[CELLS_HALF + i] = chunk[i] >> 4;
    }
    for (uint32_t p = 0; p < planes; p++)
        for (uint32_t b = 0; b < CELLS_PLANE; b++)
            for (uint32_t i = 0; i < 8; i++)
                codes[4 * i + b] |= (uint8_t)((chunk[CELLS_HALF + CELLS_PLANE * p + b] >> (7 - i) & 1) << (4 + p));
}

/* The codes of the last `count` rows of a column, fewer than a chunk. */
static inline void cells_last_codes(const uint8_t *at, uint32_t count, uint32_t planes, uint8_t *codes)
{
    uint32_t half = (count + 1) / 2, each = (count + 7) / 8;
    for (uint32_t i = 0; i < count; i++) {
        codes[i] = i < half ? at[i] & 15 : at[i - half] >> 4;
        for (uint32_t p = 0; p < planes; p++)
            codes[i] |= (uint8_t)((at[half + p * each + i / 8] >> i % 8 & 1) << (4 + p));
    }
}

#endif
