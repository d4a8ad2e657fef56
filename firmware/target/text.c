/* Numbers as text. */
#include "harness.h"

void put_hex(const char *name, uint32_t value)
{
    char text[9];
    put(name);
    for (int i = 0; i < 8; i++)
        text[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
    text[8] = 0;
    put(text);
}

void put_number(const char *name, uint32_t value)
{
    char text[11], *at = text + 10;
    put(name);
    *at = 0;
    do
        *--at = (char)('0' + value % 10);
    while (value /= 10);
    put(at);
}
