/* Opening columns that have a count each; see counted.h. */
#include "parts/counted.h"

int counted_open(cdot_view *view, counted_columns *columns, const void *counts, counted_kind kind,
                 uint32_t entries, const int8_t *values)
{
    uint64_t position = 0;
    uint32_t room = COUNTED_ENTRIES;
    if (view->n > COUNTED_ROWS)
        return CDOT_LENGTH;
    columns->counts = counts;
    columns->values = values;
    columns->kind = kind;
    columns->base = kind == COUNTED_OFFSETS && view->m ? (int32_t)(entries / view->m) : 0;
    columns->entries = entries;
    for (uint32_t column = 0; column < view->m; column++) {
        int64_t count = counted_entries(columns, column);
        if (column % CDOT_GROUP == 0)
            columns->places[column / CDOT_GROUP] =
                (counted_place){.column = column, .position = (uint32_t)position};
        if (count < 0 || count > view->n + 1)
            return CDOT_POINTER; /* n + 1: dcsr may hold two entries in row 0 */
        position += (uint64_t)count;
        if (position > entries)
            return CDOT_POINTER;
        room = count > room ? (uint32_t)count : room;
    }
    columns->room = room;
    view->row_bytes = 2;
    view->scratch_bytes = COUNTED_SEGMENTS * sizeof(uint32_t) + (room + COUNTED_SPARE) * sizeof(uint16_t);
    return position == entries ? CDOT_OK : CDOT_POINTER;
}
