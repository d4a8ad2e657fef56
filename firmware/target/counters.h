/* The processor's counters. What does not count is said, not printed as 0: simulators have no DWT. */
#ifndef FIRMWARE_COUNTERS_H
#define FIRMWARE_COUNTERS_H

#include <stdint.h>

typedef struct {
    uint32_t cycles; /* DWT CYCCNT */
    uint32_t pmu;    /* PMU CCNTR */
    uint32_t ticks;  /* of the board's counter, at the system clock */
} counters;

void start_counters(void);
void read_counters(counters *now);
void put_counters(const counters *before, const counters *after);

#endif
