/* The timing drivers; see bench.c. */
#ifndef CDOT_BENCH_H
#define CDOT_BENCH_H

#include "core/cdot.h"

/* Timing. Each returns nanoseconds of wall time for `repeat` runs, or an error below 0.
 * X and Y are of the view's arithmetic: float, or int8_t and int32_t. What a format prepares is inside the time.
 * cold: the payload's `size` bytes are flushed from the caches before each run, outside the time. */
int64_t bench_dot(const cdot_view *view, const void *X, void *Y, size_t batch, uint32_t col_begin,
                  uint32_t col_end, cdot_pool *pool, void *scratch, uint64_t repeat, const uint8_t *cold,
                  uint64_t size);
int64_t bench_decode(const cdot_view *view, uint32_t col_begin, uint32_t col_end, void *scratch,
                     uint64_t repeat, const uint8_t *cold, uint64_t size);
int64_t bench_memcpy(uint8_t *to, const uint8_t *from, uint64_t size, uint64_t repeat, uint32_t cold);
int64_t bench_compute(cdot_pool *pool, uint64_t work, uint64_t repeat);
int bench_flush(const uint8_t *from, uint64_t size);

#endif
