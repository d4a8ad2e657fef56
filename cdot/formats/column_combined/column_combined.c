/* column_combined: groups of inputs packed into one column each, and for every cell a selector that says
 * whose weight it holds (Kung, McDanel and Zhang). The fused kernel is in tile.h. */
#include "formats/column_combined/column_combined.h"

#include <string.h>

#include "core/multiply.h"
#include "formats/column_combined/tile.h"

extern const cdot_decoder column_combined_decoder;

enum { FORMAT = 13, CHUNK = 64, CELLS = COMBINED_TILE * CHUNK };

typedef struct {
    uint32_t groups, kept; /* kept: inputs of all groups */
    uint8_t gamma[8];      /* how the groups were made: nothing that a product needs */
    uint16_t alpha;        /* inputs of a group, at the most */
    uint8_t order, reserved;
} combined_fields;

typedef struct {
    uint32_t begin, end;
    uint32_t tile;  /* its first output */
    uint32_t group; /* the next one of the tile */
    float *values;
    uint32_t *rows, *ends;
} combined_cursor;
_Static_assert(sizeof(combined_fields) == 20, "fields are written by formats/column_combined.py");
_Static_assert(sizeof(combined_cursor) <= sizeof(cdot_cursor), "the cursor has no room");

static uint32_t selector_bits(uint32_t alpha)
{
    uint32_t bits = 0;
    while (((uint32_t)1 << bits) < alpha)
        bits++;
    return bits;
}

/* Takes all sections; sizes: inputs of each group. */
static int combined_read(cdot_reader *reader, const uint8_t *payload, uint64_t size,
                         combined_fields *fields, combined_tables *tables, const void **sizes)
{
    if (cdot_read_header(reader, payload, size, FORMAT, sizeof *fields))
        return reader->error;
    const cdot_header *header = &reader->header;
    const void *at = cdot_take(reader, 1, sizeof *fields, 4);
    if (!at)
        return reader->error;
    memcpy(fields, at, sizeof *fields);
    if (fields->alpha == 0 || fields->groups > fields->kept || fields->kept > header->n)
        return reader->error = CDOT_LENGTH;
    uint64_t cells = (uint64_t)header->m * fields->groups;
    *tables = (combined_tables){.bits = selector_bits(fields->alpha), .groups = fields->groups};
    tables->values = cdot_take(reader, cells, 4, 4);
    if (!tables->values)
        return reader->error;
    uint64_t words = (cells * tables->bits + 31) / 32;
    words += words > 0; /* a stream is read in pairs of words */
    tables->selectors.words = cdot_take(reader, words, 4, 4);
    tables->selectors.last = words ? words - 2 : 0;
    *sizes = cdot_take(reader, fields->groups, cdot_width(fields->alpha), 4);
    tables->row_bytes = header->n ? cdot_width(header->n - 1) : 1;
    tables->rows = cdot_take(reader, fields->kept, tables->row_bytes, 4);
    return cdot_finish(reader);
}

static uint64_t tables_bytes(void)
{
    return (sizeof(combined_tables) + 15) / 16 * 16;
}

static int64_t combined_workspace(const uint8_t *payload, uint64_t size)
{
    cdot_reader reader;
    combined_fields fields;
    combined_tables tables;
    const void *sizes;
    if (combined_read(&reader, payload, size, &fields, &tables, &sizes))
        return reader.error;
    return (int64_t)(tables_bytes() + 4 * ((uint64_t)fields.groups + 1));
}

/* Where each group starts; CDOT_POINTER where the sizes are none of these groups. */
static int open_groups(combined_tables *tables, const combined_fields *fields, const void *sizes)
{
    uint64_t start = 0;
    for (uint32_t group = 0; group < fields->groups; group++) {
        uint32_t size = cdot_index(sizes, cdot_width(fields->alpha), group);
        if (size == 0 || size > fields->alpha || size > fields->kept - start)
            return CDOT_POINTER;
        tables->starts[group] = (uint32_t)start;
        start += size;
    }
    tables->starts[fields->groups] = (uint32_t)start;
    return start == fields->kept ? CDOT_OK : CDOT_POINTER;
}

