/* sham: a canonical Huffman code of the nonzeros, row indices, counts per column (Marino et al., sHAM).
 *
 * Row indices are used where they lie. Values are decoded from four seek groups side by side, so that
 * the processor has four chains of look-ups to work on. Each group fills a quarter of the scratch, a
 * chunk at a time; a full chunk is shown as a block, and its quarter goes on with what comes next, so
 * that columns of very different counts keep all four busy. */
#include "huffman.h"

extern const cdot_decoder sham_decoder;

enum { FORMAT = 6, STREAMS = 4, ENTRIES = 1024, SEGMENTS = CDOT_GROUP, LOOK_UPS = 3 };

/* What one look-up gives: the one or two values whose codewords fit into the table's bits. */
typedef struct {
    uint8_t bits, count; /* count 0: a codeword longer than that */
} sham_pair;

typedef struct {
    huffman_stream stream;
    float (*pair_values)[2]; /* [2^table_bits] */
    sham_pair *pairs;        /* [2^table_bits] */
    const void *counts, *rows;
    uint32_t width;      /* bytes of a count and of a row index */
    uint32_t seek_shift; /* as the stream's; 4 where there is no stream */
    uint64_t *positions; /* nonzeros before each group */
} sham_tables;

typedef struct {
    uint64_t bit;         /* of the next value */
    uint64_t position;    /* nonzeros before the chunk */
    uint64_t left;        /* values behind the chunk, of the columns asked for */
    uint32_t column;      /* that the chunk starts in */
    uint32_t column_left; /* its values that were not shown yet */
    uint32_t end;         /* one past the last column of the group that is asked for */
    uint32_t chunk;       /* values in this quarter of the scratch when it is full */
    uint32_t filled;
    uint32_t reserved;
} sham_stream;

typedef struct {
    sham_stream streams[STREAMS];
    uint32_t begin, end;
    uint32_t group; /* the next one to start */
    uint32_t reserved;
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
                     (sizeof(float[2]) + sizeof(sham_pair)) * huffman_entries(fields->longest) +
                     8 * (uint64_t)sham_groups(reader.header.m, fields->seek_shift));
}

/* Each entry's first codeword, and the one behind it if it is whole too. */
static void sham_build_pairs(sham_tables *tables)
{
    const huffman_code *code = &tables->stream.code;
    uint32_t t = code->table_bits, entries = (uint32_t)1 << t;
    for (uint32_t i = 0; i < entries; i++) {
        uint32_t first = code->table_length[i], behind = i << first & (entries - 1);
        uint32_t second = code->table_length[behind];
        int both = first && second && first + second <= t;
        tables->pair_values[i][0] = code->table_value[i];
        tables->pair_values[i][1] = both ? code->table_value[behind] : 0;
        tables->pairs[i] = (sham_pair){(uint8_t)(both ? first + second : first), (uint8_t)(both ? 2 : first > 0)};
    }
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
    uint32_t groups = sham_groups(view->m, fields->seek_shift), entries = huffman_entries(fields->longest);
    tables->positions = (uint64_t *)(rest + huffman_workspace(fields->longest));
    tables->pair_values = (float(*)[2])(tables->positions + groups);
    tables->pairs = (sham_pair *)(tables->pair_values + entries);
    sham_build_pairs(tables);
    if (fields->symbols == 0 && view->nnz)
        return CDOT_CODE;
    if (fields->words && view->nnz > tables->stream.stream_bits)
        return CDOT_STREAM;
    error = sham_open_counts(tables, view->n, view->m, view->nnz);
    return error ? error : cdot_check_indices(tables->rows, tables->width, view->nnz, view->n);
}

static int sham_more_groups(const sham_tables *tables, const sham_cursor *at)
{
    return (uint64_t)at->group << tables->seek_shift < at->end;
}

/* Gives a stream the next group's columns, as far as they lie in front of the range's end. */
static void sham_start(const sham_tables *tables, sham_cursor *at, sham_stream *stream)
{
    uint32_t column = at->group << tables->seek_shift, columns = (uint32_t)1 << tables->seek_shift;
    *stream = (sham_stream){.column = column};
    stream->end = columns < at->end - column ? column + columns : at->end;
    stream->position = tables->positions[at->group];
    stream->bit = tables->stream.groups ? huffman_seek(&tables->stream, at->group) : 0;
    for (uint32_t j = column; j < stream->end; j++)
        stream->left += cdot_index(tables->counts, tables->width, j);
    stream->column_left = cdot_index(tables->counts, tables->width, column);
    at->group++;
}

