/* Building the table of several symbols a look-up, and what is not looked up in it; see symbols.h. */
#include "parts/symbols.h"

#if defined(__BMI2__)
#include <immintrin.h>
#endif
#if defined(__AVX2__)
#include "isa/avx2/symbols.h"
#else
#include "isa/portable/symbols.h"
#endif

enum { LEAST_BITS = 6, SHARE = 2, SYMBOLS = 256 };

/* Bits of the table's index: it takes a SHARE-th of the stream's bytes at the most, so that small layers have
 * small tables, but codewords of up to HUFFMAN_TABLE_BITS are always in it. */
static uint32_t symbols_table_bits(const huffman_fields *fields)
{
    uint32_t bits = huffman_table_bits(fields->longest);
    bits = bits < LEAST_BITS ? LEAST_BITS : bits;
    while (bits < SYMBOL_TABLE_BITS && (uint64_t)SHARE * sizeof(uint64_t) << (bits + 1) <= 4 * fields->words)
        bits++;
    return bits;
}

uint64_t symbols_workspace(const huffman_sections *sections)
{
    const huffman_fields *fields = &sections->fields;
    return huffman_lengths_workspace(fields->longest) + (sizeof(uint64_t) << symbols_table_bits(fields));
}

static uint8_t symbols_byte(const symbol_stream *symbols, uint32_t symbol)
{
    return symbols->bytes ? symbols->bytes[symbol] : (uint8_t)symbol;
}

/* Each entry's first codeword: its symbol in the place of the first byte, and its length. */
static void symbols_fill(symbol_stream *symbols, const uint32_t *per_length)
{
    uint32_t t = symbols->table_bits, longest = symbols->stream.code.longest;
    uint64_t at = 0, symbol = 0;
    for (uint32_t l = 1; l <= t && l <= longest; l++)
        for (uint32_t i = 0; i < per_length[l - 1]; i++, symbol++)
            for (uint64_t end = at + ((uint64_t)1 << (t - l)); at < end; at++)
                symbols->table[at] = symbol << 16 | 1 << 8 | l;
    for (; at < (uint64_t)1 << t; at++)
        symbols->table[at] = 0;
}

/* As many whole codewords as the bits of an index have. First symbols stay where they are in entries that
 * were replaced; `lengths` are those of their codewords. */
static uint64_t symbols_entry(const symbol_stream *symbols, uint64_t index, const uint8_t *lengths)
{
    uint32_t t = symbols->table_bits, taken = 0, count = 0;
    uint64_t mask = ((uint64_t)1 << t) - 1, found = 0;
    while (count < SYMBOLS_A_LOOK_UP) {
        uint64_t entry = symbols->table[index << taken & mask];
        uint32_t symbol = entry >> 16 & 255;
        if ((entry & 0xff00) == 0 || taken + lengths[symbol] > t)
            break;
        found |= (uint64_t)symbol << 8 * count++;
        taken += lengths[symbol];
    }
    return found << 16 | count << 8 | taken;
}

/* What symbols stand for instead of their numbers. */
static void symbols_translate(symbol_stream *symbols)
{
    for (uint64_t i = 0; i < (uint64_t)1 << symbols->table_bits; i++) {
        uint64_t entry = symbols->table[i], out = entry & 0xffff;
        uint32_t count = entry >> 8 & 255;
        for (uint32_t k = 0; k < count; k++)
            out |= (uint64_t)symbols_byte(symbols, entry >> (16 + 8 * k) & 255) << (16 + 8 * k);
        symbols->table[i] = out;
    }
}

static void symbols_build(symbol_stream *symbols, const uint32_t *per_length)
{
    uint8_t lengths[SYMBOLS];
    uint32_t symbol = 0;
    for (uint32_t l = 1; l <= symbols->stream.code.longest; l++)
        for (uint32_t i = 0; i < per_length[l - 1]; i++)
            lengths[symbol++] = (uint8_t)l;
    symbols_fill(symbols, per_length);
    for (uint64_t i = 0; i < (uint64_t)1 << symbols->table_bits; i++)
        symbols->table[i] = symbols_entry(symbols, i, lengths);
    symbols_translate(symbols);
}

