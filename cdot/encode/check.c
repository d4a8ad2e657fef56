/* Columns that are none: asked once by every encoder that is given some, before it reads or writes by them. */
#include "encode/encode.h"

static int pointers_rise(const encode_sparse *in)
{
    int64_t before = 0;
    if (in->indptr[0] != 0)
        return 0;
    for (uint32_t k = 0; k < in->columns; k++) {
        if (in->indptr[k + 1] < before)
            return 0;
        before = in->indptr[k + 1];
    }
    return (uint64_t)before == in->length;
}

/* Rows of one column: from 0 to n - 1, each once. A row below 0 is a large one without its sign. */
static uint32_t rows_fall(const int32_t *rows, int64_t count, uint32_t n)
{
    uint32_t wrong = 0;
    if (count == 0)
        return 0;
    for (int64_t i = 0; i + 1 < count; i++) /* a vector's loop: it does not stop early */
        wrong |= rows[i] >= rows[i + 1];
    return wrong | (rows[0] < 0) | ((uint32_t)rows[count - 1] >= n);
}

int encode_check(const encode_sparse *in)
{
    uint32_t wrong = 0;
    if (!pointers_rise(in))
        return CDOT_COLUMNS;
    for (uint32_t k = 0; in->rows && k < in->columns; k++)
        wrong |= rows_fall(in->rows + in->indptr[k], in->indptr[k + 1] - in->indptr[k], in->n);
    return wrong ? CDOT_COLUMNS : CDOT_OK;
}
