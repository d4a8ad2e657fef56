/* Rounds of the decoder that makes blocks: one look at each of the streams that are decoded side by side. */
#ifndef CDOT_HAM_ROUNDS_H
#define CDOT_HAM_ROUNDS_H

#include "formats/ham/ham_step.h"

enum { ENTRIES = 512, LOOK_UPS = 5 }; /* nonzeros of a chunk; look-ups of a peek, LOOK_UPS * HAM_TABLE_BITS bits */

/* Where a stream's nonzeros go. */
typedef struct {
    uint8_t *rows;
    float *values;
    uint32_t *ends;
} quarter;

static inline void put(uint8_t *rows, uint32_t row_bytes, uint64_t at, uint64_t row)
{
    if (row_bytes == 2)
        ((uint16_t *)rows)[at] = (uint16_t)row;
    else
        ((uint32_t *)rows)[at] = (uint32_t)row;
}

/* What is rare: the end of a column, a long run of zeros or codeword, the last bits of the stream. */
__attribute__((noinline)) static void slow_step(const ham_tables *tables, ham_stream *one, uint32_t row_bytes,
                                                quarter to)
{
    float value;
    if (one->row < one->limit && ham_take(tables, one, &value)) {
        put(to.rows, row_bytes, one->fill, one->row - 1);
        to.values[one->fill++] = value;
    }
    if (one->row == one->limit) {
        one->row = 0;
        one->column++;
        to.ends[one->segments++] = one->fill;
    }
    one->done = one->fill == ENTRIES || one->column == one->end;
}

/* Where a stream stands, in registers. */
typedef struct {
    uint64_t bit, row, fill;
} place;

static inline place load(const ham_stream *one)
{
    return (place){one->bit, one->row, one->fill};
}

static inline void store(place at, ham_stream *one)
{
    one->bit = at.bit;
    one->row = at.row;
    one->fill = (uint32_t)at.fill;
    one->done |= at.fill == ENTRIES;
}

/* The next two nonzeros; 0 if they are not in front of the limit or not in one peek. */
__attribute__((always_inline)) static inline int unary_round(const ham_tables *tables, uint64_t limit,
                                                             uint32_t row_bytes, quarter to, place *at)
{
    ham_pair pair = ham_two(tables->stream.stream.words, tables->entries, 64 - tables->table_bits, at->bit);
    uint64_t first = at->row + pair.zeros[0], second = first + pair.zeros[1] + 1;
    if (__builtin_expect(second >= limit || pair.bits[1] > 64, 0))
        return 0;
    put(to.rows, row_bytes, at->fill, first);
    put(to.rows, row_bytes, at->fill + 1, second);
    to.values[at->fill] = pair.entry[0]->value;
    to.values[at->fill + 1] = pair.entry[1]->value;
    at->fill += 2;
    at->bit += pair.bits[1];
    at->row = second + 1;
    return 1;
}

/* LOOK_UPS of a peek. What is behind a long codeword changes nothing, since its entry is all 0. */
__attribute__((always_inline)) static inline int table_round(const ham_tables *tables, uint64_t limit,
                                                             uint32_t row_bytes, quarter to, place *at)
{
    const ham_entry *entry = NULL;
    place next = *at;
    uint64_t window = bits_peek_wide_within(tables->stream.stream.words, at->bit);
    for (int i = 0; i < LOOK_UPS; i++) {
        entry = &tables->entries[window >> (64 - tables->table_bits)];
        put(to.rows, row_bytes, next.fill, next.row + entry->zeros);
        to.values[next.fill] = entry->value;
        next.fill += entry->count;
        next.row += entry->entries;
        next.bit += entry->bits;
        window <<= entry->bits;
    }
    if (__builtin_expect(next.row > limit, 0))
        return 0;
    *at = next;
    return entry->bits;
}

/* Rounds that are safe: bits in the stream and room in the chunk. */
static inline uint64_t safe_rounds(const ham_tables *tables, place at, uint32_t unary)
{
    return ham_least(ham_safe_rounds(tables, at.bit), (ENTRIES - at.fill) / (unary ? 2 : LOOK_UPS));
}

/* `count` streams side by side until one is done or no round is safe; inlined with constants. */
__attribute__((always_inline)) static inline void rounds(const ham_tables *shared, ham_stream *streams, int count,
                                                         uint32_t row_bytes, uint32_t unary, const quarter *to)
{
    const ham_tables copy = *shared, *tables = &copy; /* which no store can change */
    place at[HAM_STREAMS];
    uint64_t left = ENTRIES, limit = streams[0].limit;
    HAM_UNROLLED
    for (int s = 0; s < count; s++) {
        at[s] = load(&streams[s]);
        left = ham_least(left, safe_rounds(tables, at[s], unary));
    }
    while (left > 0) {
        left--;
        HAM_UNROLLED
        for (int s = 0; s < count; s++) {
            int ok = unary ? unary_round(tables, limit, row_bytes, to[s], &at[s])
                           : table_round(tables, limit, row_bytes, to[s], &at[s]);
            if (__builtin_expect(ok, 1))
                continue;
            store(at[s], &streams[s]);
            if (!streams[s].done)
                slow_step(shared, &streams[s], row_bytes, to[s]);
            at[s] = load(&streams[s]);
            left = streams[s].done ? 0 : ham_least(left, safe_rounds(tables, at[s], unary));
        }
    }
    HAM_UNROLLED
    for (int s = 0; s < count; s++)
        store(at[s], &streams[s]);
}

#endif
