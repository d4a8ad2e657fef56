/* Dense arrays into columns, and columns into dense arrays. Most of an array is 0, so zeros are skipped by groups. */
#include "encode/encode.h"

#include <string.h>

enum { GROUP = 16 }; /* entries that are tested together */

#define ALWAYS static inline __attribute__((always_inline))

ALWAYS uint64_t load(const uint8_t *at, uint32_t width)
{
    uint64_t bits = 0;
    memcpy(&bits, at, width);
    return bits;
}

/* Whether a whole group of neighbours is 0. */
ALWAYS int empty(const uint8_t *at, uint32_t width, uint64_t mask)
{
    uint64_t any = 0;
    if (width == 4) { /* 32 bits a lane */
        uint32_t narrow = 0, entry;
        for (uint32_t i = 0; i < GROUP; i++) {
            memcpy(&entry, at + i * 4, 4);
            narrow |= entry;
        }
        return (narrow & (uint32_t)mask) == 0;
    }
    for (uint32_t i = 0; i < GROUP; i++)
        any |= load(at + i * width, width);
    return (any & mask) == 0;
}

/* What a pass does with the nonzeros: `rows` NULL counts them (ends[j + 1]), else next[j] says where they go. */
typedef struct {
    int64_t *ends;
    int32_t *rows;
    uint8_t *values;
} pass;

ALWAYS void take(const pass *to, uint32_t row, uint32_t column, const uint8_t *entry, uint32_t width)
{
    if (!to->rows) {
        to->ends[column + 1]++;
        return;
    }
    int64_t place = to->ends[column]++;
    to->rows[place] = (int32_t)row;
    memcpy(to->values + place * width, entry, width);
}

/* Rows of neighbouring entries: every row adds to all columns. */
ALWAYS void by_rows(const encode_array *array, const pass *to, uint32_t width)
{
    uint32_t m = array->m;
    for (uint32_t row = 0; row < array->n; row++) {
        const uint8_t *at = array->at + row * array->row_stride;
        for (uint32_t first = 0; first < m; first += GROUP) {
            uint32_t last = m - first < GROUP ? m : first + GROUP;
            if (last - first == GROUP && empty(at + (size_t)first * width, width, array->mask))
                continue;
            for (uint32_t column = first; column < last; column++)
                if (load(at + (size_t)column * width, width) & array->mask)
                    take(to, row, column, at + (size_t)column * width, width);
        }
    }
}

/* One column behind the other, whatever lies between its entries. */
ALWAYS void by_columns(const encode_array *array, const pass *to, uint32_t width)
{
    int close = array->row_stride == width;
    for (uint32_t column = 0; column < array->m; column++) {
        const uint8_t *at = array->at + column * array->column_stride;
        for (uint32_t first = 0; first < array->n; first += GROUP) {
            uint32_t last = array->n - first < GROUP ? array->n : first + GROUP;
            if (close && last - first == GROUP && empty(at + (size_t)first * width, width, array->mask))
                continue;
            for (uint32_t row = first; row < last; row++)
                if (load(at + row * array->row_stride, width) & array->mask)
                    take(to, row, column, at + row * array->row_stride, width);
        }
    }
}

ALWAYS void both_ways(const encode_array *array, const pass *to, uint32_t width)
{
    if (array->column_stride == width)
        by_rows(array, to, width);
    else
        by_columns(array, to, width);
}

static void run(const encode_array *array, const pass *to)
{
    switch (array->width) {
    case 1:
        both_ways(array, to, 1);
        break;
    case 2:
        both_ways(array, to, 2);
        break;
    case 4:
        both_ways(array, to, 4);
        break;
    default:
        both_ways(array, to, 8);
    }
}

void encode_count(const encode_array *array, int64_t *ends)
{
    run(array, &(pass){ends, NULL, NULL});
}

void encode_compress(const encode_array *array, int64_t *next, int32_t *rows, void *values)
{
    run(array, &(pass){next, rows, values});
}

/* Whether the n places of every column lie in the array. */
static int within(const encode_sparse *in, const encode_places *places)
{
    uint64_t height = in->n;
    for (uint32_t row = 0; places->row_at && row < in->n; row++)
        height = places->row_at[row] >= height ? places->row_at[row] + (uint64_t)1 : height;
    for (uint32_t k = 0; k < in->columns; k++)
        if (places->column_at[k] < 0 || (uint64_t)places->column_at[k] > places->size ||
            height > places->size - (uint64_t)places->column_at[k])
            return 0;
    return 1;
}

ALWAYS void scatter(const encode_sparse *in, const uint32_t *items, const encode_places *places, uint8_t *out,
                    uint32_t width)
{
    for (uint32_t k = 0; k < in->columns; k++) {
        uint8_t *column = out + places->column_at[k] * width;
        for (int64_t i = in->indptr[k]; i < in->indptr[k + 1]; i++) {
            uint32_t row = (uint32_t)in->rows[i];
            memcpy(column + (size_t)(places->row_at ? places->row_at[row] : row) * width, items + i, width);
        }
    }
}

int encode_scatter(const encode_sparse *in, const uint32_t *items, const encode_places *places, void *out,
                   uint32_t width)
{
    if (encode_check(in))
        return CDOT_COLUMNS;
    if (!within(in, places))
        return CDOT_CAPACITY;
    if (width == 1)
        scatter(in, items, places, out, 1);
    else if (width == 2)
        scatter(in, items, places, out, 2);
    else
        scatter(in, items, places, out, 4);
    return CDOT_OK;
}

int encode_bits(const encode_sparse *in, uint64_t lead, uint8_t *out, uint64_t size)
{
    if (encode_check(in))
        return CDOT_COLUMNS;
    if (lead + (uint64_t)in->columns * in->n > 8 * size)
        return CDOT_CAPACITY;
    for (uint32_t k = 0; k < in->columns; k++)
        for (int64_t i = in->indptr[k]; i < in->indptr[k + 1]; i++) {
            uint64_t bit = lead + (uint64_t)k * in->n + (uint32_t)in->rows[i];
            out[bit >> 3] |= (uint8_t)(1u << (bit & 7));
        }
    return CDOT_OK;
}

int encode_sums(const encode_sparse *in, const float *values, double *row_sums, double *column_sums)
{
    if (encode_check(in))
        return CDOT_COLUMNS;
    for (uint32_t k = 0; k < in->columns; k++) {
        double sum = column_sums[k];
        for (int64_t i = in->indptr[k]; i < in->indptr[k + 1]; i++) {
            double size = values[i] < 0 ? -(double)values[i] : values[i];
            sum += size;
            row_sums[in->rows[i]] += size;
        }
        column_sums[k] = sum;
    }
    return CDOT_OK;
}
