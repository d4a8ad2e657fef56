/* im: a codebook and one index per entry in column order. Blocks are runs of decoded entries. With AVX2, blocks of a
 * matrix of mostly zeros have the rows and values of the others, and the product of one vector with a codebook that
 * fits into registers needs no blocks. (Without, to find nonzeros takes longer than to look everything up.) */
#include "core/multiply.h"
#include "parts/runs.h"

#if defined(__AVX2__) && defined(__FMA__)
#define IM_VECTORS 1
#include "isa/avx2/im.h"
#endif

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
    uint8_t *rows; /* behind the values; NULL: every entry is looked up */
    uint64_t entries; /* of a block, at the most */
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
    view->row_bytes = view->n <= 1 << 16 ? 2 : 4;
    view->scratch_bytes = ENTRIES * sizeof(float) + RUNS_COLUMNS * sizeof(uint32_t);
    if (cdot_finish(&reader))
        return cdot_finish(&reader);
    return cdot_check_indices(view->section[INDICES], width, entries, fields->symbols);
}

#ifdef IM_VECTORS
/* Whether it pays to look for nonzeros: bytes as indices, 0 the zero's, and few others by the header's count.
 * Were that wrong, the product would still be right. */
static int im_is_sparse(const cdot_view *view)
{
    const im_fields *fields = view->section[FIELDS];
    const float *codebook = view->section[VALUES];
    return fields->symbols && cdot_width(fields->symbols) == 1 && codebook[0] == 0 &&
           view->nnz < (uint64_t)view->n * view->m / 4;
}

/* Entries of a block whose rows share the memory of the values. */
static uint32_t im_entries(const cdot_view *view)
{
    return ENTRIES * sizeof(float) / (sizeof(float) + view->row_bytes) - ONES_STEP;
}
#endif

static void im_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    im_cursor *at = (im_cursor *)cursor;
    float *values = scratch;
    *at = (im_cursor){{column, end, 0}, values, (uint32_t *)(values + ENTRIES), NULL, ENTRIES};
    (void)view;
#ifdef IM_VECTORS
    if (im_is_sparse(view)) {
        at->entries = im_entries(view);
        at->rows = (uint8_t *)(values + at->entries);
    }
#endif
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

#ifdef IM_VECTORS
/* The nonzeros of a block's run of entries, the first of them entry `from` of the matrix. */
static void im_find(const cdot_view *view, im_cursor *at, uint64_t from, cdot_block *block)
{
    const uint8_t *indices = (const uint8_t *)view->section[INDICES] + from;
    const float *codebook = view->section[VALUES];
    uint32_t begin = 0, row = block->row;
    size_t ones = 0;
    for (uint32_t k = 0; k < block->segments; k++, row = 0) {
        uint32_t count = at->ends[k] - begin;
        if (view->row_bytes == 2)
            ones += im_nonzeros(indices + begin, count, row, codebook, at->rows + 2 * ones, at->values + ones, 2);
        else
            ones += im_nonzeros(indices + begin, count, row, codebook, at->rows + 4 * ones, at->values + ones, 4);
        begin = at->ends[k];
        at->ends[k] = (uint32_t)ones;
    }
    block->rows = at->rows;
}
#endif

static int im_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    im_cursor *at = (im_cursor *)cursor;
    uint64_t from;
    if (!runs_next(view, &at->run, (uint32_t)at->entries, at->ends, block, &from))
        return 0;
    block->values = at->values;
#ifdef IM_VECTORS
    if (at->rows)
        im_find(view, at, from, block);
    else
#endif
        im_look_up(view, from, at->ends[block->segments - 1], at->values);
    return 1;
}

#ifdef IM_VECTORS
/* One vector, a codebook that fits into registers: ENTRIES rows at a time, their inputs in the scratch. */
static void im_dot_one(const cdot_view *view, const float *x, float *y, uint32_t col_begin, uint32_t col_end,
                       float *inputs)
{
    const float *codebook = view->section[VALUES];
    const uint8_t *indices = view->section[INDICES];
    int zeros = im_is_sparse(view);
    palette table;
    palette_fill(&table, codebook, ((const im_fields *)view->section[FIELDS])->symbols);
    for (uint32_t row = 0, count; row < view->n; row += count) {
        count = view->n - row < ENTRIES ? view->n - row : ENTRIES;
        palette_order(x + row, count, inputs);
        for (uint32_t j = col_begin; j < col_end; j++)
            y[j] += im_sum(&table, indices + (size_t)j * view->n + row, count, codebook, inputs, zeros);
    }
}

static int im_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
                  uint32_t col_begin, uint32_t col_end, void *scratch)
{
    uint32_t symbols = ((const im_fields *)view->section[FIELDS])->symbols;
    if (batch == 1 && ldx == 1 && ldy == 1 && palette_fits(view->section[VALUES], symbols)) {
        im_dot_one(view, x, y, col_begin, col_end, scratch);
        return CDOT_OK;
    }
    return cdot_dot_blocks(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
}
#else
#define im_dot NULL
#endif

const cdot_decoder im_decoder = {
    .version = CDOT_VERSION,
    .open = im_open,
    .seek = im_seek,
    .next = im_next,
    .dot = im_dot,
};
