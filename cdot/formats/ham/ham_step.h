/* Steps of ham's decoders: peeks of 64 bits, two nonzeros of a peek, and whatever else is in front of a stream. */
#ifndef CDOT_HAM_STEP_H
#define CDOT_HAM_STEP_H

#include "formats/ham/ham.h"

/* In front of a loop over streams: what is kept of each has to stay in registers. */
#if defined(__clang__)
#define HAM_UNROLLED _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define HAM_UNROLLED _Pragma("GCC unroll 4")
#else
#define HAM_UNROLLED
#endif

static inline uint64_t ham_least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
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

/* The 64 bits from `bit` on, which are there in front of safe_bits; behind the end are the last words once more. */
static inline uint64_t ham_peek_anywhere(const ham_tables *tables, uint64_t bit)
{
    const bit_stream *stream = &tables->stream.stream;
    if (__builtin_expect(bit < tables->safe_bits, 1))
        return bits_peek_wide_within(stream->words, bit);
    return bits_peek_wide(stream, bit);
}

/* Takes zeros where they are unary, up to the limit. */
static inline void ham_take_zeros(const ham_tables *tables, ham_stream *one)
{
    uint64_t bit = one->bit, left = one->limit - one->row, zeros;
    while ((zeros = ham_leading_zeros(ham_peek_anywhere(tables, bit))) == 64 && left > 64) {
        bit += 64;
        left -= 64;
    }
    zeros = zeros < left ? zeros : left;
    one->bit = bit + zeros;
    one->row = one->limit - left + zeros;
}

/* The symbol in front of `window` where the table has not got it: a long codeword, or, behind the end of a
 * damaged stream, a zero where there was none before. */
static inline uint32_t ham_long_symbol(const ham_tables *tables, uint64_t window, uint32_t *length)
{
    const huffman_code *code = &tables->stream.code;
    uint32_t l = window >> 63 ? tables->table_bits : 1;
    while (l < code->longest && window >= code->limit[l])
        l++;
    *length = l;
    return code->index[l] + (uint32_t)((window - code->first[l]) >> (64 - l));
}

/* Takes one codeword or table entry. Returns 1 and the value of a nonzero, or 0 for zeros. */
static inline int ham_take_codeword(const ham_tables *tables, ham_stream *one, float *value)
{
    uint64_t window = ham_peek_anywhere(tables, one->bit);
    const ham_entry *entry = &tables->entries[window >> (64 - tables->table_bits)];
    one->row++;
    if (entry->count && entry->zeros == 0) {
        one->bit += entry->bits;
        *value = entry->value;
        return 1;
    }
    if (entry->zeros) {
        one->bit += tables->zero_bits;
        return 0;
    }
    uint32_t length, symbol = ham_long_symbol(tables, window, &length);
    one->bit += length;
    *value = tables->stream.code.values[symbol];
    return tables->zero_bits == 0 || symbol != tables->zero;
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
    return ham_take_codeword(tables, one, value);
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
    uint64_t window = bits_peek_wide_within(words, bit), bits = 0;
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
