/* Single steps of ham's decoders: peeks of 64 bits, and the codeword in front of a stream whatever it is. */
#ifndef CDOT_HAM_STEP_H
#define CDOT_HAM_STEP_H

#include "ham.h"

/* The 64 bits from `bit` on, in front of safe_bits. */
static inline uint64_t ham_peek(const uint32_t *words, uint64_t bit)
{
    uint64_t pair, shift = bit & 31;
    words += bit >> 5;
    memcpy(&pair, words, 8);
    return (pair << 32 | pair >> 32) << shift | ((uint64_t)words[2] << shift) >> 32;
}

static inline uint32_t ham_leading_zeros(uint64_t window)
{
    return window ? (uint32_t)__builtin_clzll(window) : 64;
}

/* Peeks until one passes safe_bits, 64 bits each at the most. */
static inline uint64_t ham_safe_rounds(const ham_tables *tables, uint64_t bit)
{
    return bit < tables->safe_bits ? (tables->safe_bits - bit + 63) / 64 : 0;
}

/* Takes zeros, up to the limit. */
static inline void ham_take_zeros(const ham_tables *tables, ham_stream *one)
{
    uint64_t left = one->limit - one->row, bit = one->bit;
    for (;;) {
        uint64_t window =
            bit < tables->safe_bits ? ham_peek(tables->stream.stream.words, bit) : bits_peek_wide(&tables->stream.stream, bit);
        uint64_t zeros = ham_leading_zeros(window);
        if (zeros < 64 || left <= 64) {
            zeros = zeros < left ? zeros : left;
            one->bit = bit + zeros;
            one->row = one->limit - left + zeros;
            return;
        }
        bit += 64;
        left -= 64;
    }
}

/* The symbol in front of the stream, of any length. */
static inline uint32_t ham_take_symbol(const ham_tables *tables, ham_stream *one)
{
    const huffman_code *code = &tables->stream.code;
    uint64_t window = bits_peek_wide(&tables->stream.stream, one->bit);
    uint32_t length = 1;
    while (length < code->longest && window >= code->limit[length])
        length++;
    one->bit += length;
    one->row++;
    return code->index[length] + (uint32_t)((window - code->first[length]) >> (64 - length));
}

/* Takes entries in front of the limit, of which there is one or more: up to and with the next nonzero, or
 * the next zero where these are not unary, or up to the limit. Returns 1 and the value of a nonzero. */
static inline int ham_take(const ham_tables *tables, ham_stream *one, float *value)
{
    if (tables->unary) {
        ham_take_zeros(tables, one);
        if (one->row == one->limit)
            return 0;
    }
    uint32_t symbol = ham_take_symbol(tables, one);
    *value = tables->stream.code.values[symbol];
    return tables->zero_bits == 0 || symbol != tables->zero;
}

/* Two nonzeros in front of a stream, each behind a unary run of zeros. */
typedef struct {
    uint64_t zeros[2];         /* in front of each */
    uint64_t bits[2];          /* up to the end of each; above 64: it is not what is there */
    const ham_entry *entry[2];
} ham_pair;

/* From one peek. A codeword that the window cuts has an entry of more bits than are left, since no codeword
 * begins with another: so all that has to be checked is the number of bits. */
__attribute__((always_inline)) static inline ham_pair ham_two(const uint32_t *words, const ham_entry *entries,
                                                              uint32_t shift, uint64_t bit)
{
    ham_pair pair;
    uint64_t window = ham_peek(words, bit), bits = 0;
    for (int i = 0; i < 2; i++) {
        pair.zeros[i] = ham_leading_zeros(window);
        window <<= pair.zeros[i] & 63;
        pair.entry[i] = &entries[window >> shift];
        window <<= pair.entry[i]->bits & 63;
        pair.bits[i] = bits += pair.zeros[i] + pair.entry[i]->bits;
    }
    return pair;
}

#endif
