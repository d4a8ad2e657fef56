/* The arrays of a cser payload; for its decoder (cser.c) and its product (cser_dot.c). */
#ifndef CDOT_CSER_H
#define CDOT_CSER_H

#include "core/payload.h"

enum { CSER_FIELDS, CSER_VALUES, CSER_COLUMNS, CSER_GROUPS, CSER_RANKS, CSER_ROWS };

typedef struct {
    uint32_t symbols; /* K, entries of the codebook; the first is implicit */
    uint32_t groups;  /* lists of rows, one for each value in each column */
    uint32_t indices; /* rows in all lists */
} cser_fields;

/* columns[j]: the first group of column j; groups[g]: its first row index; both with an end behind. */
typedef struct {
    const float *values;
    const void *columns, *groups, *ranks, *rows;
    uint32_t indices, column_bytes, group_bytes, rank_bytes, row_bytes;
} cser_arrays;

static inline cser_arrays cser_at(const cdot_view *view)
{
    const cser_fields *fields = view->section[CSER_FIELDS];
    return (cser_arrays){
        .values = view->section[CSER_VALUES],
        .columns = view->section[CSER_COLUMNS],
        .groups = view->section[CSER_GROUPS],
        .ranks = view->section[CSER_RANKS],
        .rows = view->section[CSER_ROWS],
        .indices = fields->indices,
        .column_bytes = cdot_width((uint64_t)fields->groups + 1),
        .group_bytes = cdot_width(fields->indices),
        .rank_bytes = cdot_width(fields->symbols),
        .row_bytes = cdot_width(view->n),
    };
}

/* The value of all entries that no list has. */
static inline float cser_implicit(const cdot_view *view)
{
    const cser_fields *fields = view->section[CSER_FIELDS];
    return fields->symbols ? *(const float *)view->section[CSER_VALUES] : 0;
}

#endif
