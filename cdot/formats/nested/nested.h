/* Nested sub-networks: a view of a `nested` payload that shows one level of it; see nested.c. */
#ifndef CDOT_NESTED_H
#define CDOT_NESTED_H

#include "core/cdot.h"

/* Turns an opened view into one by level, at the full level: its n and m are the inputs and outputs of a
 * level, in the payload's order (by falling importance). Products are those of any view; the matrix stays
 * where it is. Such a view belongs to one user, for nested_adapt writes to it. */
int nested_by_level(cdot_view *view);

/* Changes the level, 0 the smallest: rewrites n and m and nothing else. CDOT_RANGE: there is no such level. */
int nested_adapt(cdot_view *view, uint32_t level);

/* Nanoseconds of wall time for `repeat` changes of level, each to the next one; ends at the full level. */
int64_t bench_nested_adapt(cdot_view *view, uint64_t repeat);

#endif
