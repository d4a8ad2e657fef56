/* Output and input through UART0 of the AN547 image (CMSDK): a board, and the FVP, whose model ends at the
 * byte 0x04. Nothing here needs a debugger. */
#include "harness.h"

enum { CLOCK = 32000000, BAUD = 115200, TRANSMIT_FULL = 1, RECEIVE_FULL = 2, ENABLE = 3, END = 0x04 };

static volatile uint32_t *const uart = (volatile uint32_t *)0x49303000u;
enum { DATA, STATE, CONTROL, INTERRUPT, DIVIDER };

static void enable(void)
{
    if (uart[CONTROL] != ENABLE) {
        uart[DIVIDER] = CLOCK / BAUD;
        uart[CONTROL] = ENABLE;
    }
}

static void put_byte(char byte)
{
    enable();
    while (uart[STATE] & TRANSMIT_FULL)
        ;
    uart[DATA] = (uint8_t)byte;
}

void put(const char *text)
{
    while (*text)
        put_byte(*text++);
}

int receive(void *to, uint32_t size)
{
    uint8_t *at = to;
    enable();
    for (; size; size--) {
        while (!(uart[STATE] & RECEIVE_FULL))
            ;
        *at++ = (uint8_t)uart[DATA];
    }
    return 1;
}

void stop(int code)
{
    put_number("exit ", (uint32_t)code);
    put("\n");
    put_byte(END);
    if (code != FAULT) /* the next job; a fault needs a real reset */
        __asm__ volatile("ldr r0, =stack_top\n"
                         "msr msp, r0\n"
                         "ldr r0, =reset\n"
                         "bx r0\n"
                         ".ltorg\n" ::: "r0");
    for (;;)
        ;
}
