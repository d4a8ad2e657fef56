/* float16 to float32 by integers, for processors without the instruction: exact, infinities and NaN too. */
#ifndef CDOT_VECTOR_HALF_H
#define CDOT_VECTOR_HALF_H

#include <stdint.h>
#include <string.h>

/* The exponent is moved by 112. A subnormal has no leading one, so it is made with one, 2^-14, which is taken off. */
static inline float half_to_float(uint16_t half)
{
    const uint32_t moved = 112u << 23;
    uint32_t bits = (uint32_t)(half & 0x7fff) << 13, sign = (uint32_t)(half & 0x8000) << 16, one;
    float value;
    if (bits >= 0x1fu << 23) { /* the largest exponent says infinity or NaN, there and here */
        bits += 2 * moved;
    } else if (bits < 1u << 23) {
        bits += moved + (1u << 23);
        memcpy(&value, &bits, 4);
        value -= 0x1p-14f;
        memcpy(&bits, &value, 4);
    } else {
        bits += moved;
    }
    one = bits | sign;
    memcpy(&value, &one, 4);
    return value;
}

static inline void widen_halves(const uint16_t *from, uint32_t count, float *to)
{
    for (uint32_t i = 0; i < count; i++)
        to[i] = half_to_float(from[i]);
}

#endif
