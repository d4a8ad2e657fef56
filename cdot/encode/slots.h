/* Looking a value up in an encode_table. */
#ifndef CDOT_ENCODE_SLOTS_H
#define CDOT_ENCODE_SLOTS_H

#include <stdint.h>

/* The slot that holds a value, or the empty one where it belongs. Fibonacci hashing: values that differ in few
 * bits, as those of a codebook do, are far apart in the product's high bits. */
static inline uint32_t slot_of(const uint64_t *slots, uint32_t shift, uint32_t value)
{
    uint32_t mask = UINT32_MAX >> shift, slot = (value * 2654435769u) >> shift;
    while (slots[slot] && (uint32_t)slots[slot] != value)
        slot = (slot + 1) & mask;
    return slot;
}

/* The number of a value, plus 1; 0 where the table does not have it. */
static inline uint32_t slot_number(const uint64_t *slots, uint32_t shift, uint32_t value)
{
    return (uint32_t)(slots[slot_of(slots, shift, value)] >> 32);
}

#endif
