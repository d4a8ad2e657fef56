/* csc and csc_min: values, row indices, column pointers. Blocks point into the payload, but for values of 16 bits,
 * which are widened into the scratch.
 * csc has 32-bit row indices, csc_min the smallest type that holds n - 1; all else is the same. */
#include "parts/cut.h"
#include "parts/narrow.h"

extern const cdot_decoder csc_decoder, csc_min_decoder;

enum { FORMAT_CSC = 2, FORMAT_CSC_MIN = 3 };
enum { VALUES, ROWS, POINTERS };

typedef struct {
    uint32_t column, end;
} csc_cursor;

static int csc_open_as(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                       uint16_t format, const cdot_decoder *decoder)
{
    cdot_reader reader;
    if (cdot_read_header_of(&reader, payload, size, format, 0, CDOT_TAKES_FLOAT32 | CDOT_TAKES_NARROW))
        return reader.error;
    cdot_fill_view(view, decoder, &reader, workspace);
    view->group = 1;
    if (format == FORMAT_CSC_MIN && view->n)
        view->row_bytes = cdot_width(view->n - 1);
    if (cdot_is_narrow(view->value_type))
        view->scratch_bytes = cut_scratch();
    view->section[VALUES] = cdot_take(&reader, view->nnz, cdot_value_bytes(view->value_type), 4);
    view->section[POINTERS] = cdot_take(&reader, (uint64_t)view->m + 1, 4, 4);
    view->section[ROWS] = cdot_take(&reader, view->nnz, view->row_bytes, 4);
    if (cdot_finish(&reader))
        return cdot_finish(&reader);
    int error = cdot_check_pointers(view->section[POINTERS], view->m, view->nnz);
    return error ? error : cdot_check_indices(view->section[ROWS], view->row_bytes, view->nnz, view->n);
}

static void csc_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    csc_cursor *at = (csc_cursor *)cursor;
    if (cdot_is_narrow(view->value_type))
        cut_seek(cursor, column, end, scratch);
    else
        *at = (csc_cursor){column, end};
}

/* Not inlined, so that csc_next has no more registers to save than it uses. */
static __attribute__((noinline)) int csc_next_half(const cdot_view *view, cut_cursor *at, cdot_block *block)
{
    const uint32_t *pointers = view->section[POINTERS];
    if (at->column == at->end)
        return 0;
    uint64_t from = (uint64_t)pointers[at->column] + at->done;
    uint32_t count = cut_next(at, pointers, block);
    widen_narrow(view->value_type, (const uint16_t *)view->section[VALUES] + from, count, at->values);
    block->rows = (const uint8_t *)view->section[ROWS] + from * view->row_bytes;
    block->values = at->values;
    return 1;
}

static int csc_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    csc_cursor *at = (csc_cursor *)cursor;
    const uint32_t *pointers = view->section[POINTERS];
    if (cdot_is_narrow(view->value_type))
        return csc_next_half(view, (cut_cursor *)cursor, block);
    if (at->column == at->end)
        return 0;
    *block = (cdot_block){.column = at->column, .segments = at->end - at->column};
    block->begin = pointers[at->column];
    block->ends = pointers + at->column + 1;
    block->rows = view->section[ROWS];
    block->values = view->section[VALUES];
    at->column = at->end;
    return 1;
}

static uint64_t csc_weight(const cdot_view *view, uint32_t column)
{
    return ((const uint32_t *)view->section[POINTERS])[column];
}

static int csc_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                    uint64_t workspace_size)
{
    (void)workspace_size;
    return csc_open_as(view, payload, size, workspace, FORMAT_CSC, &csc_decoder);
}

static int csc_min_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                        uint64_t workspace_size)
{
    (void)workspace_size;
    return csc_open_as(view, payload, size, workspace, FORMAT_CSC_MIN, &csc_min_decoder);
}

const cdot_decoder csc_decoder = {
    .version = CDOT_VERSION,
    .open = csc_open,
    .seek = csc_seek,
    .next = csc_next,
    .weight = csc_weight,
};
const cdot_decoder csc_min_decoder = {
    .version = CDOT_VERSION,
    .open = csc_min_open,
    .seek = csc_seek,
    .next = csc_next,
    .weight = csc_weight,
};
