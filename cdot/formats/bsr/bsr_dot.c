/* The product of bsr: TILE columns of a column of blocks at once, so that a run of x is loaded once for
 * all of them, with sums in vectors of LANES floats (the compiler splits them where registers are shorter).
 * Sums are closed every PIECE blocks (see multiply.c), and a column's sum is the same whatever range of
 * columns it is asked for in. */
#include "formats/bsr/bsr.h"

#define INLINE __attribute__((always_inline)) static inline

enum { TILE = 4, LARGEST = 16, LANES = 8, PIECE = 128 };

typedef float bsr_lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef float bsr_half __attribute__((vector_size(LANES / 2 * sizeof(float))));

/* What a tile is multiplied with: one vector (ldx 1), or LANES of them. */
typedef struct {
    const float *x;
    size_t ldx;
    const float *tail; /* x of the last rows, where they do not fill a block, and zeros behind them */
    size_t tail_ldx;
    uint32_t last; /* the row of blocks that they are in */
    const float *values;
    const uint32_t *indices;
} bsr_operands;

/* `block` is a constant in every call of what is INLINE, so that each size has loops of its own. */

INLINE const float *bsr_run(const bsr_operands *in, uint32_t b, uint32_t block)
{
    return in->indices[b] == in->last ? in->tail : in->x + (size_t)in->indices[b] * block * in->ldx;
}

INLINE void bsr_add(const float *values, const float *x, uint32_t block, bsr_lanes *parts)
{
    bsr_lanes run, column;
    if (block == LANES / 2) {
        bsr_half half;
        memcpy(&half, x, sizeof half);
        run = __builtin_shufflevector(half, half, 0, 1, 2, 3, 0, 1, 2, 3);
    }
    for (uint32_t i = 0; i < TILE * block / LANES; i++) {
        if (block >= LANES)
            memcpy(&run, x + i * LANES % block, sizeof run);
        memcpy(&column, values + i * LANES, sizeof column);
        parts[i] += column * run;
    }
}

/* sums[c LANES] += blocks `from` to `to` of the tile's column c times one vector. Small blocks take turns at
 * two sets of parts, because an addition waits for the one before it. */
INLINE void bsr_one(const bsr_operands *in, uint32_t from, uint32_t to, uint32_t block, float *sums)
{
    bsr_lanes even[TILE * LARGEST / LANES] = {{0}}, odd[TILE * LARGEST / LANES] = {{0}};
    uint32_t size = block * block, b = from;
    for (; b + 2 <= to; b += 2) {
        bsr_add(in->values + (size_t)b * size, bsr_run(in, b, block), block, even);
        bsr_add(in->values + (size_t)(b + 1) * size, bsr_run(in, b + 1, block), block,
                block == LARGEST ? even : odd);
    }
    if (b < to)
        bsr_add(in->values + (size_t)b * size, bsr_run(in, b, block), block, even);
    for (uint32_t i = 0; i < TILE * block / LANES; i++)
        even[i] += odd[i];
    for (uint32_t i = 0; i < TILE * block; i++)
        sums[i / block * LANES] += even[i / LANES][i % LANES];
}

/* sums[c LANES + b]: the same for vector b of `lanes`. */
INLINE void bsr_many(const bsr_operands *in, uint32_t from, uint32_t to, uint32_t lanes, uint32_t block,
                     float *sums)
{
    bsr_lanes parts[TILE] = {{0}}, run = {0};
    for (uint32_t b = from; b < to; b++) {
        const float *values = in->values + (size_t)b * block * block, *x = bsr_run(in, b, block);
        size_t ldx = x == in->tail ? in->tail_ldx : in->ldx;
        for (uint32_t r = 0; r < block; r++) {
            memcpy(&run, x + r * ldx, lanes * sizeof *x);
            for (uint32_t c = 0; c < TILE; c++)
                parts[c] += values[c * block + r] * run;
        }
    }
    for (uint32_t i = 0; i < TILE * LANES; i++)
        sums[i] += parts[i / LANES][i % LANES];
}

/* y of a range of columns: of `lanes` vectors, or of one whose entries lie one behind the other. */
INLINE void bsr_columns(const cdot_view *view, bsr_operands in, float *y, size_t ldy, int one,
                        uint32_t lanes, uint32_t begin, uint32_t end, uint32_t block)
{
    const uint32_t *pointers = view->section[BSR_POINTERS];
    for (uint32_t column = begin / TILE * TILE; column < end; column += TILE) {
        float sums[TILE * LANES] = {0};
        uint32_t stop = pointers[column / block + 1];
        in.values = (const float *)view->section[BSR_VALUES] + column % block * block;
        for (uint32_t b = pointers[column / block], piece; b < stop; b += piece) {
            piece = stop - b < PIECE ? stop - b : PIECE;
            if (one)
                bsr_one(&in, b, b + piece, block, sums);
            else
                bsr_many(&in, b, b + piece, lanes, block, sums);
        }
        for (uint32_t c = 0; c < TILE; c++)
            if (column + c >= begin && column + c < end)
                memcpy(y + (size_t)(column + c) * ldy, sums + c * LANES, lanes * sizeof *y);
    }
}

static void bsr_columns_one(const cdot_view *view, bsr_operands in, float *y, uint32_t begin, uint32_t end,
                            uint32_t block)
{
    if (block == 4)
        bsr_columns(view, in, y, 1, 1, 1, begin, end, 4);
    else if (block == 8)
        bsr_columns(view, in, y, 1, 1, 1, begin, end, 8);
    else
        bsr_columns(view, in, y, 1, 1, 1, begin, end, 16);
}

static void bsr_columns_many(const cdot_view *view, bsr_operands in, float *y, size_t ldy, uint32_t begin,
                             uint32_t end, uint32_t block)
{
    if (block == 4)
        bsr_columns(view, in, y, ldy, 0, LANES, begin, end, 4);
    else if (block == 8)
        bsr_columns(view, in, y, ldy, 0, LANES, begin, end, 8);
    else
        bsr_columns(view, in, y, ldy, 0, LANES, begin, end, 16);
}

int bsr_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
            uint32_t col_begin, uint32_t col_end, void *scratch)
{
    uint32_t block = ((const bsr_fields *)view->section[BSR_FIELDS])->block;
    uint32_t last = view->n / block, rows = view->n % block;
    (void)scratch;
    for (size_t b = 0; b < batch; b += LANES) {
        uint32_t lanes = batch - b < LANES ? (uint32_t)(batch - b) : LANES;
        float tail[LARGEST * LANES] = {0};
        for (uint32_t i = 0; i < rows * lanes; i++)
            tail[i] = x[((size_t)last * block + i / lanes) * ldx + b + i % lanes];
        bsr_operands in = {x + b, ldx, tail, lanes, last, NULL, view->section[BSR_INDICES]};
        if (batch == 1 && ldx == 1 && ldy == 1)
            bsr_columns_one(view, in, y, col_begin, col_end, block);
        else if (lanes == LANES)
            bsr_columns_many(view, in, y + b, ldy, col_begin, col_end, block);
        else
            bsr_columns(view, in, y + b, ldy, 0, lanes, col_begin, col_end, block);
    }
    return CDOT_OK;
}
