/* Indices of a few bits, least significant bit first: see packed.h for how kernels read them. */
#include "encode/encode.h"

#include <string.h>

/* Of one width of items, which the compiler makes a loop of its own of. */
static inline __attribute__((always_inline)) void pack(uint8_t *out, uint64_t bit, const void *indices,
                                                       uint32_t item_bytes, uint64_t count, uint32_t width)
{
    const uint8_t *from = indices;
    uint8_t *at = out + (bit >> 3);
    uint32_t fill = (uint32_t)(bit & 7);
    uint64_t bits = fill ? *at & ((1u << fill) - 1) : 0;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t index = 0;
        memcpy(&index, from + i * item_bytes, item_bytes);
        bits |= (uint64_t)index << fill;
        fill += width;
        if (fill >= 32) {
            uint32_t word = (uint32_t)bits;
            memcpy(at, &word, 4);
            at += 4;
            bits >>= 32;
            fill -= 32;
        }
    }
    for (; fill; fill -= fill < 8 ? fill : 8, bits >>= 8)
        *at++ |= (uint8_t)bits;
}

void encode_pack(uint8_t *out, uint64_t bit, const void *indices, uint32_t item_bytes, uint64_t count,
                 uint32_t width)
{
    if (item_bytes == 1)
        pack(out, bit, indices, 1, count, width);
    else if (item_bytes == 2)
        pack(out, bit, indices, 2, count, width);
    else
        pack(out, bit, indices, 4, count, width);
}
