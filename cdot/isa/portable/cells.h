/* Chunks of cells in plain C: codes, then values. */
#ifndef CDOT_VECTOR_PORTABLE_CELLS_H
#define CDOT_VECTOR_PORTABLE_CELLS_H

#include "formats/cells/cells.h"

typedef struct {
    const float *codebook;
    uint32_t planes;
} cells_tables;

static inline void cells_fill(cells_tables *tables, const float *codebook, uint32_t symbols)
{
    *tables = (cells_tables){codebook, cells_planes(symbols)};
}

static inline void cells_codes(const uint8_t *chunk, uint32_t planes, uint8_t *codes)
{
    cells_chunk_codes(chunk, planes, codes);
}

/* `count` rows of a column from a chunk's first on; they are whole chunks, or end the column. */
static inline void cells_widen(const cells_tables *tables, const uint8_t *at, uint32_t count, float *out)
{
    uint8_t codes[CELLS_CHUNK];
    while (count) {
        uint32_t rows = count < CELLS_CHUNK ? count : CELLS_CHUNK;
        if (rows == CELLS_CHUNK)
            cells_chunk_codes(at, tables->planes, codes);
        else
            cells_last_codes(at, rows, tables->planes, codes);
        for (uint32_t i = 0; i < rows; i++)
            out[i] = tables->codebook[codes[i]];
        at += cells_chunk_bytes(tables->planes);
        out += rows;
        count -= rows;
    }
}

#endif
