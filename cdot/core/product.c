/* Y = X W in the layout of users: transposing, splitting columns among threads, one scratch a thread. */
#include <string.h>

#include "core/payload.h"
#include "core/threads.h"

#if defined(__AVX2__)
#include "isa/avx2/transpose.h"
#else
#include "isa/portable/transpose.h"
#endif

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

/* out[c out_stride + r] = in[r in_stride + c], words of four bytes. In squares; those along the side whose lines are
 * farther apart come one after the other, for its lines may all have the same place in the cache. */
static void transpose(const uint32_t *in, size_t in_stride, size_t rows, size_t columns, uint32_t *out,
                      size_t out_stride)
{
    size_t whole_rows = rows / SQUARE * SQUARE, whole_columns = columns / SQUARE * SQUARE;
    if (in_stride >= out_stride) {
        for (size_t r = 0; r < whole_rows; r += SQUARE)
            for (size_t c = 0; c < whole_columns; c += SQUARE)
                transpose_square(in + r * in_stride + c, in_stride, out + c * out_stride + r, out_stride);
    } else {
        for (size_t c = 0; c < whole_columns; c += SQUARE)
            for (size_t r = 0; r < whole_rows; r += SQUARE)
                transpose_square(in + r * in_stride + c, in_stride, out + c * out_stride + r, out_stride);
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t c = r < whole_rows ? whole_columns : 0; c < columns; c++)
            out[c * out_stride + r] = in[r * in_stride + c];
}

/* Zeros in place of the vectors that fill a batch up to `pad`. */
static void clear_padding(uint32_t *x, size_t columns, size_t batch, size_t pad)
{
    for (size_t c = 0; batch < pad && c < columns; c++)
        memset(x + c * pad + batch, 0, (pad - batch) * sizeof *x);
}

/* The same for int8, columns `begin` to `end` of `columns`, in tiles that stay in L1. */
static void transpose_s8(const int8_t *in, size_t rows, size_t columns, size_t pad, int8_t *out, size_t begin,
                         size_t end)
{
    for (size_t c0 = begin; c0 < end; c0 += TILE)
        for (size_t r0 = 0; r0 < pad; r0 += TILE)
            for (size_t c = c0; c < end && c < c0 + TILE; c++)
                for (size_t r = r0; r < pad && r < r0 + TILE; r++)
                    out[c * pad + r] = r < rows ? in[r * columns + c] : 0;
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
    if (job->view->arithmetic == CDOT_IN_INT32) {
        transpose_s8(job->X, job->batch, n, job->pad, (int8_t *)job->x, begin, end);
    } else if (begin < end) {
        uint32_t *x = (uint32_t *)job->x + begin * job->pad;
        transpose((const uint32_t *)job->X + begin, n, job->batch, end - begin, x, job->pad);
        clear_padding(x, end - begin, job->batch, job->pad);
    }
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
        transpose((const uint32_t *)job->y + begin * pad, pad, end - begin, job->batch, (uint32_t *)job->Y + begin,
                  view->m);
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
