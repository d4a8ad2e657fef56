/* Timing changes of level, on hosts. */
#define _GNU_SOURCE
#include <time.h>

#include "formats/nested/nested.h"

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t bench_nested_adapt(cdot_view *view, uint64_t repeat)
{
    uint32_t levels = 0, level = 0;
    int status;
    while ((status = nested_adapt(view, levels)) == CDOT_OK)
        levels++;
    if (status != CDOT_RANGE)
        return status;
    int64_t start = now();
    for (uint64_t i = 0; i < repeat; i++) {
        nested_adapt(view, level);
        __asm__ volatile("" ::"r"(view) : "memory"); /* what was written counts as used */
        level = level + 1 < levels ? level + 1 : 0;
    }
    int64_t spent = now() - start;
    nested_adapt(view, levels - 1);
    return spent;
}
