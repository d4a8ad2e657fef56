/* The drivers that time kernels: Python never stands inside a timed loop. */
#define _GNU_SOURCE
#include <string.h>
#include <time.h>

#include "timing/bench.h"
#include "core/threads.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int bench_flush(const uint8_t *from, uint64_t size)
{
#if defined(__x86_64__)
    for (uint64_t at = 0; at < size; at += 64)
        _mm_clflush(from + at);
    _mm_mfence();
    return CDOT_OK;
#elif defined(__aarch64__)
    for (uint64_t at = 0; at < size; at += 64)
        __asm__ volatile("dc civac, %0" ::"r"(from + at) : "memory");
    __asm__ volatile("dsb ish" ::: "memory");
    return CDOT_OK;
#else
    (void)from;
    (void)size;
    return CDOT_UNSUPPORTED;
#endif
}

/* One run of what is timed; returns an error or CDOT_OK. */
typedef int (*timed)(void *context);

/* Times `repeat` runs: all at once when warm, one by one with a flush before each when cold. */
static int64_t measure(timed run, void *context, uint64_t repeat, const uint8_t *cold, uint64_t size)
{
    int status = CDOT_OK;
    int64_t total = 0, start = now();
    for (uint64_t i = 0; i < repeat && status == CDOT_OK; i++) {
        if (cold) {
            status = bench_flush(cold, size);
            start = now();
        }
        if (status == CDOT_OK)
            status = run(context);
        if (cold)
            total += now() - start;
    }
    if (!cold)
        total = now() - start;
    if (status == CDOT_OK && total < 0)
        status = CDOT_CLOCK;
    return status ? status : total;
}

typedef struct {
    const cdot_view *view;
    const void *X;
    void *Y;
    size_t batch;
    uint32_t col_begin, col_end;
    cdot_pool *pool;
    void *scratch;
} dot_job;

static int run_dot(void *context)
{
    dot_job *job = context;
    if (job->view->arithmetic == CDOT_IN_INT32)
        return cdot_product_s8(job->view, job->X, job->Y, job->batch, job->col_begin, job->col_end, job->pool,
                               job->scratch);
    return cdot_product(job->view, job->X, job->Y, job->batch, job->col_begin, job->col_end, job->pool,
                        job->scratch);
}

int64_t bench_dot(const cdot_view *view, const void *X, void *Y, size_t batch, uint32_t col_begin,
                  uint32_t col_end, cdot_pool *pool, void *scratch, uint64_t repeat, const uint8_t *cold,
                  uint64_t size)
{
    dot_job job = {view, X, Y, batch, col_begin, col_end, pool, scratch};
    pool_forgive(pool); /* pairs take turns, and share it */
    return measure(run_dot, &job, repeat, cold, size);
}

static int run_decode(void *context)
{
    dot_job *job = context;
    cdot_cursor cursor;
    cdot_block block;
    int status;
    job->view->decoder->seek(job->view, &cursor, job->col_begin, job->col_end, job->scratch);
    while ((status = job->view->decoder->next(job->view, &cursor, &block)) > 0)
        __asm__ volatile("" ::"r"(&block) : "memory"); /* the block counts as used */
    return status;
}

int64_t bench_decode(const cdot_view *view, uint32_t col_begin, uint32_t col_end, void *scratch,
                     uint64_t repeat, const uint8_t *cold, uint64_t size)
{
    dot_job job = {view, NULL, NULL, 0, col_begin, col_end, NULL, scratch};
    if (col_begin > col_end || col_end > view->m)
        return CDOT_RANGE;
    return measure(run_decode, &job, repeat, cold, size);
}

typedef struct {
    uint8_t *to;
    const uint8_t *from;
    uint64_t size;
} copy_job;

static int run_copy(void *context)
{
    copy_job *job = context;
    memcpy(job->to, job->from, job->size);
    __asm__ volatile("" ::"r"(job->to) : "memory");
    return CDOT_OK;
}

int64_t bench_memcpy(uint8_t *to, const uint8_t *from, uint64_t size, uint64_t repeat, uint32_t cold)
{
    copy_job job = {to, from, size};
    return measure(run_copy, &job, repeat, cold ? from : NULL, size);
}

typedef struct {
    cdot_pool *pool;
    uint64_t work; /* of all parts together */
    uint32_t parts;
} compute_job;

/* Arithmetic in registers only: what a core is worth while nothing waits for memory. */
static void compute_part(void *context, uint32_t part, uint32_t thread)
{
    compute_job *job = context;
    float sums[16] = {0};
    (void)part;
    (void)thread;
    for (uint64_t i = 0; i < job->work / job->parts; i++)
        for (int lane = 0; lane < 16; lane++)
            sums[lane] = sums[lane] * 0.5f + 1.0f;
    __asm__ volatile("" ::"r"(sums) : "memory");
}

static int run_compute(void *context)
{
    compute_job *job = context;
    pool_run(job->pool, compute_part, context, job->parts);
    return CDOT_OK;
}

int64_t bench_compute(cdot_pool *pool, uint64_t work, uint64_t repeat)
{
    uint32_t threads = cdot_pool_threads(pool);
    compute_job job = {pool, work, threads == 1 ? 1 : threads * POOL_PARTS};
    return measure(run_compute, &job, repeat, NULL, 0);
}
