/* nested: a dense matrix with inputs and outputs by falling importance, outputs one after the other. A
 * level is a prefix of both, so a sub-network is this matrix with two smaller widths: no copy (REDS).
 *
 * Seen whole, inputs and outputs have their original order; seen by level, that of the payload. */
#include "formats/nested/nested.h"

#include "core/multiply.h"
#include "core/payload.h"

extern const cdot_decoder nested_decoder;
static const cdot_decoder level_decoder;

enum { FORMAT = 14, ENTRIES = 4096 };
enum { FIELDS, VALUES, ROW_ORDER, COLUMN_ORDER, WIDTHS };

typedef struct {
    uint8_t below;     /* levels below the full one */
    uint8_t share[15]; /* what they were asked for, in percent; kernels have no use for it */
} nested_fields;

typedef struct {
    uint32_t inputs, outputs;
} nested_width;

static const float *output(const cdot_view *view, uint32_t place, uint32_t stride)
{
    return (const float *)view->section[VALUES] + (uint64_t)place * stride;
}

static uint32_t full_level(const cdot_view *view)
{
    return ((const nested_fields *)view->section[FIELDS])->below;
}

static int take_sections(cdot_reader *reader, cdot_view *view, const uint8_t *payload, uint64_t size,
                         void *workspace)
{
    if (cdot_read_header(reader, payload, size, FORMAT, sizeof(nested_fields)))
        return reader->error;
    cdot_fill_view(view, &nested_decoder, reader, workspace);
    const nested_fields *fields = cdot_take(reader, 1, sizeof *fields, 4);
    if (!fields)
        return reader->error;
    view->row_bytes = cdot_width(view->n - 1);
    view->section[FIELDS] = fields;
    view->section[VALUES] = cdot_take(reader, (uint64_t)view->n * view->m, 4, 16);
    view->section[ROW_ORDER] = cdot_take(reader, view->n, view->row_bytes, 4);
    view->section[COLUMN_ORDER] = cdot_take(reader, view->m, cdot_width(view->m - 1), 4);
    view->section[WIDTHS] = cdot_take(reader, fields->below + 1, sizeof(nested_width), 4);
    return cdot_finish(reader);
}

static int64_t workspace_bytes(const cdot_view *view)
{
    return ((int64_t)view->n + view->m) * (int64_t)sizeof(uint32_t);
}

static int64_t nested_workspace(const uint8_t *payload, uint64_t size)
{
    cdot_reader reader;
    cdot_view view;
    int error = take_sections(&reader, &view, payload, size, NULL);
    return error ? error : workspace_bytes(&view);
}

/* The workspace has the place of each original input, then that of each original output; all occur once. */
static int invert(const void *order, uint32_t count, uint32_t *places)
{
    uint32_t width = cdot_width(count - 1);
    if (cdot_check_indices(order, width, count, count))
        return CDOT_ROW;
    for (uint32_t i = 0; i < count; i++)
        places[i] = count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t original = cdot_index(order, width, i);
        if (places[original] != count)
            return CDOT_ROW;
        places[original] = i;
    }
    return CDOT_OK;
}

/* Levels rise in both widths, to the whole matrix. */
static int check_widths(const cdot_view *view)
{
    const nested_width *width = view->section[WIDTHS];
    uint32_t full = full_level(view);
    for (uint32_t level = 0; level < full; level++)
        if (width[level].inputs > width[level + 1].inputs || width[level].outputs > width[level + 1].outputs)
            return CDOT_POINTER;
    return width[full].inputs == view->n && width[full].outputs == view->m ? CDOT_OK : CDOT_POINTER;
}

