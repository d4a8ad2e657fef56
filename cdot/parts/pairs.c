/* Building the tables of pairs; see pairs.h. */
#include "parts/pairs.h"

enum { OFTEN = 64 }; /* one in so many codewords is long: searching for them costs more than the other table */

/* Whether long codewords are as frequent as that, by their share of all words of bits. */
static int pairs_are_long(const huffman_sections *sections)
{
    uint32_t longest = sections->fields.longest, t = HUFFMAN_TABLE_BITS;
    uint64_t within = 0; /* table entries of whole codewords; a damaged code may have any number */
    if (longest <= t || longest > PAIR_LONGEST)
        return 0;
    for (uint32_t l = 1; l <= t; l++)
        within += (uint64_t)sections->per_length[l - 1] << (t - l);
    return within + ((uint64_t)1 << t) / OFTEN < (uint64_t)1 << t;
}

uint64_t pairs_workspace(const huffman_sections *sections)
{
    uint64_t entry = pairs_are_long(sections) ? sizeof(float) + sizeof(pair_long)
                                              : sizeof(float[2]) + sizeof(pair_entry);
    uint64_t bytes = entry * huffman_entries(sections->fields.longest);
    return huffman_workspace(sections->fields.longest) + (bytes + 15) / 16 * 16;
}

/* The entry of the codeword behind the first one if both are whole, else -1. */
static int64_t pairs_second(const huffman_code *code, uint32_t index)
{
    uint32_t t = code->table_bits, first = code->table_length[index];
    uint32_t behind = index << first & (((uint32_t)1 << t) - 1), second = code->table_length[behind];
    return first && second && first + second <= t ? (int64_t)behind : -1;
}

static void pairs_build(pair_stream *pairs)
{
    const huffman_code *code = &pairs->stream.code;
    for (uint32_t i = 0; i < (uint32_t)1 << code->table_bits; i++) {
        int64_t second = pairs_second(code, i);
        uint32_t first = code->table_length[i];
        pairs->values[i][0] = code->table_value[i];
        pairs->values[i][1] = second < 0 ? 0 : code->table_value[second];
        pairs->entries[i].bits = (uint8_t)(second < 0 ? first : first + code->table_length[second]);
        pairs->entries[i].count = (uint8_t)(second < 0 ? first > 0 : 2);
    }
}

/* The first codeword of an index, and those behind it that start with the same bits, if they have one length. */
static pair_long pairs_first(const huffman_code *code, uint64_t index)
{
    uint32_t length, last, t = code->table_bits;
    uint64_t window = index << (64 - t);
    uint32_t symbol = huffman_slow(code, window, &length);
    huffman_slow(code, window + (((uint64_t)1 << (64 - t)) - 1), &last);
    if (length != last)
        return 63; /* a symbol that there is, 0 or 1 */
    uint32_t base = symbol - (uint32_t)(window >> (64 - length));
    return (uint64_t)base << 32 | length << 16 | 1 << 8 | (64 - length);
}

static void pairs_build_long(pair_stream *pairs)
{
    const huffman_code *code = &pairs->stream.code;
    for (uint32_t i = 0; i < (uint32_t)1 << code->table_bits; i++) {
        int64_t second = pairs_second(code, i);
        pairs->longs[i] = pairs_first(code, i);
        pairs->seconds[i] = second < 0 ? 0 : code->table_value[second];
        if (second >= 0)
            pairs->longs[i] += ((uint64_t)code->table_length[second] << 16) + (1 << 8);
    }
}

int pairs_open(pair_stream *out, const huffman_sections *sections, uint8_t *workspace)
{
    int error = huffman_stream_open(&out->stream, sections, sections->values, workspace);
    if (error)
        return error;
    uint64_t entries = huffman_entries(sections->fields.longest);
    void *tables = workspace + huffman_workspace(sections->fields.longest);
    out->longs = NULL;
    out->look_ups = 64 / PAIR_LOOK_UPS >= sections->fields.longest ? PAIR_LOOK_UPS : PAIR_LONG_LOOK_UPS;
    if (pairs_are_long(sections)) {
        out->longs = tables;
        out->seconds = (float *)(out->longs + entries);
        pairs_build_long(out);
    } else {
        out->values = tables;
        out->entries = (pair_entry *)(out->values + entries);
        pairs_build(out);
    }
    return CDOT_OK;
}

uint64_t pairs_search(const pair_stream *pairs, uint64_t bit, float *out)
{
    const huffman_code *code = &pairs->stream.code;
    uint32_t length;
    *out = code->values[huffman_slow(code, bits_peek_wide(&pairs->stream.stream, bit), &length)];
    return bit + length;
}
