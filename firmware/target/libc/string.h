/* The three functions of libc that kernels may use; memory.c has them. */
#ifndef FIRMWARE_STRING_H
#define FIRMWARE_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

/* Few bytes of a known number become loads and stores, as with every libc. */
#define memcpy(to, from, size) __builtin_memcpy(to, from, size)

#endif
