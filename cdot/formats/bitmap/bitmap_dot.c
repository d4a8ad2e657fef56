/* The product of a bitmap and one vector with AVX2: eight inputs are moved together as a byte of the map says, and
 * multiplied with the values that come next. No row is written, and no branch depends on the bits but for steps of
 * nothing but zeros. */
#include "formats/bitmap/bitmap_dot.h"

#include "formats/bitmap/bitmap.h"

#if defined(__AVX2__) && defined(__FMA__)
#include "core/multiply.h"
#include "isa/avx2/bitmap.h"

/* One vector and values as they are: no rows are written. In pieces, as in multiply.c. */
static void bitmap_dot_one(const cdot_view *view, const bitmap_cursor *at, const float *x, float *y)
{
    enum { PIECE = 72 * BITMAP_STEP };
    const float *values = view->section[BITMAP_VALUES], *end = values + view->nnz;
    values += at->position;
    for (uint32_t j = at->run.column; j < at->run.end; j++)
        for (uint32_t row = 0; row < view->n; row += PIECE) {
            uint32_t count = view->n - row < PIECE ? view->n - row : PIECE;
            uint64_t bit = (uint64_t)j * view->n + row;
            y[j] += bitmap_sum(view->workspace, view->section[BITMAP_BITS], bit, count, &values, end, x + row);
        }
}

int bitmap_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
               uint32_t col_begin, uint32_t col_end, void *scratch)
{
    cdot_cursor cursor;
    if (col_begin == col_end || view->n == 0)
        return CDOT_OK;
    if (batch != 1 || ldx != 1 || ldy != 1 || ((const bitmap_fields *)view->section[BITMAP_FIELDS])->coded)
        return cdot_dot_blocks(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
    bitmap_seek(view, &cursor, col_begin, col_end, scratch);
    bitmap_dot_one(view, (const bitmap_cursor *)&cursor, x, y);
    return CDOT_OK;
}
#endif
