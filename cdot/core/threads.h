/* Running a job on every thread of a pool; for product.c and bench.c. */
#ifndef CDOT_THREADS_H
#define CDOT_THREADS_H

#include "core/cdot.h"

enum { POOL_PARTS = 8 }; /* of a job for each thread: what the last to finish keeps the others waiting for */

/* `thread` says whose memory a part may use: below the pool's threads, and no other part runs with it now. */
typedef void (*pool_job)(void *context, uint32_t part, uint32_t thread);

/* Calls job(context, 0 .. parts - 1, thread), each part once, by the caller (thread 0) and by whoever of the
 * pool is free, and waits for all. */
void pool_run(cdot_pool *pool, pool_job job, void *context, uint32_t parts);

/* The pool, or NULL, one thread, for a while behind a round in which others had the cores. */
cdot_pool *pool_ready(cdot_pool *pool);

/* Ends that while: what is timed next does not begin with what was lost by somebody else. */
void pool_forgive(cdot_pool *pool);

#endif
