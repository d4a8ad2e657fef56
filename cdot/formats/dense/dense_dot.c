/* The product of dense with AVX2. Values of 16 bits are widened in registers and multiplied there. Columns are taken
 * one after the other, so the payload is one stream, which is fetched AHEAD of where it is read: far enough to hide
 * memory, and over the ends of pages, where the processor's own prefetching stops. */
#include "formats/dense/dense_dot.h"

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include <string.h>

#include "core/multiply.h"
#include "isa/avx2/tiles.h"
#include "parts/narrow.h"

enum { AHEAD = 8192, STEP = 32 }; /* bytes; rows */

/* Entry `row` of a column; `bytes` of a value are a constant in each call. */
static TILE_INLINE const uint8_t *dense_place(const cdot_view *view, uint32_t column, uint32_t row, size_t bytes)
{
    return (const uint8_t *)view->section[0] + ((uint64_t)column * view->n + row) * bytes;
}

static inline size_t dense_bytes(uint32_t type)
{
    return type == CDOT_FLOAT32 ? 4 : 2;
}

/* Eight values as floats. */
static TILE_INLINE __m256 dense_eight(const uint8_t *at, uint32_t type)
{
    if (type == CDOT_FLOAT32)
        return _mm256_loadu_ps((const float *)at);
    __m128i values = _mm_loadu_si128((const __m128i *)at);
    if (type == CDOT_FLOAT16)
        return _mm256_cvtph_ps(values);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(values), 16));
}

static void dense_widen(const cdot_view *view, uint32_t column, uint32_t row, uint32_t count, float *out)
{
    size_t bytes = dense_bytes(view->value_type);
    const uint8_t *at = dense_place(view, column, row, bytes);
    tile_fetch(at, count * bytes);
    if (view->value_type == CDOT_FLOAT32)
        memcpy(out, at, count * sizeof(float));
    else
        widen_narrow(view->value_type, (const uint16_t *)at, count, out);
}

/* `type` is a constant in each call. */
static TILE_INLINE float dense_column(const cdot_view *view, uint32_t column, uint32_t type, const float *x)
{
    const size_t bytes = dense_bytes(type);
    const uint8_t *at = dense_place(view, column, 0, bytes);
    __m256 sums[4];
    float last[STEP];
    uint32_t i = 0;
    for (int k = 0; k < 4; k++)
        sums[k] = _mm256_setzero_ps();
    for (; view->n - i >= STEP; i += STEP, at += STEP * bytes) {
        for (size_t line = 0; line < STEP * bytes; line += TILE_LINE)
            _mm_prefetch((const char *)at + AHEAD + line, _MM_HINT_T0);
        for (int k = 0; k < 4; k++)
            sums[k] = _mm256_fmadd_ps(dense_eight(at + 8 * k * bytes, type), _mm256_loadu_ps(x + i + 8 * k), sums[k]);
    }
    float sum = tile_sum(_mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
    dense_widen(view, column, i, view->n - i, last);
    for (uint32_t j = 0; j < view->n - i; j++)
        sum = __builtin_fmaf(last[j], x[i + j], sum);
    return sum;
}

static TILE_INLINE void dense_columns(const cdot_view *view, uint32_t type, const float *x, float *y, size_t ldy,
                                      uint32_t column, uint32_t end)
{
    for (; column < end; column++)
        y[column * ldy] += dense_column(view, column, type, x);
}

int dense_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
              uint32_t col_begin, uint32_t col_end, void *scratch)
{
    if (batch == 1 && ldx != 1)
        return cdot_dot_blocks(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
    if (batch != 1) {
        float tile[TILE_COLUMNS * TILE_ROWS];
        tiles_dot(view, dense_widen, x, ldx, y, ldy, batch, col_begin, col_end, tile);
    } else if (view->value_type == CDOT_FLOAT32)
        dense_columns(view, CDOT_FLOAT32, x, y, ldy, col_begin, col_end);
    else if (view->value_type == CDOT_FLOAT16)
        dense_columns(view, CDOT_FLOAT16, x, y, ldy, col_begin, col_end);
    else
        dense_columns(view, CDOT_BFLOAT16, x, y, ldy, col_begin, col_end);
    return CDOT_OK;
}
#endif
