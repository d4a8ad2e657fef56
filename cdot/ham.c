/* ham: a canonical Huffman code of all entries, column by column (Marino et al., HAM).
 *
 * Most entries are zeros with a short codeword, so one look-up takes a whole run of them and the value
 * behind it, as far as table_bits reach. Four seek groups are decoded side by side, each into its own
 * quarter of the scratch, which is shown as a block when it is full or its group ends. A group is decoded
 * from its seek point, always; columns in front of the asked range are decoded and not shown. */
#include "huffman.h"

extern const cdot_decoder ham_decoder;

enum { FORMAT = 5, STREAMS = 4, ENTRIES = 512, SEGMENTS = CDOT_GROUP + 1, LOOK_UPS = 3 };

/* What one look-up swallows: `zeros` zeros and, if `value` is 1, a nonzero behind them; `entries` is their
 * sum. All are 0 for a codeword that is longer than the table's bits, so that it changes nothing. */
typedef struct {
    uint8_t bits, zeros, value, entries;
} ham_run;

typedef struct {
    huffman_stream stream;
    ham_run *runs;      /* [2^table_bits] */
    float *run_values;  /* [2^table_bits] */
    uint32_t zero_bits; /* length of the codeword of 0, or 0 where no entry is 0 */
    uint32_t zero;      /* its symbol */
} ham_tables;

typedef struct {
    uint64_t bit;
    uint32_t column, row;     /* where decoding stands */
    uint32_t end;             /* one past the last column of the group that is asked for */
    uint32_t first, segments; /* column of the chunk's first segment; segments that are complete */
    uint32_t fill;            /* nonzeros in the chunk */
    uint32_t live;            /* there is a chunk that was not shown yet */
    uint32_t done;            /* it is full, or its group ends here: to be shown */
} ham_stream;

typedef struct {
    ham_stream streams[STREAMS];
    uint32_t begin, end;    /* columns asked for */
    uint32_t next;          /* the first column of the next group to start */
    uint32_t reserved;
    float *values;          /* [STREAMS][ENTRIES] */
    uint32_t *ends;         /* [STREAMS][SEGMENTS] */
    void *rows;             /* [STREAMS][ENTRIES] */
} ham_cursor;
_Static_assert(sizeof(ham_cursor) <= sizeof(cdot_cursor), "the cursor has no room");

static int ham_read(cdot_reader *reader, const uint8_t *payload, uint64_t size, huffman_sections *sections)
{
    if (cdot_read_header_any(reader, payload, size, FORMAT, sizeof(huffman_fields)))
        return reader->error;
    const huffman_fields *stored = cdot_take(reader, 1, sizeof *stored, 4);
    int int8 = reader->header.value_type == CDOT_INT8;
    if (huffman_take(reader, stored, int8 ? 0 : sizeof(float), sections))
        return reader->error;
    if (int8)
        huffman_take_s8(reader, sections);
    return cdot_finish(reader);
}

static uint64_t ham_tables_bytes(void)
{
    return (sizeof(ham_tables) + 15) / 16 * 16;
}

static int64_t ham_workspace(const uint8_t *payload, uint64_t size)
{
    cdot_reader reader;
    huffman_sections sections;
    if (ham_read(&reader, payload, size, &sections))
        return reader.error;
    uint32_t longest = sections.fields.longest;
    uint64_t wide = reader.header.value_type == CDOT_INT8 ? HUFFMAN_WIDE(sections.fields.symbols) : 0;
    return (int64_t)(ham_tables_bytes() + wide + huffman_workspace(longest) +
                     huffman_entries(longest) * (sizeof(ham_run) + sizeof(float)));
}

