/* rice: Golomb-Rice codes of the zeros between nonzeros, with one parameter for the layer, and int8 values: as they
 * are, or their ranks by frequency in such codes, with a parameter of their own, behind all codes of zeros.
 *
 * A code is the number divided by 2^k in ones, a zero that ends them, and the k bits of the remainder, all of it
 * least significant bit first. The reader stops at the stream's end, whatever the bits say. */
#include "parts/counted.h"
#include "parts/packed.h"

extern const cdot_decoder rice_decoder;

enum { FORMAT = 39, LARGEST = 15 };
enum { FIELDS, COUNTS, VALUES, STREAM };
enum { BIT, VALUE }; /* place.more: the bits where the column's zeros and its coded values start */
enum { RAW, CODED, CODED_BYTES }; /* what `values` is: CODED_BYTES has counts of one byte */
static const uint32_t NO_CODE = UINT32_MAX;

typedef struct {
    uint8_t parameter, value_parameter; /* k of the zeros, and of the ranks */
    uint8_t values, distinct;
    uint32_t bits; /* of the stream */
} rice_fields;

static int rice_read(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace)
{
    cdot_reader reader;
    if (cdot_read_header_s8(&reader, payload, size, FORMAT, sizeof(rice_fields)))
        return reader.error;
    const rice_fields *fields = cdot_take(&reader, 1, sizeof *fields, 4);
    if (!fields)
        return reader.error;
    int raw = fields->values == RAW;
    if (fields->parameter > LARGEST || fields->value_parameter > LARGEST || fields->values > CODED_BYTES ||
        reader.header.nnz > INT32_MAX || (raw && (fields->value_parameter || fields->distinct)))
        return CDOT_LENGTH;
    uint32_t width = fields->values == CODED_BYTES ? 1 : 2;
    cdot_fill_view(view, &rice_decoder, &reader, workspace);
    view->section[FIELDS] = fields;
    view->section[COUNTS] = cdot_take(&reader, view->m, width, width);
    view->section[VALUES] = cdot_take(&reader, raw ? view->nnz : fields->distinct, 1, 1);
    view->section[STREAM] = cdot_take(&reader, packed_bytes(fields->bits, 1), 1, 1);
    return cdot_finish(&reader);
}

static int64_t rice_workspace(const uint8_t *payload, uint64_t size)
{
    cdot_view view;
    int error = rice_read(&view, payload, size, NULL);
    return error ? error : (int64_t)counted_workspace(view.m);
}

/* The ones from `bit` on, up to the stream's end; `bit` moves behind the zero that ends them. */
static inline uint32_t rice_ones(const rice_fields *fields, const uint8_t *stream, uint64_t *bit)
{
    uint32_t ones = 0, more = PACKED_WINDOW;
    while (more == PACKED_WINDOW && *bit < fields->bits) {
        more = (uint32_t)__builtin_ctzll(~(packed_window(stream, *bit) & packed_mask(PACKED_WINDOW)));
        ones += more;
        *bit += more;
    }
    ++*bit;
    return ones;
}

/* The next number, below 2^16, or NO_CODE where the stream ends in it. */
static inline uint32_t rice_code(const rice_fields *fields, const uint8_t *stream, uint32_t k, uint64_t *bit)
{
    uint32_t ones = rice_ones(fields, stream, bit), rest = 0;
    if (*bit + k > fields->bits || ones > (uint32_t)COUNTED_ROWS >> k)
        return NO_CODE;
    if (k)
        rest = (uint32_t)(packed_window(stream, *bit) & packed_mask(k));
    *bit += k;
    return ones << k | rest;
}

/* `count` coded values from a bit on, which moves behind them; with `values` NULL they are only stepped over.
 * CDOT_ROW where one is none of the distinct ones, which rice_open rules out for all later calls. */
