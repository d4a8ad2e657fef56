/* A format for tests of the contract: payloads of `dense`, multiplied in double. `prepare` widens x, and counts how
 * often it is called; `dot` and `column` read what it made. */
#include "core/payload.h"

extern const cdot_decoder doubled_decoder;
extern _Atomic uint32_t doubled_calls;
_Atomic uint32_t doubled_calls;

typedef struct {
    uint32_t column, end;
} doubled_cursor;

static int doubled_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                        uint64_t workspace_size)
{
    cdot_reader reader;
    (void)workspace_size;
    cdot_read_header(&reader, payload, size, 1, 0);
    if (reader.error)
        return reader.error;
    cdot_fill_view(view, &doubled_decoder, &reader, workspace);
    view->section[0] = cdot_take(&reader, (uint64_t)view->n * view->m, sizeof(float), 16);
    view->prepared_bytes = view->n * sizeof(double);
    return cdot_finish(&reader);
}

static void doubled_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    (void)view;
    (void)scratch;
    *(doubled_cursor *)cursor = (doubled_cursor){column, end};
}

static int doubled_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    doubled_cursor *at = (doubled_cursor *)cursor;
    if (at->column == at->end || view->n == 0)
        return 0;
    *block = (cdot_block){.column = at->column, .segments = 1, .ends = &view->n};
    block->values = (const float *)view->section[0] + (uint64_t)at->column++ * view->n;
    return 1;
}

static int doubled_prepare(const cdot_view *view, const void *x, size_t ldx, size_t batch, void *prepared)
{
    const float *from = x;
    double *wide = prepared;
    for (uint32_t i = 0; i < view->n; i++)
        for (size_t b = 0; b < batch; b++)
            wide[i * batch + b] = from[i * ldx + b];
    doubled_calls++;
    return view->n && from[0] == -1 ? CDOT_RANGE : CDOT_OK; /* an error of its own, to see where it ends */
}

static float sum(const cdot_view *view, uint32_t column, size_t batch, size_t b)
{
    const float *values = (const float *)view->section[0] + (uint64_t)column * view->n;
    const double *wide = view->prepared;
    double total = 0;
    for (uint32_t i = 0; i < view->n; i++)
        total += values[i] * wide[i * batch + b];
    return (float)total;
}

static int doubled_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
                       uint32_t col_begin, uint32_t col_end, void *scratch)
{
    (void)x;
    (void)ldx;
    (void)scratch;
    for (uint32_t j = col_begin; j < col_end; j++)
        for (size_t b = 0; b < batch; b++)
            y[j * ldy + b] = sum(view, j, batch, b);
    return CDOT_OK;
}

static int doubled_column(const cdot_view *view, const void *x, uint32_t column, void *y, void *scratch)
{
    (void)x;
    (void)scratch;
    ((float *)y)[column] = sum(view, column, 1, 0);
    return CDOT_OK;
}

const cdot_decoder doubled_decoder = {
    .version = CDOT_VERSION,
    .open = doubled_open,
    .seek = doubled_seek,
    .next = doubled_next,
    .dot = doubled_dot,
    .prepare = doubled_prepare,
    .column = doubled_column,
};