/* Fills the table of runs by walking through each entry's bits with the table of single symbols. */
static void ham_build_runs(ham_tables *tables)
{
    const huffman_code *code = &tables->stream.code;
    uint32_t t = code->table_bits, entries = (uint32_t)1 << t, mask = entries - 1;
    for (uint32_t i = 0; i < entries; i++) {
        ham_run run = {0, 0, 0, 0};
        tables->run_values[i] = 0;
        for (;;) {
            uint32_t rest = i << run.bits & mask, length = code->table_length[rest];
            if (length == 0 || run.bits + length > t)
                break;
            run.bits += (uint8_t)length;
            if (code->table_value[rest] != 0) {
                run.value = 1;
                tables->run_values[i] = code->table_value[rest];
                break;
            }
            run.zeros++;
        }
        run.entries = run.zeros + run.value;
        tables->runs[i] = run;
    }
}

static int ham_find_zero(ham_tables *tables)
{
    const huffman_code *code = &tables->stream.code;
    uint32_t zeros = 0, l = 1;
    for (uint32_t s = 0; s < code->symbols; s++)
        if (code->values[s] == 0) {
            tables->zero = s;
            zeros++;
        }
    tables->zero_bits = 0;
    if (zeros == 0 || code->longest == 0)
        return CDOT_OK;
    while (l < code->longest && tables->zero >= code->index[l + 1])
        l++;
    tables->zero_bits = l;
    return zeros == 1 ? CDOT_OK : CDOT_CODE;
}

static int ham_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                    uint64_t workspace_size)
{
    cdot_reader reader;
    huffman_sections sections;
    if (ham_read(&reader, payload, size, &sections))
        return reader.error;
    if ((int64_t)workspace_size < ham_workspace(payload, size))
        return CDOT_WORKSPACE;
    ham_tables *tables = workspace;
    uint8_t *rest = (uint8_t *)workspace + ham_tables_bytes();
    if (reader.header.value_type == CDOT_INT8) {
        huffman_widen_s8(&sections, rest);
        rest += HUFFMAN_WIDE(sections.fields.symbols);
    }
    int error = huffman_stream_open(&tables->stream, &sections, sections.values, rest);
    if (error)
        return error;
    cdot_fill_view(view, &ham_decoder, &reader, workspace);
    uint64_t entries = (uint64_t)view->n * view->m;
    const huffman_code *code = &tables->stream.code;
    if (code->longest == 0) { /* one value everywhere: the header must say so too */
        uint64_t nnz = code->symbols && code->values[0] != 0 ? entries : 0;
        if (view->nnz != nnz || (entries && code->symbols == 0))
            return CDOT_LENGTH;
    } else if (entries > tables->stream.stream_bits) { /* a codeword has one bit at the least */
        return CDOT_STREAM;
    }
    rest += huffman_workspace(code->longest);
    tables->run_values = (float *)rest;
    tables->runs = (ham_run *)(tables->run_values + ((uint64_t)1 << code->table_bits));
    view->row_bytes = view->n > 65536 ? 4 : 2;
    view->scratch_bytes =
        STREAMS * (ENTRIES * (sizeof(float) + view->row_bytes) + SEGMENTS * sizeof(uint32_t));
    error = ham_find_zero(tables);
    if (!error && code->longest)
        ham_build_runs(tables);
    return error;
}

static void ham_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    const huffman_stream *stream = &((const ham_tables *)view->workspace)->stream;
    ham_cursor *at = (ham_cursor *)cursor;
    memset(at, 0, sizeof *at);
    at->begin = column;
    at->end = end;
    at->next = stream->groups ? column >> stream->seek_shift << stream->seek_shift : column;
    at->values = scratch;
    at->ends = (uint32_t *)(at->values + STREAMS * ENTRIES);
    at->rows = at->ends + STREAMS * SEGMENTS;
}

/* Gives a stream the next group, or its group's next chunk; 0 if there is nothing left. */
static int ham_refill(const ham_tables *tables, ham_cursor *at, ham_stream *one)
{
    if (one->column == one->end) {
        if (at->next >= at->end)
            return 0;
        uint32_t columns = (uint32_t)1 << tables->stream.seek_shift;
        one->column = at->next;
        one->end = columns < at->end - at->next ? at->next + columns : at->end;
        one->bit = huffman_seek(&tables->stream, at->next >> tables->stream.seek_shift);
        one->row = 0;
        at->next = one->end;
    }
    one->first = one->column;
    one->segments = one->fill = one->done = 0;
    return 1;
}

