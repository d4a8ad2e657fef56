/* Blocks into products, int8 to int32: what multiply.c is for float32. Sums are exact modulo 2^32, so
 * entries may be added in any order and nothing has to be cut into pieces; they are made in unsigned
 * arithmetic, in which an overflow is defined. */
#include "core/multiply_s8.h"

#include "core/payload.h"

#if defined(__AVX2__)
#include "isa/avx2/multiply_s8.h"
#elif defined(__ARM_FEATURE_MVE)
#include "isa/helium/multiply_s8.h"
#else
#include "isa/portable/multiply_s8.h"
#endif

/* `row_bytes` is a constant in every call, so each width becomes a loop of its own. */
static inline void multiply_one(const cdot_block *block, uint32_t row_bytes, const int8_t *x, int32_t *y)
{
    const int8_t *values = block->values;
    uint32_t from = block->begin, row = block->row;
    for (uint32_t k = 0; k < block->segments; k++) {
        uint32_t count = block->ends[k] - from;
        uint32_t sum = block->rows ? s8_sum_rows((const uint8_t *)block->rows + (size_t)from * row_bytes,
                                                 row_bytes, values + from, count, x)
                                   : s8_sum_run(values + from, count, x + row);
        y[block->column + k] = (int32_t)((uint32_t)y[block->column + k] + sum);
        from = block->ends[k];
        row = 0;
    }
}

static inline void multiply_batch(const cdot_block *block, uint32_t row_bytes, const int8_t *x, size_t ldx,
                                  int32_t *y, size_t ldy, size_t batch)
{
    uint32_t from = block->begin, row = block->row;
    for (uint32_t k = 0; k < block->segments; k++) {
        uint32_t *out = (uint32_t *)y + (size_t)(block->column + k) * ldy;
        s8_add_entries(block->rows, row_bytes, row, block->values, from, block->ends[k], x, ldx, batch, out);
        from = block->ends[k];
        row = 0;
    }
}

typedef int8_t input;
typedef int32_t output;

#include "core/by_width.h"

void cdot_multiply_s8(const cdot_view *view, const cdot_block *block, const int8_t *x, size_t ldx, int32_t *y,
                      size_t ldy, size_t batch)
{
    multiply_by_width(view, block, x, ldx, y, ldy, batch);
}
