/* The two optional steps of a product: what is derived from x once, and one column alone. */
#include "core/cdot.h"

int cdot_prepare(const cdot_view *view, const void *x, size_t ldx, size_t batch, void *memory, cdot_view *prepared)
{
    *prepared = *view;
    if (!view->decoder->prepare)
        return CDOT_OK;
    prepared->prepared = memory;
    return view->decoder->prepare(view, x, ldx, batch, memory);
}

int cdot_column(const cdot_view *view, const void *x, uint32_t column, void *y, void *scratch)
{
    if (column >= view->m)
        return CDOT_RANGE;
    if (view->decoder->prepare && !view->prepared)
        return CDOT_UNPREPARED;
    if (view->decoder->column)
        return view->decoder->column(view, x, column, y, scratch);
    if (view->arithmetic == CDOT_IN_INT32)
        return cdot_dot_s8(view, x, 1, y, 1, 1, column, column + 1, scratch);
    return cdot_dot(view, x, 1, y, 1, 1, column, column + 1, scratch);
}
