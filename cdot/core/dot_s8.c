/* Products of int8 into int32 that all formats share; see dot.c. */
#include "core/multiply_s8.h"

typedef int8_t input;
typedef int32_t output;
typedef int fused_dot(const cdot_view *view, const int8_t *x, size_t ldx, int32_t *y, size_t ldy, size_t batch,
                      uint32_t col_begin, uint32_t col_end, void *scratch);

enum { ARITHMETIC = CDOT_IN_INT32 };
#define multiply_block cdot_multiply_s8

static inline fused_dot *fused_of(const cdot_decoder *decoder)
{
    return decoder->dot_s8;
}

#include "core/dot_of.h"

int cdot_dot_blocks_s8(const cdot_view *view, const int8_t *x, size_t ldx, int32_t *y, size_t ldy, size_t batch,
                       uint32_t col_begin, uint32_t col_end, void *scratch)
{
    return dot_by_blocks(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
}

int cdot_dot_s8(const cdot_view *view, const int8_t *x, size_t ldx, int32_t *y, size_t ldy, size_t batch,
                uint32_t col_begin, uint32_t col_end, void *scratch)
{
    return dot_of_range(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
}
