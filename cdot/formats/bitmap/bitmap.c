/* bitmap: one bit per entry in column order, then the nonzeros' values, or packed indices into a codebook.
 *
 * Where the nonzeros of a column start is counted from the bits when a payload is opened: one population
 * count for 56 entries, a fraction of one product, and positions that were counted cannot point outside.
 * Decoding takes a byte of the map at a time: a table has the places of its ones, eight rows are written
 * whatever the byte, and the next byte's go behind the ones that count. So no branch depends on the bits,
 * but for steps of nothing but zeros, which are skipped. */
#include "formats/bitmap/bitmap.h"
#include "formats/bitmap/bitmap_dot.h"

extern const cdot_decoder bitmap_decoder;

enum { FORMAT = 10, ENTRIES = 8192, ROOM = ENTRIES + 8 };

/* Without rows there is nothing to find, and no bits that would vouch for m. */
static uint32_t bitmap_groups(const cdot_view *view)
{
    return view->n ? (view->m + CDOT_GROUP - 1) / CDOT_GROUP : 0;
}

/* Sections of a payload; rows in a block have 16 bits where that is enough. */
static int bitmap_read(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace)
{
    cdot_reader reader;
    if (cdot_read_header_any(&reader, payload, size, FORMAT, sizeof(bitmap_fields)))
        return reader.error;
    const bitmap_fields *fields = cdot_take(&reader, 1, sizeof *fields, 4);
    if (!fields)
        return reader.error;
    if (fields->coded > 1 || (!fields->coded && fields->symbols))
        return CDOT_LENGTH;
    cdot_fill_view(view, &bitmap_decoder, &reader, workspace);
    uint64_t indices = fields->coded ? packed_bytes(view->nnz, packed_width(fields->symbols)) : 0;
    view->section[BITMAP_FIELDS] = fields;
    view->section[BITMAP_VALUES] = cdot_take(&reader, fields->coded ? fields->symbols : view->nnz,
                                      cdot_value_bytes(view->value_type), 4);
    view->section[BITMAP_INDICES] = cdot_take(&reader, indices, 1, 4);
    view->section[BITMAP_BITS] = cdot_take(&reader, packed_bytes((uint64_t)view->n * view->m, 1), 1, 4);
    view->row_bytes = view->n <= 1 << 16 ? 2 : 4;
    view->scratch_bytes = ROOM * view->row_bytes + RUNS_COLUMNS * sizeof(uint32_t) +
                          (fields->coded ? ENTRIES * sizeof(float) : 0);
    return cdot_finish(&reader);
}

static int64_t bitmap_workspace(const uint8_t *payload, uint64_t size)
{
    cdot_view view;
    int error = bitmap_read(&view, payload, size, NULL);
    return error ? error : (int64_t)(sizeof(bitmap_tables) + 8 * (uint64_t)bitmap_groups(&view));
}

static uint64_t bitmap_ones(const uint8_t *bits, uint64_t bit, uint64_t count)
{
    uint64_t ones = 0;
    for (; count > BITMAP_STEP; bit += BITMAP_STEP, count -= BITMAP_STEP)
        ones += (uint64_t)__builtin_popcountll(bitmap_step(bits, bit, BITMAP_STEP));
    return count ? ones + (uint64_t)__builtin_popcountll(bitmap_step(bits, bit, count)) : ones;
}

static void bitmap_build(bitmap_tables *tables)
{
    memset(tables, 0, sizeof *tables);
    for (uint32_t byte = 0; byte < 256; byte++)
        for (uint32_t bit = 0; bit < 8; bit++)
            if (byte >> bit & 1)
                tables->places[byte][tables->counts[byte]++] = (uint8_t)bit;
}

static int bitmap_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                       uint64_t workspace_size)
{
    int64_t needed = bitmap_workspace(payload, size);
    if (needed < 0)
        return (int)needed;
    if (workspace_size < (uint64_t)needed)
        return CDOT_WORKSPACE;
    bitmap_read(view, payload, size, workspace);
    bitmap_tables *tables = workspace;
    bitmap_build(tables);
    uint64_t position = 0;
    for (uint32_t group = 0; group < bitmap_groups(view); group++) {
        uint32_t column = group * CDOT_GROUP, left = view->m - column;
        tables->positions[group] = position;
        position += bitmap_ones(view->section[BITMAP_BITS], (uint64_t)column * view->n,
                                (uint64_t)(left < CDOT_GROUP ? left : CDOT_GROUP) * view->n);
    }
    if (position != view->nnz)
        return CDOT_POINTER;
    const bitmap_fields *fields = view->section[BITMAP_FIELDS];
    uint32_t width = packed_width(fields->symbols);
    return fields->coded ? packed_check(view->section[BITMAP_INDICES], width, view->nnz, fields->symbols) : CDOT_OK;
}

