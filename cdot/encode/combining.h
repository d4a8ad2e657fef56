/* Column combining for encoders; see combining.c and formats/parts/combining.py. */
#ifndef CDOT_COMBINING_H
#define CDOT_COMBINING_H

#include "encode/encode.h"

enum { COMBINING_NONE = 0x7fffffff }; /* no column: there are at most that many */

/* Columns to be grouped, and what comes out. Rows and columns are the paper's: outputs and inputs of W. */
typedef struct {
    uint64_t *occupied;     /* [columns][words]: bit i of a column: its row i is not 0 */
    const uint32_t *counts; /* [columns]: set bits */
    uint32_t columns, words;
    uint32_t alpha;    /* columns of a group, at the most */
    uint32_t reserved;
    uint64_t limit;    /* conflicts of a group, at the most */
    int32_t *group;    /* out [columns]; columns without a nonzero are left as they are */
    uint32_t *place;   /* out [columns]: in the group, by time of merging */
    uint32_t *rows;    /* out [groups, columns at the most]: rows that some column of the group occupies */
} combining;

/* Sets the bits of rows `begin` on: in row begin + k the columns that `in` has as rows of its column k. */
int combining_occupy(const combining *all, uint32_t begin, const encode_sparse *in);

/* order="index". heads [candidates]: the lowest of each set of columns that occupy the same rows, by
 * falling counts; following [columns]: the next one of its set; both end in COMBINING_NONE. bounds
 * [candidates] and taken [words] are memory. Returns the number of groups. */
uint32_t combine_by_index(const combining *all, uint32_t *heads, uint32_t candidates,
                          const uint32_t *following, int64_t *bounds, uint64_t *taken);

/* order="dense". order [count]: columns by falling counts, stable. first, open, size and room [count] are
 * memory; `occupied` is used up. Returns the number of groups. */
uint32_t combine_by_density(const combining *all, const uint32_t *order, uint32_t count, uint32_t *first,
                            uint32_t *open, uint32_t *size, uint64_t *room);

#endif