int symbols_open(symbol_stream *out, const huffman_sections *sections, const uint8_t *bytes, uint8_t *workspace)
{
    const huffman_fields *fields = &sections->fields;
    if (fields->symbols > SYMBOLS)
        return CDOT_CODE;
    *out = (symbol_stream){.bytes = bytes, .table_bits = symbols_table_bits(fields)};
    int error = huffman_stream_open_lengths(&out->stream, sections, workspace);
    if (error)
        return error;
    out->table = (uint64_t *)(workspace + huffman_lengths_workspace(fields->longest));
    uint32_t same = fields->longest ? sections->per_length[fields->longest - 1] : fields->symbols;
    out->alike = same == fields->symbols ? fields->longest : ALIKE_NOT;
    if (out->alike == ALIKE_NOT)
        symbols_build(out, sections->per_length);
    return CDOT_OK;
}

uint64_t symbols_long(const symbol_stream *symbols, uint64_t bit, uint8_t *out)
{
    uint32_t length;
    uint64_t window = bits_peek_wide(&symbols->stream.stream, bit);
    *out = symbols_byte(symbols, huffman_slow(&symbols->stream.code, window, &length));
    return bit + length;
}

/* Eight codewords of `width` bits from the front of a window, the first in the lowest byte. */
static inline uint64_t symbols_eight(uint64_t window, uint32_t width)
{
#if defined(__BMI2__)
    uint64_t each = (((uint64_t)1 << width) - 1) * 0x0101010101010101u;
    return __builtin_bswap64(_pdep_u64(window >> (64 - 8 * width), each));
#else
    uint64_t eight = 0;
    for (uint32_t k = 0; k < 8; k++, window <<= width)
        eight |= window >> (64 - width) << 8 * k;
    return eight;
#endif
}

uint64_t symbols_alike(const symbol_stream *symbols, uint64_t bit, uint32_t count, uint8_t *out)
{
    const bit_stream *stream = &symbols->stream.stream;
    const uint8_t *bytes = symbols->bytes;
    uint32_t width = symbols->alike, i = 0;
    uint64_t end = bit + (uint64_t)count * width;
    uint64_t last = stream->last * 32; /* from this bit on, three words are not there */
    if (width == 0) {
        memset(out, symbols_byte(symbols, 0), count);
        return bit;
    }
    for (; i < count && bit < last; i += 8, bit += 8 * width) {
        uint64_t eight = symbols_eight(bits_peek_wide_within(stream->words, bit), width);
        memcpy(out + i, &eight, sizeof eight);
    }
    for (; i < count; i += 8, bit += 8 * width) {
        uint64_t eight = symbols_eight(bits_peek_wide(stream, bit), width);
        memcpy(out + i, &eight, sizeof eight);
    }
    for (i = 0; bytes && i < count; i++)
        out[i] = bytes[out[i]];
    return end;
}

void symbols_values(const uint8_t *numbers, uint32_t count, const float *codebook, uint32_t symbols, float *out)
{
    if (symbols <= 16)
        values_from(numbers, count, codebook, 16, out);
    else
        values_from(numbers, count, codebook, 32, out);
}

uint64_t symbols_unpack(const symbol_stream *symbols, uint64_t bit, uint32_t count, const float *codebook,
                        float *out)
{
    const bit_stream *stream = &symbols->stream.stream;
    uint32_t width = symbols->alike, i = 0;
    uint64_t end = bit + (uint64_t)count * width, last = stream->last * 32;
    eight_values eight = eight_values_of(codebook, width);
    for (; i < count && bit < last; i += 8, bit += 8 * width)
        write_eight(&eight, bits_peek_wide_within(stream->words, bit), width, out + i);
    for (; i < count; i += 8, bit += 8 * width)
        write_eight(&eight, bits_peek_wide(stream, bit), width, out + i);
    return end;
}
