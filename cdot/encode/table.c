/* Counting distinct values, and finding their numbers: a hash table with open addressing. */
#include "encode/encode.h"
#include "encode/slots.h"

int64_t encode_tally(uint64_t *slots, uint32_t shift, uint32_t *distinct, int64_t *counts, uint64_t most,
                     uint64_t *used, const uint32_t *values, uint64_t count)
{
    for (uint64_t i = 0; i < count;) {
        uint32_t value = values[i], slot = slot_of(slots, shift, value);
        uint64_t run = i + 1;
        while (run < count && values[run] == value) /* equal neighbours wait for no sum in memory */
            run++;
        if (slots[slot] == 0) {
            if (*used == most)
                return (int64_t)i;
            distinct[*used] = value;
            counts[*used] = 0;
            slots[slot] = (uint64_t)++*used << 32 | value;
        }
        counts[(slots[slot] >> 32) - 1] += (int64_t)(run - i);
        i = run;
    }
    return (int64_t)count;
}

int encode_find(const encode_table *table, const uint32_t *values, uint64_t count, uint32_t *numbers)
{
    uint32_t missing = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t number = slot_number(table->slots, table->shift, values[i]);
        missing |= number == 0;
        numbers[i] = number - 1;
    }
    return missing ? CDOT_ROW : CDOT_OK;
}
