/* Threads over columns, on hosts. Every thread computes whole columns, and a column's sum does not depend
 * on where a range starts, so the result is the same for every number of threads.
 *
 * A job comes in parts. Each thread has its share of them, the same in every round, so that its part of a payload
 * stays in its cache; who is through takes from the shares of others. So a thread whose core is busy with something
 * else does less, and one that wakes up too late finds the round closed and keeps nobody waiting. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/cdot.h"
#include "core/threads.h"

enum { SPINS = 20000 }; /* looks before a thread sleeps: a fraction of a millisecond */

/* Where other programs have the cores, threads stop in the middle of a part, and the caller waits for a worker, or
 * for its own core, longer than all of the job takes. A round in which it loses more than half of its own work and
 * SLACK ns makes pool_ready leave the pool out for PAUSES calls, and for PAUSES times as long as was lost, LONGEST ns
 * at the most: a program that was stopped for an hour is not punished for a day. */
enum { HALF = 2, SLACK = 20000, PAUSES = 64, LONGEST = 1000000000 };
enum { LOOKS = 256 }; /* while spinning, between two offers of the core to whoever else could use it */

/* The gate is one word, so that a worker enters a round or finds it closed, with nothing in between: the
 * round's number, whether it is open, and how many workers are inside. */
enum { ROUND_SHIFT = 32, LINE = 64 };
static const uint64_t OPEN = (uint64_t)1 << 31, INSIDE = ((uint64_t)1 << 31) - 1;

/* A thread; the first is the caller. Padded, so that two of them take parts without sharing a cache line. */
typedef struct {
    cdot_pool *pool;
    uint32_t index;
    _Atomic uint32_t next; /* part of its share that nobody has taken yet */
    pthread_t thread;
    uint8_t apart[LINE];
} worker;

struct cdot_pool {
    uint32_t threads;
    _Atomic uint64_t gate;
    _Atomic uint32_t stop, sleepers, waiting; /* waiting: the caller sleeps until all workers are out */
    _Atomic uint32_t rest;                    /* nothing comes for a while: workers need not spin */
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    pool_job job; /* job, context and parts change only while the gate is closed and nobody is inside */
    void *context;
    uint32_t parts;
    uint64_t alone_until; /* ns of the clock; this and the next are the caller's */
    uint32_t alone_calls;
    worker workers[];
};

/* One look is over. The thread that is waited for may stand in line for this very core. */
static void relax(int spin)
{
    if (spin % LOOKS == LOOKS - 1)
        sched_yield();
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int may_enter(uint64_t gate, uint32_t seen)
{
    return (gate & OPEN) && gate >> ROUND_SHIFT != seen;
}

/* Looked at while spinning, too: who closes a pool is not kept waiting, and a core that others want is left to them. */
static int spinning_is_over(const cdot_pool *pool)
{
    return atomic_load_explicit(&pool->stop, memory_order_relaxed) ||
           atomic_load_explicit(&pool->rest, memory_order_relaxed);
}

/* Waits for a round that this worker has not seen, and enters it; 0 where the pool stops. */
static uint32_t enter(cdot_pool *pool, uint32_t seen)
{
    for (;;) {
        uint64_t gate = atomic_load(&pool->gate);
        for (int spin = 0; spin < SPINS && !may_enter(gate, seen) && !spinning_is_over(pool); spin++) {
            relax(spin);
            gate = atomic_load(&pool->gate);
        }
        if (!may_enter(gate, seen)) {
            pthread_mutex_lock(&pool->lock);
            atomic_fetch_add(&pool->sleepers, 1); /* before the look: the caller opens, then counts sleepers */
            while (!may_enter(atomic_load(&pool->gate), seen) && !atomic_load(&pool->stop))
                pthread_cond_wait(&pool->wake, &pool->lock);
            atomic_fetch_sub(&pool->sleepers, 1);
            pthread_mutex_unlock(&pool->lock);
        }
        if (atomic_load(&pool->stop))
            return 0;
        gate = atomic_load(&pool->gate);
        while (may_enter(gate, seen))
            if (atomic_compare_exchange_weak(&pool->gate, &gate, gate + 1))
                return (uint32_t)(gate >> ROUND_SHIFT);
    }
}

/* The first part of a thread's share. */
static uint32_t share(const cdot_pool *pool, uint32_t thread)
{
    return (uint32_t)((uint64_t)pool->parts * thread / pool->threads);
}

static void take_parts(cdot_pool *pool, uint32_t thread)
{
    for (uint32_t k = 0; k < pool->threads; k++) {
        uint32_t from = (thread + k) % pool->threads, end = share(pool, from + 1);
        for (uint32_t part; (part = atomic_fetch_add(&pool->workers[from].next, 1)) < end;)
            pool->job(pool->context, part, thread);
    }
}

static void *work(void *argument)
{
    worker *self = argument;
    cdot_pool *pool = self->pool;
    for (uint32_t round = 0; (round = enter(pool, round)) != 0;) {
        take_parts(pool, self->index);
        if ((atomic_fetch_sub(&pool->gate, 1) & INSIDE) == 1 && atomic_load(&pool->waiting)) {
            pthread_mutex_lock(&pool->lock);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->lock);
        }
    }
    return NULL;
}