/* Gives a stream its next chunk; 0 if there is nothing left for it. */
static int sham_refill(const sham_tables *tables, sham_cursor *at, sham_stream *stream)
{
    while (stream->left == 0 && sham_more_groups(tables, at))
        sham_start(tables, at, stream);
    stream->chunk = stream->left < ENTRIES ? (uint32_t)stream->left : ENTRIES;
    stream->left -= stream->chunk;
    stream->filled = 0;
    return stream->chunk > 0;
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

/* `rounds` times LOOK_UPS look-ups in each of four streams, all from one peek: LOOK_UPS *
 * HUFFMAN_TABLE_BITS <= BITS_PEEK. Every stream has room for two values a look-up. */
static void sham_decode_four(const sham_tables *tables, sham_stream *streams, uint32_t rounds,
                             float *restrict scratch)
{
    const bit_stream words = tables->stream.stream;
    const sham_pair *restrict pairs = tables->pairs;
    const float(*restrict pair_values)[2] = (const float(*)[2])tables->pair_values;
    uint32_t shift = 64 - tables->stream.code.table_bits;
    uint64_t bit[STREAMS];
    float *out[STREAMS];
    for (int s = 0; s < STREAMS; s++) {
        bit[s] = streams[s].bit;
        out[s] = scratch + s * ENTRIES + streams[s].filled;
    }
    for (uint32_t round = 0; round < rounds; round++) {
        for (int s = 0; s < STREAMS; s++) {
            uint64_t window = bits_peek(&words, bit[s]);
            for (int look_up = 0; look_up < LOOK_UPS; look_up++) {
                uint64_t entry = window >> shift;
                sham_pair pair = pairs[entry];
                memcpy(out[s], pair_values[entry], sizeof(float[2]));
                if (__builtin_expect(pair.count == 0, 0)) {
                    bit[s] = sham_decode_one(&tables->stream, bit[s], 1, out[s]);
                    out[s]++;
                    break;
                }
                out[s] += pair.count;
                bit[s] += pair.bits;
                window <<= pair.bits;
            }
        }
    }
    for (int s = 0; s < STREAMS; s++) {
        streams[s].bit = bit[s];
        streams[s].filled = (uint32_t)(out[s] - scratch - s * ENTRIES);
    }
}

/* Room that is left in the chunk that is nearest to being full. */
static uint32_t sham_room(const sham_cursor *at)
{
    uint32_t room = ENTRIES;
    for (int s = 0; s < STREAMS; s++) {
        uint32_t open = at->streams[s].chunk - at->streams[s].filled;
        if (at->streams[s].chunk && open < room)
            room = open;
    }
    return room;
}

/* Decodes until a chunk is full: side by side where all streams have one, then its last values. */
static void sham_decode(const sham_tables *tables, sham_cursor *at, int active)
{
    const huffman_stream *stream = &tables->stream;
    uint32_t room = sham_room(at);
    if (active == STREAMS && stream->groups)
        for (; room >= 2 * LOOK_UPS; room = sham_room(at))
            sham_decode_four(tables, at->streams, room / (2 * LOOK_UPS), at->values);
    for (int s = 0; s < STREAMS; s++) {
        sham_stream *one = &at->streams[s];
        float *out = at->values + s * ENTRIES + one->filled;
        if (one->chunk - one->filled != room || one->chunk == 0)
            continue;
        if (stream->groups == 0) /* one value, no bits */
            for (uint32_t i = 0; i < room; i++)
                out[i] = stream->code.values[0];
        else
            one->bit = sham_decode_one(stream, one->bit, room, out);
        one->filled = one->chunk;
    }
}

/* Shows one stream's chunk; 0 if none of its columns is asked for. */
static int sham_show(const sham_tables *tables, const sham_cursor *at, sham_stream *stream,
                     const float *values, cdot_block *block)
{
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
    const sham_tables *tables = view->workspace;
    sham_cursor *at = (sham_cursor *)cursor;
    for (;;) {
        int active = 0;
        for (int s = 0; s < STREAMS; s++) {
            sham_stream *one = &at->streams[s];
            if (one->chunk && one->filled == one->chunk &&
                sham_show(tables, at, one, at->values + s * ENTRIES, block))
                return 1;
            active += one->chunk || sham_refill(tables, at, one);
        }
        if (!active)
            return 0;
        sham_decode(tables, at, active);
    }
}

static uint64_t sham_weight(const cdot_view *view, uint32_t column)
{
    const sham_tables *tables = view->workspace;
    uint32_t group = column >> tables->seek_shift;
    return group < sham_groups(view->m, tables->seek_shift) ? tables->positions[group] : view->nnz;
}

const cdot_decoder sham_decoder = {sham_workspace, sham_open, sham_seek, sham_next, sham_weight, NULL};
