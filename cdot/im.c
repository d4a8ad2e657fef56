/* im: a codebook and one index per entry in column order. Blocks are runs of decoded entries. */
#include "runs.h"

extern const cdot_decoder im_decoder;

enum { FORMAT = 4, ENTRIES = 4096 };
enum { FIELDS, VALUES, INDICES };

typedef struct {
    uint32_t symbols; /* entries of the codebook */
} im_fields;

typedef struct {
    runs_cursor run;
    float *values;
    uint32_t *ends;
} im_cursor;

static int im_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                   uint64_t workspace_size)
{
    cdot_reader reader;
    (void)workspace_size;
    if (cdot_read_header(&reader, payload, size, FORMAT, sizeof(im_fields)))
        return reader.error;
    const im_fields *fields = cdot_take(&reader, 1, sizeof *fields, 4);
    if (!fields)
        return reader.error;
    cdot_fill_view(view, &im_decoder, &reader, workspace);
    uint64_t entries = (uint64_t)view->n * view->m;
    uint32_t width = cdot_width(fields->symbols);
    view->section[FIELDS] = fields;
    view->section[VALUES] = cdot_take(&reader, fields->symbols, 4, 4);
    view->section[INDICES] = cdot_take(&reader, entries, width, 4);
    view->scratch_bytes = ENTRIES * sizeof(float) + RUNS_COLUMNS * sizeof(uint32_t);
    if (cdot_finish(&reader))
        return cdot_finish(&reader);
    return cdot_check_indices(view->section[INDICES], width, entries, fields->symbols);
}

static void im_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    im_cursor *at = (im_cursor *)cursor;
    float *values = scratch;
    (void)view;
    *at = (im_cursor){{column, end, 0}, values, (uint32_t *)(values + ENTRIES)};
}

/* One loop an index width, so that each keeps its own load. */
static void im_look_up(const cdot_view *view, uint64_t from, uint32_t count, float *out)
{
    const float *codebook = view->section[VALUES];
    uint32_t width = cdot_width(((const im_fields *)view->section[FIELDS])->symbols);
    if (width == 1) {
        const uint8_t *indices = (const uint8_t *)view->section[INDICES] + from;
        for (uint32_t i = 0; i < count; i++)
            out[i] = codebook[indices[i]];
    } else if (width == 2) {
        const uint16_t *indices = (const uint16_t *)view->section[INDICES] + from;
        for (uint32_t i = 0; i < count; i++)
            out[i] = codebook[indices[i]];
    } else {
        const uint32_t *indices = (const uint32_t *)view->section[INDICES] + from;
        for (uint32_t i = 0; i < count; i++)
            out[i] = codebook[indices[i]];
    }
}

static int im_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    im_cursor *at = (im_cursor *)cursor;
    uint64_t from;
    if (!runs_next(view, &at->run, ENTRIES, at->ends, block, &from))
        return 0;
    block->values = at->values;
    im_look_up(view, from, at->ends[block->segments - 1], at->values);
    return 1;
}

const cdot_decoder im_decoder = {NULL, im_open, im_seek, im_next, NULL, NULL, NULL};
