/* csc_palette: csc_min with indices into a codebook, bit-packed, in place of values. Rows are used where
 * they lie; values are decoded into the scratch. */
#include "parts/cut.h"
#include "parts/packed.h"

extern const cdot_decoder csc_palette_decoder;

enum { FORMAT = 8 };
enum { FIELDS, VALUES, POINTERS, ROWS, INDICES };

typedef struct {
    uint32_t symbols; /* entries of the codebook */
} csc_palette_fields;

static int csc_palette_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                            uint64_t workspace_size)
{
    cdot_reader reader;
    (void)workspace_size;
    if (cdot_read_header_any(&reader, payload, size, FORMAT, sizeof(csc_palette_fields)))
        return reader.error;
    const csc_palette_fields *fields = cdot_take(&reader, 1, sizeof *fields, 4);
    if (!fields)
        return reader.error;
    cdot_fill_view(view, &csc_palette_decoder, &reader, workspace);
    view->group = 1;
    if (view->n)
        view->row_bytes = cdot_width(view->n - 1);
    uint32_t width = packed_width(fields->symbols);
    view->section[FIELDS] = fields;
    view->section[VALUES] = cdot_take(&reader, fields->symbols, cdot_value_bytes(view->value_type), 4);
    view->section[POINTERS] = cdot_take(&reader, (uint64_t)view->m + 1, 4, 4);
    view->section[ROWS] = cdot_take(&reader, view->nnz, view->row_bytes, 4);
    view->section[INDICES] = cdot_take(&reader, packed_bytes(view->nnz, width), 1, 4);
    view->scratch_bytes = cut_scratch();
    int error = cdot_finish(&reader);
    if (!error)
        error = cdot_check_pointers(view->section[POINTERS], view->m, view->nnz);
    if (!error)
        error = cdot_check_indices(view->section[ROWS], view->row_bytes, view->nnz, view->n);
    return error ? error : packed_check(view->section[INDICES], width, view->nnz, fields->symbols);
}

static void csc_palette_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end,
                             void *scratch)
{
    (void)view;
    cut_seek(cursor, column, end, scratch);
}

static int csc_palette_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    cut_cursor *at = (cut_cursor *)cursor;
    const csc_palette_fields *fields = view->section[FIELDS];
    const uint32_t *pointers = view->section[POINTERS];
    if (at->column == at->end)
        return 0;
    uint64_t from = (uint64_t)pointers[at->column] + at->done;
    uint32_t count = cut_next(at, pointers, block);
    packed_values_of(view, view->section[INDICES], from, count, view->section[VALUES], fields->symbols, at->values);
    block->rows = (const uint8_t *)view->section[ROWS] + from * view->row_bytes;
    block->values = at->values;
    return 1;
}

static uint64_t csc_palette_weight(const cdot_view *view, uint32_t column)
{
    return ((const uint32_t *)view->section[POINTERS])[column];
}

const cdot_decoder csc_palette_decoder = {
    .version = CDOT_VERSION,
    .open = csc_palette_open,
    .seek = csc_palette_seek,
    .next = csc_palette_next,
    .weight = csc_palette_weight,
};
