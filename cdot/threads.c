/* Threads over columns, on hosts. Every thread computes whole columns, and a column's sum does not depend
 * on where a range starts, so the result is the same for every number of threads. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "cdot.h"
#include "threads.h"

enum { SPINS = 20000 }; /* rounds of waiting before a thread sleeps: about 20 us */

typedef struct {
    cdot_pool *pool;
    uint32_t index;
    pthread_t thread;
} worker;

struct cdot_pool {
    uint32_t threads;
    _Atomic uint32_t round;   /* rises with every job */
    _Atomic uint32_t pending; /* workers still at it */
    _Atomic uint32_t stop;
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    pool_job job;
    void *context;
    worker workers[];
};

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void *work(void *argument)
{
    worker *self = argument;
    cdot_pool *pool = self->pool;
    for (uint32_t seen = 0;;) {
        for (int spin = 0; spin < SPINS && atomic_load(&pool->round) == seen; spin++)
            relax();
        pthread_mutex_lock(&pool->lock);
        while (atomic_load(&pool->round) == seen && !atomic_load(&pool->stop))
            pthread_cond_wait(&pool->wake, &pool->lock);
        pthread_mutex_unlock(&pool->lock);
        if (atomic_load(&pool->stop))
            return NULL;
        seen = atomic_load(&pool->round);
        pool->job(pool->context, self->index);
        if (atomic_fetch_sub(&pool->pending, 1) == 1) {
            pthread_mutex_lock(&pool->lock);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->lock);
        }
    }
}

cdot_pool *cdot_pool_new(uint32_t threads)
{
    if (threads == 0 || threads > 4096)
        return NULL;
    cdot_pool *pool = calloc(1, sizeof *pool + (threads - 1) * sizeof(worker));
    if (!pool)
        return NULL;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    pool->threads = 1;
    for (uint32_t i = 0; i + 1 < threads; i++) {
        pool->workers[i] = (worker){pool, i + 1, 0};
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
    atomic_fetch_add(&pool->round, 1);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (uint32_t i = 0; i + 1 < pool->threads; i++)
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

void pool_run(cdot_pool *pool, pool_job job, void *context)
{
    if (!pool || pool->threads == 1) {
        job(context, 0);
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->job = job;
    pool->context = context;
    atomic_store(&pool->pending, pool->threads - 1);
    atomic_fetch_add(&pool->round, 1);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    job(context, 0);
    for (int spin = 0; spin < SPINS && atomic_load(&pool->pending); spin++)
        relax();
    pthread_mutex_lock(&pool->lock);
    while (atomic_load(&pool->pending))
        pthread_cond_wait(&pool->done, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}
