/* sham: a canonical Huffman code of the nonzeros, row indices, counts per column (Marino et al., sHAM).
 *
 * Row indices are used where they lie. Values are decoded from four seek groups side by side, so that
 * the processor has four chains of look-ups to work on; each group fills its own quarter of the
 * scratch, and blocks show the quarters in turn. */
#include "huffman.h"

extern const cdot_decoder sham_decoder;

enum { FORMAT = 6, STREAMS = 4, ENTRIES = 1024, SEGMENTS = CDOT_GROUP };

typedef struct {
    huffman_stream stream;
    const void *counts, *rows;
    uint32_t width;      /* bytes of a count and of a row index */
    uint32_t seek_shift; /* as the stream's; 4 where there is no stream */
    uint64_t *positions; /* nonzeros before each group */
} sham_tables;

typedef struct {
    uint64_t bit, position;  /* of the next value */
    uint64_t left;           /* values still to decode for the columns asked for */
    uint32_t column;         /* that the next value belongs to */
    uint32_t column_left;    /* its values still to decode */
    uint32_t end;            /* one past the last column of the group that is asked for */
    uint32_t chunk;          /* values in the scratch that were not shown yet */
} sham_stream;

typedef struct {
    sham_stream streams[STREAMS];
    uint32_t begin, end;
    uint32_t group; /* the next one to start */
    uint32_t turn;  /* the stream to show next */
    float *values;
    uint32_t *ends;
} sham_cursor;
_Static_assert(sizeof(sham_cursor) <= sizeof(cdot_cursor), "the cursor has no room");

typedef struct {
    huffman_sections huffman;
    const void *counts, *rows;
    uint32_t width;
} sham_sections;

static int sham_read(cdot_reader *reader, const uint8_t *payload, uint64_t size, sham_sections *sections)
{
    if (cdot_read_header(reader, payload, size, FORMAT, sizeof(huffman_fields)) ||
        huffman_take(reader, &sections->huffman))
        return reader->error;
    sections->width = cdot_width(reader->header.n);
    sections->counts = cdot_take(reader, reader->header.m, sections->width, 4);
    sections->rows = cdot_take(reader, reader->header.nnz, sections->width, 4);
    return cdot_finish(reader);
}

static uint64_t sham_tables_bytes(void)
{
    return (sizeof(sham_tables) + 15) / 16 * 16;
}

static uint32_t sham_groups(uint32_t m, uint32_t seek_shift)
{
    return (uint32_t)(((uint64_t)m + (1u << seek_shift) - 1) >> seek_shift);
}

static int64_t sham_workspace(const uint8_t *payload, uint64_t size)
{
    cdot_reader reader;
    sham_sections sections;
    if (sham_read(&reader, payload, size, &sections))
        return reader.error;
    const huffman_fields *fields = &sections.huffman.fields;
    return (int64_t)(sham_tables_bytes() + huffman_workspace(fields->longest) +
                     8 * (uint64_t)sham_groups(reader.header.m, fields->seek_shift));
}

/* Positions of the groups from the counts; CDOT_POINTER where these are no counts of this matrix. */
static int sham_open_counts(sham_tables *tables, uint32_t n, uint32_t m, uint64_t nnz)
{
    uint32_t per_group = (uint32_t)1 << tables->seek_shift;
    uint64_t position = 0;
    for (uint32_t j = 0; j < m; j++) {
        uint32_t count = cdot_index(tables->counts, tables->width, j);
        if (count > n)
            return CDOT_POINTER;
        if (j % per_group == 0)
            tables->positions[j / per_group] = position;
        position += count;
    }
    return position == nnz ? CDOT_OK : CDOT_POINTER;
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
    uint8_t *rest = (uint8_t *)workspace + sham_tables_bytes();
    int error = huffman_stream_open(&tables->stream, &sections.huffman, rest);
    if (error)
        return error;
    cdot_fill_view(view, &sham_decoder, &reader, workspace);
    view->row_bytes = sections.width;
    view->scratch_bytes = STREAMS * ENTRIES * sizeof(float) + SEGMENTS * sizeof(uint32_t);
    tables->counts = sections.counts;
    tables->rows = sections.rows;
    tables->width = sections.width;
    tables->seek_shift = fields->seek_shift;
    tables->positions = (uint64_t *)(rest + huffman_workspace(fields->longest));
    if (fields->symbols == 0 && view->nnz)
        return CDOT_CODE;
    if (fields->words && view->nnz > tables->stream.stream_bits)
        return CDOT_STREAM;
    error = sham_open_counts(tables, view->n, view->m, view->nnz);
    return error ? error : cdot_check_indices(tables->rows, tables->width, view->nnz, view->n);
}

/* Gives a stream the columns of a group, as far as they lie in front of the range's end. */
static void sham_start(const cdot_view *view, sham_cursor *at, sham_stream *stream)
{
    const sham_tables *tables = view->workspace;
    uint32_t column = at->group << tables->seek_shift;
    *stream = (sham_stream){.column = column, .end = column};
    if (column >= at->end)
        return;
    uint32_t columns = (uint32_t)1 << tables->seek_shift;
    stream->end = columns < at->end - column ? column + columns : at->end;
    stream->position = tables->positions[at->group];
    stream->bit = tables->stream.groups ? huffman_seek(&tables->stream, at->group) : 0;
    for (uint32_t j = column; j < stream->end; j++)
        stream->left += cdot_index(tables->counts, tables->width, j);
    stream->column_left = cdot_index(tables->counts, tables->width, column);
    at->group++;
}

