/* dense and dense_s8: all entries in column order, float32, float16, bfloat16 or int8. Blocks point into the payload,
 * but for floats of 16 bits, which are widened into the scratch. */
#include "formats/dense/dense_dot.h"
#include "parts/narrow.h"

extern const cdot_decoder dense_decoder, dense_s8_decoder;

enum { FORMAT = 1, FORMAT_S8 = 32, COLUMNS = 64, HALVES = 4096 };

typedef struct {
    uint32_t column, end;
    uint32_t *ends;
    float *values; /* of 16 bits: HALVES, and how many rows of the column were shown already */
    uint32_t done;
} dense_cursor;

/* Behind the header that was read. */
static int dense_open_as(cdot_view *view, cdot_reader *reader, void *workspace, const cdot_decoder *decoder)
{
    if (reader->error)
        return reader->error;
    cdot_fill_view(view, decoder, reader, workspace);
    view->section[0] = cdot_take(reader, (uint64_t)view->n * view->m, cdot_value_bytes(view->value_type), 16);
    view->scratch_bytes = COLUMNS * sizeof(uint32_t);
    if (cdot_is_narrow(view->value_type))
        view->scratch_bytes += HALVES * sizeof(float);
    return cdot_finish(reader);
}

static int dense_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                      uint64_t workspace_size)
{
    cdot_reader reader;
    (void)workspace_size;
    cdot_read_header_of(&reader, payload, size, FORMAT, 0, CDOT_TAKES_FLOAT32 | CDOT_TAKES_NARROW);
    return dense_open_as(view, &reader, workspace, &dense_decoder);
}

static int dense_s8_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                         uint64_t workspace_size)
{
    cdot_reader reader;
    (void)workspace_size;
    cdot_read_header_s8(&reader, payload, size, FORMAT_S8, 0);
    int error = dense_open_as(view, &reader, workspace, &dense_s8_decoder);
#if defined(__ARM_FEATURE_MVE)
    if (!error)
        view->scratch_bytes += view->n; /* a vector of several */
#endif
    return error;
}

static void dense_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end,
                       void *scratch)
{
    dense_cursor *at = (dense_cursor *)cursor;
    (void)view;
    *at = (dense_cursor){column, end, scratch, (float *)((uint32_t *)scratch + COLUMNS), 0};
}

/* Whole columns of 16 bits as far as they fit, or the next HALVES rows of one that does not. Not inlined, so that
 * dense_next has no more registers to save than it uses. */
static __attribute__((noinline)) int dense_next_half(const cdot_view *view, dense_cursor *at, cdot_block *block)
{
    uint32_t n = view->n, columns = at->end - at->column;
    if (columns == 0 || n == 0)
        return 0;
    const uint16_t *from = (const uint16_t *)view->section[0] + (uint64_t)at->column * n + at->done;
    uint32_t fit = HALVES / n < COLUMNS ? HALVES / n : COLUMNS, count = n - at->done < HALVES ? n - at->done : HALVES;
    columns = fit == 0 ? 1 : columns < fit ? columns : fit;
    *block = (cdot_block){.column = at->column, .segments = columns, .row = at->done, .ends = at->ends};
    for (uint32_t k = 0; k < columns; k++)
        at->ends[k] = k * n + count;
    widen_narrow(view->value_type, from, at->ends[columns - 1], at->values);
    block->values = at->values;
    at->done = at->done + count < n ? at->done + count : 0;
    at->column += at->done ? 0 : columns;
    return 1;
}

static int dense_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    dense_cursor *at = (dense_cursor *)cursor;
    uint32_t columns = at->end - at->column, width = cdot_input_bytes(view->arithmetic);
    if (cdot_is_narrow(view->value_type))
        return dense_next_half(view, at, block);
    if (columns == 0 || view->n == 0)
        return 0;
    if (columns > COLUMNS)
        columns = COLUMNS;
    if (columns > INT32_MAX / view->n) /* ends are 32-bit */
        columns = INT32_MAX / view->n;
    for (uint32_t k = 0; k < columns; k++)
        at->ends[k] = (k + 1) * view->n;
    *block = (cdot_block){.column = at->column, .segments = columns, .ends = at->ends};
    block->values = (const uint8_t *)view->section[0] + (uint64_t)at->column * view->n * width;
    at->column += columns;
    return 1;
}

#if defined(__ARM_FEATURE_MVE)
#include "isa/helium/dense_s8.h"
#define FUSED_S8 dense_s8_dot
#else
#define FUSED_S8 NULL
#endif

const cdot_decoder dense_decoder = {
    .version = CDOT_VERSION,
    .open = dense_open,
    .seek = dense_seek,
    .next = dense_next,
    .dot = dense_dot,
};
const cdot_decoder dense_s8_decoder = {
    .version = CDOT_VERSION,
    .open = dense_s8_open,
    .seek = dense_seek,
    .next = dense_next,
    .dot_s8 = FUSED_S8,
};
