/* The places of the ones in a word of bits as row indices: what a bitmap and an index map of mostly zeros have in
 * common. Eight places are written whatever the word, and what comes next goes behind those that count: so the
 * usual word takes one branch, which is as a rule foreseen, and not one for each of its ones. */
#ifndef CDOT_ONES_H
#define CDOT_ONES_H

#include "core/payload.h"

enum { ONES_STEP = 8 }; /* items written at once: room that rows need behind the last one */

/* `row_bytes` is a constant in every call: 2 or 4. */
static inline void ones_write(void *rows, uint32_t row_bytes, uint32_t k, uint32_t row)
{
    if (row_bytes == 2)
        ((uint16_t *)rows)[k] = (uint16_t)row;
    else
        ((uint32_t *)rows)[k] = row;
}

/* Writes `base` plus the place of each one, rising, and up to ONES_STEP items more; returns how many ones. */
static inline uint32_t ones_rows(uint64_t word, uint32_t base, void *rows, uint32_t row_bytes)
{
    uint32_t ones = (uint32_t)__builtin_popcountll(word), done = 0;
    do {
        for (uint32_t k = 0; k < ONES_STEP; k++, word &= word - 1) {
            uint32_t row = base + (word ? (uint32_t)__builtin_ctzll(word) : 64);
            __asm__("" : "+r"(row)); /* collecting eight of them in a vector would cost more than eight stores */
            ones_write(rows, row_bytes, done + k, row);
        }
        done += ONES_STEP;
    } while (__builtin_expect(done < ones, 0));
    return ones;
}

#endif
