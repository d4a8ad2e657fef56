/* csc and csc_min: values, row indices, column pointers. Blocks point into the payload.
 * csc has 32-bit row indices, csc_min the smallest type that holds n - 1; all else is the same. */
#include "payload.h"

extern const cdot_decoder csc_decoder, csc_min_decoder;

enum { FORMAT_CSC = 2, FORMAT_CSC_MIN = 3 };
enum { VALUES, ROWS, POINTERS };

typedef struct {
    uint32_t column, end;
} csc_cursor;

static int csc_read(cdot_reader *reader, const uint8_t *payload, uint64_t size, uint16_t format,
                    const void *section[], uint32_t *row_bytes)
{
    if (cdot_read_header(reader, payload, size, format, 0))
        return reader->error;
    const cdot_header *header = &reader->header;
    *row_bytes = format == FORMAT_CSC || header->n == 0 ? 4 : cdot_width(header->n - 1);
    section[VALUES] = cdot_take(reader, header->nnz, 4, 4);
    section[POINTERS] = cdot_take(reader, (uint64_t)header->m + 1, 4, 4);
    section[ROWS] = cdot_take(reader, header->nnz, *row_bytes, 4);
    return cdot_finish(reader);
}

static int csc_open_as(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                       uint16_t format, const cdot_decoder *decoder)
{
    cdot_reader reader;
    const void *section[3];
    uint32_t row_bytes;
    if (csc_read(&reader, payload, size, format, section, &row_bytes))
        return reader.error;
    cdot_fill_view(view, decoder, &reader, workspace);
    view->row_bytes = row_bytes;
    for (int i = 0; i < 3; i++)
        view->section[i] = section[i];
    int error = cdot_check_pointers(section[POINTERS], view->m, view->nnz);
    return error ? error : cdot_check_indices(section[ROWS], row_bytes, view->nnz, view->n);
}

static void csc_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    csc_cursor *at = (csc_cursor *)cursor;
    (void)view;
    (void)scratch;
    *at = (csc_cursor){column, end};
}

static int csc_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    csc_cursor *at = (csc_cursor *)cursor;
    const uint32_t *pointers = view->section[POINTERS];
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

static int64_t csc_workspace(const uint8_t *payload, uint64_t size)
{
    cdot_reader reader;
    const void *section[3];
    uint32_t row_bytes;
    return csc_read(&reader, payload, size, FORMAT_CSC, section, &row_bytes);
}

static int csc_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                    uint64_t workspace_size)
{
    (void)workspace_size;
    return csc_open_as(view, payload, size, workspace, FORMAT_CSC, &csc_decoder);
}

static int64_t csc_min_workspace(const uint8_t *payload, uint64_t size)
{
    cdot_reader reader;
    const void *section[3];
    uint32_t row_bytes;
    return csc_read(&reader, payload, size, FORMAT_CSC_MIN, section, &row_bytes);
}

static int csc_min_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                        uint64_t workspace_size)
{
    (void)workspace_size;
    return csc_open_as(view, payload, size, workspace, FORMAT_CSC_MIN, &csc_min_decoder);
}

const cdot_decoder csc_decoder = {csc_workspace, csc_open, csc_seek, csc_next, csc_weight, NULL};
const cdot_decoder csc_min_decoder = {csc_min_workspace, csc_min_open, csc_seek,
                                      csc_next,          csc_weight,   NULL};