/* A column is complete. A run of zeros that goes on in the next column was not taken yet: of its bits,
 * those of this column's zeros are. */
static void ham_end_column(const ham_tables *tables, ham_stream *one, uint32_t n, uint32_t *ends)
{
    one->bit += (uint64_t)tables->zero_bits * (n - one->row);
    one->row = 0;
    one->column++;
    ends[one->segments++] = one->fill;
    one->done = one->column == one->end;
}

/* One codeword of any length, in front of the end of its column. */
static void ham_long_codeword(const ham_tables *tables, ham_stream *one, uint32_t row_bytes, void *rows,
                              float *values)
{
    const huffman_code *code = &tables->stream.code;
    uint32_t length;
    uint32_t symbol = huffman_slow(code, bits_peek_wide(&tables->stream.stream, one->bit), &length);
    one->bit += length;
    if (row_bytes == 2)
        ((uint16_t *)rows)[one->fill] = (uint16_t)one->row;
    else
        ((uint32_t *)rows)[one->fill] = one->row;
    values[one->fill] = code->values[symbol];
    one->fill += symbol != tables->zero || tables->zero_bits == 0;
    one->row++;
}

/* Up to LOOK_UPS look-ups from one peek; the chunk has room for as many nonzeros. Inlined with constant
 * row_bytes: what it keeps of a stream stays in registers then. */
__attribute__((always_inline)) static inline void ham_step(const ham_tables *tables, ham_stream *one,
                                                           uint32_t n, uint32_t row_bytes, void *rows,
                                                           float *values, uint32_t *ends)
{
    const ham_run *restrict runs = tables->runs;
    const float *restrict run_values = tables->run_values;
    uint32_t shift = 64 - tables->stream.code.table_bits, row = one->row, fill = one->fill;
    uint64_t bit = one->bit, window = bits_peek(&tables->stream.stream, bit);
    ham_run run = {1, 0, 0, 0};
    int ends_column = 0;
    for (int look_up = 0; look_up < LOOK_UPS; look_up++) {
        uint64_t entry = window >> shift;
        run = runs[entry];
        if (__builtin_expect(run.entries > n - row, 0)) {
            ends_column = 1;
            break;
        }
        uint32_t at = row + run.zeros;
        if (row_bytes == 2)
            ((uint16_t *)rows)[fill] = (uint16_t)at;
        else
            ((uint32_t *)rows)[fill] = at;
        values[fill] = run_values[entry];
        fill += run.value;
        row += run.entries;
        bit += run.bits;
        window <<= run.bits;
    }
    one->row = row;
    one->fill = fill;
    one->bit = bit;
    if (__builtin_expect(ends_column || run.bits == 0, 0)) {
        if (ends_column || row == n)
            ham_end_column(tables, one, n, ends);
        else
            ham_long_codeword(tables, one, row_bytes, rows, values);
    }
    one->done |= one->fill + LOOK_UPS > ENTRIES;
}

/* Decodes until a chunk is done: four side by side, or one alone where fewer are left. */
__attribute__((always_inline)) static inline void ham_decode(const ham_tables *tables, ham_cursor *at,
                                                             uint32_t n, uint32_t row_bytes)
{
    ham_stream *streams = at->streams;
    uint8_t *rows = at->rows;
    uint32_t quarter = ENTRIES * row_bytes;
    if (streams[0].live && streams[1].live && streams[2].live && streams[3].live) {
        do {
            for (int s = 0; s < STREAMS; s++)
                ham_step(tables, &streams[s], n, row_bytes, rows + s * quarter, at->values + s * ENTRIES,
                         at->ends + s * SEGMENTS);
        } while (!(streams[0].done | streams[1].done | streams[2].done | streams[3].done));
        return;
    }
    int s = 0;
    while (!streams[s].live)
        s++;
    while (!streams[s].done)
        ham_step(tables, &streams[s], n, row_bytes, rows + s * quarter, at->values + s * ENTRIES,
                 at->ends + s * SEGMENTS);
}

