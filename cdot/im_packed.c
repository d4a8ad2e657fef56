/* im_packed: a codebook and one index of ceil(log2 K) bits per entry in column order. Blocks are runs of
 * decoded entries, as those of im.c. */
#include "packed.h"
#include "runs.h"

extern const cdot_decoder im_packed_decoder;

enum { FORMAT = 9, ENTRIES = 4096 };
enum { FIELDS, VALUES, INDICES };

typedef struct {
    uint32_t symbols; /* entries of the codebook */
} im_packed_fields;

typedef struct {
    runs_cursor run;
    float *values;
    uint32_t *ends;
} im_packed_cursor;

static int im_packed_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                          uint64_t workspace_size)
{
    cdot_reader reader;
    (void)workspace_size;
    if (cdot_read_header(&reader, payload, size, FORMAT, sizeof(im_packed_fields)))
        return reader.error;
    const im_packed_fields *fields = cdot_take(&reader, 1, sizeof *fields, 4);
    if (!fields)
        return reader.error;
    cdot_fill_view(view, &im_packed_decoder, &reader, workspace);
    uint64_t entries = (uint64_t)view->n * view->m;
    uint32_t width = packed_width(fields->symbols);
    view->section[FIELDS] = fields;
    view->section[VALUES] = cdot_take(&reader, fields->symbols, 4, 4);
    view->section[INDICES] = cdot_take(&reader, packed_bytes(entries, width), 1, 4);
    view->scratch_bytes = ENTRIES * sizeof(float) + RUNS_COLUMNS * sizeof(uint32_t);
    if (cdot_finish(&reader))
        return cdot_finish(&reader);
    return packed_check(view->section[INDICES], width, entries, fields->symbols);
}

static void im_packed_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end,
                           void *scratch)
{
    im_packed_cursor *at = (im_packed_cursor *)cursor;
    float *values = scratch;
    (void)view;
    *at = (im_packed_cursor){{column, end, 0}, values, (uint32_t *)(values + ENTRIES)};
}

static int im_packed_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    im_packed_cursor *at = (im_packed_cursor *)cursor;
    const im_packed_fields *fields = view->section[FIELDS];
    uint64_t from;
    if (!runs_next(view, &at->run, ENTRIES, at->ends, block, &from))
        return 0;
    packed_values(view->section[INDICES], from, at->ends[block->segments - 1], view->section[VALUES],
                  fields->symbols, at->values);
    block->values = at->values;
    return 1;
}

const cdot_decoder im_packed_decoder = {NULL, im_packed_open, im_packed_seek, im_packed_next, NULL, NULL, NULL};
