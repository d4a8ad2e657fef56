/* Blocks into products, float32. The inner loops are in isa/: one folder an instruction set, chosen by
 * the flags of the build. Here is what all of them share: segments, pieces, and widths of row indices.
 *
 * A segment is summed in pieces of PIECE entries, and the pieces are added: rounding errors grow with
 * the length of a piece and the number of pieces, not with the length of the column. */
#include "core/multiply.h"

#include "core/payload.h"

#if defined(__AVX2__) && defined(__FMA__)
#include "isa/avx2/multiply.h"
#else
#include "isa/portable/multiply.h"
#endif

enum { PIECE = 1024, AHEAD = 1024 }; /* entries; bytes */

/* `row_bytes` and `way` are constants in every call here and below, so each of them becomes a loop of its own. */
static inline __attribute__((always_inline)) float sum_pieces(const cdot_block *block, uint32_t row_bytes,
                                                              uint32_t from, uint32_t end, const float *x, int way)
{
    float sum = 0;
    while (from < end) {
        uint32_t piece = end - from < PIECE ? end : from + PIECE;
        if (piece - block->begin < READS)
            sum += sum_of(sum_few(block->rows, row_bytes, block->values, from, piece, x));
        else
            sum += sum_of(sum_rows(block->rows, row_bytes, block->values, from, piece, x, way, AHEAD));
        from = piece;
    }
    return sum;
}

typedef float sum_of_pieces(const cdot_block *block, uint32_t from, uint32_t end, const float *x);

/* y of a block with rows: short segments four by four, all others by sum_others, which is sum_pieces. */
static inline __attribute__((always_inline)) void multiply_rows(const cdot_block *block, uint32_t row_bytes,
                                                                const float *x, float *y, int way,
                                                                sum_of_pieces *sum_others)
{
    uint32_t from = block->begin, k = 0;
    const uint32_t *ends = block->ends;
    y += block->column;
#ifdef HAS_FOUR
    while (k + 4 <= block->segments) {
        uint32_t a = ends[k], b = ends[k + 1], c = ends[k + 2], d = ends[k + 3];
        if (((a - from - 1) | (b - a - 1) | (c - b - 1) | (d - c - 1)) < PIECE && a - block->begin >= READS) {
            add_four_sums(block->rows, row_bytes, block->values, from, a, b, c, d, x, way, y + k);
            from = d;
            k += 4;
        } else {
            y[k++] += sum_others(block, from, a, x);
            from = a;
        }
    }
#endif
    for (; k < block->segments; from = ends[k++])
        y[k] += sum_others(block, from, ends[k], x);
}

/* Segments that are runs of consecutive rows. */
static void multiply_runs(const cdot_block *block, const float *x, float *y)
{
    uint32_t from = block->begin, row = block->row;
    const float *values = block->values;
    for (uint32_t k = 0; k < block->segments; k++) {
        uint32_t end = block->ends[k];
        float sum = 0;
        while (from < end) {
            uint32_t count = end - from < PIECE ? end - from : PIECE;
            sum += sum_run(values + from, count, x + row);
            from += count;
            row += count;
        }
        y[block->column + k] += sum;
        row = 0;
    }
}

/* Functions of their own, for each needs all registers: one for the others' sake takes x out of the innermost loop.
 * They are written out, for what a macro makes is in no hash. */
static __attribute__((noinline)) float sum_8_singly(const cdot_block *block, uint32_t from, uint32_t end,
                                                    const float *x)
{
    return sum_pieces(block, 1, from, end, x, FETCH_SINGLY);
}

static __attribute__((noinline)) void multiply_8_singly(const cdot_block *block, const float *x, float *y)
{
    multiply_rows(block, 1, x, y, FETCH_SINGLY, sum_8_singly);
}

static __attribute__((noinline)) float sum_8_by_gather(const cdot_block *block, uint32_t from, uint32_t end,
                                                       const float *x)
{
    return sum_pieces(block, 1, from, end, x, FETCH_BY_GATHER);
}

static __attribute__((noinline)) void multiply_8_by_gather(const cdot_block *block, const float *x, float *y)
{
    multiply_rows(block, 1, x, y, FETCH_BY_GATHER, sum_8_by_gather);
}

static __attribute__((noinline)) float sum_16_singly(const cdot_block *block, uint32_t from, uint32_t end,
                                                     const float *x)
{
    return sum_pieces(block, 2, from, end, x, FETCH_SINGLY);
}

static __attribute__((noinline)) void multiply_16_singly(const cdot_block *block, const float *x, float *y)
{
    multiply_rows(block, 2, x, y, FETCH_SINGLY, sum_16_singly);
}

static __attribute__((noinline)) float sum_16_by_gather(const cdot_block *block, uint32_t from, uint32_t end,
                                                        const float *x)
{
    return sum_pieces(block, 2, from, end, x, FETCH_BY_GATHER);
}

static __attribute__((noinline)) void multiply_16_by_gather(const cdot_block *block, const float *x, float *y)
{
    multiply_rows(block, 2, x, y, FETCH_BY_GATHER, sum_16_by_gather);
}

static __attribute__((noinline)) float sum_32_singly(const cdot_block *block, uint32_t from, uint32_t end,
                                                     const float *x)
{
    return sum_pieces(block, 4, from, end, x, FETCH_SINGLY);
}

static __attribute__((noinline)) void multiply_32_singly(const cdot_block *block, const float *x, float *y)
{
    multiply_rows(block, 4, x, y, FETCH_SINGLY, sum_32_singly);
}

static __attribute__((noinline)) float sum_32_by_gather(const cdot_block *block, uint32_t from, uint32_t end,
                                                        const float *x)
{
    return sum_pieces(block, 4, from, end, x, FETCH_BY_GATHER);
}

