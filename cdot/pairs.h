/* Streams of values in a canonical Huffman code: one or two values a look-up, four streams side by side.
 * Decoding stands in this header because short chunks would feel the calls. */
#ifndef CDOT_PAIRS_H
#define CDOT_PAIRS_H

#include "huffman.h"

enum {
    PAIR_STREAMS = 4,
    PAIR_LOOK_UPS = 3 /* from one peek: PAIR_LOOK_UPS * HUFFMAN_TABLE_BITS <= BITS_PEEK */
};

/* What one look-up gives: the one or two values whose codewords fit into the table's bits. */
typedef struct {
    uint8_t bits, count; /* count 0: a codeword longer than that */
} pair_entry;

typedef struct {
    huffman_stream stream;
    float (*values)[2];  /* [2^table_bits] */
    pair_entry *entries; /* [2^table_bits] */
} pair_stream;

/* Bytes of workspace that pairs_open takes, a multiple of 16. */
uint64_t pairs_workspace(uint32_t longest);

/* Opens code, stream and seek points, and builds the tables; an error as huffman_stream_open. */
int pairs_open(pair_stream *out, const huffman_sections *sections, uint8_t *workspace);

static inline uint32_t pairs_symbol(const huffman_stream *stream, uint64_t bit, uint64_t window, float *value)
{
    const huffman_code *code = &stream->code;
    uint64_t entry = window >> (64 - code->table_bits);
    uint32_t length = code->table_length[entry];
    *value = code->table_value[entry];
    if (__builtin_expect(length == 0, 0))
        *value = code->values[huffman_slow(code, bits_peek_wide(&stream->stream, bit), &length)];
    return length;
}

static inline uint64_t pairs_singles(const huffman_stream *stream, uint64_t bit, uint32_t count, float *out)
{
    for (uint32_t i = 0; i < count; i++)
        bit += pairs_symbol(stream, bit, bits_peek(&stream->stream, bit), out + i);
    return bit;
}

/* The next `count` values of a stream that stands at `bit`; returns the bit behind them. A code of one
 * value takes no bits. */
static inline uint64_t pairs_decode(const pair_stream *pairs, uint64_t bit, uint32_t count, float *out)
{
    if (pairs->stream.groups)
        return pairs_singles(&pairs->stream, bit, count, out);
    for (uint32_t i = 0; i < count; i++)
        out[i] = pairs->stream.code.values[0];
    return bit;
}

/* `rounds` times PAIR_LOOK_UPS look-ups in each stream, which has room for two values a look-up. */
static inline void pairs_rounds(const pair_stream *pairs, uint32_t rounds, uint64_t *bits, float **outs)
{
    const bit_stream words = pairs->stream.stream;
    const pair_entry *restrict entries = pairs->entries;
    const float(*restrict values)[2] = (const float(*)[2])pairs->values;
    uint32_t shift = 64 - pairs->stream.code.table_bits;
    uint64_t bit[PAIR_STREAMS];
    float *out[PAIR_STREAMS];
    for (int s = 0; s < PAIR_STREAMS; s++) {
        bit[s] = bits[s];
        out[s] = outs[s];
    }
    for (uint32_t round = 0; round < rounds; round++) {
        for (int s = 0; s < PAIR_STREAMS; s++) {
            uint64_t window = bits_peek(&words, bit[s]);
            for (int look_up = 0; look_up < PAIR_LOOK_UPS; look_up++) {
                uint64_t entry = window >> shift;
                pair_entry pair = entries[entry];
                memcpy(out[s], values[entry], sizeof(float[2]));
                if (__builtin_expect(pair.count == 0, 0)) {
                    bit[s] = pairs_singles(&pairs->stream, bit[s], 1, out[s]);
                    out[s]++;
                    break;
                }
                out[s] += pair.count;
                bit[s] += pair.bits;
                window <<= pair.bits;
            }
        }
    }
    for (int s = 0; s < PAIR_STREAMS; s++) {
        bits[s] = bit[s];
        outs[s] = out[s];
    }
}

/* Values of PAIR_STREAMS streams, until one of them lacks but a few to its end; bits and outs are moved on. */
static inline void pairs_decode_four(const pair_stream *pairs, uint64_t *bits, float **outs, float *const *ends)
{
    while (pairs->stream.groups) {
        ptrdiff_t room = ends[0] - outs[0];
        for (int s = 1; s < PAIR_STREAMS; s++)
            room = ends[s] - outs[s] < room ? ends[s] - outs[s] : room;
        if (room < 2 * PAIR_LOOK_UPS)
            return;
        pairs_rounds(pairs, (uint32_t)room / (2 * PAIR_LOOK_UPS), bits, outs);
    }
}

#endif
