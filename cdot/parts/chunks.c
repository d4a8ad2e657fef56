/* The one pass over counts that opening a payload makes; see chunks.h. */
#include "parts/chunks.h"

int chunk_open(chunk_counts *counts, uint32_t n, uint64_t entries)
{
    uint32_t mask = ((uint32_t)1 << counts->shift) - 1;
    uint64_t position = 0;
    for (uint32_t j = 0; j < counts->m; j++) {
        uint32_t count = chunk_count(counts, j);
        if (count > n)
            return CDOT_POINTER;
        if ((j & mask) == 0)
            counts->positions[j >> counts->shift] = position;
        position += count;
    }
    counts->positions[chunk_groups(counts->m, counts->shift)] = position;
    return position == entries ? CDOT_OK : CDOT_POINTER;
}
