/* A template: a product over a range of columns in one arithmetic, by blocks or by the format's fused kernel. Who
 * includes it has defined the types `input` and `output` (of four bytes), ARITHMETIC, multiply_block and fused_of;
 * dot.c does so for float32 and dot_s8.c for int8. */
#include <string.h>

/* Nothing is the zero of both outputs. Places are as wide as pointers: from 2^30 columns on, a byte's does not fit
 * into 32 bits. */
static inline void clear(output *y, size_t ldy, size_t batch, uint32_t col_begin, uint32_t col_end)
{
    output *out = y + col_begin * ldy;
    if (ldy == batch)
        memset(out, 0, (col_end - col_begin) * batch * sizeof *out);
    else
        for (uint32_t j = col_begin; j < col_end; j++, out += ldy)
            memset(out, 0, batch * sizeof *out);
}

static inline int dot_by_blocks(const cdot_view *view, const input *x, size_t ldx, output *y, size_t ldy,
                                size_t batch, uint32_t col_begin, uint32_t col_end, void *scratch)
{
    cdot_cursor cursor;
    cdot_block block;
    int status;
    view->decoder->seek(view, &cursor, col_begin, col_end, scratch);
    while ((status = view->decoder->next(view, &cursor, &block)) > 0)
        multiply_block(view, &block, x, ldx, y, ldy, batch);
    return status;
}

static inline int dot_of_range(const cdot_view *view, const input *x, size_t ldx, output *y, size_t ldy,
                               size_t batch, uint32_t col_begin, uint32_t col_end, void *scratch)
{
    if (view->arithmetic != ARITHMETIC)
        return CDOT_FORMAT;
    if (col_begin > col_end || col_end > view->m)
        return CDOT_RANGE;
    clear(y, ldy, batch, col_begin, col_end);
    if (fused_of(view->decoder)) {
        if (view->decoder->prepare && !view->prepared)
            return CDOT_UNPREPARED;
        return fused_of(view->decoder)(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
    }
    return dot_by_blocks(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
}
