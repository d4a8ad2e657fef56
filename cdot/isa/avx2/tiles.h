/* Batches with columns that are widened as they are multiplied: eight columns at a time become a tile of floats in L1,
 * so that an input, once loaded, serves them all.
 *
 * Whatever columns stand beside it, a column's sums are taken in the order of its rows, TILE_ROWS at a time. */
#ifndef CDOT_VECTOR_AVX2_TILES_H
#define CDOT_VECTOR_AVX2_TILES_H

#include <immintrin.h>

#include "core/payload.h"

enum { TILE_ROWS = 128, TILE_COLUMNS = 8, TILE_LANES = 8, TILE_WIDE = 4 };
enum { TILE_AHEAD = 1024, TILE_LINE = 64 }; /* bytes */

#define TILE_INLINE inline __attribute__((always_inline))

/* Writes `count` rows of a column from `row` on, a multiple of TILE_ROWS, as floats. */
typedef void tile_widen(const cdot_view *view, uint32_t column, uint32_t row, uint32_t count, float *out);

/* Fetches what stands behind the `bytes` of a column that are about to become part of a tile: eight columns are so many
 * short streams, too short for the processor's own prefetching. */
static inline void tile_fetch(const void *at, size_t bytes)
{
    for (size_t line = 0; line < bytes; line += TILE_LINE)
        _mm_prefetch((const char *)at + TILE_AHEAD + line, _MM_HINT_T0);
}

/* y += the columns of a tile times `vectors` times eight inputs a row. Both numbers are constants in each call, their
 * product at most eight: so many chains of additions hide how long each takes. */
static TILE_INLINE void tile_multiply(const float *tile, uint32_t count, int columns, int vectors, const float *x,
                                      size_t ldx, float *y, size_t ldy)
{
    __m256 sums[8], inputs[TILE_WIDE];
    for (int k = 0; k < columns * vectors; k++)
        sums[k] = _mm256_setzero_ps();
    for (uint32_t i = 0; i < count; i++, x += ldx) {
        for (int v = 0; v < vectors; v++)
            inputs[v] = _mm256_loadu_ps(x + v * TILE_LANES);
        for (int k = 0; k < columns; k++) {
            __m256 weight = _mm256_broadcast_ss(tile + k * TILE_ROWS + i);
            for (int v = 0; v < vectors; v++)
                sums[k * vectors + v] = _mm256_fmadd_ps(weight, inputs[v], sums[k * vectors + v]);
        }
    }
    for (int k = 0; k < columns; k++, y += ldy)
        for (int v = 0; v < vectors; v++) {
            float *out = y + v * TILE_LANES;
            _mm256_storeu_ps(out, _mm256_add_ps(_mm256_loadu_ps(out), sums[k * vectors + v]));
        }
}

/* What is left of a batch that is no multiple of eight. */
static TILE_INLINE void tile_multiply_one(const float *tile, uint32_t count, const float *x, size_t ldx, float *y)
{
    float sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum = __builtin_fmaf(tile[i], x[i * ldx], sum);
    *y += sum;
}

static TILE_INLINE void tile_batch(const float *tile, uint32_t count, uint32_t columns, const float *x, size_t ldx,
                                   float *y, size_t ldy, size_t batch)
{
    size_t b = 0;
    for (; b + TILE_WIDE * TILE_LANES <= batch; b += TILE_WIDE * TILE_LANES) {
        uint32_t k = 0;
        for (; k + 2 <= columns; k += 2)
            tile_multiply(tile + k * TILE_ROWS, count, 2, TILE_WIDE, x + b, ldx, y + k * ldy + b, ldy);
        if (k < columns)
            tile_multiply(tile + k * TILE_ROWS, count, 1, TILE_WIDE, x + b, ldx, y + k * ldy + b, ldy);
    }
    for (; b + TILE_LANES <= batch; b += TILE_LANES) {
        if (columns == TILE_COLUMNS)
            tile_multiply(tile, count, TILE_COLUMNS, 1, x + b, ldx, y + b, ldy);
        else
            for (uint32_t k = 0; k < columns; k++)
                tile_multiply(tile + k * TILE_ROWS, count, 1, 1, x + b, ldx, y + k * ldy + b, ldy);
    }
    for (; b < batch; b++)
        for (uint32_t k = 0; k < columns; k++)
            tile_multiply_one(tile + k * TILE_ROWS, count, x + b, ldx, y + k * ldy + b);
}

/* The product of a range of columns; tile: TILE_COLUMNS TILE_ROWS floats. */
static TILE_INLINE void tiles_dot(const cdot_view *view, tile_widen *widen, const float *x, size_t ldx, float *y,
                                  size_t ldy, size_t batch, uint32_t col_begin, uint32_t col_end, float *tile)
{
    for (uint32_t column = col_begin; column < col_end; column += TILE_COLUMNS) {
        uint32_t columns = col_end - column < TILE_COLUMNS ? col_end - column : TILE_COLUMNS;
        for (uint32_t row = 0; row < view->n; row += TILE_ROWS) {
            uint32_t count = view->n - row < TILE_ROWS ? view->n - row : TILE_ROWS;
            for (uint32_t k = 0; k < columns; k++)
                widen(view, column + k, row, count, tile + k * TILE_ROWS);
            tile_batch(tile, count, columns, x + row * ldx, ldx, y + column * ldy, ldy, batch);
        }
    }
}

static inline float tile_sum(__m256 v)
{
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

#endif
