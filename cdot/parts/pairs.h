/* Streams of values in a canonical Huffman code: one or two values a look-up, four streams side by side.
 *
 * Two kinds of tables. Where codewords longer than the table's index are rare, an entry has the values, and
 * a long codeword is searched for. Where they are not, as with tens of thousands of values, a search that
 * nobody can foresee costs more than all else: an entry then has the length of its first codeword, and the
 * difference of symbols and codewords of that length, and long codewords are like others.
 *
 * Streams are decoded past the end of what was asked for, by PAIRS_PAST values at the most, and the next
 * chunk of the stream starts with them. Decoding stands in this header because short chunks would feel the
 * calls. */
#ifndef CDOT_PAIRS_H
#define CDOT_PAIRS_H

#include "parts/huffman.h"

enum {
    PAIR_STREAMS = 4,
    PAIR_LOOK_UPS = 3, /* from one peek: PAIR_LOOK_UPS * HUFFMAN_TABLE_BITS <= BITS_PEEK */
    PAIR_LONG_LOOK_UPS = 2, /* from one wide peek, where PAIR_LOOK_UPS of the longest codewords do not fit */
    PAIR_LONGEST = 64 / PAIR_LONG_LOOK_UPS,
    PAIRS_PAST = 2 * PAIR_LOOK_UPS,
    PAIR_SPARE = PAIRS_PAST + 1 /* values behind those asked for that may be written */
};

/* What one look-up gives: the one or two values whose codewords fit into the table's bits. */
typedef struct {
    uint8_t bits, count; /* count 0: a codeword longer than that */
} pair_entry;

/* The same where codewords may be longer, in one word: the first codeword's length (64 less that, 8 bits), how
 * many values (8 bits) and bits (16 bits) are found, and what has to be added to the first codeword for its
 * symbol (32 bits, modulo 2^32). No bits and no values where codewords of several lengths start alike. */
typedef uint64_t pair_long;

typedef struct {
    huffman_stream stream;
    float (*values)[2];  /* [2^table_bits] */
    pair_entry *entries; /* [2^table_bits], or */
    float *seconds;      /* [2^table_bits] */
    pair_long *longs;    /* [2^table_bits], NULL: the other kind */
    int look_ups;        /* PAIR_LOOK_UPS or PAIR_LONG_LOOK_UPS */
} pair_stream;

/* Bytes of workspace that pairs_open takes, a multiple of 16. */
uint64_t pairs_workspace(const huffman_sections *sections);

/* Opens code, stream and seek points, and builds the tables; an error as huffman_stream_open. */
int pairs_open(pair_stream *out, const huffman_sections *sections, uint8_t *workspace);

/* The value of a codeword that is in no table; returns the bit behind it. */
uint64_t pairs_search(const pair_stream *pairs, uint64_t bit, float *out);

/* One look-up: writes two values, moves on by as many as were found; returns how many. */
static inline uint32_t pairs_look_up(const pair_stream *pairs, uint64_t *window, uint64_t *bit, float **out)
{
    uint64_t entry = *window >> (64 - pairs->stream.code.table_bits);
    pair_entry pair = pairs->entries[entry];
    memcpy(*out, pairs->values[entry], sizeof(float[2]));
    *out += pair.count;
    *bit += pair.bits;
    *window <<= pair.bits;
    return pair.count;
}

/* The same with long codewords. */
static inline uint32_t pairs_look_up_long(const pair_stream *pairs, uint64_t *window, uint64_t *bit, float **out)
{
    uint64_t entry = *window >> (64 - HUFFMAN_TABLE_BITS);
    pair_long pair = pairs->longs[entry];
    uint32_t symbol = (uint32_t)(pair >> 32) + (uint32_t)(*window >> (pair & 63)), bits = (uint32_t)pair >> 16;
    (*out)[0] = pairs->stream.code.values[symbol];
    (*out)[1] = pairs->seconds[entry];
    *out += pair >> 8 & 255;
    *bit += bits;
    *window <<= bits;
    return bits;
}

