/* The product of rank with AVX2: chunks are widened in registers and multiplied there.
 *
 * Columns are taken one after the other, so the payload is one stream, which is fetched AHEAD of where it is read: far
 * enough to hide memory, and over the ends of pages, where the processor's own prefetching stops. An exception cannot
 * be repaired behind the product (an infinite input times a wrong weight stays NaN), so a chunk that has one goes
 * through memory and gets its exponents before it is multiplied. */
#include "formats/rank/rank_dot.h"

#if defined(__AVX2__) && defined(__FMA__)
#include "core/multiply.h"
#include "formats/rank/rank_rows.h"
#include "isa/avx2/tiles.h"

enum { AHEAD = 8192 }; /* bytes; on a machine that reads 32 GB/s on one core, half of it cost a third more time */

/* Which chunk an exception of a column is in. */
static inline uint32_t rank_chunk_of(const cdot_view *view, uint32_t column, uint64_t exception)
{
    if (exception == rank_tables_of(view)->before[column + 1])
        return UINT32_MAX;
    return cdot_index(view->section[RANK_ROWS], view->row_bytes, exception) / RANK_CHUNK;
}

/* A chunk with exceptions, of which `*exception` is the first, and then the next one behind the chunk. */
static __attribute__((noinline)) void rank_repaired(const cdot_view *view, uint32_t column, uint32_t chunk,
                                                    uint64_t *exception, __m256 rows[4])
{
    float values[RANK_CHUNK];
    rank_chunk(rank_place(view, column, chunk * RANK_CHUNK), rank_tables_of(view), values);
    *exception = rank_patch(view, column, chunk * RANK_CHUNK, RANK_CHUNK, *exception, values);
    for (int k = 0; k < 4; k++)
        rows[k] = _mm256_loadu_ps(values + 8 * k);
}

/* Four chains of additions, a row of a chunk in each: they hide how long one takes. */
static TILE_INLINE void rank_add(const __m256 rows[4], const float *x, __m256 sums[4])
{
    for (int k = 0; k < 4; k++)
        sums[k] = _mm256_fmadd_ps(rows[k], _mm256_loadu_ps(x + 8 * k), sums[k]);
}

/* The last rows of a column, fewer than a chunk. */
static inline float rank_last(const cdot_view *view, uint32_t column, uint32_t row, const float *x)
{
    float values[RANK_CHUNK], sum = 0;
    rank_widen(view, column, row, view->n - row, values);
    for (uint32_t i = 0; i < view->n - row; i++)
        sum = __builtin_fmaf(values[i], x[row + i], sum);
    return sum;
}

static inline float rank_column(const cdot_view *view, uint32_t column, rank_registers tables, const float *x)
{
    uint32_t chunks = view->n / RANK_CHUNK, chunk = 0;
    uint64_t exception = rank_tables_of(view)->before[column];
    const uint8_t *at = rank_place(view, column, 0);
    __m256 sums[4], rows[4];
    for (int k = 0; k < 4; k++)
        sums[k] = _mm256_setzero_ps();
    while (chunk < chunks) {
        uint32_t stop = rank_chunk_of(view, column, exception);
        for (stop = stop < chunks ? stop : chunks; chunk < stop; chunk++) {
            const uint8_t *here = at + (uint64_t)chunk * RANK_CHUNK_BYTES;
            _mm_prefetch((const char *)here + AHEAD, _MM_HINT_T0);
            rank_rows(here, tables, rows);
            rank_add(rows, x + (size_t)chunk * RANK_CHUNK, sums);
        }
        if (chunk == chunks)
            break;
        rank_repaired(view, column, chunk, &exception, rows);
        rank_add(rows, x + (size_t)chunk * RANK_CHUNK, sums);
        chunk++;
    }
    float sum = tile_sum(_mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
    return sum + rank_last(view, column, chunks * RANK_CHUNK, x);
}

/* Rows of a column for a tile. */
static void rank_tile(const cdot_view *view, uint32_t column, uint32_t row, uint32_t count, float *out)
{
    tile_fetch(rank_place(view, column, row), (size_t)count / RANK_CHUNK * RANK_CHUNK_BYTES);
    rank_widen(view, column, row, count, out);
}

int rank_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
             uint32_t col_begin, uint32_t col_end, void *scratch)
{
    if (((const rank_fields *)view->section[RANK_FIELDS])->coding != RANK_NIBBLES || (batch == 1 && ldx != 1))
        return cdot_dot_blocks(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
    if (batch != 1) {
        tiles_dot(view, rank_tile, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
        return CDOT_OK;
    }
    rank_registers tables = rank_loaded(rank_tables_of(view));
    for (uint32_t column = col_begin; column < col_end; column++)
        y[column * ldy] += rank_column(view, column, tables, x);
    return CDOT_OK;
}
#endif
