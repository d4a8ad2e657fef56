/* From reset to main on a Cortex-M55, without CMSIS and libc: vector table, floating point and Helium on,
 * low-overhead loops on, data copied, faults reported. Caches stay off: what is measured lies in TCM, or
 * the row says where else. */
#include <stdint.h>

#include "harness.h"

extern uint32_t stack_top, data_load, data_start, data_end, bss_start, bss_end;

void reset(void);
void start(void);
void fault(void);
void fault_report(const uint32_t *frame);

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))&stack_top, reset, fault, fault, fault, fault, fault, fault, 0, 0, 0, fault, fault, 0, fault, fault,
};

__attribute__((noreturn, naked, used)) void reset(void)
{
    __asm__ volatile("ldr r0, =0xE000ED88\n" /* CPACR: coprocessors 10 and 11 for everybody */
                     "ldr r1, [r0]\n"
                     "orr r1, r1, #0xF00000\n"
                     "str r1, [r0]\n"
                     "ldr r0, =0xE000ED14\n" /* CCR: LOB */
                     "ldr r1, [r0]\n"
                     "orr r1, r1, #0x80000\n"
                     "str r1, [r0]\n"
                     "dsb\n"
                     "isb\n"
                     "bl start\n"
                     ".ltorg\n");
}

__attribute__((noreturn, used)) void start(void)
{
    const uint32_t *from = &data_load;
    for (uint32_t *to = &data_start; to < &data_end;)
        *to++ = *from++;
    for (uint32_t *to = &bss_start; to < &bss_end;)
        *to++ = 0;
    stop(run());
}

__attribute__((naked, used)) void fault(void)
{
    __asm__ volatile("mrs r0, msp\n"
                     "b fault_report\n");
}

/* The processor has pushed r0 to r3, r12, lr and pc. */
__attribute__((noreturn, used)) void fault_report(const uint32_t *frame)
{
    uint32_t sp = (uint32_t)(uintptr_t)frame, top = (uint32_t)(uintptr_t)&stack_top;
    put("fault");
    put_hex(" status ", *(volatile uint32_t *)0xE000ED28u);
    put_hex(" pc ", sp <= top - 32 && !(sp & 3) ? frame[6] : 0);
    put("\n");
    stop(FAULT);
}
