/* The product of cells with AVX2: chunks are looked up in registers, and multiplied there.
 *
 * Values come with the rows of a chunk side by side, so inputs are brought into that order first, once for all columns:
 * CELLS_ENTRIES of them at a time, of one vector or of eight. A chunk is looked up once for all of these, and each
 * eight products are one instruction, which loads its inputs. Batches of 32 are multiplied by tiles, where an input is
 * loaded once for two columns.
 *
 * Counted, 32 entries with up to 16 values: 18 operations for one vector, of which 4 multiply, which is all that a dense
 * product has; 46 for eight, of which 32 do. */
#include "formats/cells/cells_dot.h"

#if defined(__AVX2__) && defined(__FMA__)
#include "core/multiply.h"
#include "isa/avx2/cells.h"
#include "isa/avx2/tiles.h"

enum {
    ROWS = 8, VECTORS = 8, WIDE_BATCH = TILE_WIDE * TILE_LANES,
    CHAINS = 4, /* of the sums of one vector; eight vectors have one each */
    AHEAD = 4   /* columns: where a few rows of each are taken, processors do not see what comes next */
};

/* Rows that are taken together, their inputs in the order in which values come: of each eight rows, those of the first
 * vector, then those of the next. */
typedef struct {
    const cdot_view *view;
    const cells_tables *tables;
    const float *inputs;
    uint32_t row, chunks, last; /* the first; whole chunks; rows behind them, where columns end */
    __m256 mask[4];             /* of the last rows' values: what is beside them may be no number at all */
} cells_piece;

/* Eight rows of eight vectors, four from `low` on and four from `high` on. */
static inline void cells_square(const float *low, const float *high, size_t ldx, float *out)
{
    __m256 halves[2][4];
    for (int r = 0; r < 4; r++) {
        __m256 a = _mm256_loadu_ps(low + r * ldx), b = _mm256_loadu_ps(high + r * ldx);
        halves[0][r] = _mm256_permute2f128_ps(a, b, 0x20);
        halves[1][r] = _mm256_permute2f128_ps(a, b, 0x31);
    }
    for (int h = 0; h < 2; h++, out += 4 * ROWS) {
        const __m256 *v = halves[h];
        __m256d a = _mm256_castps_pd(_mm256_unpacklo_ps(v[0], v[1]));
        __m256d b = _mm256_castps_pd(_mm256_unpackhi_ps(v[0], v[1]));
        __m256d c = _mm256_castps_pd(_mm256_unpacklo_ps(v[2], v[3]));
        __m256d d = _mm256_castps_pd(_mm256_unpackhi_ps(v[2], v[3]));
        _mm256_storeu_ps(out, _mm256_castpd_ps(_mm256_unpacklo_pd(a, c)));
        _mm256_storeu_ps(out + ROWS, _mm256_castpd_ps(_mm256_unpackhi_pd(a, c)));
        _mm256_storeu_ps(out + 2 * ROWS, _mm256_castpd_ps(_mm256_unpacklo_pd(b, d)));
        _mm256_storeu_ps(out + 3 * ROWS, _mm256_castpd_ps(_mm256_unpackhi_pd(b, d)));
    }
}

/* Rows 4 k to 4 k + 3 of each half of a chunk, for k from 0 to 3. */
static void cells_order_chunk(const float *x, size_t ldx, uint32_t vectors, float *out)
{
    for (uint32_t k = 0; k < 4; k++, x += 4 * ldx, out += vectors * ROWS) {
        const float *high = x + CELLS_HALF * ldx;
        if (vectors == VECTORS) {
            cells_square(x, high, ldx, out);
        } else {
            for (uint32_t i = 0; i < 4; i++) {
                out[i] = x[i * ldx];
                out[4 + i] = high[i * ldx];
            }
        }
    }
}

/* The last rows, whose second half begins behind the first; zeros beside them. */
static void cells_order_last(cells_piece *piece, const float *x, size_t ldx, uint32_t vectors, float *out)
{
    uint32_t half = (piece->last + 1) / 2;
    memset(piece->mask, 0, sizeof piece->mask);
    memset(out, 0, CELLS_CHUNK * vectors * sizeof *out);
    for (uint32_t row = 0; row < piece->last; row++) {
        uint32_t in_half = row < half ? row : row - half, k = in_half / 4, i = in_half % 4 + (row < half ? 0 : 4);
        memset((float *)&piece->mask[k] + i, 0xff, sizeof(float));
        for (uint32_t v = 0; v < vectors; v++)
            out[(k * vectors + v) * ROWS + i] = x[row * ldx + v];
    }
}

static void cells_order(cells_piece *piece, uint32_t count, const float *x, size_t ldx, uint32_t vectors, float *out)
{
    piece->inputs = out;
    piece->chunks = count / CELLS_CHUNK;
    piece->last = count % CELLS_CHUNK;
    x += piece->row * ldx;
    for (uint32_t chunk = 0; chunk < piece->chunks; chunk++, x += CELLS_CHUNK * ldx, out += CELLS_CHUNK * vectors)
        cells_order_chunk(x, ldx, vectors, out);
    if (piece->last)
        cells_order_last(piece, x, ldx, vectors, out);
}

static CELLS_INLINE void cells_add(const __m256 *values, uint32_t vectors, const float *x, __m256 *sums)
{
    for (uint32_t k = 0; k < 4; k++)
        for (uint32_t v = 0; v < vectors; v++, x += ROWS) {
            __m256 *sum = vectors == 1 ? &sums[k] : &sums[v];
            *sum = _mm256_fmadd_ps(values[k], _mm256_loadu_ps(x), *sum);
        }
}

