/* Values of numbers in a small codebook, one by one. */
#ifndef CDOT_VECTOR_SYMBOLS_H
#define CDOT_VECTOR_SYMBOLS_H

#include <stdint.h>

static inline void values_from(const uint8_t *numbers, uint32_t count, const float *codebook, uint32_t size,
                               float *out)
{
    (void)size;
    for (uint32_t i = 0; i < count; i++)
        out[i] = codebook[numbers[i]];
}

typedef struct {
    const float *codebook;
} eight_values;

static inline eight_values eight_values_of(const float *codebook, uint32_t width)
{
    (void)width;
    return (eight_values){codebook};
}

/* The values of eight codewords of `width` bits from the front of a window. */
static inline void write_eight(const eight_values *from, uint64_t window, uint32_t width, float *out)
{
    for (uint32_t k = 0; k < 8; k++, window <<= width)
        out[k] = from->codebook[width ? window >> (64 - width) : 0];
}

#endif
