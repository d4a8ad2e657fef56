/* What the compiler calls by the names of the processor's run-time ABI: 64-bit division and conversion, which
 * it has no instructions for and which kernels do only while they open a payload, and copying and clearing memory. */
#include <stdint.h>
#include <string.h>

#undef memcpy

uint64_t divide(uint64_t a, uint64_t b, uint64_t *rest);
void __aeabi_uldivmod(void);
/* The run-time ABI hands floats over in core registers, whatever the float ABI of the rest is. */
__attribute__((pcs("aapcs"))) uint64_t __aeabi_f2ulz(float x);
void __aeabi_memcpy(void *restrict to, const void *restrict from, size_t size);
void __aeabi_memcpy4(void *restrict to, const void *restrict from, size_t size);
void __aeabi_memcpy8(void *restrict to, const void *restrict from, size_t size);
void __aeabi_memclr(void *to, size_t size);
void __aeabi_memclr4(void *to, size_t size);
void __aeabi_memclr8(void *to, size_t size);

__attribute__((used)) uint64_t divide(uint64_t a, uint64_t b, uint64_t *rest)
{
    uint64_t quotient = 0, bit = 1;
    if (b == 0) {
        *rest = a;
        return 0;
    }
    if (!(a >> 32) && !(b >> 32)) {
        *rest = (uint32_t)a % (uint32_t)b;
        return (uint32_t)a / (uint32_t)b;
    }
    while (b < a && !(b >> 63)) {
        b <<= 1;
        bit <<= 1;
    }
    for (; bit; bit >>= 1, b >>= 1)
        if (a >= b) {
            a -= b;
            quotient |= bit;
        }
    *rest = a;
    return quotient;
}

/* Quotient in r0 and r1, remainder in r2 and r3. */
__attribute__((naked)) void __aeabi_uldivmod(void)
{
    __asm__ volatile("push {r4, lr}\n"
                     "sub sp, sp, #16\n"
                     "add r4, sp, #8\n"
                     "str r4, [sp]\n"
                     "bl divide\n"
                     "ldr r2, [sp, #8]\n"
                     "ldr r3, [sp, #12]\n"
                     "add sp, sp, #16\n"
                     "pop {r4, pc}\n");
}

/* Towards 0; below 0 it is 0, and from 2^64 on (or for what is no number) all ones or 0. */
__attribute__((used, pcs("aapcs"))) uint64_t __aeabi_f2ulz(float x)
{
    uint32_t bits;
    __builtin_memcpy(&bits, &x, 4);
    int exponent = (int)(bits >> 23 & 255) - 127 - 23;
    uint64_t digits = (bits & 0x7fffff) | 0x800000;
    if (bits >> 31 || exponent < -23)
        return 0;
    if (exponent > 40)
        return UINT64_MAX;
    return exponent < 0 ? digits >> -exponent : digits << exponent;
}

__attribute__((used)) void __aeabi_memclr(void *to, size_t size)
{
    memset(to, 0, size);
}

__attribute__((used)) void __aeabi_memclr4(void *to, size_t size)
{
    memset(to, 0, size);
}

__attribute__((used)) void __aeabi_memclr8(void *to, size_t size)
{
    memset(to, 0, size);
}

__attribute__((used)) void __aeabi_memcpy(void *restrict to, const void *restrict from, size_t size)
{
    memcpy(to, from, size);
}

__attribute__((used)) void __aeabi_memcpy4(void *restrict to, const void *restrict from, size_t size)
{
    memcpy(to, from, size);
}

__attribute__((used)) void __aeabi_memcpy8(void *restrict to, const void *restrict from, size_t size)
{
    memcpy(to, from, size);
}
