/* Streams of bytes in a canonical Huffman code: up to SYMBOLS_A_LOOK_UP of them a look-up, four streams side
 * by side. A byte is what a symbol stands for, or the symbol's number.
 *
 * Look-ups write whole words, so streams are decoded past the end of what was asked for: at most
 * SYMBOLS_PAST of those symbols are real, and the next chunk of the stream starts with them. A code whose
 * codewords are all of one length needs no table. Decoding stands in this header because short chunks would
 * feel the calls. */
#ifndef CDOT_SYMBOLS_H
#define CDOT_SYMBOLS_H

#include "parts/huffman.h"

enum {
    SYMBOL_STREAMS = 4,
    SYMBOL_TABLE_BITS = 11,
    SYMBOL_LOOK_UPS = 3, /* from one peek: SYMBOL_LOOK_UPS * SYMBOL_TABLE_BITS <= BITS_PEEK */
    SYMBOLS_A_LOOK_UP = 6,
    SYMBOLS_PAST = SYMBOL_LOOK_UPS * SYMBOLS_A_LOOK_UP,
    SYMBOL_SPARE = 32 /* bytes behind those asked for that may be written: SYMBOLS_PAST, and a word */
};

typedef struct {
    huffman_stream stream;
    const uint8_t *bytes; /* [symbols] that they stand for; NULL: their numbers */
    uint64_t *table;      /* [2^table_bits]: bits, count, and the bytes; count 0: a longer codeword */
    uint32_t table_bits;
    uint32_t alike; /* all codewords have this many bits; ALIKE_NOT: they differ */
} symbol_stream;

enum { ALIKE_NOT = 255 };

/* Bytes of workspace that symbols_open takes, a multiple of 16. */
uint64_t symbols_workspace(const huffman_sections *sections);

/* Opens code, stream and seek points, and builds the table; an error as huffman_stream_open, CDOT_CODE for
 * more symbols than bytes can tell apart. */
int symbols_open(symbol_stream *out, const huffman_sections *sections, const uint8_t *bytes,
                 uint8_t *workspace);

/* The byte of a codeword that is longer than the table's index, from the front of a stream that stands at
 * `bit`; returns the bit behind it. */
uint64_t symbols_long(const symbol_stream *symbols, uint64_t bit, uint8_t *out);

/* The next `count` bytes where codewords are alike; up to eight more are written. */
uint64_t symbols_alike(const symbol_stream *symbols, uint64_t bit, uint32_t count, uint8_t *out);

/* What one peek gives. `symbols` is for the call alone: what look-ups need are copies in registers. A codeword
 * that is in no entry moves nothing on, so it is enough to look for one behind the last look-up. The window's lowest
 * bit, which is behind those that are looked up, tells how many were taken. */
__attribute__((always_inline)) static inline void symbols_peek(const symbol_stream *symbols, bit_stream words,
                                                               int within, const uint64_t *table,
                                                               uint32_t shift, uint64_t *bit, uint8_t **out)
{
    uint64_t window = (within ? bits_peek_within(words.words, *bit) : bits_peek(&words, *bit)) | 1, entry = 0;
    for (int look_up = 0; look_up < SYMBOL_LOOK_UPS; look_up++) {
        entry = table[window >> shift];
        uint64_t found = entry >> 16 | entry << 48; /* one instruction; the upper two bytes are nothing */
        memcpy(*out, &found, sizeof found);
        *out += entry >> 8 & 255;
        window <<= entry & 63;
    }
    *bit += (uint64_t)__builtin_ctzll(window);
    if (__builtin_expect(entry == 0, 0))
        *bit = symbols_long(symbols, *bit, (*out)++);
}

/* Bytes of SYMBOL_STREAMS streams that are not at their ends, until one of them is. They are written out, and
 * stand in variables of their own: a loop over them would be one through memory. `within` is a constant: no peek can
 * pass the stream's end. */
