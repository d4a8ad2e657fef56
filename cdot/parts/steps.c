/* Steps that are out of order; see steps.h. */
#include "parts/steps.h"

uint64_t steps_clamped(uint64_t sums, uint32_t left)
{
    uint64_t clamped = 0;
    for (uint32_t shift = 0; shift < 64; shift += 8) {
        uint64_t sum = sums >> shift & 255;
        clamped |= (sum < left ? sum : left) << shift;
    }
    return clamped;
}
