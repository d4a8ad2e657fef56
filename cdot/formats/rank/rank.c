/* rank: bfloat16 with exponents as ranks, as nibbles beside signs and mantissas, or in a Rice code behind them.
 *
 * Blocks are runs of consecutive rows, widened into the scratch; exceptions then get their exponents from the list.
 * What is listed are rows and exponents alone, which open checks: so whatever a payload says, nothing is read or
 * written outside. Rank 15 of an entry that is not listed has exponent 0. */
#include "formats/rank/rank_dot.h"
#include "formats/rank/rank_rows.h"

#include "parts/packed.h"

extern const cdot_decoder rank_decoder;

enum { FORMAT = 67, LARGEST = 4 };

typedef struct {
    runs_cursor run;
    uint32_t *ends;
    float *values;
    uint64_t bit; /* of a stream: the next code's */
} rank_cursor;

static uint32_t rank_groups(const cdot_view *view)
{
    return (view->m + CDOT_GROUP - 1) / CDOT_GROUP;
}

static const rank_fields *rank_fields_of(const cdot_view *view)
{
    return view->section[RANK_FIELDS];
}

static int rank_read(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace)
{
    cdot_reader reader;
    if (cdot_read_header_of(&reader, payload, size, FORMAT, sizeof(rank_fields), CDOT_TAKES_BFLOAT16))
        return reader.error;
    const rank_fields *fields = cdot_take(&reader, 1, sizeof *fields, 8);
    if (!fields)
        return reader.error;
    if (fields->coding > RANK_RICE || fields->parameter > LARGEST || fields->exponents[RANK_OTHER] ||
        fields->reserved || fields->bits >> 60 ||
        (fields->coding == RANK_NIBBLES && (fields->bits || fields->parameter)))
        return CDOT_LENGTH;
    cdot_fill_view(view, &rank_decoder, &reader, workspace);
    int coded = fields->coding == RANK_RICE;
    uint64_t column = coded ? view->n : rank_column_bytes(view->n);
    view->row_bytes = view->n ? cdot_width(view->n - 1) : 4;
    view->section[RANK_FIELDS] = fields;
    view->section[RANK_WEIGHTS] = cdot_take(&reader, view->m * column, 1, 16);
    view->section[RANK_COUNTS] = cdot_take(&reader, view->m, cdot_width(view->n), 4);
    view->section[RANK_ROWS] = cdot_take(&reader, fields->exceptions, view->row_bytes, 4);
    view->section[RANK_EXPONENTS] = cdot_take(&reader, fields->exceptions, 1, 1);
    view->section[RANK_LENGTHS] = cdot_take(&reader, coded ? rank_groups(view) : 0, 4, 4);
    view->section[RANK_STREAM] = cdot_take(&reader, packed_bytes(fields->bits, 1), 1, 1);
    view->scratch_bytes = RANK_ENTRIES * sizeof(float) + RUNS_COLUMNS * sizeof(uint32_t);
    return cdot_finish(&reader);
}

static int64_t rank_workspace(const uint8_t *payload, uint64_t size)
{
    cdot_view view;
    int error = rank_read(&view, payload, size, NULL);
    if (error)
        return error;
    uint64_t items = (uint64_t)view.m + 1 + (rank_fields_of(&view)->coding == RANK_RICE ? rank_groups(&view) + 1 : 0);
    return (int64_t)(sizeof(rank_tables) + items * sizeof(uint64_t));
}

/* Rows of exceptions rise in each column and are rows of the matrix; counts add up. */
static int rank_check_exceptions(const cdot_view *view, uint64_t *before)
{
    const rank_fields *fields = rank_fields_of(view);
    uint64_t at = 0;
    for (uint32_t column = 0; column < view->m; column++) {
        uint32_t count = cdot_index(view->section[RANK_COUNTS], cdot_width(view->n), column), least = 0;
        before[column] = at;
        if (count > fields->exceptions - at)
            return CDOT_POINTER;
        for (uint64_t end = at + count; at < end; at++) {
            uint32_t row = cdot_index(view->section[RANK_ROWS], view->row_bytes, at);
            if (row < least || row >= view->n)
                return CDOT_ROW;
            least = row + 1;
        }
    }
    before[view->m] = at;
    return at == fields->exceptions ? CDOT_OK : CDOT_POINTER;
}

