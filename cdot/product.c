/* Y = X W in the layout of users: transposing, splitting columns among threads, one scratch a thread. */
#include <string.h>

#include "cdot.h"
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
        bytes += up((uint64_t)view->n * padded(batch) * 4, LINE) + (uint64_t)view->m * padded(batch) * 4;
    return bytes;
}

/* out[c rows + r] = in[r columns + c], with rows padded by zeros to `pad`; in tiles that stay in L1. */
static void transpose(const float *in, size_t rows, size_t columns, size_t pad, float *out)
{
    enum { TILE = 16 };
    for (size_t c0 = 0; c0 < columns; c0 += TILE)
        for (size_t r0 = 0; r0 < pad; r0 += TILE)
            for (size_t c = c0; c < columns && c < c0 + TILE; c++)
                for (size_t r = r0; r < pad && r < r0 + TILE; r++)
                    out[c * pad + r] = r < rows ? in[r * columns + c] : 0;
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
    const float *x;
    float *y;
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
    int status = cdot_dot(job->view, job->x, job->ld, job->y, job->ld, job->batch, begin, end, scratch);
    if (status)
        __atomic_store_n(&job->status, status, __ATOMIC_RELAXED);
}

int cdot_product(const cdot_view *view, const float *X, float *Y, size_t batch, uint32_t col_begin,
                 uint32_t col_end, cdot_pool *pool, void *scratch)
{
    if (col_begin > col_end || col_end > view->m)
        return CDOT_RANGE;
    product_job job = {view, X, Y, 1, batch, col_begin, col_end, cdot_pool_threads(pool), scratch, 0};
    uint8_t *rest = job.scratch + job.threads * up(view->scratch_bytes, LINE);
    if (batch != 1) {
        size_t pad = padded(batch);
        float *x = (float *)rest;
        float *y = (float *)(rest + up((uint64_t)view->n * pad * 4, LINE));
        transpose(X, batch, view->n, pad, x);
        job.x = x;
        job.y = y;
        job.ld = job.batch = pad;
    }
    pool_run(pool, product_part, &job);
    if (batch != 1)
        for (size_t b = 0; b < batch; b++)
            for (uint32_t j = col_begin; j < col_end; j++)
                Y[b * view->m + j] = job.y[j * job.ld + b];
    return job.status;
}
