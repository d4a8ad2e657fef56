/* cser: per column and value the rows that hold it; the most frequent value is implicit (Marino et al.).
 * Blocks have every entry, for only so are the rows of a column in order. */
#include "formats/cser/cser.h"

#include "formats/cser/cser_dot.h"
#include "parts/runs.h"

extern const cdot_decoder cser_decoder;

enum { FORMAT = 7, ENTRIES = 4096 };

typedef struct {
    runs_cursor run;
    float *values;
    uint32_t *ends;
} cser_cursor;

/* CDOT_OK if `count` pointers, one at the least, rise from 0 to `last`, each by `step` at the least. */
static int cser_check_pointers(const void *pointers, uint32_t width, uint64_t count, uint32_t last,
                               uint32_t step)
{
    uint32_t before = cdot_index(pointers, width, 0), falls = before != 0;
    for (uint64_t i = 1; i < count; i++) {
        uint32_t pointer = cdot_index(pointers, width, i);
        falls |= pointer < before || pointer - before < step;
        before = pointer;
    }
    return falls || before != last ? CDOT_POINTER : CDOT_OK;
}

static int cser_check(const cdot_view *view)
{
    const cser_fields *fields = view->section[CSER_FIELDS];
    cser_arrays a = cser_at(view);
    if (cser_implicit(view) == 0 && view->nnz != fields->indices)
        return CDOT_LENGTH;
    int error = cser_check_pointers(a.columns, a.column_bytes, (uint64_t)view->m + 1, fields->groups, 0);
    if (!error)
        error = cser_check_pointers(a.groups, a.group_bytes, (uint64_t)fields->groups + 1, fields->indices, 1);
    if (!error)
        error = cdot_check_indices(a.ranks, a.rank_bytes, fields->groups, fields->symbols);
    return error ? error : cdot_check_indices(a.rows, a.row_bytes, fields->indices, view->n);
}

/* A run has a whole column, however long. */
static uint32_t cser_run(const cdot_view *view)
{
    return view->n < ENTRIES ? ENTRIES : view->n;
}

static int cser_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                     uint64_t workspace_size)
{
    cdot_reader reader;
    (void)workspace_size;
    if (cdot_read_header(&reader, payload, size, FORMAT, sizeof(cser_fields)))
        return reader.error;
    const cser_fields *fields = cdot_take(&reader, 1, sizeof *fields, 4);
    if (!fields)
        return reader.error;
    cdot_fill_view(view, &cser_decoder, &reader, workspace);
    view->section[CSER_FIELDS] = fields;
    cser_arrays a = cser_at(view);
    view->section[CSER_VALUES] = cdot_take(&reader, fields->symbols, 4, 4);
    view->section[CSER_COLUMNS] = cdot_take(&reader, (uint64_t)view->m + 1, a.column_bytes, 4);
    view->section[CSER_GROUPS] = cdot_take(&reader, (uint64_t)fields->groups + 1, a.group_bytes, 4);
    view->section[CSER_RANKS] = cdot_take(&reader, fields->groups, a.rank_bytes, 4);
    view->section[CSER_ROWS] = cdot_take(&reader, fields->indices, a.row_bytes, 4);
    view->scratch_bytes = (uint64_t)cser_run(view) * sizeof(float) + RUNS_COLUMNS * sizeof(uint32_t);
    if (cdot_finish(&reader))
        return cdot_finish(&reader);
    return cser_check(view);
}

static void cser_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end,
                      void *scratch)
{
    cser_cursor *at = (cser_cursor *)cursor;
    uint32_t *ends = scratch;
    (void)view;
    *at = (cser_cursor){{column, end, 0}, (float *)(ends + RUNS_COLUMNS), ends};
}

/* All entries of a column: the implicit value, then what the lists say. */
static void cser_column(const cdot_view *view, const cser_arrays *a, uint32_t column, float *out)
{
    float implicit = cser_implicit(view);
    for (uint32_t i = 0; i < view->n; i++)
        out[i] = implicit;
    uint32_t group = cdot_index(a->columns, a->column_bytes, column);
    uint32_t end = cdot_index(a->columns, a->column_bytes, (uint64_t)column + 1);
    uint32_t i = cdot_index(a->groups, a->group_bytes, group);
    for (; group < end; group++) {
        float value = a->values[cdot_index(a->ranks, a->rank_bytes, group)];
        uint32_t last = cdot_index(a->groups, a->group_bytes, (uint64_t)group + 1);
        for (; i < last; i++)
            out[cdot_index(a->rows, a->row_bytes, i)] = value;
    }
}

static int cser_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    cser_cursor *at = (cser_cursor *)cursor;
    cser_arrays a = cser_at(view);
    uint64_t first;
    if (!runs_next(view, &at->run, cser_run(view), at->ends, block, &first))
        return 0;
    for (uint32_t k = 0; k < block->segments; k++)
        cser_column(view, &a, block->column + k, at->values + (size_t)k * view->n);
    block->values = at->values;
    return 1;
}

/* Before a column: groups, rows in their lists, and one for the column itself. */
static uint64_t cser_weight(const cdot_view *view, uint32_t column)
{
    cser_arrays a = cser_at(view);
    uint32_t group = cdot_index(a.columns, a.column_bytes, column);
    return (uint64_t)column + group + cdot_index(a.groups, a.group_bytes, group);
}

const cdot_decoder cser_decoder = {
    .version = CDOT_VERSION,
    .open = cser_open,
    .seek = cser_seek,
    .next = cser_next,
    .weight = cser_weight,
    .dot = cser_dot,
};
