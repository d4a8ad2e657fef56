/* psr8: 8-bit row indices inside blocks of 256 rows; a presence bit for each block of a column, and a count
 * for each block that is present. */
#include "parts/counted.h"

extern const cdot_decoder psr8_decoder;

enum { FORMAT = 37, SPAN = 256 };
enum { ENDS, PRESENT, COUNTS, ROWS, VALUES };
enum { PARTS }; /* place.more: counts before the column */

typedef struct {
    uint32_t parts; /* blocks that hold something, of all columns */
} psr8_fields;

static inline uint32_t psr8_blocks(const cdot_view *view)
{
    return (view->n + SPAN - 1) / SPAN;
}

static inline int psr8_present(const cdot_view *view, uint32_t column, uint32_t block)
{
    uint64_t bit = (uint64_t)column * psr8_blocks(view) + block;
    return ((const uint8_t *)view->section[PRESENT])[bit >> 3] >> (bit & 7) & 1;
}

static int psr8_read(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace, uint32_t *parts)
{
    cdot_reader reader;
    if (cdot_read_header_s8(&reader, payload, size, FORMAT, sizeof(psr8_fields)))
        return reader.error;
    const psr8_fields *fields = cdot_take(&reader, 1, sizeof *fields, 4);
    if (!fields)
        return reader.error;
    cdot_fill_view(view, &psr8_decoder, &reader, workspace);
    *parts = fields->parts;
    view->section[ENDS] = cdot_take(&reader, view->m, 4, 4);
    view->section[PRESENT] = cdot_take(&reader, ((uint64_t)view->m * psr8_blocks(view) + 7) / 8, 1, 1);
    view->section[COUNTS] = cdot_take(&reader, *parts, 1, 1);
    view->section[ROWS] = cdot_take(&reader, view->nnz, 1, 1);
    view->section[VALUES] = cdot_take(&reader, view->nnz, 1, 1);
    if (view->nnz > INT32_MAX)
        return CDOT_LENGTH;
    return cdot_finish(&reader);
}

static int64_t psr8_workspace(const uint8_t *payload, uint64_t size)
{
    cdot_view view;
    uint32_t parts;
    int error = psr8_read(&view, payload, size, NULL, &parts);
    return error ? error : (int64_t)counted_workspace(view.m);
}

/* Counts of parts that add up to their columns', no row outside, and the places' numbers of parts. */
static int psr8_check(const cdot_view *view, counted_columns *columns, uint32_t parts)
{
    const uint8_t *counts = view->section[COUNTS], *rows = view->section[ROWS];
    uint32_t part = 0, position = 0;
    for (uint32_t column = 0; column < view->m; column++) {
        int64_t left = counted_entries(columns, column);
        if (column % CDOT_GROUP == 0)
            columns->places[column / CDOT_GROUP].more[PARTS] = part;
        for (uint32_t block = 0; block < psr8_blocks(view); block++) {
            if (!psr8_present(view, column, block))
                continue;
            if (part == parts || counts[part] >= left)
                return CDOT_POINTER;
            for (uint32_t end = position + counts[part] + 1; position < end; position++)
                if (block * SPAN + rows[position] >= view->n)
                    return CDOT_ROW;
            left -= counts[part++] + 1;
        }
        if (left)
            return CDOT_POINTER;
    }
    return part == parts ? CDOT_OK : CDOT_POINTER;
}

static int psr8_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                     uint64_t workspace_size)
{
    uint32_t parts;
    int error = psr8_read(view, payload, size, workspace, &parts);
    if (error)
        return error;
    if (workspace_size < counted_workspace(view->m))
        return CDOT_WORKSPACE;
    error = counted_open(view, workspace, view->section[ENDS], COUNTED_ENDS, (uint32_t)view->nnz,
                         view->section[VALUES]);
    return error ? error : psr8_check(view, workspace, parts);
}

static void psr8_step(const cdot_view *view, counted_place *place, uint32_t count, uint16_t *rows)
{
    const uint8_t *counts = view->section[COUNTS];
    const uint8_t *stored = (const uint8_t *)view->section[ROWS] + place->position;
    for (uint32_t block = 0; count; block++) {
        if (!psr8_present(view, place->column, block))
            continue;
        uint32_t part = counts[place->more[PARTS]++] + 1u;
        count -= part;
        for (uint32_t i = 0; rows && i < part; i++)
            *rows++ = (uint16_t)(block * SPAN + *stored++);
    }
}

static void psr8_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    counted_seek(view, cursor, column, end, scratch, psr8_step);
}

static int psr8_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    return counted_next(view, cursor, block, psr8_step);
}

#if defined(__ARM_FEATURE_MVE)
#include "isa/helium/psr8.h"
#define FUSED_S8 psr8_dot
#else
#define FUSED_S8 NULL
#endif

const cdot_decoder psr8_decoder = {
    .version = CDOT_VERSION,
    .workspace = psr8_workspace,
    .open = psr8_open,
    .seek = psr8_seek,
    .next = psr8_next,
    .weight = counted_weight,
    .dot_s8 = FUSED_S8,
};