static __attribute__((noinline)) void multiply_32_by_gather(const cdot_block *block, const float *x, float *y)
{
    multiply_rows(block, 4, x, y, FETCH_BY_GATHER, sum_32_by_gather);
}

static inline void multiply_one(const cdot_block *block, uint32_t row_bytes, const float *x, float *y)
{
    int gather = fetch_way == FETCH_BY_GATHER;
    if (!block->rows)
        multiply_runs(block, x, y);
    else if (row_bytes == 1)
        (gather ? multiply_8_by_gather : multiply_8_singly)(block, x, y);
    else if (row_bytes == 2)
        (gather ? multiply_16_by_gather : multiply_16_singly)(block, x, y);
    else
        (gather ? multiply_32_by_gather : multiply_32_singly)(block, x, y);
}

/* out[0 .. batch) += a piece of a segment with rows. */
static inline __attribute__((always_inline)) void add_piece(const cdot_block *block, uint32_t row_bytes, uint32_t from,
                                                            uint32_t count, const float *x, size_t ldx, float *out,
                                                            size_t batch)
{
    const void *rows = (const uint8_t *)block->rows + (size_t)from * row_bytes;
    const float *values = (const float *)block->values + from;
    size_t b = 0;
#ifdef HAS_WIDE
    for (; b + WIDE <= batch; b += WIDE)
        add_wide(rows, row_bytes, values, count, x + b, ldx, out + b);
#endif
    for (; b + LANES <= batch; b += LANES)
        if (from + count - block->begin >= ADD_READS)
            add_rows(rows, row_bytes, values, count, x + b, ldx, out + b);
        else
            add_few(rows, row_bytes, values, count, x + b, ldx, out + b);
    for (; b < batch; b++)
        for (uint32_t i = 0; i < count; i++)
            out[b] += values[i] * x[(size_t)cdot_index(rows, row_bytes, i) * ldx + b];
}

static inline void add_run_piece(const float *values, uint32_t count, const float *x, size_t ldx, float *out,
                                 size_t batch)
{
    size_t b = 0;
#ifdef HAS_WIDE
    for (; b + WIDE <= batch; b += WIDE)
        add_wide(NULL, 0, values, count, x + b, ldx, out + b);
#endif
    for (; b + LANES <= batch; b += LANES)
        add_run(values, count, x + b, ldx, out + b);
    for (; b < batch; b++)
        for (uint32_t i = 0; i < count; i++)
            out[b] += values[i] * x[i * ldx + b];
}

static inline __attribute__((always_inline)) void add_segments(const cdot_block *block, uint32_t row_bytes,
                                                               const float *x, size_t ldx, float *y, size_t ldy,
                                                               size_t batch)
{
    uint32_t from = block->begin;
    y += block->column * ldy;
    for (uint32_t k = 0; k < block->segments; k++, y += ldy)
        for (uint32_t end = block->ends[k]; from < end;) {
            uint32_t count = end - from < PIECE ? end - from : PIECE;
            add_piece(block, row_bytes, from, count, x, ldx, y, batch);
            from += count;
        }
}

static __attribute__((noinline)) void add_runs(const cdot_block *block, const float *x, size_t ldx, float *y,
                                               size_t ldy, size_t batch)
{
    uint32_t from = block->begin, row = block->row;
    const float *values = block->values;
    y += block->column * ldy;
    for (uint32_t k = 0; k < block->segments; k++, y += ldy) {
        for (uint32_t end = block->ends[k]; from < end;) {
            uint32_t count = end - from < PIECE ? end - from : PIECE;
            add_run_piece(values + from, count, x + (size_t)row * ldx, ldx, y, batch);
            from += count;
            row += count;
        }
        row = 0;
    }
}

/* Batches of LANES and of WIDE are what most are; their places are found without a multiplication. */
static inline __attribute__((always_inline)) void add_any(const cdot_block *block, uint32_t row_bytes, const float *x,
                                                          size_t ldx, float *y, size_t ldy, size_t batch)
{
    int plain = ldx == batch && ldy == batch;
    if (plain && batch == LANES)
        add_segments(block, row_bytes, x, LANES, y, LANES, LANES);
    else if (plain && batch == WIDE)
        add_segments(block, row_bytes, x, WIDE, y, WIDE, WIDE);
    else
        add_segments(block, row_bytes, x, ldx, y, ldy, batch);
}

static __attribute__((noinline)) void add_segments_8(const cdot_block *block, const float *x, size_t ldx, float *y,
                                                     size_t ldy, size_t batch)
{
    add_any(block, 1, x, ldx, y, ldy, batch);
}

static __attribute__((noinline)) void add_segments_16(const cdot_block *block, const float *x, size_t ldx, float *y,
                                                      size_t ldy, size_t batch)
{
    add_any(block, 2, x, ldx, y, ldy, batch);
}

static __attribute__((noinline)) void add_segments_32(const cdot_block *block, const float *x, size_t ldx, float *y,
                                                      size_t ldy, size_t batch)
{
    add_any(block, 4, x, ldx, y, ldy, batch);
}

static inline void multiply_batch(const cdot_block *block, uint32_t row_bytes, const float *x, size_t ldx,
                                  float *y, size_t ldy, size_t batch)
{
    if (!block->rows)
        add_runs(block, x, ldx, y, ldy, batch);
    else
        (row_bytes == 1 ? add_segments_8 : row_bytes == 2 ? add_segments_16 : add_segments_32)(block, x, ldx, y, ldy,
                                                                                               batch);
}

typedef float input, output;

#include "core/by_width.h"

void cdot_multiply(const cdot_view *view, const cdot_block *block, const float *x, size_t ldx, float *y,
                   size_t ldy, size_t batch)
{
    multiply_by_width(view, block, x, ldx, y, ldy, batch);
}
