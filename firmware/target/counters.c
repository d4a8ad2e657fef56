/* DWT, PMU, and the 32-bit counter of the AN547 image. SysTick would wrap after half a second, and an interrupt
 * that counts its wraps would be counted itself. */
#include "counters.h"

#include "harness.h"

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define DEMCR REGISTER(0xE000EDFCu)
#define DWT_CTRL REGISTER(0xE0001000u)
#define DWT_CYCCNT REGISTER(0xE0001004u)
#define PMU_CTRL REGISTER(0xE0003E04u)
#define PMU_CNTENSET REGISTER(0xE0003C00u)
#define PMU_CCNTR REGISTER(0xE000307Cu)
#define BOARD_COUNTER REGISTER(0x49302018u)
#define BOARD_PRESCALE REGISTER(0x4930201Cu)

enum { TRACE = 1 << 24, COUNT_CYCLES = 1, RESET_AND_ENABLE = 7 };

void start_counters(void)
{
    DEMCR |= TRACE;
    DWT_CYCCNT = 0;
    DWT_CTRL |= COUNT_CYCLES;
    PMU_CTRL = RESET_AND_ENABLE;
    PMU_CNTENSET = 1u << 31;
    BOARD_PRESCALE = 0; /* every cycle of the system clock */
}

void read_counters(counters *now)
{
    now->ticks = BOARD_COUNTER;
    now->pmu = PMU_CCNTR;
    now->cycles = DWT_CYCCNT;
}

static void put_one(const char *name, uint32_t before, uint32_t after)
{
    put(name);
    if (after == before)
        put("none"); /* a counter that stands still counts nothing */
    else
        put_number("", after - before);
}

void put_counters(const counters *before, const counters *after)
{
    put_one(" dwt ", before->cycles, after->cycles);
    put_one(" pmu ", before->pmu, after->pmu);
    put_number(" ticks ", after->ticks - before->ticks);
}