static int rank_check_stream(const cdot_view *view, uint64_t *before)
{
    const uint32_t *lengths = view->section[RANK_LENGTHS];
    uint64_t bit = 0;
    for (uint32_t group = 0; group < rank_groups(view); bit += lengths[group++])
        before[group] = bit;
    before[rank_groups(view)] = bit;
    return bit == rank_fields_of(view)->bits ? CDOT_OK : CDOT_STREAM;
}

static int rank_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace, uint64_t workspace_size)
{
    int64_t needed = rank_workspace(payload, size);
    if (needed < 0)
        return (int)needed;
    if (workspace_size < (uint64_t)needed)
        return CDOT_WORKSPACE;
    rank_read(view, payload, size, workspace);
    rank_tables *tables = workspace;
    const rank_fields *fields = rank_fields_of(view);
    for (uint32_t rank = 0; rank < 16; rank++) {
        tables->high[rank] = fields->exponents[rank] >> 1;
        tables->low[rank] = (uint8_t)(fields->exponents[rank] << 7);
    }
    int error = rank_check_exceptions(view, tables->before);
    if (error || fields->coding == RANK_NIBBLES)
        return error;
    return rank_check_stream(view, tables->before + view->m + 1);
}

/* The next rank of a stream. Whatever the bits are, it is one: more ones than a code has are those of RANK_OTHER, and
 * behind the stream's end there is nothing else. A window of 57 bits has every code, the longest being of 16. */
static inline uint32_t rank_code(const uint8_t *stream, uint64_t bits, uint32_t k, uint64_t *bit)
{
    if (*bit >= bits)
        return RANK_OTHER;
    uint64_t window = packed_window(stream, *bit);
    uint32_t ones = (uint32_t)__builtin_ctzll(~window | (uint64_t)1 << RANK_OTHER);
    uint32_t rank = ones << k | ((uint32_t)(window >> (ones + 1)) & ((1u << k) - 1));
    *bit += ones + 1 + k;
    return rank < RANK_OTHER ? rank : RANK_OTHER;
}

/* `count` entries from `from` on, counted down the columns, whose codes begin at *bit; with `values` NULL they are
 * stepped over. */
static void rank_coded(const cdot_view *view, uint64_t from, uint64_t count, uint64_t *bit, float *values)
{
    const rank_fields *fields = rank_fields_of(view);
    const uint8_t *stream = view->section[RANK_STREAM], *bytes = view->section[RANK_WEIGHTS];
    for (uint64_t i = 0; i < count; i++) {
        uint32_t rank = rank_code(stream, fields->bits, fields->parameter, bit);
        if (values) {
            uint32_t whole = rank_bits(rank_tables_of(view), bytes[from + i], rank);
            memcpy(values + i, &whole, sizeof whole);
        }
    }
}

static void rank_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    rank_cursor *at = (rank_cursor *)cursor;
    at->run = (runs_cursor){column, end, 0};
    at->values = scratch;
    at->ends = (uint32_t *)(at->values + RANK_ENTRIES);
    if (rank_fields_of(view)->coding == RANK_NIBBLES || column == end)
        return;
    uint32_t group = column / CDOT_GROUP;
    at->bit = (rank_tables_of(view)->before + view->m + 1)[group];
    rank_coded(view, 0, (uint64_t)(column - group * CDOT_GROUP) * view->n, &at->bit, NULL);
}

static int rank_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    rank_cursor *at = (rank_cursor *)cursor;
    uint64_t from;
    uint32_t done = 0;
    if (!runs_next(view, &at->run, RANK_ENTRIES, at->ends, block, &from))
        return 0;
    block->values = at->values;
    for (uint32_t k = 0; k < block->segments; k++) {
        uint32_t column = block->column + k, count = at->ends[k] - done;
        float *values = at->values + done;
        if (rank_fields_of(view)->coding == RANK_NIBBLES) {
            rank_widen(view, column, block->row, count, values);
        } else {
            if (!block->row && !(column % CDOT_GROUP))
                at->bit = (rank_tables_of(view)->before + view->m + 1)[column / CDOT_GROUP];
            rank_coded(view, from + done, count, &at->bit, values);
            rank_patch(view, column, block->row, count, rank_exception(view, column, block->row), values);
        }
        done = at->ends[k];
    }
    return 1;
}

const cdot_decoder rank_decoder = {
    .version = CDOT_VERSION,
    .workspace = rank_workspace,
    .open = rank_open,
    .seek = rank_seek,
    .next = rank_next,
    .dot = rank_dot,
};
