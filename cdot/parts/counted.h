/* What the int8 formats of the microcontroller papers share: entries one column behind the other, a count
 * for each column, at most COUNTED_ROWS inputs. A format brings a way to write the rows of one column's
 * entries and, where other arrays run along with them, a way to step over a column.
 *
 * (In the papers a row of the matrix is an output; outputs are columns here.) */
#ifndef CDOT_COUNTED_H
#define CDOT_COUNTED_H

#include "core/payload.h"

#include <string.h>

enum {
    COUNTED_ROWS = 65535,   /* inputs, at the most: rows and counts have 16 bits */
    COUNTED_ENTRIES = 1024, /* of a block; more where a column has more */
    COUNTED_SPARE = 15,     /* entries that may be written behind the last one */
    COUNTED_SEGMENTS = 64,
    COUNTED_MORE = 2        /* counters that a format may have besides */
};

/* How the number of a column's entries is stored. */
typedef enum {
    COUNTED_U8, /* as it is */
    COUNTED_U16,
    COUNTED_ENDS,   /* uint32_t: the entries up to and with the column */
    COUNTED_OFFSETS /* int16_t: minus `base` */
} counted_kind;

/* Where decoding stands: entries, and what a format counts besides, before `column`. */
typedef struct {
    uint32_t column, position, more[COUNTED_MORE];
} counted_place;

/* Lives in the workspace, with a place for each seek group behind it. */
typedef struct {
    const void *counts;
    const int8_t *values;
    counted_kind kind;
    int32_t base;
    uint32_t entries; /* of the matrix */
    uint32_t room;    /* entries of a block */
    counted_place places[];
} counted_columns;

typedef struct {
    counted_place place;
    uint32_t end;
    uint32_t reserved;
    uint32_t *ends;
    uint16_t *rows;
} counted_cursor;
_Static_assert(sizeof(counted_cursor) <= sizeof(cdot_cursor), "the cursor has no room");

/* Writes the rows of the `count` entries of the column at a place, and up to COUNTED_SPARE more items; steps
 * over what it has read but for column and position. With rows NULL it only steps. */
typedef void (*counted_step)(const cdot_view *view, counted_place *place, uint32_t count, uint16_t *rows);

static inline uint64_t counted_workspace(uint32_t m)
{
    return sizeof(counted_columns) + (uint64_t)((m + CDOT_GROUP - 1) / CDOT_GROUP) * sizeof(counted_place);
}

/* The number of a column's entries; below 0 or more than there are rows only in a damaged payload. */
static inline int64_t counted_entries(const counted_columns *columns, uint32_t column)
{
    if (columns->kind == COUNTED_U8)
        return ((const uint8_t *)columns->counts)[column];
    if (columns->kind == COUNTED_U16)
        return ((const uint16_t *)columns->counts)[column];
    if (columns->kind == COUNTED_OFFSETS)
        return (int64_t)columns->base + ((const int16_t *)columns->counts)[column];
    const uint32_t *ends = columns->counts;
    return (int64_t)ends[column] - (column ? ends[column - 1] : 0);
}

/* Checks the counts and fills the places' columns and positions. CDOT_POINTER where they do not add up to
 * `entries`, or a column has more of them than there are rows. */
int counted_open(cdot_view *view, counted_columns *columns, const void *counts, counted_kind kind,
                 uint32_t entries, const int8_t *values);

/* Stands at a column: at its group's place, and from there column by column. */
static inline void counted_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end,
                                void *scratch, counted_step step)
{
    const counted_columns *columns = view->workspace;
    counted_cursor *at = (counted_cursor *)cursor;
    at->end = end;
    at->ends = scratch;
    at->rows = (uint16_t *)(at->ends + COUNTED_SEGMENTS);
    at->place = (counted_place){.column = column};
    if (column == end)
        return;
    at->place = columns->places[column / CDOT_GROUP];
    for (; at->place.column < column; at->place.column++) {
        uint32_t count = (uint32_t)counted_entries(columns, at->place.column);
        step(view, &at->place, count, NULL);
        at->place.position += count;
    }
}

/* As many whole columns as fit. */
static inline int counted_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block, counted_step step)
{
    const counted_columns *columns = view->workspace;
    counted_cursor *at = (counted_cursor *)cursor;
    counted_place *place = &at->place;
    uint32_t filled = 0, segments = 0;
    if (place->column == at->end)
        return 0;
    *block = (cdot_block){.column = place->column, .rows = at->rows, .ends = at->ends};
    block->values = columns->values + place->position;
    for (; place->column < at->end && segments < COUNTED_SEGMENTS; place->column++) {
        uint32_t count = (uint32_t)counted_entries(columns, place->column);
        if (count > columns->room - filled)
            break;
        step(view, place, count, at->rows + filled);
        place->position += count;
        filled += count;
        at->ends[segments++] = filled;
    }
    block->segments = segments;
    return 1;
}

static inline uint64_t counted_weight(const cdot_view *view, uint32_t column)
{
    const counted_columns *columns = view->workspace;
    uint32_t group = (column + CDOT_GROUP - 1) / CDOT_GROUP;
    return (uint64_t)group * CDOT_GROUP < view->m ? columns->places[group].position : columns->entries;
}

#endif
