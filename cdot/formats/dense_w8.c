/* dense_w8: all entries in column order as int8, with a scale for each column. Blocks are runs of consecutive rows,
 * scaled into the scratch; with AVX2, sums of whole numbers times inputs are scaled at the end of a column. */
#include "core/multiply.h"
#include "core/payload.h"
#include "parts/runs.h"

#if defined(__AVX2__) && defined(__FMA__)
#include "isa/avx2/tiles.h"
#include <math.h>
#endif

extern const cdot_decoder dense_w8_decoder;

enum { FORMAT = 71, ENTRIES = 4096 };
enum { VALUES, SCALES };

typedef struct {
    runs_cursor run;
    float *values;
    uint32_t *ends;
} dense_w8_cursor;

static int dense_w8_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                         uint64_t workspace_size)
{
    cdot_reader reader;
    (void)workspace_size;
    if (cdot_read_header(&reader, payload, size, FORMAT, 0))
        return reader.error;
    cdot_fill_view(view, &dense_w8_decoder, &reader, workspace);
    view->section[VALUES] = cdot_take(&reader, (uint64_t)view->n * view->m, 1, 16);
    view->section[SCALES] = cdot_take(&reader, view->m, sizeof(float), 4);
    view->scratch_bytes = ENTRIES * sizeof(float) + RUNS_COLUMNS * sizeof(uint32_t);
    return cdot_finish(&reader);
}

static inline float dense_w8_scale(const cdot_view *view, uint32_t column)
{
    return ((const float *)view->section[SCALES])[column];
}

static inline const int8_t *dense_w8_place(const cdot_view *view, uint32_t column, uint32_t row)
{
    return (const int8_t *)view->section[VALUES] + (uint64_t)column * view->n + row;
}

static void dense_w8_widen(const cdot_view *view, uint32_t column, uint32_t row, uint32_t count, float *out)
{
    const int8_t *at = dense_w8_place(view, column, row);
    float scale = dense_w8_scale(view, column);
    for (uint32_t i = 0; i < count; i++)
        out[i] = (float)at[i] * scale;
}

static void dense_w8_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    float *values = scratch;
    (void)view;
    *(dense_w8_cursor *)cursor = (dense_w8_cursor){{column, end, 0}, values, (uint32_t *)(values + ENTRIES)};
}

static int dense_w8_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    dense_w8_cursor *at = (dense_w8_cursor *)cursor;
    uint64_t from;
    uint32_t done = 0;
    if (!runs_next(view, &at->run, ENTRIES, at->ends, block, &from))
        return 0;
    for (uint32_t k = 0; k < block->segments; done = at->ends[k++])
        dense_w8_widen(view, block->column + k, block->row, at->ends[k] - done, at->values + done);
    block->values = at->values;
    return 1;
}

#if defined(__AVX2__) && defined(__FMA__)
enum { AHEAD = 8192, STEP = 32 }; /* bytes; rows */

/* Eight values as floats. */
static TILE_INLINE __m256 dense_w8_eight(const int8_t *at)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)at)));
}

/* Weights times inputs that are so large that whole numbers times inputs are no finite float any more. */
static __attribute__((noinline)) float dense_w8_large(const int8_t *at, float scale, const float *x, uint32_t n)
{
    float sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum = __builtin_fmaf((float)at[i] * scale, x[i], sum);
    return sum;
}

/* Columns are one stream, fetched ahead, as in dense_dot.c. */
static float dense_w8_column(const cdot_view *view, uint32_t column, const float *x)
{
    const int8_t *at = dense_w8_place(view, column, 0);
    __m256 sums[4];
    uint32_t i = 0;
    for (int k = 0; k < 4; k++)
        sums[k] = _mm256_setzero_ps();
    for (; view->n - i >= STEP; i += STEP) {
        _mm_prefetch((const char *)(at + i) + AHEAD, _MM_HINT_T0);
        for (int k = 0; k < 4; k++)
            sums[k] = _mm256_fmadd_ps(dense_w8_eight(at + i + 8 * k), _mm256_loadu_ps(x + i + 8 * k), sums[k]);
    }
    float sum = tile_sum(_mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
    for (; i < view->n; i++)
        sum = __builtin_fmaf((float)at[i], x[i], sum);
    if (!isfinite(sum))
        return dense_w8_large(dense_w8_place(view, column, 0), dense_w8_scale(view, column), x, view->n);
    return sum * dense_w8_scale(view, column);
}

/* Rows of a column for a tile. */
static void dense_w8_tile(const cdot_view *view, uint32_t column, uint32_t row, uint32_t count, float *out)
{
    tile_fetch(dense_w8_place(view, column, row), count);
    dense_w8_widen(view, column, row, count, out);
}

static int dense_w8_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
                        uint32_t col_begin, uint32_t col_end, void *scratch)
{
    if (batch == 1 && ldx != 1)
        return cdot_dot_blocks(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
    if (batch != 1) {
        tiles_dot(view, dense_w8_tile, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
        return CDOT_OK;
    }
    for (uint32_t column = col_begin; column < col_end; column++)
        y[column * ldy] += dense_w8_column(view, column, x);
    return CDOT_OK;
}
#define FUSED dense_w8_dot
#else
#define FUSED NULL
#endif

const cdot_decoder dense_w8_decoder = {
    .version = CDOT_VERSION,
    .open = dense_w8_open,
    .seek = dense_w8_seek,
    .next = dense_w8_next,
    .dot = FUSED,
};