static inline int rice_values(const cdot_view *view, uint32_t *at, uint32_t count, int8_t *values)
{
    const rice_fields *fields = view->section[FIELDS];
    const int8_t *distinct = view->section[VALUES];
    uint64_t bit = *at;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t rank = rice_code(fields, view->section[STREAM], fields->value_parameter, &bit);
        if (rank >= fields->distinct)
            return CDOT_ROW;
        if (values)
            values[i] = distinct[rank];
    }
    *at = (uint32_t)bit;
    return CDOT_OK;
}

static inline int rice_is_coded(const cdot_view *view)
{
    return ((const rice_fields *)view->section[FIELDS])->values != RAW;
}

/* The rows of a column; CDOT_ROW where one lies outside, which rice_open rules out for all later calls. */
static inline int rice_column(const cdot_view *view, counted_place *place, uint32_t count, uint16_t *rows)
{
    const rice_fields *fields = view->section[FIELDS];
    uint64_t bit = place->more[BIT], row = 0;
    for (uint32_t i = 0; i < count; i++, row++) {
        uint32_t zeros = rice_code(fields, view->section[STREAM], fields->parameter, &bit);
        row += zeros;
        if (zeros == NO_CODE || row >= view->n)
            return CDOT_ROW;
        if (rows)
            rows[i] = (uint16_t)row;
    }
    place->more[BIT] = (uint32_t)bit;
    return CDOT_OK;
}

/* The places of the coded values, which begin where the zeros end at `bit`. */
static int rice_open_values(cdot_view *view, counted_columns *columns, uint32_t *bit)
{
    for (uint32_t column = 0; column < view->m; column++) {
        if (column % CDOT_GROUP == 0)
            columns->places[column / CDOT_GROUP].more[VALUE] = *bit;
        int error = rice_values(view, bit, (uint32_t)counted_entries(columns, column), NULL);
        if (error)
            return error;
    }
    view->scratch_bytes += columns->room + COUNTED_SPARE; /* a block's values, behind its rows */
    return CDOT_OK;
}

static int rice_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                     uint64_t workspace_size)
{
    counted_columns *columns = workspace;
    counted_place place = {0};
    int error = rice_read(view, payload, size, workspace);
    if (error)
        return error;
    if (workspace_size < counted_workspace(view->m))
        return CDOT_WORKSPACE;
    const rice_fields *fields = view->section[FIELDS];
    counted_kind kind = fields->values == CODED_BYTES ? COUNTED_U8 : COUNTED_U16;
    error = counted_open(view, columns, view->section[COUNTS], kind, (uint32_t)view->nnz, view->section[VALUES]);
    for (; !error && place.column < view->m; place.column++) {
        if (place.column % CDOT_GROUP == 0)
            columns->places[place.column / CDOT_GROUP].more[BIT] = place.more[BIT];
        error = rice_column(view, &place, (uint32_t)counted_entries(columns, place.column), NULL);
    }
    if (!error && rice_is_coded(view))
        error = rice_open_values(view, columns, &place.more[BIT]);
    if (error)
        return error;
    return place.more[BIT] == fields->bits ? CDOT_OK : CDOT_STREAM;
}

/* The values of columns that are skipped are, too; those of a block come at once, when it is full. */
static void rice_step(const cdot_view *view, counted_place *place, uint32_t count, uint16_t *rows)
{
    rice_column(view, place, count, rows);
    if (!rows && rice_is_coded(view))
        rice_values(view, &place->more[VALUE], count, NULL);
}

static void rice_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    counted_seek(view, cursor, column, end, scratch, rice_step);
}

static int rice_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    counted_cursor *at = (counted_cursor *)cursor;
    const counted_columns *columns = view->workspace;
    int more = counted_next(view, cursor, block, rice_step);
    if (more && rice_is_coded(view)) {
        int8_t *values = (int8_t *)(at->rows + columns->room + COUNTED_SPARE);
        rice_values(view, &at->place.more[VALUE], block->segments ? block->ends[block->segments - 1] : 0, values);
        block->values = values;
    }
    return more;
}

const cdot_decoder rice_decoder = {
    .version = CDOT_VERSION,
    .workspace = rice_workspace,
    .open = rice_open,
    .seek = rice_seek,
    .next = rice_next,
    .weight = counted_weight,
};