cdot_pool *cdot_pool_new(uint32_t threads)
{
    if (threads == 0 || threads > 4096)
        return NULL;
    cdot_pool *pool = calloc(1, sizeof *pool + threads * sizeof(worker));
    if (!pool)
        return NULL;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    pool->threads = 1;
    for (uint32_t i = 1; i < threads; i++) {
        pool->workers[i].pool = pool;
        pool->workers[i].index = i;
        if (pthread_create(&pool->workers[i].thread, NULL, work, &pool->workers[i])) {
            cdot_pool_free(pool);
            return NULL;
        }
        pool->threads++;
    }
    return pool;
}

void cdot_pool_free(cdot_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->stop, 1);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (uint32_t i = 1; i < pool->threads; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

uint32_t cdot_pool_threads(const cdot_pool *pool)
{
    return pool ? pool->threads : 1;
}

/* Opens the next round; rounds are never 0, which is what a worker has seen that has seen none. */
static void open_round(cdot_pool *pool)
{
    uint32_t round = (uint32_t)(atomic_load(&pool->gate) >> ROUND_SHIFT) + 1;
    atomic_store(&pool->rest, 0);
    for (uint32_t i = 0; i < pool->threads; i++)
        atomic_store(&pool->workers[i].next, share(pool, i));
    atomic_store(&pool->gate, (uint64_t)(round ? round : 1) << ROUND_SHIFT | OPEN);
    if (atomic_load(&pool->sleepers)) {
        pthread_mutex_lock(&pool->lock);
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->lock);
    }
}

/* Lets nobody in any more, and waits for those who are inside. */
static void close_round(cdot_pool *pool)
{
    atomic_fetch_and(&pool->gate, ~OPEN);
    for (int spin = 0; spin < SPINS && (atomic_load(&pool->gate) & INSIDE); spin++)
        relax(spin);
    if (!(atomic_load(&pool->gate) & INSIDE))
        return;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->waiting, 1); /* before the look: a worker leaves, then sees who waits */
    while (atomic_load(&pool->gate) & INSIDE)
        pthread_cond_wait(&pool->done, &pool->lock);
    atomic_store(&pool->waiting, 0);
    pthread_mutex_unlock(&pool->lock);
}

static uint64_t now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void run_round(cdot_pool *pool)
{
    uint64_t begun = now(CLOCK_MONOTONIC), used = now(CLOCK_THREAD_CPUTIME_ID);
    open_round(pool);
    take_parts(pool, 0);
    used = now(CLOCK_THREAD_CPUTIME_ID) - used;
    close_round(pool);
    uint64_t end = now(CLOCK_MONOTONIC), lost = end - begun > used ? end - begun - used : 0;
    if (lost > used / HALF + SLACK) {
        pool->alone_until = end + (lost < LONGEST / PAUSES ? PAUSES * lost : LONGEST);
        pool->alone_calls = PAUSES;
        atomic_store(&pool->rest, 1);
    }
}

void pool_forgive(cdot_pool *pool)
{
    if (pool)
        pool->alone_until = pool->alone_calls = 0;
}

cdot_pool *pool_ready(cdot_pool *pool)
{
    if (pool->threads == 1)
        return NULL;
    if (pool->alone_calls) {
        pool->alone_calls--;
        return NULL;
    }
    return now(CLOCK_MONOTONIC) < pool->alone_until ? NULL : pool;
}

void pool_run(cdot_pool *pool, pool_job job, void *context, uint32_t parts)
{
    if (!pool || pool->threads == 1 || parts < 2) {
        for (uint32_t part = 0; part < parts; part++)
            job(context, part, 0);
        return;
    }
    pool->job = job;
    pool->context = context;
    pool->parts = parts;
    run_round(pool);
}
