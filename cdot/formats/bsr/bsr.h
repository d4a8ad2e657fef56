/* What the decoder of bsr and its fused kernel share. */
#ifndef CDOT_BSR_H
#define CDOT_BSR_H

#include "core/payload.h"

#include <string.h>

typedef struct {
    uint32_t block; /* rows and columns of a block: 4, 8 or 16 */
    uint32_t count; /* blocks */
} bsr_fields;

enum { BSR_FIELDS, BSR_VALUES, BSR_INDICES, BSR_POINTERS };

/* Blocks that `count` rows or columns take. */
static inline uint32_t bsr_up(uint32_t count, uint32_t block)
{
    return (count + block - 1) / block;
}

/* The product, as `dot` of cdot_decoder. */
int bsr_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
            uint32_t col_begin, uint32_t col_end, void *scratch);

#endif
