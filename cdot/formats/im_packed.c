/* im_packed: a codebook and one index of ceil(log2 K) bits per entry in column order. Blocks are runs of
 * decoded entries, as those of im.c; with AVX2 the product of one vector with a small codebook needs none. */
#include "core/multiply.h"
#include "parts/packed.h"
#include "parts/runs.h"

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

#ifdef PACKED_VECTORS
/* One vector, a codebook that fits into registers: ENTRIES rows at a time, their inputs in the scratch. */
static void im_packed_dot_one(const cdot_view *view, const float *x, float *y, uint32_t col_begin, uint32_t col_end,
                              float *inputs)
{
    const float *codebook = view->section[VALUES];
    const uint8_t *indices = view->section[INDICES];
    uint32_t symbols = ((const im_packed_fields *)view->section[FIELDS])->symbols, width = packed_width(symbols);
    uint64_t entries = (uint64_t)view->n * view->m;
    int zeros = codebook[0] == 0 && view->nnz < entries / 4; /* many, by the header's count */
    packed_spread spread = {.width = 0};
    palette table;
    palette_fill(&table, codebook, symbols);
    for (uint32_t row = 0, count; row < view->n; row += count) {
        count = view->n - row < ENTRIES ? view->n - row : ENTRIES;
        palette_order(x + row, count, inputs);
        for (uint32_t j = col_begin; j < col_end; j++) {
            uint64_t from = (uint64_t)j * view->n + row, bit = from * width;
            uint32_t steps = packed_steps(count, entries - from);
            packed_spread_at(&spread, indices, width, bit);
            y[j] += palette_sum(&table, packed_load, &spread, steps, inputs, zeros);
            for (uint32_t i = steps * PALETTE_STEP; i < count; i++)
                y[j] += codebook[packed_window(indices, bit + (uint64_t)i * width) & packed_mask(width)] * x[row + i];
        }
    }
}

static int im_packed_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
                         uint32_t col_begin, uint32_t col_end, void *scratch)
{
    uint32_t symbols = ((const im_packed_fields *)view->section[FIELDS])->symbols, width = packed_width(symbols);
    if (batch == 1 && ldx == 1 && ldy == 1 && width && palette_fits(view->section[VALUES], symbols)) {
        im_packed_dot_one(view, x, y, col_begin, col_end, scratch);
        return CDOT_OK;
    }
    return cdot_dot_blocks(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
}
#else
#define im_packed_dot NULL
#endif

const cdot_decoder im_packed_decoder = {
    .version = CDOT_VERSION,
    .open = im_packed_open,
    .seek = im_packed_seek,
    .next = im_packed_next,
    .dot = im_packed_dot,
};