static void sham_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end,
                      void *scratch)
{
    const sham_tables *tables = view->workspace;
    sham_cursor *at = (sham_cursor *)cursor;
    memset(at, 0, sizeof *at);
    at->begin = column;
    at->end = end;
    at->group = column >> tables->seek_shift;
    at->turn = STREAMS;
    at->values = scratch;
    at->ends = (uint32_t *)(at->values + STREAMS * ENTRIES);
}

static inline uint32_t sham_symbol(const huffman_stream *stream, uint64_t bit, uint64_t window, float *value)
{
    const huffman_code *code = &stream->code;
    uint64_t entry = window >> (64 - code->table_bits);
    uint32_t length = code->table_length[entry];
    *value = code->table_value[entry];
    if (__builtin_expect(length == 0, 0))
        *value = code->values[huffman_slow(code, bits_peek_wide(&stream->stream, bit), &length)];
    return length;
}

/* `count` values of one stream. */
static uint64_t sham_decode_one(const huffman_stream *stream, uint64_t bit, uint32_t count, float *out)
{
    for (uint32_t i = 0; i < count; i++)
        bit += sham_symbol(stream, bit, bits_peek(&stream->stream, bit), out + i);
    return bit;
}

/* `count` values of each of four streams, two a peek: 2 * HUFFMAN_TABLE_BITS <= BITS_PEEK. */
static void sham_decode_four(const huffman_stream *stream, sham_stream *streams, uint32_t count, float *out)
{
    const huffman_code *code = &stream->code;
    const uint8_t *lengths = code->table_length;
    const float *values = code->table_value;
    uint32_t shift = 64 - code->table_bits;
    uint64_t bit[STREAMS];
    for (int s = 0; s < STREAMS; s++)
        bit[s] = streams[s].bit;
    uint32_t i = 0;
    for (; i + 2 <= count; i += 2) {
        for (int s = 0; s < STREAMS; s++) {
            uint64_t window = bits_peek(&stream->stream, bit[s]);
            uint64_t entry = window >> shift;
            uint32_t first = lengths[entry];
            uint64_t behind = window << first >> shift;
            uint32_t second = lengths[behind];
            float *to = out + s * ENTRIES + i;
            to[0] = values[entry];
            to[1] = values[behind];
            if (__builtin_expect(first == 0 || second == 0, 0))
                bit[s] = sham_decode_one(stream, bit[s], 2, to);
            else
                bit[s] += first + second;
        }
    }
    for (int s = 0; s < STREAMS; s++)
        streams[s].bit = sham_decode_one(stream, bit[s], count - i, out + s * ENTRIES + i);
}

/* The next chunk of every stream: side by side as far as all have values, then one by one. */
static void sham_decode(const sham_tables *tables, sham_cursor *at)
{
    const huffman_stream *stream = &tables->stream;
    uint32_t common = ENTRIES;
    for (int s = 0; s < STREAMS; s++) {
        sham_stream *one = &at->streams[s];
        one->chunk = one->left < ENTRIES ? (uint32_t)one->left : ENTRIES;
        one->left -= one->chunk;
        common = one->chunk < common ? one->chunk : common;
    }
    if (stream->groups == 0) { /* one value, no bits */
        for (uint32_t i = 0; i < STREAMS * ENTRIES; i++)
            at->values[i] = stream->code.symbols ? stream->code.values[0] : 0;
        return;
    }
    sham_decode_four(stream, at->streams, common, at->values);
    for (int s = 0; s < STREAMS; s++) {
        sham_stream *one = &at->streams[s];
        one->bit = sham_decode_one(stream, one->bit, one->chunk - common, at->values + s * ENTRIES + common);
    }
}

/* Shows one stream's chunk; 0 if none of its columns is asked for. */
static int sham_show(const cdot_view *view, sham_cursor *at, sham_stream *stream, const float *values,
                     cdot_block *block)
{
    const sham_tables *tables = view->workspace;
    uint32_t done = 0, segments = 0;
    *block = (cdot_block){.column = stream->column, .ends = at->ends, .values = values};
    block->rows = (const uint8_t *)tables->rows + stream->position * tables->width;
    while (stream->column < stream->end) {
        uint32_t left = stream->chunk - done;
        uint32_t take = stream->column_left < left ? stream->column_left : left;
        done += take;
        stream->column_left -= take;
        if (stream->column < at->begin) {
            block->column = stream->column + 1;
            block->begin = done;
        } else {
            at->ends[segments++] = done;
        }
        if (stream->column_left)
            break; /* the chunk ends inside this column */
        stream->column++;
        if (stream->column < stream->end)
            stream->column_left = cdot_index(tables->counts, tables->width, stream->column);
    }
    stream->position += stream->chunk;
    stream->chunk = 0;
    block->segments = segments;
    return segments > 0;
}

static int sham_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    sham_cursor *at = (sham_cursor *)cursor;
    for (;;) {
        while (at->turn < STREAMS) {
            uint32_t s = at->turn++;
            if (at->streams[s].chunk && sham_show(view, at, &at->streams[s], at->values + s * ENTRIES, block))
                return 1;
        }
        uint64_t left = 0;
        for (int s = 0; s < STREAMS; s++)
            left += at->streams[s].left;
        if (left == 0) {
            if (at->group << ((const sham_tables *)view->workspace)->seek_shift >= at->end)
                return 0;
            for (int s = 0; s < STREAMS; s++)
                sham_start(view, at, &at->streams[s]);
        }
        sham_decode(view->workspace, at);
        at->turn = 0;
    }
}

static uint64_t sham_weight(const cdot_view *view, uint32_t column)
{
    const sham_tables *tables = view->workspace;
    uint32_t group = column >> tables->seek_shift;
    return group < sham_groups(view->m, tables->seek_shift) ? tables->positions[group] : view->nnz;
}

const cdot_decoder sham_decoder = {sham_workspace, sham_open, sham_seek, sham_next, sham_weight, NULL};
