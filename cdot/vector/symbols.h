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

#endif
