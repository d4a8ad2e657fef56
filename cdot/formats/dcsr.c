/* dcsr: groups of 16 entries of a column, their rows as the group's minimum, a slope and deltas of four to
 * eight bits (Trommer et al., dCSR). The arrays are the published ones. */
#include "parts/counted.h"

extern const cdot_decoder dcsr_decoder;

enum { FORMAT = 38, LANES = 16, EXTENSIONS = 4 };
enum { ENTRIES, BITMASKS, OFFSETS, VALUES, DELTAS, BITMAPS, MINIMUMS };
enum { GROUPS, MASKS }; /* place.more: groups and masks before the column */

typedef struct {
    uint32_t entries, groups, masks; /* nonzeros and inserted zeros, groups of 16, bit masks */
} dcsr_fields;

static int dcsr_read(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                     dcsr_fields *fields)
{
    cdot_reader reader;
    if (cdot_read_header_s8(&reader, payload, size, FORMAT, sizeof(dcsr_fields)))
        return reader.error;
    const dcsr_fields *stored = cdot_take(&reader, 1, sizeof *stored, 4);
    if (!stored)
        return reader.error;
    memcpy(fields, stored, sizeof *fields);
    uint64_t pairs = ((uint64_t)fields->groups + 1) / 2;
    cdot_fill_view(view, &dcsr_decoder, &reader, workspace);
    view->section[ENTRIES] = cdot_take(&reader, 1, 4, 4);
    view->section[BITMASKS] = cdot_take(&reader, fields->masks, 2, 2);
    view->section[OFFSETS] = cdot_take(&reader, view->m, 2, 2);
    view->section[VALUES] = cdot_take(&reader, fields->entries, 1, 1);
    view->section[DELTAS] = cdot_take(&reader, pairs, LANES, 1);
    view->section[BITMAPS] = cdot_take(&reader, pairs, 1, 1);
    view->section[MINIMUMS] = cdot_take(&reader, fields->groups, 1, 1);
    if (cdot_finish(&reader))
        return cdot_finish(&reader);
    return *(const uint32_t *)view->section[ENTRIES] == fields->entries ? CDOT_OK : CDOT_LENGTH;
}

static int64_t dcsr_workspace(const uint8_t *payload, uint64_t size)
{
    cdot_view view;
    dcsr_fields fields;
    int error = dcsr_read(&view, payload, size, NULL, &fields);
    return error ? error : (int64_t)counted_workspace(view.m);
}

/* The mean distance of the entries of a column, rounded: what deltas are counted from. */
static inline int32_t dcsr_slope(uint32_t n, uint32_t count)
{
    return count ? (int32_t)((n + count / 2) / count) : 0;
}

/* Of a pair of groups the first stands in the high nibbles. */
static inline uint32_t dcsr_map(const cdot_view *view, uint32_t group)
{
    return ((const uint8_t *)view->section[BITMAPS])[group / 2] >> (group & 1 ? 0 : 4) & 15;
}

/* The deltas of a group's lanes; `masks` are those of its map. */
static inline void dcsr_deltas(const cdot_view *view, uint32_t group, const uint16_t *masks, int32_t *deltas)
{
    const uint8_t *low = (const uint8_t *)view->section[DELTAS] + (uint64_t)(group / 2) * LANES;
    uint32_t shift = group & 1 ? 0 : 4, map = dcsr_map(view, group);
    for (int lane = 0; lane < LANES; lane++)
        deltas[lane] = low[lane] >> shift & 15;
    for (int j = 0; j < EXTENSIONS; j++)
        if (map >> j & 1) {
            uint32_t mask = *masks++;
            for (int lane = 0; lane < LANES; lane++)
                deltas[lane] += (int32_t)(mask >> lane & 1) << (4 + j);
        }
}

/* The rows of a column, and steps behind its groups and masks; the caller has seen that these are there.
 * Returns CDOT_ROW where a row lies outside, which dcsr_open rules out for all later calls. */
static inline int dcsr_column(const cdot_view *view, counted_place *place, uint32_t count, uint16_t *rows)
{
    int32_t slope = dcsr_slope(view->n, count), base = 0, deltas[LANES], outside = 0;
    for (uint32_t left = count; left;) {
        uint32_t group = place->more[GROUPS]++, lanes = left < LANES ? left : LANES;
        dcsr_deltas(view, group, (const uint16_t *)view->section[BITMASKS] + place->more[MASKS], deltas);
        place->more[MASKS] += (uint32_t)__builtin_popcount(dcsr_map(view, group));
        base += ((const int8_t *)view->section[MINIMUMS])[group];
        for (uint32_t lane = 0; lane < lanes; lane++) {
            int32_t row = base + slope * (int32_t)lane + deltas[lane];
            outside |= row < 0 || row >= (int32_t)view->n;
            if (rows)
                *rows++ = (uint16_t)row;
        }
        base += slope * LANES;
        left -= lanes;
    }
    return outside ? CDOT_ROW : CDOT_OK;
}

/* One pass over all columns: groups and masks suffice and are used up, rows lie inside. */
static int dcsr_check(const cdot_view *view, counted_columns *columns, const dcsr_fields *fields)
{
    counted_place place = {0};
    for (; place.column < view->m; place.column++) {
        uint32_t count = (uint32_t)counted_entries(columns, place.column), needed = 0;
        uint32_t groups = (count + LANES - 1) / LANES;
        if (place.column % CDOT_GROUP == 0)
            memcpy(columns->places[place.column / CDOT_GROUP].more, place.more, sizeof place.more);
        if (groups > fields->groups - place.more[GROUPS])
            return CDOT_POINTER;
        for (uint32_t group = 0; group < groups; group++)
            needed += (uint32_t)__builtin_popcount(dcsr_map(view, place.more[GROUPS] + group));
        if (needed > fields->masks - place.more[MASKS])
            return CDOT_POINTER;
        if (dcsr_column(view, &place, count, NULL))
            return CDOT_ROW;
    }
    return place.more[GROUPS] == fields->groups && place.more[MASKS] == fields->masks ? CDOT_OK : CDOT_POINTER;
}

static int dcsr_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                     uint64_t workspace_size)
{
    dcsr_fields fields;
    int error = dcsr_read(view, payload, size, workspace, &fields);
    if (error)
        return error;
    if (workspace_size < counted_workspace(view->m))
        return CDOT_WORKSPACE;
    error = counted_open(view, workspace, view->section[OFFSETS], COUNTED_OFFSETS, fields.entries,
                         view->section[VALUES]);
    return error ? error : dcsr_check(view, workspace, &fields);
}

static void dcsr_step(const cdot_view *view, counted_place *place, uint32_t count, uint16_t *rows)
{
    uint32_t groups = (count + LANES - 1) / LANES;
    if (rows) {
        dcsr_column(view, place, count, rows);
        return;
    }
    for (; groups; groups--)
        place->more[MASKS] += (uint32_t)__builtin_popcount(dcsr_map(view, place->more[GROUPS]++));
}

static void dcsr_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    counted_seek(view, cursor, column, end, scratch, dcsr_step);
}

static int dcsr_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    return counted_next(view, cursor, block, dcsr_step);
}

#if defined(__ARM_FEATURE_MVE)
#include "isa/helium/dcsr.h"
#define FUSED_S8 dcsr_dot
#else
#define FUSED_S8 NULL
#endif

const cdot_decoder dcsr_decoder = {
    .version = CDOT_VERSION,
    .workspace = dcsr_workspace,
    .open = dcsr_open,
    .seek = dcsr_seek,
    .next = dcsr_next,
    .weight = counted_weight,
    .dot_s8 = FUSED_S8,
};
