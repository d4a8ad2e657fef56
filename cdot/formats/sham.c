/* sham: a canonical Huffman code of the nonzeros, row indices, counts per column (Marino et al., sHAM).
 * Row indices are used where they lie; values are decoded from four seek groups side by side. */
#include "parts/coded.h"
#include "parts/narrow.h"

extern const cdot_decoder sham_decoder;

enum { FORMAT = 6, LINE = 64 };

typedef struct {
    chunk_counts counts;
    const void *rows;
    coded_values values;
} sham_tables;

typedef struct {
    chunk_cursor chunks;
    coded_cursor values;
    uint32_t shown[CHUNK_STREAMS]; /* entries of the chunk that was shown last */
} sham_cursor;
_Static_assert(sizeof(sham_cursor) <= sizeof(cdot_cursor), "the cursor has no room");

typedef struct {
    huffman_sections huffman;
    const void *counts, *rows;
    uint32_t width; /* bytes of a count and of a row index */
    int int8;
    uint64_t wide; /* bytes of workspace for a codebook of 16 bits, as float32 */
} sham_sections;

static int sham_read(cdot_reader *reader, const uint8_t *payload, uint64_t size, sham_sections *sections)
{
    if (cdot_read_header_of(reader, payload, size, FORMAT, sizeof(huffman_fields),
                            CDOT_TAKES_FLOAT32 | CDOT_TAKES_NARROW | CDOT_TAKES_INT8))
        return reader->error;
    const huffman_fields *stored = cdot_take(reader, 1, sizeof *stored, 4);
    sections->int8 = reader->header.value_type == CDOT_INT8;
    if (huffman_take(reader, stored, sections->int8 ? 0 : cdot_value_bytes(reader->header.value_type),
                     &sections->huffman))
        return reader->error;
    sections->wide = cdot_is_narrow(reader->header.value_type) ? HUFFMAN_WIDE(sections->huffman.fields.symbols) : 0;
    sections->width = cdot_width(reader->header.n);
    sections->counts = cdot_take(reader, reader->header.m, sections->width, 4);
    sections->rows = cdot_take(reader, reader->header.nnz, sections->width, 4);
    if (sections->int8)
        huffman_take_s8(reader, &sections->huffman);
    return cdot_finish(reader);
}

static uint64_t sham_tables_bytes(void)
{
    return (sizeof(sham_tables) + 15) / 16 * 16;
}

static int64_t sham_workspace(const uint8_t *payload, uint64_t size)
{
    cdot_reader reader;
    sham_sections sections;
    if (sham_read(&reader, payload, size, &sections))
        return reader.error;
    return (int64_t)(sham_tables_bytes() + sections.wide + coded_workspace(&sections.huffman, sections.int8) +
                     8 * chunk_positions(reader.header.m, sections.huffman.fields.seek_shift));
}

static int sham_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                     uint64_t workspace_size)
{
    cdot_reader reader;
    sham_sections sections;
    if (sham_read(&reader, payload, size, &sections))
        return reader.error;
    if ((int64_t)workspace_size < sham_workspace(payload, size))
        return CDOT_WORKSPACE;
    const huffman_fields *fields = &sections.huffman.fields;
    sham_tables *tables = workspace;
    uint8_t *rest = (uint8_t *)workspace + sham_tables_bytes() + sections.wide;
    if (sections.wide) {
        float *wide = (float *)(rest - sections.wide);
        widen_narrow(reader.header.value_type, sections.huffman.values, fields->symbols, wide);
        sections.huffman.values = wide;
    }
    uint64_t *positions = (uint64_t *)(rest + coded_workspace(&sections.huffman, sections.int8));
    int error = coded_open(&tables->values, &sections.huffman, sections.int8, rest);
    if (error)
        return error;
    cdot_fill_view(view, &sham_decoder, &reader, workspace);
    view->row_bytes = sections.width;
    view->group = (uint32_t)1 << fields->seek_shift;
    view->scratch_bytes = CHUNK_SEGMENTS * sizeof(uint32_t) + coded_scratch(&tables->values);
    tables->rows = sections.rows;
    tables->counts = (chunk_counts){sections.counts, positions, sections.width, fields->seek_shift, view->m};
    if (fields->symbols == 0 && view->nnz)
        return CDOT_CODE;
    if (fields->words && view->nnz > coded_stream(&tables->values)->stream_bits)
        return CDOT_STREAM;
    error = chunk_open(&tables->counts, view->n, view->nnz);
    return error ? error : cdot_check_indices(tables->rows, sections.width, view->nnz, view->n);
}

