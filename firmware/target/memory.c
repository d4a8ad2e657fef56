/* memcpy, memset and memcmp, by four words and by words where both sides allow it. The barriers keep the
 * compiler from making calls of memset out of memset. */
#include <stdint.h>
#include <string.h>

#undef memcpy

typedef uint32_t __attribute__((may_alias)) word;
typedef struct __attribute__((may_alias)) {
    uint32_t word[4];
} four;

static int words(const void *a, const void *b)
{
    return (((uintptr_t)a | (uintptr_t)b) & 3) == 0;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    uint8_t *at = to;
    const uint8_t *next = from;
    if (words(to, from)) {
        for (; size >= 16; size -= 16, at += 16, next += 16) {
            const four taken = *(const four *)next;
            *(four *)at = taken;
            __asm__ volatile("" ::: "memory");
        }
        for (; size >= 4; size -= 4, at += 4, next += 4) {
            *(word *)at = *(const word *)next;
            __asm__ volatile("" ::: "memory");
        }
    }
    for (; size; size--) {
        *at++ = *next++;
        __asm__ volatile("" ::: "memory");
    }
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    uint8_t *at = to;
    uint32_t filled = (uint8_t)byte * 0x01010101u;
    const four filling = {{filled, filled, filled, filled}};
    if (words(to, to)) {
        for (; size >= 16; size -= 16, at += 16) {
            *(four *)at = filling;
            __asm__ volatile("" ::: "memory");
        }
        for (; size >= 4; size -= 4, at += 4) {
            *(word *)at = filled;
            __asm__ volatile("" ::: "memory");
        }
    }
    for (; size; size--) {
        *at++ = (uint8_t)byte;
        __asm__ volatile("" ::: "memory");
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *x = a, *y = b;
    for (; size; size--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}