/* What one peek gives; `longs`, the kind of table, and `look_ups` are constants in every call. `tables` is a copy of `pairs`
 * that stays in registers, for no call has its address. A codeword that is in no entry moves nothing on, so
 * it is enough to look for one once. */
__attribute__((always_inline)) static inline void pairs_peek(const pair_stream *pairs,
                                                             const pair_stream *tables, uint64_t *bit, float **out,
                                                             int longs, int look_ups)
{
    const bit_stream *stream = &tables->stream.stream;
    uint64_t window = longs ? bits_peek_wide(stream, *bit) : bits_peek(stream, *bit);
    uint32_t found = 0;
    for (int look_up = 0; look_up < look_ups; look_up++)
        found = longs ? pairs_look_up_long(tables, &window, bit, out) : pairs_look_up(tables, &window, bit, out);
    if (__builtin_expect(!found, 0))
        *bit = pairs_search(pairs, *bit, (*out)++);
}

/* Values of PAIR_STREAMS streams that are not at their ends, until one of them is. They are written out, and
 * stand in variables of their own: a loop over them would be one through memory. */
static inline void pairs_rounds(const pair_stream *pairs, uint64_t *bits, float **outs, float *const *ends,
                                int longs, int look_ups)
{
    const pair_stream tables = *pairs;
    uint64_t bit0 = bits[0], bit1 = bits[1], bit2 = bits[2], bit3 = bits[3];
    float *out0 = outs[0], *out1 = outs[1], *out2 = outs[2], *out3 = outs[3];
    do {
        pairs_peek(pairs, &tables, &bit0, &out0, longs, look_ups);
        pairs_peek(pairs, &tables, &bit1, &out1, longs, look_ups);
        pairs_peek(pairs, &tables, &bit2, &out2, longs, look_ups);
        pairs_peek(pairs, &tables, &bit3, &out3, longs, look_ups);
    } while (out0 < ends[0] && out1 < ends[1] && out2 < ends[2] && out3 < ends[3]);
    bits[0] = bit0, bits[1] = bit1, bits[2] = bit2, bits[3] = bit3;
    outs[0] = out0, outs[1] = out1, outs[2] = out2, outs[3] = out3;
}

/* Values of one stream, until it has reached its end; a code of one value takes no bits. */
static inline void pairs_decode(const pair_stream *pairs, uint64_t *bit, float **out, float *end)
{
    if (pairs->stream.groups == 0)
        while (*out < end)
            *(*out)++ = pairs->stream.code.values[0];
    else if (!pairs->longs)
        while (*out < end)
            pairs_peek(pairs, pairs, bit, out, 0, PAIR_LOOK_UPS);
    else if (pairs->look_ups == PAIR_LOOK_UPS)
        while (*out < end)
            pairs_peek(pairs, pairs, bit, out, 1, PAIR_LOOK_UPS);
    else
        while (*out < end)
            pairs_peek(pairs, pairs, bit, out, 1, PAIR_LONG_LOOK_UPS);
}

/* Values of PAIR_STREAMS streams, until one of them has reached its end; bits and outs are moved on. */
static inline void pairs_decode_four(const pair_stream *pairs, uint64_t *bits, float **outs, float *const *ends)
{
    int all = pairs->stream.groups > 0;
    for (int s = 0; s < PAIR_STREAMS; s++)
        all &= outs[s] < ends[s];
    if (all && !pairs->longs)
        pairs_rounds(pairs, bits, outs, ends, 0, PAIR_LOOK_UPS);
    else if (all && pairs->look_ups == PAIR_LOOK_UPS)
        pairs_rounds(pairs, bits, outs, ends, 1, PAIR_LOOK_UPS);
    else if (all)
        pairs_rounds(pairs, bits, outs, ends, 1, PAIR_LONG_LOOK_UPS);
    for (int s = 0; s < PAIR_STREAMS && pairs->stream.groups == 0; s++)
        pairs_decode(pairs, bits + s, outs + s, ends[s]);
}

#endif