static int combined_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                         uint64_t workspace_size)
{
    cdot_reader reader;
    combined_fields fields;
    combined_tables *tables = workspace, read;
    const void *sizes;
    if (combined_read(&reader, payload, size, &fields, &read, &sizes))
        return reader.error;
    if (workspace_size < tables_bytes() + 4 * ((uint64_t)fields.groups + 1))
        return CDOT_WORKSPACE;
    *tables = read;
    tables->starts = (uint32_t *)((uint8_t *)workspace + tables_bytes());
    cdot_fill_view(view, &column_combined_decoder, &reader, workspace);
    uint64_t blocks = CELLS * (sizeof(float) + sizeof(uint32_t)) + COMBINED_TILE * sizeof(uint32_t);
    uint64_t picked = (uint64_t)fields.groups * COMBINED_PICKS * sizeof(float);
    view->scratch_bytes = fields.alpha <= COMBINED_PICKS && picked > blocks ? picked : blocks;
    int error = open_groups(tables, &fields, sizes);
    return error ? error : cdot_check_indices(tables->rows, tables->row_bytes, fields.kept, view->n);
}

static void combined_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end,
                          void *scratch)
{
    combined_cursor *at = (combined_cursor *)cursor;
    float *values = scratch;
    uint32_t *rows = (uint32_t *)(values + CELLS);
    (void)view;
    *at = (combined_cursor){column, end, column / COMBINED_TILE * COMBINED_TILE, 0, values, rows, rows + CELLS};
}

/* The weights of one output in a chunk of groups; empty cells are left out. */
static uint32_t decode_lane(const combined_tables *tables, uint32_t group, uint32_t count, uint64_t cell,
                            uint32_t width, float *values, uint32_t *rows)
{
    uint32_t filled = 0;
    for (uint32_t k = 0; k < count; k++, cell += width) {
        values[filled] = tables->values[cell];
        rows[filled] = combined_row(tables, group + k, combined_selector(tables, cell));
        filled += tables->values[cell] != 0;
    }
    return filled;
}

/* A chunk of groups of one tile: a segment for each of its outputs. */
static int combined_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    const combined_tables *tables = view->workspace;
    combined_cursor *at = (combined_cursor *)cursor;
    if (at->group == tables->groups) {
        at->group = 0;
        at->tile += COMBINED_TILE; /* at most 16 above m, and m has 31 bits */
    }
    if (at->tile >= at->end || tables->groups == 0)
        return 0;
    uint32_t left = tables->groups - at->group, count = left < CHUNK ? left : CHUNK;
    uint32_t width = view->m - at->tile < COMBINED_TILE ? view->m - at->tile : COMBINED_TILE;
    uint32_t from = at->begin > at->tile ? at->begin - at->tile : 0;
    uint32_t to = at->end - at->tile < width ? at->end - at->tile : width;
    uint64_t cell = (uint64_t)at->tile * tables->groups + (uint64_t)at->group * width;
    uint32_t filled = 0;
    for (uint32_t lane = from; lane < to; lane++) {
        filled += decode_lane(tables, at->group, count, cell + lane, width, at->values + filled,
                              at->rows + filled);
        at->ends[lane - from] = filled;
    }
    *block = (cdot_block){.column = at->tile + from, .segments = to - from, .ends = at->ends};
    block->rows = at->rows;
    block->values = at->values;
    at->group += count;
    return 1;
}

static int combined_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy,
                        size_t batch, uint32_t col_begin, uint32_t col_end, void *scratch)
{
    const combined_tables *tables = view->workspace;
    if (batch == 1 && ldx == 1 && ldy == 1 && tables->bits <= 3) {
        combined_vector(tables, view->m, x, y, col_begin, col_end, scratch);
        return CDOT_OK;
    }
#if defined(__AVX2__) && defined(__FMA__)
    if (batch % COMBINED_LANES == 0 && tables->bits <= 3)
        col_begin = combined_batch(tables, view->m, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
#endif
    return cdot_dot_blocks(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
}

const cdot_decoder column_combined_decoder = {
    .version = CDOT_VERSION,
    .workspace = combined_workspace,
    .open = combined_open,
    .seek = combined_seek,
    .next = combined_next,
    .dot = combined_dot,
};
