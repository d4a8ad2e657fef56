/* Running a job on every thread of a pool; for product.c and bench.c. */
#ifndef CDOT_THREADS_H
#define CDOT_THREADS_H

#include "cdot.h"

typedef void (*pool_job)(void *context, uint32_t thread);

/* Calls job(context, 0 .. threads - 1), thread 0 on the caller, and waits for all. */
void pool_run(cdot_pool *pool, pool_job job, void *context);

#endif
