/* Y = X W in the layout of users: transposing, splitting columns among threads, one scratch a thread. */
#include <string.h>

#include "core/payload.h"
#include "core/threads.h"

enum { LINE = 64, BATCH_STEP = 8, TILE = 16, PART_GROUPS = 16 };

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
    bytes += up(view->prepared_bytes * padded(batch), LINE);
    if (batch != 1)
        bytes += up((uint64_t)view->n * padded(batch) * cdot_input_bytes(view->arithmetic), LINE) +
                 (uint64_t)view->m * padded(batch) * 4;
    return bytes;
}

/* out[c pad + r] = in[r columns + c] for columns `begin` to `end`, with rows padded by zeros to `pad`; in tiles
 * that stay in L1. `int8` is a constant in both calls. */
static inline void transpose_as(const void *in, size_t rows, size_t columns, size_t pad, void *out, size_t begin,
                                size_t end, int int8)
{
    for (size_t c0 = begin; c0 < end; c0 += TILE)
        for (size_t r0 = 0; r0 < pad; r0 += TILE)
            for (size_t c = c0; c < end && c < c0 + TILE; c++)
                for (size_t r = r0; r < pad && r < r0 + TILE; r++)
                    if (int8)
                        ((int8_t *)out)[c * pad + r] = r < rows ? ((const int8_t *)in)[r * columns + c] : 0;
                    else
                        ((float *)out)[c * pad + r] = r < rows ? ((const float *)in)[r * columns + c] : 0;
}

/* Outputs of both arithmetics have four bytes: Y[b m + j] = y[j ld + b] for columns `begin` to `end`. */
static void outputs(const uint32_t *y, size_t ld, uint32_t *Y, size_t batch, size_t m, size_t begin, size_t end)
{
    for (size_t j0 = begin; j0 < end; j0 += TILE)
        for (size_t b = 0; b < batch; b++)
            for (size_t j = j0; j < end && j < j0 + TILE; j++)
                Y[b * m + j] = y[j * ld + b];
}

static uint64_t weight(const cdot_view *view, uint32_t column)
{
    return view->decoder->weight ? view->decoder->weight(view, column) : column;
}

/* Parts of the columns: POOL_PARTS a thread, but of few columns only as many as leave each its PART_GROUPS groups,
 * for decoders want several side by side, and one a thread at the least. */
static uint32_t parts_of(const cdot_view *view, uint32_t columns, uint32_t threads)
{
    uint32_t most = threads * POOL_PARTS, parts = columns / view->group / PART_GROUPS / threads * threads;
    if (threads == 1)
        return 1;
    if (view->group == CDOT_GROUP || parts > most)
        return most;
    return parts ? parts : threads;
}

/* The first column of part `part` of `parts` of the range, balanced by weight, at a group's first. */
static uint32_t split(const cdot_view *view, uint32_t begin, uint32_t end, uint32_t part, uint32_t parts)
{
    if (part == 0 || part == parts)
        return part ? end : begin;
    uint64_t low = weight(view, begin), high = weight(view, end);
    uint64_t work = high - low, goal = low + work / parts * part + work % parts * part / parts;
    uint32_t from = begin, to = end;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (weight(view, middle) < goal)
            from = middle + 1;
        else
            to = middle;
    }
    from = (uint32_t)up(from, view->group);
    return from < end ? from : end;
}

/* X and Y as users have them; x and y as the kernels do, which is the same for one vector. */
typedef struct {
    const cdot_view *view;
    const void *X, *x; /* of the view's arithmetic */
    void *Y, *y;       /* float or int32_t: four bytes */
    size_t batch, pad;
    uint32_t col_begin, col_end, parts;
    uint8_t *scratch;
    int status; /* an error of any thread; they can only write the same kind of news */
} product_job;

static void inputs_part(void *context, uint32_t part, uint32_t thread)
{
    product_job *job = context;
    size_t n = job->view->n, step = up((n + job->parts - 1) / job->parts, TILE);
    size_t begin = part * step, end = begin + step < n ? begin + step : n;
    (void)thread;
    if (job->view->arithmetic == CDOT_IN_INT32)
        transpose_as(job->X, job->batch, n, job->pad, (void *)job->x, begin, end, 1);
    else
        transpose_as(job->X, job->batch, n, job->pad, (void *)job->x, begin, end, 0);
}

