/* Y = X W in the layout of users: transposing, splitting columns among threads, one scratch a thread. */
#include <string.h>

#include "payload.h"
#include "threads.h"

enum { LINE = 64, BATCH_STEP = 8 };

static uint64_t up(uint64_t x, uint64_t to)
{
    return (x + to - 1) / to * to;
}

/* A batch is padded to full vectors, so that the multipliers have no tail. */
static size_t padded(size_t batch)
{
    return batch == 1 ? 1 : up(batch, BATCH_STEP);
}

uint64_t cdot_product_scratch(const cdot_view *view, size_t batch, uint32_t threads)
{
    uint64_t bytes = threads * up(view->scratch_bytes, LINE) + LINE;
    if (batch != 1)
        bytes += up((uint64_t)view->n * padded(batch) * cdot_value_bytes(view->value_type), LINE) +
                 (uint64_t)view->m * padded(batch) * 4;
    return bytes;
}

/* out[c rows + r] = in[r columns + c], with rows padded by zeros to `pad`; in tiles that stay in L1.
 * `int8` is a constant in both calls. */
static inline void transpose_as(const void *in, size_t rows, size_t columns, size_t pad, void *out, int int8)
{
    enum { TILE = 16 };
    for (size_t c0 = 0; c0 < columns; c0 += TILE)
        for (size_t r0 = 0; r0 < pad; r0 += TILE)
            for (size_t c = c0; c < columns && c < c0 + TILE; c++)
                for (size_t r = r0; r < pad && r < r0 + TILE; r++)
                    if (int8)
                        ((int8_t *)out)[c * pad + r] = r < rows ? ((const int8_t *)in)[r * columns + c] : 0;
                    else
                        ((float *)out)[c * pad + r] = r < rows ? ((const float *)in)[r * columns + c] : 0;
}

static void transpose(const void *in, size_t rows, size_t columns, size_t pad, void *out, uint32_t value_type)
{
    if (value_type == CDOT_INT8)
        transpose_as(in, rows, columns, pad, out, 1);
    else
        transpose_as(in, rows, columns, pad, out, 0);
}

static uint64_t weight(const cdot_view *view, uint32_t column)
{
    return view->decoder->weight ? view->decoder->weight(view, column) : column;
}

/* The first column of part `part` of `parts` of the range, balanced by weight, at a seek group. */
static uint32_t split(const cdot_view *view, uint32_t begin, uint32_t end, uint32_t part, uint32_t parts)
{
    if (part == 0 || part == parts)
        return part ? end : begin;
    uint64_t low = weight(view, begin), high = weight(view, end);
    uint64_t goal = low + (high - low) / parts * part;
    uint32_t from = begin, to = end;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (weight(view, middle) < goal)
            from = middle + 1;
        else
            to = middle;
    }
    from = (uint32_t)up(from, CDOT_GROUP);
    return from < end ? from : end;
}

typedef struct {
    const cdot_view *view;
    const void *x; /* of the view's value type */
    void *y;       /* float or int32_t: four bytes */
    size_t ld, batch;
    uint32_t col_begin, col_end, threads;
    uint8_t *scratch;
    int status; /* an error of any thread; they can only write the same kind of news */
} product_job;

static void product_part(void *context, uint32_t thread)
{
    product_job *job = context;
    uint32_t begin = split(job->view, job->col_begin, job->col_end, thread, job->threads);
    uint32_t end = split(job->view, job->col_begin, job->col_end, thread + 1, job->threads);
    if (begin >= end)
        return;
    uint8_t *scratch = job->scratch + thread * up(job->view->scratch_bytes, LINE);
    int status = job->view->value_type == CDOT_INT8
                     ? cdot_dot_s8(job->view, job->x, job->ld, job->y, job->ld, job->batch, begin, end, scratch)
                     : cdot_dot(job->view, job->x, job->ld, job->y, job->ld, job->batch, begin, end, scratch);
    if (status)
        __atomic_store_n(&job->status, status, __ATOMIC_RELAXED);
}

static int product(const cdot_view *view, const void *X, void *Y, size_t batch, uint32_t col_begin,
                   uint32_t col_end, cdot_pool *pool, void *scratch)
{
    if (col_begin > col_end || col_end > view->m)
        return CDOT_RANGE;
    product_job job = {view, X, Y, 1, batch, col_begin, col_end, cdot_pool_threads(pool), scratch, 0};
    uint8_t *rest = job.scratch + job.threads * up(view->scratch_bytes, LINE);
    if (batch != 1) {
        size_t pad = padded(batch);
        transpose(X, batch, view->n, pad, rest, view->value_type);
        job.x = rest;
        job.y = rest + up((uint64_t)view->n * pad * cdot_value_bytes(view->value_type), LINE);
        job.ld = job.batch = pad;
    }
    pool_run(pool, product_part, &job);
    if (batch != 1)
        for (size_t b = 0; b < batch; b++)
            for (uint32_t j = col_begin; j < col_end; j++)
                memcpy((uint8_t *)Y + 4 * (b * view->m + j), (uint8_t *)job.y + 4 * (j * job.ld + b), 4);
    return job.status;
}

int cdot_product(const cdot_view *view, const float *X, float *Y, size_t batch, uint32_t col_begin,
                 uint32_t col_end, cdot_pool *pool, void *scratch)
{
    if (view->value_type != CDOT_FLOAT32)
        return CDOT_FORMAT;
    return product(view, X, Y, batch, col_begin, col_end, pool, scratch);
}

int cdot_product_s8(const cdot_view *view, const int8_t *X, int32_t *Y, size_t batch, uint32_t col_begin,
                    uint32_t col_end, cdot_pool *pool, void *scratch)
{
    if (view->value_type != CDOT_INT8)
        return CDOT_FORMAT;
    return product(view, X, Y, batch, col_begin, col_end, pool, scratch);
}
