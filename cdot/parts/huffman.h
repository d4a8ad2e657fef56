/* Canonical Huffman codes: the tables that decoders use, built from the code lengths in a payload.
 *
 * Symbols stand in code order: shorter codewords first, and codewords rise with them. A table of
 * 2^table_bits entries answers codewords of up to table_bits at once; the first codewords of each
 * length, left-justified, answer the rest (Moffat and Turpin 1997). */
#ifndef CDOT_HUFFMAN_H
#define CDOT_HUFFMAN_H

#include "core/bits.h"
#include "core/payload.h"

enum {
    HUFFMAN_TABLE_BITS = 11, /* three look-ups a peek: 3 * 11 <= BITS_PEEK */
    HUFFMAN_LONGEST = 56
};

/* What the fields behind a payload's header say of a Huffman code and its bit stream. */
typedef struct {
    uint32_t symbols;   /* codebook entries */
    uint8_t longest;    /* longest codeword in bits, 0 where there is one symbol */
    uint8_t seek_shift; /* 2^seek_shift columns a seek point */
    uint8_t base_shift; /* 2^base_shift seek points a 64-bit base; 255: no bases, all are 0 */
    uint8_t reserved;
    uint64_t words;     /* of the bit stream, two at the least unless it is empty */
} huffman_fields;

typedef struct {
    const float *values; /* codebook in code order */
    uint32_t symbols, longest, table_bits;
    uint8_t *table_length; /* [2^table_bits]; 0: a longer codeword */
    float *table_value;    /* [2^table_bits] */
    uint64_t *limit;       /* [longest + 1]: codewords of up to l bits are below limit[l], left-justified */
    uint64_t *first;       /* [longest + 1]: the first codeword of l bits, left-justified */
    uint32_t *index;       /* [longest + 1]: its symbol */
} huffman_code;

static inline uint32_t huffman_table_bits(uint32_t longest)
{
    return longest < HUFFMAN_TABLE_BITS ? longest : HUFFMAN_TABLE_BITS;
}

static inline uint32_t huffman_entries(uint32_t longest)
{
    return (uint32_t)1 << huffman_table_bits(longest);
}

/* Bytes of workspace that huffman_open takes. */
uint64_t huffman_workspace(uint32_t longest);

/* The same without a table and values: for decoders with tables of their own. */
uint64_t huffman_lengths_workspace(uint32_t longest);
int huffman_open_lengths(huffman_code *code, uint32_t symbols, const uint32_t *per_length, uint32_t longest,
                         uint8_t *workspace);

/* Checks the lengths (a complete code) and builds the tables. per_length[l - 1]: codewords of l bits.
 * Returns CDOT_OK or CDOT_CODE. */
int huffman_open(huffman_code *code, const float *values, uint32_t symbols, const uint32_t *per_length,
                 uint32_t longest, uint8_t *workspace);

/* The symbol at the front of a wide window, and its length: for codewords of any length. */
static inline uint32_t huffman_slow(const huffman_code *code, uint64_t window, uint32_t *length)
{
    uint32_t l = 1;
    while (l < code->longest && window >= code->limit[l])
        l++;
    *length = l;
    return code->index[l] + (uint32_t)((window - code->first[l]) >> (64 - l));
}

/* A bit stream, its seek points and the tables of its code. */
typedef struct {
    huffman_code code;
    bit_stream stream;
    uint64_t stream_bits;
    const uint32_t *points;
    const uint64_t *bases;
    uint32_t groups, seek_shift, base_shift;
} huffman_stream;

/* Where they are in a payload. */
typedef struct {
    huffman_fields fields;
    const void *values;
    const uint32_t *per_length, *points, *words;
    const uint64_t *bases;
    uint32_t groups;
} huffman_sections;

/* Takes values (of value_bytes each; 0: none), per_length, bases, points and words from the payload, in this order;
 * stored: the fields, which were taken before. */
int huffman_take(cdot_reader *reader, const huffman_fields *stored, uint32_t value_bytes,
                 huffman_sections *sections);

/* A code's values where those of the matrix are int8: they are stored behind all other sections, so that
 * nothing has to be aligned behind them, widened to float for the tables, and narrowed in a block before it
 * is shown. Take them last; HUFFMAN_WIDE(symbols) more bytes of workspace hold the widened ones. */
#define HUFFMAN_WIDE(symbols) (((uint64_t)(symbols) * sizeof(float) + 15) / 16 * 16)

static inline void huffman_take_s8(cdot_reader *reader, huffman_sections *sections)
{
    sections->values = cdot_take(reader, sections->fields.symbols, 1, 1);
}

/* Lets `values` of the sections point to the widened ones. */
static inline void huffman_widen_s8(huffman_sections *sections, void *workspace)
{
    const int8_t *values = sections->values;
    float *wide = workspace;
    for (uint32_t symbol = 0; symbol < sections->fields.symbols; symbol++)
        wide[symbol] = values[symbol];
    sections->values = wide;
}

/* In place: an int8 is never behind the float that it comes from. */
static inline void huffman_narrow_s8(float *values, uint32_t count)
{
    int8_t *narrow = (int8_t *)values;
    for (uint32_t i = 0; i < count; i++)
        narrow[i] = (int8_t)values[i];
}

/* Opens code, stream and seek points; `values` in code order; workspace of huffman_workspace(longest). */
int huffman_stream_open(huffman_stream *out, const huffman_sections *sections, const float *values,
                        uint8_t *workspace);

/* The same without a table and values; workspace of huffman_lengths_workspace(longest). */
int huffman_stream_open_lengths(huffman_stream *out, const huffman_sections *sections, uint8_t *workspace);

/* The bit where a group of columns starts. */
static inline uint64_t huffman_seek(const huffman_stream *stream, uint32_t group)
{
    uint64_t base = stream->base_shift == 255 ? 0 : stream->bases[group >> stream->base_shift];
    return base + stream->points[group];
}

#endif
