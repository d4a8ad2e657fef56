/* csr16: int8 values, 16-bit row indices, a 16-bit count for each column. Blocks point into the payload. */
#include "parts/counted.h"

extern const cdot_decoder csr16_decoder;

enum { FORMAT = 33 };
enum { COUNTS, ROWS, VALUES };

static int csr16_read(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace)
{
    cdot_reader reader;
    if (cdot_read_header_s8(&reader, payload, size, FORMAT, 0))
        return reader.error;
    cdot_fill_view(view, &csr16_decoder, &reader, workspace);
    view->section[COUNTS] = cdot_take(&reader, view->m, 2, 2);
    view->section[ROWS] = cdot_take(&reader, view->nnz, 2, 2);
    view->section[VALUES] = cdot_take(&reader, view->nnz, 1, 1);
    if (view->nnz > INT32_MAX)
        return CDOT_LENGTH;
    return cdot_finish(&reader);
}

static int64_t csr16_workspace(const uint8_t *payload, uint64_t size)
{
    cdot_view view;
    int error = csr16_read(&view, payload, size, NULL);
    return error ? error : (int64_t)counted_workspace(view.m);
}

static int csr16_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                      uint64_t workspace_size)
{
    int error = csr16_read(view, payload, size, workspace);
    if (error)
        return error;
    if (workspace_size < counted_workspace(view->m))
        return CDOT_WORKSPACE;
    error = counted_open(view, workspace, view->section[COUNTS], COUNTED_U16, (uint32_t)view->nnz,
                         view->section[VALUES]);
    view->scratch_bytes = COUNTED_SEGMENTS * sizeof(uint32_t); /* rows lie in the payload */
    return error ? error : cdot_check_indices(view->section[ROWS], 2, view->nnz, view->n);
}

/* Nothing runs along with the entries, and rows are not written. */
static void csr16_step(const cdot_view *view, counted_place *place, uint32_t count, uint16_t *rows)
{
    (void)view;
    (void)place;
    (void)count;
    (void)rows;
}

static void csr16_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    counted_seek(view, cursor, column, end, scratch, csr16_step);
}

static int csr16_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    uint32_t position = ((counted_cursor *)cursor)->place.position;
    if (!counted_next(view, cursor, block, csr16_step))
        return 0;
    block->rows = (const uint16_t *)view->section[ROWS] + position;
    return 1;
}

#if defined(__ARM_FEATURE_MVE)
#include "isa/helium/csr16.h"
#define FUSED_S8 csr16_dot
#else
#define FUSED_S8 NULL
#endif

const cdot_decoder csr16_decoder = {
    .version = CDOT_VERSION,
    .workspace = csr16_workspace,
    .open = csr16_open,
    .seek = csr16_seek,
    .next = csr16_next,
    .weight = counted_weight,
    .dot_s8 = FUSED_S8,
};