static void columns_part(void *context, uint32_t part, uint32_t thread)
{
    product_job *job = context;
    const cdot_view *view = job->view;
    uint32_t begin = split(view, job->col_begin, job->col_end, part, job->parts);
    uint32_t end = split(view, job->col_begin, job->col_end, part + 1, job->parts);
    if (begin >= end)
        return;
    uint8_t *scratch = job->scratch + thread * up(view->scratch_bytes, LINE);
    size_t pad = job->pad;
    int status = view->arithmetic == CDOT_IN_INT32
                     ? cdot_dot_s8(view, job->x, pad, job->y, pad, pad, begin, end, scratch)
                     : cdot_dot(view, job->x, pad, job->y, pad, pad, begin, end, scratch);
    if (status)
        __atomic_store_n(&job->status, status, __ATOMIC_RELAXED);
    if (job->batch != 1)
        outputs(job->y, pad, job->Y, job->batch, view->m, begin, end);
}

/* What x is made into lies behind all threads' scratch; all of them read it. */
static int prepared_product(product_job *job, void *memory, cdot_pool *pool)
{
    cdot_view prepared;
    int status = cdot_prepare(job->view, job->x, job->pad, job->pad, memory, &prepared);
    if (status)
        return status;
    job->view = &prepared;
    pool_run(pool, columns_part, job, job->parts);
    return job->status;
}

static int product(const cdot_view *view, const void *X, void *Y, size_t batch, uint32_t col_begin,
                   uint32_t col_end, cdot_pool *pool, void *scratch)
{
    if (col_begin > col_end || col_end > view->m)
        return CDOT_RANGE;
    if (pool)
        pool = pool_ready(pool);
    uint32_t threads = cdot_pool_threads(pool);
    product_job job = {view, X, X, Y, Y, batch, padded(batch), col_begin, col_end,
                       parts_of(view, col_end - col_begin, threads), scratch, 0};
    uint8_t *prepared = job.scratch + threads * up(view->scratch_bytes, LINE);
    if (batch != 1) {
        uint8_t *x = prepared + up(view->prepared_bytes * job.pad, LINE);
        job.x = x;
        job.y = x + up((uint64_t)view->n * job.pad * cdot_input_bytes(view->arithmetic), LINE);
        pool_run(pool, inputs_part, &job, job.parts);
    }
    if (!view->decoder->prepare) {
        pool_run(pool, columns_part, &job, job.parts);
        return job.status;
    }
    return prepared_product(&job, prepared, pool);
}

int cdot_product(const cdot_view *view, const float *X, float *Y, size_t batch, uint32_t col_begin,
                 uint32_t col_end, cdot_pool *pool, void *scratch)
{
    if (view->arithmetic != CDOT_IN_FLOAT32)
        return CDOT_FORMAT;
    return product(view, X, Y, batch, col_begin, col_end, pool, scratch);
}

int cdot_product_s8(const cdot_view *view, const int8_t *X, int32_t *Y, size_t batch, uint32_t col_begin,
                    uint32_t col_end, cdot_pool *pool, void *scratch)
{
    if (view->arithmetic != CDOT_IN_INT32)
        return CDOT_FORMAT;
    return product(view, X, Y, batch, col_begin, col_end, pool, scratch);
}

int cdot_vector(const cdot_vector_job *job)
{
    const cdot_view *view = job->view;
    cdot_view prepared;
    if (view->decoder->prepare) {
        void *memory = (uint8_t *)job->scratch + up(view->scratch_bytes, LINE);
        int status = cdot_prepare(view, job->x, 1, 1, memory, &prepared);
        if (status)
            return status;
        view = &prepared;
    }
    if (view->arithmetic == CDOT_IN_INT32)
        return cdot_dot_s8(view, job->x, 1, job->y, 1, 1, 0, view->m, job->scratch);
    return cdot_dot(view, job->x, 1, job->y, 1, 1, 0, view->m, job->scratch);
}
