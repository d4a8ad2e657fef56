/* eie[coding=huffman]: values and gaps of four seek groups side by side, each from a stream of its own. A
 * chunk's rows are summed up when it is shown, for only then its columns matter. */
#include "formats/eie/eie.h"

enum { ROWS = CHUNK_ENTRIES + STEP_SPARE };

typedef struct {
    chunk_cursor chunks;
    coded_cursor values, gaps;
    uint32_t shown[CHUNK_STREAMS]; /* entries of the chunk that was shown last */
    uint32_t row[CHUNK_STREAMS];   /* below the last entry that was shown, in the column that goes on */
    void *rows;                    /* [ROWS] of the block that is shown */
} eie_coded_cursor;
_Static_assert(sizeof(eie_coded_cursor) <= sizeof(cdot_cursor), "the cursor has no room");
_Static_assert((int)STEP_SPARE <= (int)SYMBOL_SPARE, "eight gaps are read at once");

uint64_t eie_coded_scratch(const cdot_view *view)
{
    const eie_tables *tables = view->workspace;
    return CHUNK_SEGMENTS * sizeof(uint32_t) + coded_scratch(&tables->values) +
           CHUNK_STREAMS * CODED_STRIDE + ROWS * view->row_bytes;
}

void eie_coded_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    const eie_tables *tables = view->workspace;
    eie_coded_cursor *at = (eie_coded_cursor *)cursor;
    uint32_t *ends = scratch;
    uint8_t *values = (uint8_t *)(ends + CHUNK_SEGMENTS), *gaps = values + coded_scratch(&tables->values);
    coded_start(&at->values, values);
    coded_start(&at->gaps, gaps);
    at->rows = gaps + CHUNK_STREAMS * CODED_STRIDE;
    chunk_seek(&at->chunks, &tables->counts, column, end, ends);
}

/* Gives stream `s` its next chunk; 0 if there is nothing left for it. */
static int eie_coded_refill(const eie_tables *tables, eie_coded_cursor *at, int s)
{
    chunk_stream *one = &at->chunks.streams[s];
    int found = chunk_refill(&at->chunks, &tables->counts, one);
    if (found == CHUNK_GROUP) {
        coded_group(&at->values, s, coded_seek(coded_stream(&tables->values), one->column));
        coded_group(&at->gaps, s, coded_seek(&tables->coded_gaps.stream, one->column));
        at->row[s] = 0;
    } else if (found == CHUNK_MORE) {
        coded_more(&at->values, s, at->shown[s], coded_width(&tables->values));
        coded_more(&at->gaps, s, at->shown[s], 1);
    }
    return found != CHUNK_NONE;
}

/* Decodes until a chunk is full: of values and of gaps side by side, and where one kind of a chunk is full,
 * the other, which lacks a few. So none is ever ahead by more than what is decoded past a chunk. */
static void eie_coded_decode(const eie_tables *tables, eie_coded_cursor *at)
{
    uint32_t sizes[CHUNK_STREAMS];
    for (int s = 0; s < CHUNK_STREAMS; s++)
        sizes[s] = at->chunks.streams[s].chunk;
    coded_decode(&tables->values, &at->values, sizes);
    coded_decode_bytes(&tables->coded_gaps, &at->gaps, sizes);
    for (int s = 0; s < CHUNK_STREAMS; s++)
        if (sizes[s] && (at->values.filled[s] >= sizes[s] || at->gaps.filled[s] >= sizes[s])) {
            coded_complete(&tables->values, &at->values, s, sizes[s]);
            coded_complete_bytes(&tables->coded_gaps, &at->gaps, s, sizes[s]);
        }
}

/* Rows of a block from the gaps of its chunk; `row`: where its first column goes on, returned for its last.
 * `row_bytes` is a constant in every call. */
static inline uint32_t eie_coded_rows(const cdot_block *block, const uint8_t *gaps, uint32_t row, uint32_t n,
                                      uint8_t *rows, uint32_t row_bytes)
{
    uint32_t from = block->begin;
    for (uint32_t k = 0; k < block->segments; k++) {
        row = k ? 0 : row;
        for (; from < block->ends[k]; from += 8) {
            uint64_t eight;
            memcpy(&eight, gaps + from, sizeof eight);
            row = steps_eight(steps_of_gaps(eight), block->ends[k] - from, row, n,
                              rows + (size_t)from * row_bytes, row_bytes);
        }
        from = block->ends[k];
    }
    return row;
}

/* Rows and values of the block of stream `s`, whose chunk started in column `first`. */
static void eie_coded_show(const cdot_view *view, eie_coded_cursor *at, int s, uint32_t first,
                           cdot_block *block)
{
    const eie_tables *tables = view->workspace;
    const uint8_t *gaps = (const uint8_t *)at->gaps.scratch + s * CODED_STRIDE;
    uint32_t row = block->column == first ? at->row[s] : 0;
    if (view->row_bytes == 2)
        row = eie_coded_rows(block, gaps, row, view->n, at->rows, 2);
    else
        row = eie_coded_rows(block, gaps, row, view->n, at->rows, 4);
    int goes_on = at->chunks.streams[s].column == block->column + block->segments - 1;
    at->row[s] = goes_on ? row : 0;
    block->rows = at->rows;
    block->values = coded_show(&tables->values, &at->values, s, block->ends[block->segments - 1]);
}

int eie_coded_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    const eie_tables *tables = view->workspace;
    eie_coded_cursor *at = (eie_coded_cursor *)cursor;
    for (;;) {
        int active = 0;
        for (int s = 0; s < CHUNK_STREAMS; s++) {
            chunk_stream *one = &at->chunks.streams[s];
            uint32_t first = one->column;
            if (one->chunk && at->values.filled[s] >= one->chunk && at->gaps.filled[s] >= one->chunk) {
                at->shown[s] = one->chunk;
                if (chunk_show(&at->chunks, &tables->counts, one, block)) {
                    eie_coded_show(view, at, s, first, block);
                    return 1;
                }
            }
            active += one->chunk || eie_coded_refill(tables, at, s);
        }
        if (!active)
            return 0;
        eie_coded_decode(tables, at);
    }
}
