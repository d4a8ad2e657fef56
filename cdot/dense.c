/* dense: all entries in column order. Blocks point into the payload. */
#include "payload.h"

extern const cdot_decoder dense_decoder;

enum { FORMAT = 1, COLUMNS = 64 };

typedef struct {
    uint32_t column, end;
    uint32_t *ends;
} dense_cursor;

static int dense_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                      uint64_t workspace_size)
{
    cdot_reader reader;
    (void)workspace_size;
    if (cdot_read_header(&reader, payload, size, FORMAT, 0))
        return reader.error;
    cdot_fill_view(view, &dense_decoder, &reader, workspace);
    view->section[0] = cdot_take(&reader, (uint64_t)view->n * view->m, 4, 16);
    view->scratch_bytes = COLUMNS * sizeof(uint32_t);
    return cdot_finish(&reader);
}

static void dense_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end,
                       void *scratch)
{
    dense_cursor *at = (dense_cursor *)cursor;
    (void)view;
    *at = (dense_cursor){column, end, scratch};
}

static int dense_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    dense_cursor *at = (dense_cursor *)cursor;
    uint32_t columns = at->end - at->column;
    if (columns == 0 || view->n == 0)
        return 0;
    if (columns > COLUMNS)
        columns = COLUMNS;
    if (columns > INT32_MAX / view->n) /* ends are 32-bit */
        columns = INT32_MAX / view->n;
    for (uint32_t k = 0; k < columns; k++)
        at->ends[k] = (k + 1) * view->n;
    *block = (cdot_block){.column = at->column, .segments = columns, .ends = at->ends};
    block->values = (const float *)view->section[0] + (uint64_t)at->column * view->n;
    at->column += columns;
    return 1;
}

const cdot_decoder dense_decoder = {NULL, dense_open, dense_seek, dense_next, NULL, NULL, NULL};
