/* eie[coding=huffman]: values and steps of four seek groups side by side, each from a stream of its own. A
 * chunk's rows are summed up when it is shown, for only then its columns matter. */
#include "eie.h"

_Static_assert((int)CHUNK_STREAMS == (int)PAIR_STREAMS && (int)CHUNK_STREAMS == (int)STEP_STREAMS,
               "as many streams are decoded as have chunks");

enum { STEPS = CHUNK_ENTRIES + STEP_SPARE }; /* of each stream */

typedef struct {
    chunk_cursor chunks;
    uint64_t value_bits[CHUNK_STREAMS], step_bits[CHUNK_STREAMS]; /* of each stream's next entry */
    uint32_t row[CHUNK_STREAMS]; /* below the last entry that was shown, in the column that goes on */
    float *values;               /* [CHUNK_STREAMS][CHUNK_ENTRIES] */
    uint8_t *steps;              /* [CHUNK_STREAMS][STEPS] */
    void *rows;                  /* [STEPS] of the block that is shown */
} eie_coded_cursor;
_Static_assert(sizeof(eie_coded_cursor) <= sizeof(cdot_cursor), "the cursor has no room");

uint64_t eie_coded_scratch(const cdot_view *view)
{
    return CHUNK_STREAMS * (CHUNK_ENTRIES * sizeof(float) + STEPS) + CHUNK_SEGMENTS * sizeof(uint32_t) +
           STEPS * view->row_bytes;
}

void eie_coded_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    const eie_tables *tables = view->workspace;
    eie_coded_cursor *at = (eie_coded_cursor *)cursor;
    at->values = scratch;
    uint32_t *ends = (uint32_t *)(at->values + CHUNK_STREAMS * CHUNK_ENTRIES);
    at->rows = ends + CHUNK_SEGMENTS;
    at->steps = (uint8_t *)at->rows + STEPS * view->row_bytes;
    chunk_seek(&at->chunks, &tables->counts, column, end, ends);
}

static uint64_t eie_coded_start(const huffman_stream *stream, uint32_t column)
{
    return stream->groups ? huffman_seek(stream, column >> stream->seek_shift) : 0;
}

/* Gives stream `s` its next chunk; 0 if there is nothing left for it. */
static int eie_coded_refill(const eie_tables *tables, eie_coded_cursor *at, int s)
{
    chunk_stream *one = &at->chunks.streams[s];
    int found = chunk_refill(&at->chunks, &tables->counts, one);
    if (found == CHUNK_GROUP) {
        at->value_bits[s] = eie_coded_start(&tables->values.stream, one->column);
        at->step_bits[s] = eie_coded_start(&tables->steps.stream, one->column);
        at->row[s] = 0;
    }
    return found != CHUNK_NONE;
}

/* Decodes as many entries of all chunks as the one that is nearest to being full lacks. */
static void eie_coded_decode(const eie_tables *tables, eie_coded_cursor *at, int active)
{
    chunk_stream *streams = at->chunks.streams;
    uint32_t room = chunk_room(&at->chunks);
    float *values[CHUNK_STREAMS], *value_ends[CHUNK_STREAMS];
    uint8_t *steps[CHUNK_STREAMS], *step_ends[CHUNK_STREAMS];
    for (int s = 0; s < CHUNK_STREAMS; s++) {
        uint32_t count = streams[s].chunk ? room : 0;
        values[s] = at->values + s * CHUNK_ENTRIES + streams[s].filled;
        steps[s] = at->steps + s * STEPS + streams[s].filled;
        value_ends[s] = values[s] + count;
        step_ends[s] = steps[s] + count;
        streams[s].filled += count;
    }
    if (active == CHUNK_STREAMS) {
        pairs_decode_four(&tables->values, at->value_bits, values, value_ends);
        steps_decode_four(&tables->steps, at->step_bits, steps, step_ends);
    }
    for (int s = 0; s < CHUNK_STREAMS; s++) {
        uint32_t value_count = (uint32_t)(value_ends[s] - values[s]);
        uint32_t step_count = (uint32_t)(step_ends[s] - steps[s]);
        at->value_bits[s] = pairs_decode(&tables->values, at->value_bits[s], value_count, values[s]);
        at->step_bits[s] = steps_decode(&tables->steps, at->step_bits[s], step_count, steps[s]);
    }
}

/* Rows of a block from the steps of its chunk; `row`: where its first column goes on, returned for its last.
 * `row_bytes` is a constant in every call. */
static inline uint32_t eie_coded_rows(const cdot_block *block, const uint8_t *steps, uint32_t row, uint32_t n,
                                      uint8_t *rows, uint32_t row_bytes)
{
    uint32_t from = block->begin;
    for (uint32_t k = 0; k < block->segments; k++) {
        row = k ? 0 : row;
        for (; from < block->ends[k]; from += 8) {
            uint64_t eight;
            memcpy(&eight, steps + from, sizeof eight);
            row = steps_eight(eight, block->ends[k] - from, row, n, rows + (size_t)from * row_bytes,
                              row_bytes);
        }
        from = block->ends[k];
    }
    return row;
}

/* Rows and values of the block of stream `s`, whose chunk started in column `first`. */
static void eie_coded_show(const cdot_view *view, eie_coded_cursor *at, int s, uint32_t first,
                           cdot_block *block)
{
    const uint8_t *steps = at->steps + s * STEPS;
    uint32_t row = block->column == first ? at->row[s] : 0;
    if (view->row_bytes == 2)
        row = eie_coded_rows(block, steps, row, view->n, at->rows, 2);
    else
        row = eie_coded_rows(block, steps, row, view->n, at->rows, 4);
    int goes_on = at->chunks.streams[s].column == block->column + block->segments - 1;
    at->row[s] = goes_on ? row : 0;
    block->rows = at->rows;
    block->values = at->values + s * CHUNK_ENTRIES;
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
            if (one->chunk && one->filled == one->chunk &&
                chunk_show(&at->chunks, &tables->counts, one, block)) {
                eie_coded_show(view, at, s, first, block);
                return 1;
            }
            active += one->chunk || eie_coded_refill(tables, at, s);
        }
        if (!active)
            return 0;
        eie_coded_decode(tables, at, active);
    }
}
