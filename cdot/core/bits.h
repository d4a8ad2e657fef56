/* Bit streams of 32-bit words, most significant bit first, as the entropy-coding papers write them.
 *
 * A reader is nothing but a bit position. Peeking loads the two words around it, so four streams can be
 * decoded side by side without keeping four refill states in registers. A position beyond the end reads
 * the last words again: no stream, however damaged, is read outside. */
#ifndef CDOT_BITS_H
#define CDOT_BITS_H

#include <stdint.h>
#include <string.h>

enum { BITS_PEEK = 33 }; /* bits that one peek gives at the least */

typedef struct {
    const uint32_t *words;
    uint64_t last; /* index of the last pair of words; a stream has two words at the least */
} bit_stream;

/* The bits from `bit` on, left-justified in 64; BITS_PEEK or more of them. Word bit / 32 is not behind the last pair. */
static inline uint64_t bits_peek_within(const uint32_t *words, uint64_t bit)
{
    uint64_t pair;
    memcpy(&pair, words + (bit >> 5), 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "payloads are little-endian and read in place"
#endif
    return (pair << 32 | pair >> 32) << (bit & 31);
}

/* The same anywhere: behind the end are the last words once more. */
static inline uint64_t bits_peek(const bit_stream *stream, uint64_t bit)
{
    uint64_t word = bit >> 5;
    word = word < stream->last ? word : stream->last;
    return bits_peek_within(stream->words, word << 5 | (bit & 31));
}

/* All 64 bits from `bit` on, where three words may be loaded. */
static inline uint64_t bits_peek_wide_within(const uint32_t *words, uint64_t bit)
{
    uint64_t third = words[(bit >> 5) + 2];
    return bits_peek_within(words, bit) | (third << (bit & 31)) >> 32;
}

/* All 64 bits from `bit` on, anywhere, for codewords longer than a peek. */
static inline uint64_t bits_peek_wide(const bit_stream *stream, uint64_t bit)
{
    uint64_t window = bits_peek(stream, bit);
    return (window & ~(uint64_t)0 << 32) | bits_peek(stream, bit + 32) >> 32;
}

#endif
