/* bsr: nonzero blocks of 4, 8 or 16 rows and columns, in columns of blocks (scipy's BSR of W transposed).
 *
 * A block is a few short dot products with the same run of x, so the product has a kernel of its own
 * (bsr_dot.c); blocks for everybody else are copied into the scratch, a column of W at a time. */
#include "formats/bsr/bsr.h"

extern const cdot_decoder bsr_decoder;

enum { FORMAT = 11, ENTRIES = 2048, SEGMENTS = 256 };

typedef struct {
    uint32_t column, end;
    uint32_t block; /* the next one of this column */
    uint32_t reserved;
    float *values;
    uint32_t *rows, *ends;
} bsr_cursor;

static int bsr_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                    uint64_t workspace_size)
{
    cdot_reader reader;
    (void)workspace_size;
    if (cdot_read_header(&reader, payload, size, FORMAT, sizeof(bsr_fields)))
        return reader.error;
    const bsr_fields *fields = cdot_take(&reader, 1, sizeof *fields, 4);
    if (!fields)
        return reader.error;
    if (fields->block != 4 && fields->block != 8 && fields->block != 16)
        return CDOT_LENGTH;
    cdot_fill_view(view, &bsr_decoder, &reader, workspace);
    uint32_t block = fields->block;
    view->section[BSR_FIELDS] = fields;
    view->section[BSR_VALUES] = cdot_take(&reader, (uint64_t)fields->count * block * block, 4, 64);
    view->section[BSR_INDICES] = cdot_take(&reader, fields->count, 4, 4);
    view->section[BSR_POINTERS] = cdot_take(&reader, (uint64_t)bsr_up(view->m, block) + 1, 4, 4);
    view->scratch_bytes = ENTRIES * (sizeof(float) + sizeof(uint32_t)) + SEGMENTS * sizeof(uint32_t);
    if (cdot_finish(&reader))
        return cdot_finish(&reader);
    if (view->nnz > (uint64_t)fields->count * block * block)
        return CDOT_LENGTH;
    int error = cdot_check_pointers(view->section[BSR_POINTERS], bsr_up(view->m, block), fields->count);
    return error ? error
                 : cdot_check_indices(view->section[BSR_INDICES], 4, fields->count, bsr_up(view->n, block));
}

static uint32_t bsr_first(const cdot_view *view, uint32_t column)
{
    const bsr_fields *fields = view->section[BSR_FIELDS];
    return ((const uint32_t *)view->section[BSR_POINTERS])[column / fields->block];
}

static void bsr_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    bsr_cursor *at = (bsr_cursor *)cursor;
    float *values = scratch;
    uint32_t *rows = (uint32_t *)(values + ENTRIES);
    *at = (bsr_cursor){column, end, 0, 0, values, rows, rows + ENTRIES};
    if (column < end)
        at->block = bsr_first(view, column);
}

/* Copies a column of a block; returns its entries, fewer than its rows where the matrix ends in it. */
static uint32_t bsr_copy(const cdot_view *view, uint32_t block, uint32_t column, float *values, uint32_t *rows)
{
    uint32_t size = ((const bsr_fields *)view->section[BSR_FIELDS])->block;
    uint32_t row = ((const uint32_t *)view->section[BSR_INDICES])[block] * size;
    uint32_t count = view->n - row < size ? view->n - row : size;
    const float *all = view->section[BSR_VALUES], *from = all + ((size_t)block * size + column % size) * size;
    memcpy(values, from, count * sizeof *values);
    for (uint32_t i = 0; i < count; i++)
        rows[i] = row + i;
    return count;
}

/* As many whole columns as fit, or the next blocks of one that does not. */
static int bsr_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    bsr_cursor *at = (bsr_cursor *)cursor;
    const bsr_fields *fields = view->section[BSR_FIELDS];
    const uint32_t *pointers = view->section[BSR_POINTERS];
    uint32_t fill = 0, segments = 0, most = ENTRIES / fields->block;
    if (at->column == at->end)
        return 0;
    *block = (cdot_block){.column = at->column, .ends = at->ends, .rows = at->rows, .values = at->values};
    while (at->column < at->end && segments < SEGMENTS) {
        uint32_t stop = pointers[at->column / fields->block + 1], left = stop - at->block;
        uint32_t room = (ENTRIES - fill) / fields->block;
        if (left > room && segments)
            break;
        for (uint32_t b = 0; b < left && b < most; b++)
            fill += bsr_copy(view, at->block + b, at->column, at->values + fill, at->rows + fill);
        at->ends[segments++] = fill;
        if (left > most) {
            at->block += most;
            break;
        }
        at->column++;
        if (at->column < at->end)
            at->block = bsr_first(view, at->column);
    }
    block->segments = segments;
    return 1;
}

static uint64_t bsr_weight(const cdot_view *view, uint32_t column)
{
    const bsr_fields *fields = view->section[BSR_FIELDS];
    return ((const uint32_t *)view->section[BSR_POINTERS])[bsr_up(column, fields->block)];
}

const cdot_decoder bsr_decoder = {
    .version = CDOT_VERSION,
    .open = bsr_open,
    .seek = bsr_seek,
    .next = bsr_next,
    .weight = bsr_weight,
    .dot = bsr_dot,
};
