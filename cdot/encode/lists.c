/* Rows by value, as CSER groups them, and square blocks, as BSR stores them. */
#include "encode/encode.h"

#include <stdlib.h>

/* The entries of a column that are no 0, one at a time: listed ones, and those between them where `zero` says. */
typedef struct {
    const int32_t *rows;
    const uint32_t *numbers;
    int64_t at, end;
    uint32_t row, n;
    int64_t zero;
} walk;

/* The next entry with another number than 0; 0 at the end. */
static inline int next_entry(walk *of, uint32_t *row, uint32_t *number)
{
    if (of->zero >= 0) {
        while (of->row < of->n) {
            int listed = of->at < of->end && (uint32_t)of->rows[of->at] == of->row;
            *number = listed ? of->numbers[of->at] : (uint32_t)of->zero;
            *row = of->row++;
            of->at += listed;
            if (*number)
                return 1;
        }
        return 0;
    }
    for (; of->at < of->end; of->at++)
        if (of->numbers[of->at]) {
            *number = of->numbers[of->at];
            *row = (uint32_t)of->rows[of->at++];
            return 1;
        }
    return 0;
}

static int rising(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* Counts of a column's numbers; keys that sort by falling count, then by number. */
static uint64_t count_numbers(walk column, uint32_t *count, uint64_t *keys)
{
    uint64_t kinds = 0;
    uint32_t row, number;
    while (next_entry(&column, &row, &number))
        if (count[number]++ == 0)
            keys[kinds++] = number;
    for (uint64_t k = 0; k < kinds; k++)
        keys[k] |= (uint64_t)(UINT32_MAX - count[keys[k]]) << 32;
    return kinds;
}

int64_t encode_lists(const encode_sparse *in, const uint32_t *numbers, int64_t zero, uint32_t *count,
                     uint64_t *keys, int64_t *per_column, int32_t *listed, uint32_t *list_numbers,
                     uint32_t *list_lengths)
{
    int64_t lists = 0;
    if (encode_check(in))
        return CDOT_COLUMNS;
    for (uint32_t k = 0; k < in->columns; k++) {
        walk column = {in->rows, numbers, in->indptr[k], in->indptr[k + 1], 0, in->n, zero};
        uint64_t kinds = count_numbers(column, count, keys);
        uint32_t at = 0, row, number;
        if (listed)
            qsort(keys, kinds, sizeof *keys, rising);
        for (uint64_t i = 0; i < kinds; i++) { /* counts become places */
            uint32_t length = UINT32_MAX - (uint32_t)(keys[i] >> 32);
            if (listed) {
                list_numbers[lists + (int64_t)i] = (uint32_t)keys[i];
                list_lengths[lists + (int64_t)i] = length;
            }
            count[(uint32_t)keys[i]] = at;
            at += length;
        }
        while (listed && next_entry(&column, &row, &number))
            listed[count[number]++] = (int32_t)row;
        for (uint64_t i = 0; i < kinds; i++)
            count[(uint32_t)keys[i]] = 0;
        listed = listed ? listed + at : NULL;
        per_column[k] = (int64_t)kinds;
        lists += (int64_t)kinds;
    }
    return lists;
}

/* Marks the rows of blocks in which some columns have nonzeros. */
static void mark(const int32_t *rows, int64_t begin, int64_t end, uint32_t shift, uint32_t *place)
{
    for (int64_t i = begin; i < end; i++)
        place[(uint32_t)rows[i] >> shift] = 1;
}

int64_t encode_blocks(const encode_sparse *in, const uint32_t *values, uint32_t shift, uint32_t *place,
                      int64_t *ends, int32_t *indices, uint32_t *out, int64_t room)
{
    const int32_t *rows = in->rows;
    const int64_t *indptr = in->indptr;
    uint32_t side = 1u << shift, row_blocks = (uint32_t)(((uint64_t)in->n + side - 1) >> shift);
    uint32_t columns = in->columns;
    int64_t blocks = 0;
    if (encode_check(in))
        return CDOT_COLUMNS;
    for (uint32_t first = 0, strip = 0; first < columns; first += side, strip++) {
        uint32_t last = columns - first < side ? columns : first + side, here = 0;
        mark(rows, indptr[first], indptr[last], shift, place);
        for (uint32_t row = 0; row < row_blocks; row++) {
            if (!place[row])
                continue;
            if (indices && blocks + here == room)
                return CDOT_CAPACITY;
            if (indices)
                indices[blocks + here] = (int32_t)row;
            place[row] = indices ? here : 0;
            here++;
        }
        for (uint32_t k = first; indices && k < last; k++)
            for (int64_t i = indptr[k]; i < indptr[k + 1]; i++) {
                uint32_t row = (uint32_t)rows[i];
                uint64_t block = (uint64_t)blocks + place[row >> shift];
                out[(block << 2 * shift) + ((k - first) << shift) + (row & (side - 1))] = values[i];
            }
        for (uint32_t i = 0; indices && i < here; i++)
            place[indices[blocks + i]] = 0;
        blocks += here;
        ends[strip] = blocks;
    }
    return blocks;
}
