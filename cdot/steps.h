/* Relative rows: a step is a gap and the entry behind it, 1 to STEP_LONGEST rows.
 *
 * Rows are sums of steps. Eight steps are bytes of one word, and a multiplication adds each to all above
 * it. Steps that were coded come from a table, up to STEPS_A_LOOK_UP of them at once, in four streams side
 * by side. No row is ever past the matrix, whatever the steps. */
#ifndef CDOT_STEPS_H
#define CDOT_STEPS_H

#include "huffman.h"

enum {
    STEP_LONGEST = 16, /* a gap of 15; eight of them fit into a byte */
    STEP_TABLE_BITS = 11,
    STEP_STREAMS = 4,
    STEP_LOOK_UPS = 3, /* from one peek: STEP_LOOK_UPS * STEP_TABLE_BITS <= BITS_PEEK */
    STEPS_A_LOOK_UP = 6,
    STEP_SPARE = 8 /* items behind steps and rows that may be read and written */
};

typedef uint8_t step_bytes __attribute__((vector_size(8)));
typedef uint16_t step_rows16 __attribute__((vector_size(16)));
typedef uint32_t step_rows32 __attribute__((vector_size(32)));

/* Sums of steps, each `left` at the most: a damaged payload stays in the last row. */
uint64_t steps_clamped(uint64_t sums, uint32_t left);

/* Writes the rows of up to eight entries, and always eight items. `row` is the row below the entry before
 * them; returns that of the last. Bytes of `steps` behind `count` need not be 0. */
static inline uint32_t steps_eight(uint64_t steps, uint32_t count, uint32_t row, uint32_t n, void *rows,
                                   uint32_t row_bytes)
{
    step_bytes sums;
    if (count < 8)
        steps &= ((uint64_t)1 << 8 * count) - 1;
    steps *= 0x0101010101010101u;
    if (__builtin_expect(steps >> 56 > n - row, 0))
        steps = steps_clamped(steps, n - row);
    memcpy(&sums, &steps, sizeof sums);
    if (row_bytes == 2) {
        step_rows16 all = __builtin_convertvector(sums, step_rows16) + (uint16_t)(row - 1);
        memcpy(rows, &all, sizeof all);
    } else {
        step_rows32 all = __builtin_convertvector(sums, step_rows32) + (row - 1);
        memcpy(rows, &all, sizeof all);
    }
    return row + (uint32_t)(steps >> 56);
}

typedef struct {
    huffman_stream stream;
    uint64_t *table; /* [2^STEP_TABLE_BITS]: bits, steps, and what these are, a byte each; 0 steps: a codeword
                        longer than that */
} step_stream;

/* Bytes of workspace that steps_open takes, a multiple of 16. */
uint64_t steps_workspace(uint32_t longest);

/* Opens the code of gaps (a byte each in `sections`), its stream and seek points, and builds the table. */
int steps_open(step_stream *out, const huffman_sections *sections, uint8_t *workspace);

static inline uint64_t steps_singles(const huffman_stream *stream, uint64_t bit, uint32_t count, uint8_t *out)
{
    const huffman_code *code = &stream->code;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t entry = bits_peek(&stream->stream, bit) >> (64 - code->table_bits);
        uint32_t length = code->table_length[entry];
        float gap = code->table_value[entry];
        if (__builtin_expect(length == 0, 0))
            gap = code->values[huffman_slow(code, bits_peek_wide(&stream->stream, bit), &length)];
        out[i] = (uint8_t)(1 + (uint32_t)gap);
        bit += length;
    }
    return bit;
}

/* One look-up: up to STEPS_A_LOOK_UP steps from the front of a window, and eight items are written; `taken`:
 * their bits. Returns how many, 0 for a codeword longer than the table's bits. */
static inline uint32_t steps_look_up(const uint64_t *table, uint64_t window, uint8_t *out, uint32_t *taken)
{
    uint64_t entry = table[window >> (64 - STEP_TABLE_BITS)], found = entry >> 16;
    memcpy(out, &found, sizeof found);
    *taken = entry & 255;
    return entry >> 8 & 255;
}

/* The next `count` steps of a stream that stands at `bit`; returns the bit behind them. A code of one gap
 * takes no bits. */
static inline uint64_t steps_decode(const step_stream *steps, uint64_t bit, uint32_t count, uint8_t *out)
{
    if (steps->stream.groups == 0) {
        memset(out, 1 + (int)steps->stream.code.values[0], count);
        return bit;
    }
    while (count >= STEPS_A_LOOK_UP) {
        uint32_t taken, found = steps_look_up(steps->table, bits_peek(&steps->stream.stream, bit), out, &taken);
        bit = found ? bit + taken : steps_singles(&steps->stream, bit, 1, out);
        found += found == 0;
        out += found;
        count -= found;
    }
    return steps_singles(&steps->stream, bit, count, out);
}

/* `rounds` times STEP_LOOK_UPS look-ups in each stream, which has room for all that they can give. */
static inline void steps_rounds(const step_stream *steps, uint32_t rounds, uint64_t *bits, uint8_t **outs)
{
    const bit_stream words = steps->stream.stream;
    const uint64_t *table = steps->table;
    uint64_t bit[STEP_STREAMS];
    uint8_t *out[STEP_STREAMS];
    for (int s = 0; s < STEP_STREAMS; s++) {
        bit[s] = bits[s];
        out[s] = outs[s];
    }
    for (uint32_t round = 0; round < rounds; round++) {
        for (int s = 0; s < STEP_STREAMS; s++) {
            uint64_t window = bits_peek(&words, bit[s]);
            for (int look_up = 0; look_up < STEP_LOOK_UPS; look_up++) {
                uint32_t taken, count = steps_look_up(table, window, out[s], &taken);
                if (__builtin_expect(count == 0, 0)) {
                    bit[s] = steps_singles(&steps->stream, bit[s], 1, out[s]);
                    out[s]++;
                    break;
                }
                out[s] += count;
                bit[s] += taken;
                window <<= taken;
            }
        }
    }
    for (int s = 0; s < STEP_STREAMS; s++) {
        bits[s] = bit[s];
        outs[s] = out[s];
    }
}

/* Steps of STEP_STREAMS streams, until one of them lacks but a few to its end; bits and outs are moved on. */
static inline void steps_decode_four(const step_stream *steps, uint64_t *bits, uint8_t **outs,
                                     uint8_t *const *ends)
{
    enum { ROUND = STEP_LOOK_UPS * STEPS_A_LOOK_UP };
    while (steps->stream.groups) {
        ptrdiff_t room = ends[0] - outs[0];
        for (int s = 1; s < STEP_STREAMS; s++)
            room = ends[s] - outs[s] < room ? ends[s] - outs[s] : room;
        if (room < ROUND)
            return;
        steps_rounds(steps, (uint32_t)room / ROUND, bits, outs);
    }
}

#endif
