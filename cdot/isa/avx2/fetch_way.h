/* How eight floats are fetched from where eight indices point: by a gather, or one by one. A gather is faster where
 * the processor makes it of few steps and no mitigation stands in its way: Intel's from Alder Lake and Sapphire
 * Rapids on, which are those that can SERIALIZE. On AMD's and on older ones single loads are. Both give the same bits.
 *
 * CDOT_FETCH fixes the way when the library is built: 0 one by one, 1 a gather. */
#ifndef CDOT_FETCH_WAY_H
#define CDOT_FETCH_WAY_H

enum { FETCH_SINGLY, FETCH_BY_GATHER };

#ifdef CDOT_FETCH
static const int fetch_way = CDOT_FETCH;
#else
#include <cpuid.h>

static int fetch_way = FETCH_SINGLY;

/* When the library is loaded, not at the first product: that one would execute other instructions than the rest. */
static __attribute__((constructor)) void choose_fetch_way(void)
{
    enum { GENU = 0x756e6547, SERIALIZE = 1 << 14 };
    unsigned a, vendor, c, features, d;
    if (__get_cpuid_count(0, 0, &a, &vendor, &c, &d) && vendor == GENU &&
        __get_cpuid_count(7, 0, &a, &c, &d, &features) && features & SERIALIZE)
        fetch_way = FETCH_BY_GATHER;
}
#endif

#endif
