/* What encoders call; each function is in the encode*.c file of its concept. They read columns as `dotbench.formats.sources.source`
 * has them: `rows` and values of the nonzeros, column by column, and `indptr` from 0 (columns + 1). Values of
 * 32 bits are handed over as their bits. Sizes are checked by the callers in Python. */
#ifndef CDOT_ENCODE_H
#define CDOT_ENCODE_H

#include "core/cdot.h"

/* ---- encode_check.c: what keeps an encoder inside its memory */

/* Columns: rows of the nonzeros, column by column, and where columns begin and end (columns + 1). Values, or
 * numbers of values, stand beside the rows in an array of `length` as well. */
typedef struct {
    const int32_t *rows;   /* rising in each column, from 0 to n - 1; NULL: nobody reads them */
    const int64_t *indptr; /* rising from 0 to `length` */
    uint64_t length;
    uint32_t columns, n;
} encode_sparse;

/* CDOT_COLUMNS where they are none. Whatever takes columns asks first, and gives that error back. */
int encode_check(const encode_sparse *in);

/* ---- encode.c: codewords */

/* A hash table from the bits of values to numbers; encode_table.c fills it. 2^(32 - shift) slots, no more than
 * half of them in use; of a slot the low half is the value, the high half its number + 1, and 0 is empty. */
typedef struct {
    const uint64_t *slots;
    uint32_t shift;
} encode_table;

/* Canonical codes into 32-bit words, most significant bit first, words zeroed beforehand. `codewords` by number
 * of the value: the code (up to 56 bits) times 256, plus its length. zero: the number of entries that are not
 * listed, coded as well, or negative: only the listed ones are coded, and rows are not read.
 * column_bits[k]: the bit after column k. Returns the bit after the last, or an error: CDOT_ROW where a value is
 * not in the table. */
int64_t encode_columns(const encode_sparse *in, const uint32_t *values, int64_t zero, const encode_table *table,
                       const uint64_t *codewords, uint32_t *words, uint64_t word_count, uint64_t bit,
                       uint64_t *column_bits);

/* Appends `count` bits of a stream that begins with its word 0 at `bit` of another, zeroed from there on. */
void encode_append(uint32_t *words, uint64_t bit, const uint32_t *stream, uint64_t count);

/* Lengths of Huffman's codewords for rising counts, in place (Moffat and Katajainen): counts[i] becomes the
 * length of symbol i. On a tie the single symbol is taken before the merged node. */
void encode_lengths(uint64_t *counts, uint64_t symbols);

/* ---- encode_table.c: values and their numbers */

/* Enters values that are new with the next number, and counts[number] all. Stops where `distinct` has `most`
 * values and one more comes. Returns how many values it has taken; *used is how many are distinct. */
int64_t encode_tally(uint64_t *slots, uint32_t shift, uint32_t *distinct, int64_t *counts, uint64_t most,
                     uint64_t *used, const uint32_t *values, uint64_t count);

/* Numbers of values; CDOT_ROW where one is not in the table. */
int encode_find(const encode_table *table, const uint32_t *values, uint64_t count, uint32_t *numbers);

/* ---- encode_dense.c: arrays into columns, and columns into arrays */

/* An array whose entry of row i, column j is `width` bytes (1, 2, 4 or 8) at i * row_stride + j * column_stride;
 * it is 0 where no bit of `mask` is set. */
typedef struct {
    const uint8_t *at;
    int64_t row_stride, column_stride;
    uint64_t mask;
    uint32_t n, m, width;
} encode_array;

/* ends[j + 1] += nonzeros of column j. */
void encode_count(const encode_array *array, int64_t *ends);

/* The nonzeros; next[j]: where column j begins, in the end where it ends. */
void encode_compress(const encode_array *array, int64_t *next, int32_t *rows, void *values);

/* Where columns go in an array: entry (row, column k) to item column_at[k] + row_at[row] (NULL: row). */
typedef struct {
    const int64_t *column_at;
    const uint32_t *row_at;
    uint64_t size; /* items of the array */
} encode_places;

/* Writes items of `width` bytes (1, 2 or 4) to the places of the nonzeros; CDOT_CAPACITY where a column's n places
 * do not lie in the array. */
int encode_scatter(const encode_sparse *in, const uint32_t *items, const encode_places *places, void *out,
                   uint32_t width);

/* Sets bit (lead + k n + row), least significant first, for every nonzero of column k; `size` bytes. */
int encode_bits(const encode_sparse *in, uint64_t lead, uint8_t *out, uint64_t size);

/* Adds |value|, one nonzero after the other, to the sums of its row (n) and of its column. */
int encode_sums(const encode_sparse *in, const float *values, double *row_sums, double *column_sums);

/* ---- encode_pack.c: indices of a few bits */

/* `count` indices of item_bytes (1, 2 or 4) each as `width` bits, least significant first, from `bit` on; what
 * stands behind them in the last byte is 0 already. */
void encode_pack(uint8_t *out, uint64_t bit, const void *indices, uint32_t item_bytes, uint64_t count,
                 uint32_t width);

/* ---- encode_gaps.c: fillers in long gaps */

/* counts[g] += nonzeros with a gap of g (0 to 15) behind the last filler; returns the fillers. */
int64_t encode_gap_counts(const encode_sparse *in, int64_t *counts);

/* Gaps and values of nonzeros and fillers (value 0), and where columns end: ends[k + 1] of column k. */
int encode_gaps(const encode_sparse *in, const uint32_t *values, uint8_t *gaps, uint32_t *stored, int64_t *ends);

/* ---- encode_lists.c: what shares a value or a block */

/* For each column the rows of every number but 0, one list after the other: lists by falling length, then by
 * number. zero: the number of entries that are not listed, or negative where these have number 0. `count` is
 * memory for every number there is, 0 before and after, `keys` for each number that a column can have. Writes
 * how many lists each column has, and where `listed` is not NULL the rows, and number and length of each list.
 * Returns the lists. */
int64_t encode_lists(const encode_sparse *in, const uint32_t *numbers, int64_t zero, uint32_t *count,
                     uint64_t *keys, int64_t *per_column, int32_t *listed, uint32_t *list_numbers,
                     uint32_t *list_lengths);

/* Square blocks of 2^shift entries a side that are not all 0, by columns of blocks; place: ceil(n / side) of 0,
 * and 0 again at the end. ends[s]: blocks up to and with column s of blocks. Where `indices` is not NULL also the
 * row of blocks of each, and its values, column by column, into memory of `room` blocks that is 0; CDOT_CAPACITY where there are more. Returns the blocks. */
int64_t encode_blocks(const encode_sparse *in, const uint32_t *values, uint32_t shift, uint32_t *place,
                      int64_t *ends, int32_t *indices, uint32_t *out, int64_t room);

#endif