void bitmap_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    bitmap_cursor *at = (bitmap_cursor *)cursor;
    const bitmap_tables *tables = view->workspace;
    at->run = (runs_cursor){column, end, 0};
    at->ends = scratch;
    at->values = (float *)(at->ends + RUNS_COLUMNS);
    at->rows = (uint8_t *)at->values;
    if (((const bitmap_fields *)view->section[BITMAP_FIELDS])->coded)
        at->rows += ENTRIES * sizeof(float);
    if (column == end || view->n == 0)
        return;
    uint32_t first = column / CDOT_GROUP * CDOT_GROUP;
    at->position = tables->positions[column / CDOT_GROUP];
    at->position += bitmap_ones(view->section[BITMAP_BITS], (uint64_t)first * view->n,
                                (uint64_t)(column - first) * view->n);
}

/* Eight rows of a byte of the map; a loop without anything that could overlap or wrap, for vectors. */
static inline void bitmap_byte(const uint8_t *places, uint32_t base, void *rows, uint32_t row_bytes)
{
    uint8_t place[8];
    memcpy(place, places, 8);
    for (uint32_t k = 0; k < 8; k++)
        if (row_bytes == 2)
            ((uint16_t *)rows)[k] = (uint16_t)(base + place[k]);
        else
            ((uint32_t *)rows)[k] = base + place[k];
}

/* Writes the rows of the ones among `count` bits, the first of them in row `row`, and up to 8 more items;
 * returns how many are ones. `row_bytes` is a constant in every call. */
static inline uint32_t bitmap_rows(const bitmap_tables *tables, const uint8_t *bits, uint64_t bit,
                                   uint32_t count, uint32_t row, uint8_t *rows, uint32_t row_bytes)
{
    size_t ones = 0;
    for (uint32_t done = 0; done < count; done += BITMAP_STEP) {
        uint64_t step = bitmap_step(bits, bit + done, count - done);
        if (step == 0)
            continue;
        for (uint32_t k = 0; k < BITMAP_STEP; k += 8, step >>= 8) {
            bitmap_byte(tables->places[step & 255], row + done + k, rows + ones * row_bytes, row_bytes);
            ones += tables->counts[step & 255];
        }
    }
    return (uint32_t)ones;
}

int bitmap_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    bitmap_cursor *at = (bitmap_cursor *)cursor;
    const bitmap_fields *fields = view->section[BITMAP_FIELDS];
    const uint8_t *bits = view->section[BITMAP_BITS];
    uint64_t bit;
    uint32_t from = 0;
    size_t ones = 0;
    if (!runs_next(view, &at->run, ENTRIES, at->ends, block, &bit))
        return 0;
    for (uint32_t k = 0; k < block->segments; k++) {
        uint32_t count = at->ends[k] - from;
        if (view->row_bytes == 2)
            ones += bitmap_rows(view->workspace, bits, bit + from, count, block->row, at->rows + 2 * ones, 2);
        else
            ones += bitmap_rows(view->workspace, bits, bit + from, count, block->row, at->rows + 4 * ones, 4);
        from = at->ends[k];
        at->ends[k] = (uint32_t)ones;
    }
    block->rows = at->rows;
    block->values = (const uint8_t *)view->section[BITMAP_VALUES] + at->position * cdot_input_bytes(view->arithmetic);
    if (fields->coded) {
        packed_values_of(view, view->section[BITMAP_INDICES], at->position, (uint32_t)ones,
                         view->section[BITMAP_VALUES], fields->symbols, at->values);
        block->values = at->values;
    }
    at->position += ones;
    return 1;
}

#if defined(__ARM_FEATURE_MVE)
#include "isa/helium/bitmap.h"
#define FUSED_S8 bitmap_dot_s8
#else
#define FUSED_S8 NULL
#endif

const cdot_decoder bitmap_decoder = {
    .version = CDOT_VERSION,
    .workspace = bitmap_workspace,
    .open = bitmap_open,
    .seek = bitmap_seek,
    .next = bitmap_next,
    .dot = bitmap_dot,
    .dot_s8 = FUSED_S8,
};
