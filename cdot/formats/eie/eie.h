/* What the two codings of eie share. */
#ifndef CDOT_EIE_H
#define CDOT_EIE_H

#include "parts/coded.h"
#include "parts/steps.h"

enum { EIE_GAP_BITS = 4 };

typedef struct {
    uint64_t entries; /* nonzeros and fillers */
    huffman_fields values, gaps; /* without a code of gaps, all but the number of values is 0: plain */
} eie_fields;

/* What open finds. */
typedef struct {
    chunk_counts counts;
    uint64_t entries;
    uint32_t coded; /* 0: plain */
    uint32_t symbols; /* plain: of the codebook */
    const float *codebook;
    const uint8_t *gaps, *indices; /* plain: packed */
    coded_values values;           /* coded */
    symbol_stream coded_gaps;
} eie_tables;

void eie_plain_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch);
int eie_plain_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block);
uint64_t eie_plain_scratch(const cdot_view *view);

/* CDOT_OK if no column is longer than n, and no index beyond the codebook. */
int eie_plain_check(const eie_tables *tables, uint32_t n);

void eie_coded_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch);
int eie_coded_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block);
uint64_t eie_coded_scratch(const cdot_view *view);

#endif
