/* A chunk of rank, or the last rows of a column, in plain C. */
#ifndef CDOT_VECTOR_PORTABLE_RANK_H
#define CDOT_VECTOR_PORTABLE_RANK_H

#include "formats/rank/rank.h"

/* The 32 floats of a chunk: 16 bytes of ranks, then 32 of signs and mantissas. Rows stand so that vectors of eight
 * come out in order where words of 16 bits are taken apart into even and odd ones. With row 8 k + 4 h + i, k = 2 u + o:
 *
 *     sign and mantissa   byte 16 h + p of the 32, p = 8 u + 2 i + o
 *     rank                nibble h of byte p of the 16, the low one for h = 0 */
static inline void rank_chunk(const uint8_t *chunk, const rank_tables *tables, float *out)
{
    for (uint32_t half = 0; half < 2; half++)
        for (uint32_t place = 0; place < 16; place++) {
            uint32_t row = 8 * (place / 8 * 2 + place % 2) + 4 * half + place % 8 / 2;
            uint32_t bits = rank_bits(tables, chunk[16 + 16 * half + place], chunk[place] >> 4 * half & 15);
            memcpy(out + row, &bits, sizeof bits);
        }
}

#endif
