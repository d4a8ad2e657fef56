/* bcsr2x2: blocks of two outputs by two inputs that hold a nonzero, 16-bit block indices, 32-bit ends. */
#include "core/payload.h"

#include <string.h>

extern const cdot_decoder bcsr2x2_decoder;

enum { FORMAT = 34, BLOCK = 4, ENTRIES = 1024, MOST_ROWS = 65535 };
enum { ENDS, BLOCKS, VALUES };

typedef struct {
    uint32_t blocks;
} bcsr2x2_fields;

typedef struct {
    uint32_t column, end;
    uint32_t done; /* blocks of the column that were shown already: it has more than fit */
    uint32_t reserved;
    uint32_t *ends;
    uint16_t *rows;
    int8_t *values;
} bcsr2x2_cursor;
_Static_assert(sizeof(bcsr2x2_cursor) <= sizeof(cdot_cursor), "the cursor has no room");

static int bcsr2x2_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                        uint64_t workspace_size)
{
    cdot_reader reader;
    (void)workspace_size;
    if (cdot_read_header_s8(&reader, payload, size, FORMAT, sizeof(bcsr2x2_fields)))
        return reader.error;
    const bcsr2x2_fields *fields = cdot_take(&reader, 1, sizeof *fields, 4);
    if (!fields)
        return reader.error;
    cdot_fill_view(view, &bcsr2x2_decoder, &reader, workspace);
    uint32_t lines = (view->m + 1) / 2, before = 0;
    const uint32_t *ends = view->section[ENDS] = cdot_take(&reader, lines, 4, 4);
    view->section[BLOCKS] = cdot_take(&reader, fields->blocks, 2, 2);
    view->section[VALUES] = cdot_take(&reader, fields->blocks, BLOCK, 1);
    view->row_bytes = 2;
    view->scratch_bytes = sizeof(uint32_t) + ENTRIES * (sizeof(uint16_t) + 1);
    if (cdot_finish(&reader))
        return cdot_finish(&reader);
    if (view->n > MOST_ROWS)
        return CDOT_LENGTH;
    for (uint32_t line = 0; line < lines; line++) {
        if (ends[line] < before)
            return CDOT_POINTER;
        before = ends[line];
    }
    if (before != fields->blocks)
        return CDOT_POINTER;
    return cdot_check_indices(view->section[BLOCKS], 2, fields->blocks, (view->n + 1) / 2);
}

static void bcsr2x2_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end,
                         void *scratch)
{
    bcsr2x2_cursor *at = (bcsr2x2_cursor *)cursor;
    (void)view;
    *at = (bcsr2x2_cursor){.column = column, .end = end, .ends = scratch};
    at->rows = (uint16_t *)(at->ends + 1);
    at->values = (int8_t *)(at->rows + ENTRIES);
}

/* A column, or the next ENTRIES of one that has more. The row behind an odd number of rows is padding: its
 * entry becomes a zero in a row that there is. */
static int bcsr2x2_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    bcsr2x2_cursor *at = (bcsr2x2_cursor *)cursor;
    if (at->column == at->end)
        return 0;
    const uint32_t *ends = view->section[ENDS];
    uint32_t line = at->column / 2, first = (line ? ends[line - 1] : 0) + at->done;
    uint32_t left = ends[line] - first, count = left < ENTRIES / 2 ? left : ENTRIES / 2, entry = 0;
    const int8_t *values = (const int8_t *)view->section[VALUES] + (uint64_t)first * BLOCK + at->column % 2 * 2;
    for (const uint16_t *from = (const uint16_t *)view->section[BLOCKS] + first; entry < 2 * count; values += BLOCK) {
        uint32_t row = 2u * *from++, padding = row + 1 == view->n;
        at->rows[entry] = (uint16_t)row;
        at->values[entry++] = values[0];
        at->rows[entry] = (uint16_t)(row + 1 - padding);
        at->values[entry++] = padding ? 0 : values[1];
    }
    *block = (cdot_block){.column = at->column, .segments = 1, .ends = at->ends, .rows = at->rows};
    block->values = at->values;
    at->ends[0] = entry;
    at->done = count < left ? at->done + count : 0;
    at->column += count == left;
    return 1;
}

static uint64_t bcsr2x2_weight(const cdot_view *view, uint32_t column)
{
    return column < 2 ? 0 : ((const uint32_t *)view->section[ENDS])[(column + 1) / 2 - 1];
}

const cdot_decoder bcsr2x2_decoder = {
    .version = CDOT_VERSION,
    .open = bcsr2x2_open,
    .seek = bcsr2x2_seek,
    .next = bcsr2x2_next,
    .weight = bcsr2x2_weight,
};
