/* ham: a canonical Huffman code of all entries, column by column (Marino et al., HAM).
 *
 * Most entries are zeros with a short codeword, so one look-up takes a whole run of them and the value
 * behind it, as far as table_bits reach. A group of columns is decoded from its seek point, always;
 * columns in front of the asked range are decoded and dropped. */
#include "huffman.h"

extern const cdot_decoder ham_decoder;

enum { FORMAT = 5, ENTRIES = 2048, SEGMENTS = CDOT_GROUP };

/* What one look-up swallows: `zeros` zeros and, if `value` is 1, a nonzero behind them. */
typedef struct {
    uint8_t bits, zeros, value, slow;
} ham_run;

typedef struct {
    huffman_stream stream;
    ham_run *runs;      /* [2^table_bits] */
    float *run_values;  /* [2^table_bits] */
    uint32_t zero_bits; /* length of the codeword of 0, or 0 where no entry is 0 */
    uint32_t zero;      /* its symbol */
} ham_tables;

typedef struct {
    uint32_t begin, end;                /* columns asked for */
    uint32_t column, row, group_end;    /* where decoding stands */
    uint64_t bit;
    void *rows;
    float *values;
    uint32_t *ends;
} ham_cursor;
_Static_assert(sizeof(ham_cursor) <= sizeof(cdot_cursor), "the cursor has no room");

static int ham_read(cdot_reader *reader, const uint8_t *payload, uint64_t size, huffman_sections *sections)
{
    if (cdot_read_header(reader, payload, size, FORMAT, sizeof(huffman_fields)) ||
        huffman_take(reader, sections))
        return reader->error;
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
    return (int64_t)(ham_tables_bytes() + huffman_workspace(longest) +
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
        run.slow = run.bits == 0;
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
    int error = huffman_stream_open(&tables->stream, &sections, rest);
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
    view->scratch_bytes = ENTRIES * (sizeof(float) + view->row_bytes) + SEGMENTS * sizeof(uint32_t);
    error = ham_find_zero(tables);
    if (!error && code->longest)
        ham_build_runs(tables);
    return error;
}

static void ham_start_group(const cdot_view *view, ham_cursor *at)
{
    const huffman_stream *stream = &((const ham_tables *)view->workspace)->stream;
    uint32_t columns = (uint32_t)1 << stream->seek_shift;
    at->row = 0;
    at->group_end = columns < view->m - at->column ? at->column + columns : view->m;
    at->bit = stream->groups ? huffman_seek(stream, at->column >> stream->seek_shift) : 0;
}

static void ham_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    const huffman_stream *stream = &((const ham_tables *)view->workspace)->stream;
    ham_cursor *at = (ham_cursor *)cursor;
    at->begin = column;
    at->end = end;
    at->column = stream->groups ? column >> stream->seek_shift << stream->seek_shift : column;
    at->values = scratch;
    at->ends = (uint32_t *)(at->values + ENTRIES);
    at->rows = at->ends + SEGMENTS;
    if (at->column < end)
        ham_start_group(view, at);
}

static inline void ham_put(void *rows, uint32_t row_bytes, uint32_t at, uint32_t row)
{
    if (row_bytes == 2)
        ((uint16_t *)rows)[at] = (uint16_t)row;
    else
        ((uint32_t *)rows)[at] = row;
}

/* Decodes from `at` to the end of its column or until the block is full; returns the new fill. */
static inline uint32_t ham_column(const ham_tables *tables, ham_cursor *at, uint32_t n, uint32_t row_bytes,
                                  uint32_t fill)
{
    const huffman_code *code = &tables->stream.code;
    uint32_t row = at->row, shift = 64 - code->table_bits;
    uint64_t bit = at->bit;
    float *values = at->values;
    while (row < n && fill + 3 <= ENTRIES) {
        uint64_t window = bits_peek(&tables->stream.stream, bit);
        for (int look_up = 0; look_up < 3; look_up++) {
            uint64_t entry = window >> shift;
            ham_run run = tables->runs[entry];
            if (run.zeros + run.value > n - row || run.slow) {
                if (row < n && run.slow) {
                    uint32_t length;
                    uint32_t symbol = huffman_slow(code, bits_peek_wide(&tables->stream.stream, bit), &length);
                    bit += length;
                    ham_put(at->rows, row_bytes, fill, row++);
                    values[fill] = code->values[symbol];
                    fill += symbol != tables->zero || tables->zero_bits == 0;
                } else { /* the run goes on into the next column, or its value does */
                    bit += (uint64_t)tables->zero_bits * (n - row);
                    row = n;
                }
                break;
            }
            row += run.zeros;
            ham_put(at->rows, row_bytes, fill, row);
            values[fill] = tables->run_values[entry];
            fill += run.value;
            row += run.value;
            bit += run.bits;
            window <<= run.bits;
        }
    }
    at->row = row;
    at->bit = bit;
    return fill;
}

/* One value everywhere: runs of it, ENTRIES at a time; nothing at all if it is 0. */
static int ham_next_constant(const cdot_view *view, ham_cursor *at, cdot_block *block)
{
    const ham_tables *tables = view->workspace;
    if (view->nnz == 0 || at->column == at->end)
        return 0;
    uint32_t left = view->n - at->row, count = left < ENTRIES ? left : ENTRIES;
    for (uint32_t i = 0; i < count; i++)
        at->values[i] = tables->stream.code.values[0];
    *block = (cdot_block){.column = at->column, .segments = 1, .row = at->row, .ends = at->ends};
    block->values = at->values;
    at->ends[0] = count;
    at->row += count;
    if (at->row == view->n) {
        at->row = 0;
        at->column++;
    }
    return 1;
}

static int ham_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    const ham_tables *tables = view->workspace;
    ham_cursor *at = (ham_cursor *)cursor;
    if (tables->stream.groups == 0 || view->n == 0)
        return ham_next_constant(view, at, block);
    while (at->column < at->end) {
        uint32_t fill = 0, segments = 0, first = at->column;
        *block = (cdot_block){.column = first, .ends = at->ends, .rows = at->rows, .values = at->values};
        while (at->column < at->group_end && at->column < at->end) {
            fill = view->row_bytes == 2 ? ham_column(tables, at, view->n, 2, fill)
                                        : ham_column(tables, at, view->n, 4, fill);
            if (at->column < at->begin) { /* in front of the range: decoded to find the next, not shown */
                block->column = at->column + 1;
                block->begin = fill;
            } else {
                at->ends[segments++] = fill;
            }
            if (at->row < view->n)
                break; /* the block is full */
            at->row = 0;
            at->column++;
        }
        if (at->column == at->group_end && at->column < at->end)
            ham_start_group(view, at);
        if (segments) {
            block->segments = segments;
            return 1;
        }
    }
    return 0;
}

static uint64_t ham_weight(const cdot_view *view, uint32_t column)
{
    const huffman_stream *stream = &((const ham_tables *)view->workspace)->stream;
    if (stream->groups == 0)
        return (uint64_t)column * view->n;
    uint32_t group = column >> stream->seek_shift;
    return group < stream->groups ? huffman_seek(stream, group) : stream->stream_bits;
}

const cdot_decoder ham_decoder = {ham_workspace, ham_open, ham_seek, ham_next, ham_weight, NULL};
