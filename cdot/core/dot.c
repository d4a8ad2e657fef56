/* What all formats share on top of blocks: products of float32. Those of int8 are in dot_s8.c, decoding for Python is
 * in decode.c. */
#include "core/multiply.h"

typedef float input, output;
typedef int fused_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
                      uint32_t col_begin, uint32_t col_end, void *scratch);

enum { ARITHMETIC = CDOT_IN_FLOAT32 };
#define multiply_block cdot_multiply

static inline fused_dot *fused_of(const cdot_decoder *decoder)
{
    return decoder->dot;
}

#include "core/dot_of.h"

int cdot_dot_blocks(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
                    uint32_t col_begin, uint32_t col_end, void *scratch)
{
    return dot_by_blocks(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
}

int cdot_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
             uint32_t col_begin, uint32_t col_end, void *scratch)
{
    return dot_of_range(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
}
