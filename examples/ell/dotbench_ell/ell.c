/* ell: one block a column, pointing into the payload; padding adds 0 times x[0]. */
#include "core/payload.h"

extern const cdot_decoder ell_decoder;

typedef struct {
    uint32_t column, end;
} ell_cursor;

static int ell_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace, uint64_t room)
{
    cdot_reader reader;
    if (cdot_read_header(&reader, payload, size, 0x8001, 4))
        return reader.error;
    const uint32_t *width = cdot_take(&reader, 1, 4, 4);
    uint64_t stored = width ? (uint64_t)*width * reader.header.m : 0;
    cdot_fill_view(view, &ell_decoder, &reader, workspace);
    view->section[0] = width;
    view->section[1] = cdot_take(&reader, stored, 4, 4);
    view->section[2] = cdot_take(&reader, stored, 4, 4);
    (void)room; /* nothing to derive, so no workspace */
    return cdot_finish(&reader) ? cdot_finish(&reader) : cdot_check_indices(view->section[2], 4, stored, view->n);
}

static void ell_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    (void)view, (void)scratch;
    *(ell_cursor *)cursor = (ell_cursor){column, end};
}

static int ell_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    ell_cursor *at = (ell_cursor *)cursor;
    const uint32_t *width = view->section[0];
    if (at->column == at->end || *width == 0)
        return 0;
    *block = (cdot_block){.column = at->column, .segments = 1, .ends = width};
    block->values = (const float *)view->section[1] + (uint64_t)at->column * *width;
    block->rows = (const uint32_t *)view->section[2] + (uint64_t)at->column++ * *width;
    return 1;
}

const cdot_decoder ell_decoder = {
    .version = CDOT_VERSION,
    .open = ell_open,
    .seek = ell_seek,
    .next = ell_next,
};
