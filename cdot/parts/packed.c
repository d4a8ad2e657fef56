/* The one pass over packed indices that opening a payload makes. */
#include "parts/packed.h"

/* The largest of `count` indices; `step` as in packed_look_up. */
static inline uint64_t largest_of(const uint8_t *bytes, uint32_t width, uint64_t count, uint32_t step)
{
    uint64_t mask = packed_mask(width), bit = 0, largest = 0, i = 0;
    for (; i + step <= count; i += step, bit += step * width) {
        uint64_t window = packed_window(bytes, bit);
        for (uint32_t k = 0; k < step; k++, window >>= width)
            largest = (window & mask) > largest ? window & mask : largest;
    }
    for (; i < count; i++, bit += width) {
        uint64_t index = packed_window(bytes, bit) & mask;
        largest = index > largest ? index : largest;
    }
    return largest;
}

int packed_check(const uint8_t *bytes, uint32_t width, uint64_t count, uint32_t symbols)
{
    if (count == 0 || (symbols && symbols - 1 == packed_mask(width)))
        return CDOT_OK;
    if (width == 0)
        return CDOT_ROW; /* indices into an empty codebook */
    uint64_t largest = width <= 8                   ? largest_of(bytes, width, count, 8)
                       : width <= PACKED_WINDOW / 4 ? largest_of(bytes, width, count, 4)
                                                    : largest_of(bytes, width, count, 1);
    return largest < symbols ? CDOT_OK : CDOT_ROW;
}
