/* Transposing squares of 8 x 8 words of four bytes in plain C. */
#ifndef CDOT_TRANSPOSE_PORTABLE_H
#define CDOT_TRANSPOSE_PORTABLE_H

#include <stddef.h>
#include <stdint.h>

enum { SQUARE = 8 };

/* out[c out_stride + r] = in[r in_stride + c] for r and c below SQUARE. */
static inline void transpose_square(const uint32_t *in, size_t in_stride, uint32_t *out, size_t out_stride)
{
    for (size_t c = 0; c < SQUARE; c++)
        for (size_t r = 0; r < SQUARE; r++)
            out[c * out_stride + r] = in[r * in_stride + c];
}

#endif
