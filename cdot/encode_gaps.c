/* Gaps of 4 bits between the nonzeros of a column, with fillers in longer ones: see formats/gaps.py. */
#include "encode.h"

enum { GAP_BITS = 4, LONGEST_GAP = (1 << GAP_BITS) - 1 };

int64_t encode_gap_counts(const int32_t *rows, const int64_t *indptr, uint32_t columns, int64_t *counts)
{
    int64_t fillers = 0;
    for (uint32_t k = 0; k < columns; k++) {
        uint32_t row = 0; /* the first one that is not yet accounted for */
        for (int64_t i = indptr[k]; i < indptr[k + 1]; i++) {
            uint32_t zeros = (uint32_t)rows[i] - row;
            counts[zeros & LONGEST_GAP]++;
            fillers += zeros >> GAP_BITS;
            row = (uint32_t)rows[i] + 1;
        }
    }
    return fillers;
}

void encode_gaps(const int32_t *rows, const uint32_t *values, const int64_t *indptr, uint32_t columns,
                 uint8_t *gaps, uint32_t *stored, int64_t *ends)
{
    int64_t at = 0;
    for (uint32_t k = 0; k < columns; k++) {
        uint32_t row = 0;
        for (int64_t i = indptr[k]; i < indptr[k + 1]; i++) {
            uint32_t zeros = (uint32_t)rows[i] - row;
            for (; zeros > LONGEST_GAP; zeros -= LONGEST_GAP + 1, at++) {
                gaps[at] = LONGEST_GAP;
                stored[at] = 0;
            }
            gaps[at] = (uint8_t)zeros;
            stored[at++] = values[i];
            row = (uint32_t)rows[i] + 1;
        }
        ends[k + 1] = at;
    }
}