static int nested_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                       uint64_t workspace_size)
{
    cdot_reader reader;
    int error = take_sections(&reader, view, payload, size, workspace);
    if (error)
        return error;
    if (workspace_size < (uint64_t)workspace_bytes(view))
        return CDOT_WORKSPACE;
    view->scratch_bytes = (uint64_t)(view->n > ENTRIES ? view->n : ENTRIES) * sizeof(float);
    if ((error = check_widths(view)) || (error = invert(view->section[ROW_ORDER], view->n, workspace)))
        return error;
    return invert(view->section[COLUMN_ORDER], view->m, (uint32_t *)workspace + view->n);
}

typedef struct {
    uint32_t column, end, row, piece_end;
    float *values;
} nested_cursor;

static void nested_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end,
                        void *scratch)
{
    (void)view;
    *(nested_cursor *)cursor = (nested_cursor){column, end, 0, 0, scratch};
}

/* The next ENTRIES rows of a column, brought into their original order. */
static int nested_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    nested_cursor *at = (nested_cursor *)cursor;
    if (at->column == at->end || view->n == 0)
        return 0;
    const uint32_t *row_place = view->workspace, *column_place = row_place + view->n;
    const float *from = output(view, column_place[at->column], view->n);
    at->piece_end = view->n - at->row < ENTRIES ? view->n - at->row : ENTRIES;
    for (uint32_t i = 0; i < at->piece_end; i++)
        at->values[i] = from[row_place[at->row + i]];
    *block = (cdot_block){at->column, 1, 0, at->row, &at->piece_end, NULL, at->values};
    at->row += at->piece_end;
    if (at->row == view->n) {
        at->row = 0;
        at->column++;
    }
    return 1;
}

/* A vector is brought into the payload's order, after which every output is a run; the rows of a batch are
 * loaded one by one anyway. Outputs are taken as they lie in memory, which prefetching follows; in the
 * order of columns each would be a jump. */
static int nested_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
                      uint32_t col_begin, uint32_t col_end, void *scratch)
{
    cdot_block block = {.segments = 1, .ends = &view->n, .rows = view->section[ROW_ORDER]};
    uint32_t width = cdot_width(view->m - 1);
    if (batch == 1 && ldx == 1 && ldy == 1) {
        const uint32_t *row_place = view->workspace;
        float *ordered = scratch;
        for (uint32_t i = 0; i < view->n; i++)
            ordered[row_place[i]] = x[i];
        x = ordered;
        block.rows = NULL;
    }
    for (uint32_t place = 0; place < view->m; place++) {
        block.column = cdot_index(view->section[COLUMN_ORDER], width, place);
        block.values = output(view, place, view->n);
        if (block.column - col_begin < col_end - col_begin)
            cdot_multiply(view, &block, x, ldx, y, ldy, batch);
    }
    return CDOT_OK;
}

/* By level: an output is a run of its first n inputs, and the next one starts a whole row later. */
static int level_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    nested_cursor *at = (nested_cursor *)cursor;
    const nested_width *width = view->section[WIDTHS];
    if (at->column == at->end || view->n == 0)
        return 0;
    const float *values = output(view, at->column, width[full_level(view)].inputs);
    *block = (cdot_block){at->column++, 1, 0, 0, &view->n, NULL, values};
    return 1;
}

int nested_by_level(cdot_view *view)
{
    if (view->decoder != &nested_decoder)
        return CDOT_FORMAT;
    view->decoder = &level_decoder;
    return CDOT_OK;
}

int nested_adapt(cdot_view *view, uint32_t level)
{
    if (view->decoder != &level_decoder)
        return CDOT_FORMAT;
    if (level > full_level(view))
        return CDOT_RANGE;
    const nested_width *width = (const nested_width *)view->section[WIDTHS] + level;
    view->n = width->inputs;
    view->m = width->outputs;
    return CDOT_OK;
}

const cdot_decoder nested_decoder = {
    .version = CDOT_VERSION,
    .workspace = nested_workspace,
    .open = nested_open,
    .seek = nested_seek,
    .next = nested_next,
    .dot = nested_dot,
};
static const cdot_decoder level_decoder = {
    .version = CDOT_VERSION,
    .seek = nested_seek,
    .next = level_next,
};
