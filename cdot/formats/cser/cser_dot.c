/* The product of cser: sum the inputs of a list of rows, multiply once.
 *
 * It needs an implicit value of 0. With another one, y would be that value times the sum of all inputs,
 * corrected by the lists: terms that cancel, and with them the digits that float32 has. Columns are
 * decoded then, every entry of them. */
#include "formats/cser/cser_dot.h"

#include "core/multiply.h"
#include "formats/cser/sums.h"

/* Lists of one row each, `list` to `end`. */
static inline floats4 dot_singles(const cser_arrays *a, uint32_t row_bytes, uint32_t list, uint32_t end,
                                  uint32_t from, const float *x, size_t ldx)
{
    floats4 sum = {0};
    for (; end - list >= FOUR; list += FOUR, from += FOUR) {
        floats4 values = {value_of(a, list), value_of(a, list + 1), value_of(a, list + 2), value_of(a, list + 3)};
        sum += values * inputs(a->rows, row_bytes, from, x, ldx);
    }
    /* apart from the vector: valgrind 3.19 loses the other lanes in a fused addition to one */
    float rest = 0;
    for (; list < end; list++, from++)
        rest += value_of(a, list) * x[ldx * cdot_index(a->rows, row_bytes, from)];
    return sum + (floats4){rest};
}

/* Lists have one row at the least: as many rows as lists mean that all that are left have one. */
static inline float dot_column(const cser_arrays *a, uint32_t row_bytes, uint32_t list, uint32_t end,
                               const float *x, size_t ldx)
{
    uint32_t from = cdot_index(a->groups, a->group_bytes, list);
    uint32_t rows_end = cdot_index(a->groups, a->group_bytes, end);
    floats4 y = {0};
    while (list < end) {
        uint32_t last = end - list < PIECE ? end : list + PIECE;
        floats4 piece = {0};
        for (; list < last && rows_end - from > end - list; list++) {
            uint32_t next = cdot_index(a->groups, a->group_bytes, (uint64_t)list + 1);
            piece += value_of(a, list) * sum_inputs(a, row_bytes, from, next, x, ldx);
            from = next;
        }
        if (rows_end - from == end - list) {
            piece += dot_singles(a, row_bytes, list, last, from, x, ldx);
            from += last - list;
            list = last;
        }
        y += piece;
    }
    return (y[0] + y[1]) + (y[2] + y[3]);
}

static inline void dot_column_batch(const cser_arrays *a, uint32_t row_bytes, uint32_t list, uint32_t end,
                                    const float *x, size_t ldx, float *out)
{
    uint32_t from = cdot_index(a->groups, a->group_bytes, list);
    uint32_t rows_end = cdot_index(a->groups, a->group_bytes, end);
    floats8 y = {0};
    while (list < end) {
        uint32_t last = end - list < PIECE ? end : list + PIECE;
        floats8 piece = {0}, sum;
        for (; list < last && rows_end - from > end - list; list++) {
            uint32_t next = cdot_index(a->groups, a->group_bytes, (uint64_t)list + 1);
            sum_inputs_batch(a, row_bytes, from, next, x, ldx, &sum);
            piece += value_of(a, list) * sum;
            from = next;
        }
        if (rows_end - from == end - list)
            for (; list < last; list++, from++) {
                inputs_batch(a, row_bytes, from, x, ldx, -1, &sum);
                piece += value_of(a, list) * sum;
            }
        y += piece;
    }
    memcpy(out, &y, sizeof y);
}

static inline void dot_columns(const cdot_view *view, uint32_t row_bytes, const float *x, size_t ldx, float *y,
                               size_t ldy, size_t batch, uint32_t col_begin, uint32_t col_end)
{
    cser_arrays a = cser_at(view);
    for (uint32_t j = col_begin; j < col_end; j++) {
        uint32_t list = cdot_index(a.columns, a.column_bytes, j);
        uint32_t end = cdot_index(a.columns, a.column_bytes, (uint64_t)j + 1);
        size_t b = 0;
        for (; b + BATCH <= batch; b += BATCH)
            dot_column_batch(&a, row_bytes, list, end, x + b, ldx, y + j * ldy + b);
        for (; b < batch; b++)
            y[j * ldy + b] = dot_column(&a, row_bytes, list, end, x + b, ldx);
    }
}

/* A plain vector has a loop of its own. */
static inline void dot_with(const cdot_view *view, uint32_t row_bytes, const float *x, size_t ldx, float *y,
                            size_t ldy, size_t batch, uint32_t col_begin, uint32_t col_end)
{
    if (batch == 1 && ldx == 1)
        dot_columns(view, row_bytes, x, 1, y, ldy, 1, col_begin, col_end);
    else
        dot_columns(view, row_bytes, x, ldx, y, ldy, batch, col_begin, col_end);
}

int cser_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
             uint32_t col_begin, uint32_t col_end, void *scratch)
{
    uint32_t row_bytes = cdot_width(view->n);
    if (cser_implicit(view) != 0)
        return cdot_dot_blocks(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
    if (row_bytes == 1)
        dot_with(view, 1, x, ldx, y, ldy, batch, col_begin, col_end);
    else if (row_bytes == 2)
        dot_with(view, 2, x, ldx, y, ldy, batch, col_begin, col_end);
    else
        dot_with(view, 4, x, ldx, y, ldy, batch, col_begin, col_end);
    return CDOT_OK;
}