static void sham_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end,
                      void *scratch)
{
    const sham_tables *tables = view->workspace;
    sham_cursor *at = (sham_cursor *)cursor;
    uint32_t *ends = scratch;
    coded_start(&at->values, ends + CHUNK_SEGMENTS);
    chunk_seek(&at->chunks, &tables->counts, column, end, ends);
}

/* A chunk's rows are on their way from memory while its values are decoded; some behind them too. */
static void sham_prefetch(const cdot_view *view, const chunk_stream *one)
{
    const sham_tables *tables = view->workspace;
    const uint8_t *rows = (const uint8_t *)tables->rows + one->position * view->row_bytes;
    const uint8_t *end = rows + one->chunk * view->row_bytes;
    for (; rows < end; rows += 4 * LINE) {
        __builtin_prefetch(rows);
        __builtin_prefetch(rows + LINE);
        __builtin_prefetch(rows + 2 * LINE);
        __builtin_prefetch(rows + 3 * LINE);
    }
}

/* Gives stream `s` its next chunk; 0 if there is nothing left for it. */
static int sham_refill(const cdot_view *view, sham_cursor *at, int s)
{
    const sham_tables *tables = view->workspace;
    chunk_stream *one = &at->chunks.streams[s];
    int found = chunk_refill(&at->chunks, &tables->counts, one);
    if (found == CHUNK_GROUP)
        coded_group(&at->values, s, coded_seek(coded_stream(&tables->values), one->column));
    else if (found == CHUNK_MORE)
        coded_more(&at->values, s, at->shown[s], coded_width(&tables->values));
    sham_prefetch(view, one);
    return found != CHUNK_NONE;
}

static void sham_decode(const sham_tables *tables, sham_cursor *at)
{
    uint32_t sizes[CHUNK_STREAMS];
    for (int s = 0; s < CHUNK_STREAMS; s++)
        sizes[s] = at->chunks.streams[s].chunk;
    coded_decode(&tables->values, &at->values, sizes);
}

static int sham_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    const sham_tables *tables = view->workspace;
    sham_cursor *at = (sham_cursor *)cursor;
    for (;;) {
        int active = 0;
        for (int s = 0; s < CHUNK_STREAMS; s++) {
            chunk_stream *one = &at->chunks.streams[s];
            uint64_t position = one->position;
            if (one->chunk && at->values.filled[s] >= one->chunk) {
                at->shown[s] = one->chunk;
                if (chunk_show(&at->chunks, &tables->counts, one, block)) {
                    block->rows = (const uint8_t *)tables->rows + position * view->row_bytes;
                    block->values =
                        coded_show(&tables->values, &at->values, s, block->ends[block->segments - 1]);
                    return 1;
                }
            }
            active += one->chunk || sham_refill(view, at, s);
        }
        if (!active)
            return 0;
        sham_decode(tables, at);
    }
}

static uint64_t sham_weight(const cdot_view *view, uint32_t column)
{
    return chunk_weight(&((const sham_tables *)view->workspace)->counts, column);
}

const cdot_decoder sham_decoder = {
    .version = CDOT_VERSION,
    .workspace = sham_workspace,
    .open = sham_open,
    .seek = sham_seek,
    .next = sham_next,
    .weight = sham_weight,
};
