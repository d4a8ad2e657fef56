/* Stored floats of 16 bits as the float32 that is multiplied: each of them is one. */
#ifndef CDOT_NARROW_H
#define CDOT_NARROW_H

#include <string.h>

#include "parts/half.h"

/* bfloat16 is the upper half of a float32. A loop that compilers make vectors of. */
static inline void widen_bfloat16(const uint16_t *from, uint32_t count, float *to)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bits = (uint32_t)from[i] << 16;
        memcpy(to + i, &bits, sizeof bits);
    }
}

static inline void widen_narrow(uint32_t value_type, const uint16_t *from, uint32_t count, float *to)
{
    if (value_type == CDOT_FLOAT16)
        widen_halves(from, count, to);
    else
        widen_bfloat16(from, count, to);
}

#endif
