/* What ham's files share: the table of codewords, and where each of HAM_STREAMS streams stands.
 *
 * `unary`: the codeword of 0 is the bit 0, as it is wherever zeros are common. Then a run of zeros is
 * counted by leading zero bits, however long it is, and the table is asked only for the nonzero behind it.
 * Else an entry takes zeros and the value behind them, as many as its bits hold; it is all 0, so that it
 * changes nothing, for a codeword that is longer than the table's. */
#ifndef CDOT_HAM_H
#define CDOT_HAM_H

#include "parts/huffman.h"

enum {
    /* One on small cores, which do one thing after the other anyhow: less code, and less scratch. */
    HAM_STREAMS = sizeof(void *) < 8 ? 1 : 4,
    HAM_TABLE_BITS = 11,
    HAM_LOOK_BITS = 12,
    HAM_LONG = 128 /* unary: bits of an entry for a longer codeword than the table's; more than a peek has */
};

typedef struct {
    float value;
    uint8_t bits;
    uint8_t zeros;   /* in front of the value, within the bits */
    uint8_t count;   /* 1 if there is a nonzero */
    uint8_t entries; /* zeros + count */
} ham_entry;

/* What HAM_LOOK_BITS in front of a stream hold where zeros are unary: zeros, and nonzeros, two at the most. Their values
 * lie apart, with 0 where there are fewer: what the next look-up waits for stays in the first-level cache. */
typedef struct {
    uint8_t bits, first, longer, second; /* first, second: rows in front of each; longer: the first's bits, less one */
    uint32_t rows; /* with zeros in front of the nonzeros and behind them; HAM_NONE: a longer codeword */
} ham_look;

typedef struct {
    float of[2];
} ham_values;

enum { HAM_NONE = 1 << 30 }; /* more rows than a matrix has whose table this is */

typedef struct {
    huffman_stream stream;
    ham_entry *entries; /* [2^table_bits] */
    ham_look *looks;    /* [2^HAM_LOOK_BITS], NULL: pairs of nonzeros are faster, or smaller */
    ham_values *values; /* of each look */
    uint64_t safe_bits; /* a peek in front of it has 64 bits of the stream */
    uint32_t table_bits, unary;
    uint32_t sparse;    /* most peeks have no nonzero: one stream from begin to end is as fast then */
    uint32_t zero_bits; /* length of the codeword of 0, or 0 where no entry is 0 */
    uint32_t zero;      /* its symbol */
} ham_tables;

typedef struct {
    uint64_t bit, row;        /* where decoding stands */
    uint64_t limit;           /* rows in front of it are decoded before something is to be done */
    uint32_t column, end;     /* the column, and one past the last one of the group that is asked for */
    float sum, other;         /* of the product without blocks: the column's nonzeros, added in turn */
    uint32_t first, segments; /* of blocks: column of the chunk's first segment; complete segments */
    uint32_t fill;            /* of blocks: nonzeros in the chunk */
    uint32_t live;            /* there is something to decode, or a chunk that was not shown yet */
    uint32_t done;            /* the chunk is full, or the group ends here */
} ham_stream;

/* Bits that the table answers, where codewords have up to `longest`. */
uint32_t ham_table_bits(uint32_t longest);

/* Finds out about the zeros, and fills tables->entries. Returns CDOT_OK or CDOT_CODE. */
int ham_build_table(ham_tables *tables);

uint64_t ham_scratch_bytes(uint32_t row_bytes);
void ham_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch);
int ham_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block);
int ham_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
            uint32_t col_begin, uint32_t col_end, void *scratch);

#endif