__attribute__((always_inline)) static inline void symbols_rounds(const symbol_stream *symbols, int within, uint64_t *bits,
                                                                 uint8_t **outs, uint8_t *const *ends)
{
    const bit_stream words = symbols->stream.stream;
    const uint64_t *table = symbols->table;
    uint32_t shift = 64 - symbols->table_bits;
    uint64_t bit0 = bits[0], bit1 = bits[1], bit2 = bits[2], bit3 = bits[3];
    uint8_t *out0 = outs[0], *out1 = outs[1], *out2 = outs[2], *out3 = outs[3];
    do {
        symbols_peek(symbols, words, within, table, shift, &bit0, &out0);
        symbols_peek(symbols, words, within, table, shift, &bit1, &out1);
        symbols_peek(symbols, words, within, table, shift, &bit2, &out2);
        symbols_peek(symbols, words, within, table, shift, &bit3, &out3);
    } while (out0 < ends[0] && out1 < ends[1] && out2 < ends[2] && out3 < ends[3]);
    bits[0] = bit0, bits[1] = bit1, bits[2] = bit2, bits[3] = bit3;
    outs[0] = out0, outs[1] = out1, outs[2] = out2, outs[3] = out3;
}

/* Whether a stream at `bit` ends behind `count` more symbols and those past them, however long their codewords are. */
static inline int symbols_within(const symbol_stream *symbols, uint64_t bit, uint64_t count)
{
    const bit_stream *words = &symbols->stream.stream;
    return bit + (count + SYMBOLS_PAST) * symbols->stream.code.longest <= words->last * 32;
}

/* Bytes of one stream, until it has reached its end, or up to SYMBOLS_PAST behind it. */
static inline void symbols_decode(const symbol_stream *symbols, uint64_t *bit, uint8_t **out, uint8_t *end)
{
    if (symbols->alike != ALIKE_NOT && *out < end) {
        *bit = symbols_alike(symbols, *bit, (uint32_t)(end - *out), *out);
        *out = end;
    }
    while (*out < end)
        symbols_peek(symbols, symbols->stream.stream, 0, symbols->table, 64 - symbols->table_bits, bit, out);
}

/* Bytes of SYMBOL_STREAMS streams, until one of them has reached its end; bits and outs are moved on. */
static inline void symbols_decode_four(const symbol_stream *symbols, uint64_t *bits, uint8_t **outs,
                                       uint8_t *const *ends)
{
    int all = symbols->alike == ALIKE_NOT, within = 1;
    for (int s = 0; s < SYMBOL_STREAMS; s++) {
        all &= outs[s] < ends[s];
        within &= symbols_within(symbols, bits[s], (uint64_t)(ends[s] - outs[s]));
    }
    if (all && within)
        symbols_rounds(symbols, 1, bits, outs, ends);
    else if (all)
        symbols_rounds(symbols, 0, bits, outs, ends);
    for (int s = 0; s < SYMBOL_STREAMS && symbols->alike != ALIKE_NOT; s++)
        symbols_decode(symbols, bits + s, outs + s, ends[s]);
}

/* The values of the next `count` codewords that are alike, from a codebook as below; up to eight more are
 * written. SYMBOLS_UNPACK: whether that is a way of its own here, faster than bytes and their values. */
#if defined(__AVX2__)
enum { SYMBOLS_UNPACK = 1 };
#else
enum { SYMBOLS_UNPACK = 0 };
#endif
uint64_t symbols_unpack(const symbol_stream *symbols, uint64_t bit, uint32_t count, const float *codebook,
                        float *out);

/* Values of symbols' numbers; `codebook` has SYMBOL_CODEBOOK entries, and up to 31 more values are read
 * and written. */
enum { SYMBOL_CODEBOOK = 32 };
void symbols_values(const uint8_t *numbers, uint32_t count, const float *codebook, uint32_t symbols, float *out);

#endif
