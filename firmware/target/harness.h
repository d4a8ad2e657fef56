/* What the parts of the firmware share: output, the end, markers of regions, and where the job stands. */
#ifndef FIRMWARE_HARNESS_H
#define FIRMWARE_HARNESS_H

#include <stddef.h>
#include <stdint.h>

enum { FAULT = 101, NO_JOB = 102, NO_ROOM = 103, BAD_JOB = 104 }; /* exit codes; firmware/protocol.py has them too */

/* Output and the end: semihosting.c or uart.c. */
void put(const char *text);
__attribute__((noreturn)) void stop(int code);
/* Fills `size` bytes from the host, or returns 0 where there is no way to. */
int receive(void *to, uint32_t size);

void put_hex(const char *name, uint32_t value);
void put_number(const char *name, uint32_t value);

int run(void);

/* A marker is one nop whose address stands with the region's number, and 1 for begin or 0 for end, in the
 * section .markers, which is not loaded. Who counts reads the table from the ELF; elsewhere it is a nop. */
#define MARKER(region, begin)                                                                              \
    __asm__ volatile("9: nop\n.pushsection .markers,\"\",%%progbits\n.word 9b, %c0, %c1\n.popsection" ::   \
                         "i"(region), "i"(begin) : "memory")

enum { OPEN, DOT, DECODE, EMPTY, PIXELS, REGIONS }; /* firmware/protocol.py has the names */

/* The host leaves the address of a job here (linker script: .mailbox), or sends the job. */
enum { MAIL = 0x4a544f44 }; /* "DOTJ" */
typedef struct {
    uint32_t magic, address;
} mailbox;
extern volatile mailbox host_mail;

#endif
