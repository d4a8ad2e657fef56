/* rice: Golomb-Rice codes of the zeros between nonzeros, with one parameter for the layer, and int8 values.
 *
 * A code is the number of zeros divided by 2^k in ones, a zero that ends them, and the k bits of the remainder,
 * all of it least significant bit first. The reader stops at the stream's end, whatever the bits say. */
#include "counted.h"
#include "packed.h"

extern const cdot_decoder rice_decoder;

enum { FORMAT = 39, LARGEST = 15 };
enum { FIELDS, COUNTS, VALUES, STREAM };
enum { BIT }; /* place.more: the bit where the column starts */
static const uint32_t NO_CODE = UINT32_MAX;

typedef struct {
    uint32_t parameter; /* k */
    uint32_t bits;      /* of the stream */
} rice_fields;

static int rice_read(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace)
{
    cdot_reader reader;
    if (cdot_read_header_s8(&reader, payload, size, FORMAT, sizeof(rice_fields)))
        return reader.error;
    const rice_fields *fields = cdot_take(&reader, 1, sizeof *fields, 4);
    if (!fields)
        return reader.error;
    if (fields->parameter > LARGEST || reader.header.nnz > INT32_MAX)
        return CDOT_LENGTH;
    cdot_fill_view(view, &rice_decoder, &reader, workspace);
    view->section[FIELDS] = fields;
    view->section[COUNTS] = cdot_take(&reader, view->m, 2, 2);
    view->section[VALUES] = cdot_take(&reader, view->nnz, 1, 1);
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

/* The next number of zeros, below 2^16, or NO_CODE where the stream ends in it. */
static inline uint32_t rice_code(const rice_fields *fields, const uint8_t *stream, uint64_t *bit)
{
    uint32_t k = fields->parameter, ones = rice_ones(fields, stream, bit), rest = 0;
    if (*bit + k > fields->bits || ones > (uint32_t)COUNTED_ROWS >> k)
        return NO_CODE;
    if (k)
        rest = (uint32_t)(packed_window(stream, *bit) & packed_mask(k));
    *bit += k;
    return ones << k | rest;
}

/* The rows of a column; CDOT_ROW where one lies outside, which rice_open rules out for all later calls. */
static inline int rice_column(const cdot_view *view, counted_place *place, uint32_t count, uint16_t *rows)
{
    const rice_fields *fields = view->section[FIELDS];
    uint64_t bit = place->more[BIT], row = 0;
    for (uint32_t i = 0; i < count; i++, row++) {
        uint32_t zeros = rice_code(fields, view->section[STREAM], &bit);
        row += zeros;
        if (zeros == NO_CODE || row >= view->n)
            return CDOT_ROW;
        if (rows)
            rows[i] = (uint16_t)row;
    }
    place->more[BIT] = (uint32_t)bit;
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
    error = counted_open(view, columns, view->section[COUNTS], COUNTED_U16, (uint32_t)view->nnz,
                         view->section[VALUES]);
    for (; !error && place.column < view->m; place.column++) {
        if (place.column % CDOT_GROUP == 0)
            columns->places[place.column / CDOT_GROUP].more[BIT] = place.more[BIT];
        error = rice_column(view, &place, (uint32_t)counted_entries(columns, place.column), NULL);
    }
    if (error)
        return error;
    return place.more[BIT] == ((const rice_fields *)view->section[FIELDS])->bits ? CDOT_OK : CDOT_STREAM;
}

static void rice_step(const cdot_view *view, counted_place *place, uint32_t count, uint16_t *rows)
{
    rice_column(view, place, count, rows);
}

static void rice_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    counted_seek(view, cursor, column, end, scratch, rice_step);
}

static int rice_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    return counted_next(view, cursor, block, rice_step);
}

const cdot_decoder rice_decoder = {rice_workspace, rice_open, rice_seek, rice_next, counted_weight, NULL, NULL};