static void ham_decode_narrow(const ham_tables *tables, ham_cursor *at, uint32_t n)
{
    ham_decode(tables, at, n, 2);
}

static void ham_decode_wide(const ham_tables *tables, ham_cursor *at, uint32_t n)
{
    ham_decode(tables, at, n, 4);
}

/* Shows a chunk that is done; 0 if none of its columns is asked for. */
static int ham_show(const cdot_view *view, const ham_cursor *at, int s, cdot_block *block)
{
    const ham_stream *one = &at->streams[s];
    uint32_t *ends = at->ends + s * SEGMENTS, segments = one->segments;
    if (one->column < one->end) /* the chunk is full inside a column */
        ends[segments++] = one->fill;
    uint32_t skip = at->begin > one->first ? at->begin - one->first : 0;
    if (skip >= segments)
        return 0;
    *block = (cdot_block){.column = one->first + skip, .segments = segments - skip, .ends = ends + skip};
    block->begin = skip ? ends[skip - 1] : 0;
    block->rows = (const uint8_t *)at->rows + (size_t)s * ENTRIES * view->row_bytes;
    if (view->value_type == CDOT_INT8)
        huffman_narrow_s8(at->values + s * ENTRIES, ends[segments - 1]);
    block->values = at->values + s * ENTRIES;
    return 1;
}

/* One value everywhere: runs of it, ENTRIES at a time; nothing at all if it is 0. */
static int ham_next_constant(const cdot_view *view, ham_cursor *at, cdot_block *block)
{
    const ham_tables *tables = view->workspace;
    ham_stream *one = &at->streams[0];
    if (view->nnz == 0 || at->next == at->end)
        return 0;
    uint32_t left = view->n - one->row, count = left < ENTRIES ? left : ENTRIES;
    for (uint32_t i = 0; i < count; i++)
        at->values[i] = tables->stream.code.values[0];
    *block = (cdot_block){.column = at->next, .segments = 1, .row = one->row, .ends = at->ends};
    if (view->value_type == CDOT_INT8)
        huffman_narrow_s8(at->values, count);
    block->values = at->values;
    at->ends[0] = count;
    one->row += count;
    if (one->row == view->n) {
        one->row = 0;
        at->next++;
    }
    return 1;
}

static int ham_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    const ham_tables *tables = view->workspace;
    ham_cursor *at = (ham_cursor *)cursor;
    if (tables->stream.groups == 0 || view->n == 0)
        return ham_next_constant(view, at, block);
    for (;;) {
        uint32_t any = 0;
        for (int s = 0; s < STREAMS; s++) {
            ham_stream *one = &at->streams[s];
            if (one->done) {
                one->live = one->done = 0;
                if (ham_show(view, at, s, block))
                    return 1;
            }
            one->live = one->live || ham_refill(tables, at, one);
            any |= one->live;
        }
        if (!any)
            return 0;
        if (view->row_bytes == 2)
            ham_decode_narrow(tables, at, view->n);
        else
            ham_decode_wide(tables, at, view->n);
    }
}

static uint64_t ham_weight(const cdot_view *view, uint32_t column)
{
    const huffman_stream *stream = &((const ham_tables *)view->workspace)->stream;
    if (stream->groups == 0)
        return (uint64_t)column * view->n;
    uint32_t group = column >> stream->seek_shift;
    return group < stream->groups ? huffman_seek(stream, group) : stream->stream_bits;
}

const cdot_decoder ham_decoder = {ham_workspace, ham_open, ham_seek, ham_next, ham_weight, NULL, NULL};
