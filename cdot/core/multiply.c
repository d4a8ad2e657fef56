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

enum { PIECE = 1024 };

/* Where a segment's entries are: rows is NULL for a run of consecutive rows from `row` on. */
typedef struct {
    const void *rows;
    const float *values;
    uint32_t row;
} piece;

static inline piece piece_at(const cdot_block *block, uint32_t row_bytes, uint32_t from, uint32_t row)
{
    piece out = {NULL, (const float *)block->values + from, row};
    if (block->rows)
        out.rows = (const uint8_t *)block->rows + (size_t)from * row_bytes;
    return out;
}

/* `row_bytes` is a constant in every call, so each width becomes a loop of its own. */
static inline void multiply_one(const cdot_block *block, uint32_t row_bytes, const float *x, float *y)
{
    uint32_t from = block->begin, row = block->row;
    for (uint32_t k = 0; k < block->segments; k++) {
        uint32_t end = block->ends[k];
        float sum = 0;
        while (from < end) {
            uint32_t count = end - from < PIECE ? end - from : PIECE;
            piece at = piece_at(block, row_bytes, from, row);
            sum += at.rows ? sum_rows(at.rows, row_bytes, at.values, count, x)
                           : sum_run(at.values, count, x + at.row);
            from += count;
            row += count;
        }
        y[block->column + k] += sum;
        row = 0;
    }
}

static inline void multiply_batch(const cdot_block *block, uint32_t row_bytes, const float *x, size_t ldx,
                                  float *y, size_t ldy, size_t batch)
{
    uint32_t from = block->begin, row = block->row;
    for (uint32_t k = 0; k < block->segments; k++) {
        uint32_t end = block->ends[k];
        float *out = y + (size_t)(block->column + k) * ldy;
        while (from < end) {
            uint32_t count = end - from < PIECE ? end - from : PIECE;
            piece at = piece_at(block, row_bytes, from, row);
            const float *run = x + (size_t)at.row * ldx;
            size_t b = 0;
#ifdef HAS_WIDE
            for (; b + WIDE <= batch; b += WIDE)
                if (at.rows)
                    add_wide(at.rows, row_bytes, at.values, count, x + b, ldx, out + b);
                else
                    add_wide(NULL, 0, at.values, count, run + b, ldx, out + b);
#endif
            for (; b + LANES <= batch; b += LANES)
                if (at.rows)
                    add_rows(at.rows, row_bytes, at.values, count, x + b, ldx, out + b);
                else
                    add_run(at.values, count, run + b, ldx, out + b);
            for (; b < batch; b++)
                for (uint32_t i = 0; i < count; i++) {
                    size_t r = at.rows ? cdot_index(at.rows, row_bytes, i) : at.row + i;
                    out[b] += at.values[i] * x[r * ldx + b];
                }
            from += count;
            row += count;
        }
        row = 0;
    }
}

typedef float input, output;

#include "core/by_width.h"

void cdot_multiply(const cdot_view *view, const cdot_block *block, const float *x, size_t ldx, float *y,
                   size_t ldy, size_t batch)
{
    multiply_by_width(view, block, x, ldx, y, ldy, batch);
}