/* y[0 .. vectors) += the rows of a piece that lie `at` times their inputs. */
static CELLS_INLINE void cells_column(const cells_piece *piece, const uint8_t *at, float *y, uint32_t vectors,
                               uint32_t planes, uint32_t groups)
{
    const cells_tables *tables = piece->tables;
    const float *x = piece->inputs;
    __m256 sums[VECTORS], values[4];
    for (uint32_t i = 0; i < (vectors == 1 ? CHAINS : VECTORS); i++)
        sums[i] = _mm256_setzero_ps();
    for (uint32_t chunk = 0; chunk < piece->chunks; chunk++) {
        cells_look_up(tables, cells_load(at, planes), planes, groups, values);
        cells_add(values, vectors, x, sums);
        at += cells_chunk_bytes(planes);
        x += CELLS_CHUNK * vectors;
    }
    if (piece->last) {
        cells_look_up(tables, cells_load_last(at, piece->last, planes), planes, groups, values);
        for (uint32_t k = 0; k < 4; k++)
            values[k] = _mm256_and_ps(values[k], piece->mask[k]);
        cells_add(values, vectors, x, sums);
    }
    if (vectors == 1) {
        *y += sum_lanes(_mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
        return;
    }
    __m128 low = sum_four(sums[0], sums[1], sums[2], sums[3]), high = sum_four(sums[4], sums[5], sums[6], sums[7]);
    _mm256_storeu_ps(y, _mm256_add_ps(_mm256_loadu_ps(y), _mm256_set_m128(high, low)));
}

static CELLS_INLINE void cells_columns(const cells_piece *piece, float *y, size_t ldy, uint32_t begin, uint32_t end,
                                uint32_t vectors, uint32_t planes, uint32_t groups)
{
    uint64_t step = cells_column_bytes(piece->view->n, planes);
    const uint8_t *at = cells_place(piece->view, begin, piece->row);
    uint32_t bytes = (piece->chunks + 1) * cells_chunk_bytes(planes);
    for (uint32_t column = begin; column < end; column++, at += step) {
        for (uint32_t i = 0; vectors > 1 && end - column > AHEAD && i < bytes; i += TILE_LINE)
            _mm_prefetch((const char *)at + AHEAD * step + i, _MM_HINT_T0);
        cells_column(piece, at, y + column * ldy, vectors, planes, groups);
    }
}

/* One loop for each kind of codebook. */
static CELLS_INLINE void cells_columns_of_kind(const cells_piece *piece, float *y, size_t ldy, uint32_t begin,
                                               uint32_t end, uint32_t vectors)
{
    const cells_tables *tables = piece->tables;
    if (tables->planes == 0)
        cells_columns(piece, y, ldy, begin, end, vectors, 0, 1);
    else if (tables->groups == 1)
        cells_columns(piece, y, ldy, begin, end, vectors, 1, 1);
    else if (tables->planes == 1)
        cells_columns(piece, y, ldy, begin, end, vectors, 1, 2);
    else if (tables->groups == 2)
        cells_columns(piece, y, ldy, begin, end, vectors, 2, 2);
    else
        cells_columns(piece, y, ldy, begin, end, vectors, 2, 4);
}

static __attribute__((noinline)) void cells_one(const cells_piece *piece, float *y, size_t ldy, uint32_t begin,
                                                uint32_t end)
{
    cells_columns_of_kind(piece, y, ldy, begin, end, 1);
}

static __attribute__((noinline)) void cells_eight(const cells_piece *piece, float *y, size_t ldy, uint32_t begin,
                                                  uint32_t end)
{
    cells_columns_of_kind(piece, y, ldy, begin, end, VECTORS);
}

static void cells_vectors(const cdot_view *view, const cells_tables *tables, const float *x, size_t ldx, float *y,
                          size_t ldy, uint32_t vectors, uint32_t begin, uint32_t end, float *inputs)
{
    uint32_t rows = CELLS_ENTRIES / vectors, count;
    cells_piece piece = {.view = view, .tables = tables};
    for (; piece.row < view->n; piece.row += count) {
        count = view->n - piece.row < rows ? view->n - piece.row : rows;
        cells_order(&piece, count, x, ldx, vectors, inputs);
        (vectors == 1 ? cells_one : cells_eight)(&piece, y, ldy, begin, end);
    }
}

/* A batch of a multiple of WIDE_BATCH: what tiles_dot does, with tables that are made once. */
static void cells_tiles(const cdot_view *view, const cells_tables *tables, const float *x, size_t ldx, float *y,
                        size_t ldy, size_t batch, uint32_t begin, uint32_t end, float *tile)
{
    for (uint32_t column = begin, columns; column < end; column += columns) {
        columns = end - column < TILE_COLUMNS ? end - column : TILE_COLUMNS;
        for (uint32_t row = 0, count; row < view->n; row += count) {
            count = view->n - row < TILE_ROWS ? view->n - row : TILE_ROWS;
            for (uint32_t k = 0; k < columns; k++)
                cells_widen(tables, cells_place(view, column + k, row), count, tile + k * TILE_ROWS);
            tile_batch(tile, count, columns, x + row * ldx, ldx, y + column * ldy, ldy, batch);
        }
    }
}

int cells_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
              uint32_t col_begin, uint32_t col_end, void *scratch)
{
    size_t b = batch / WIDE_BATCH * WIDE_BATCH;
    cells_tables tables;
    cells_fill(&tables, view->section[CELLS_VALUES], cells_symbols(view));
    if (b)
        cells_tiles(view, &tables, x, ldx, y, ldy, b, col_begin, col_end, scratch);
    while (b < batch) {
        uint32_t vectors = batch - b < VECTORS ? 1 : VECTORS;
        cells_vectors(view, &tables, x + b, ldx, y + b, ldy, vectors, col_begin, col_end, scratch);
        b += vectors;
    }
    return CDOT_OK;
}
#endif
