/* Sums over the bytes before each byte of a Helium vector: positions from gaps, and ranks from a map's ones. */
#ifndef CDOT_VECTOR_MVE_PREFIX_H
#define CDOT_VECTOR_MVE_PREFIX_H

#include <arm_mve.h>

/* Byte i of the result is the sum of bytes 0 to i, where all sixteen add up to no more than 255.
 *
 * A multiplication sums inside each word, as no byte overflows; the words' totals are then shifted by one, two
 * and three words, and multiplied again into all bytes of the words behind them. */
static inline uint8x16_t mve_prefix(uint8x16_t bytes)
{
    const uint32_t everywhere = 0x01010101;
    uint32_t carry = 0;
    uint32x4_t sums = vmulq_n_u32(vreinterpretq_u32_u8(bytes), everywhere);
    uint32x4_t totals = vshrq_n_u32(sums, 24);
    for (int words = 1; words < 4; words++) {
        totals = vshlcq_u32(totals, &carry, 32);
        carry = 0;
        sums = vmlaq_n_u32(sums, totals, everywhere);
    }
    return vreinterpretq_u8_u32(sums);
}

#endif
