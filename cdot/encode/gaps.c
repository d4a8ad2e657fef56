/* Gaps of 4 bits between the nonzeros of a column, with fillers in longer ones: see formats/parts/gaps.py. */
#include "encode/encode.h"

enum { GAP_BITS = 4, LONGEST_GAP = (1 << GAP_BITS) - 1 };

int64_t encode_gap_counts(const encode_sparse *in, int64_t *counts)
{
    if (encode_check(in))
        return CDOT_COLUMNS;
    int64_t fillers = 0;
    for (uint32_t k = 0; k < in->columns; k++) {
        uint32_t row = 0; /* the first one that is not yet accounted for */
        for (int64_t i = in->indptr[k]; i < in->indptr[k + 1]; i++) {
            uint32_t zeros = (uint32_t)in->rows[i] - row;
            counts[zeros & LONGEST_GAP]++;
            fillers += zeros >> GAP_BITS;
            row = (uint32_t)in->rows[i] + 1;
        }
    }
    return fillers;
}

int encode_gaps(const encode_sparse *in, const uint32_t *values, uint8_t *gaps, uint32_t *stored, int64_t *ends)
{
    if (encode_check(in))
        return CDOT_COLUMNS;
    int64_t at = 0;
    for (uint32_t k = 0; k < in->columns; k++) {
        uint32_t row = 0;
        for (int64_t i = in->indptr[k]; i < in->indptr[k + 1]; i++) {
            uint32_t zeros = (uint32_t)in->rows[i] - row;
            for (; zeros > LONGEST_GAP; zeros -= LONGEST_GAP + 1, at++) {
                gaps[at] = LONGEST_GAP;
                stored[at] = 0;
            }
            gaps[at] = (uint8_t)zeros;
            stored[at++] = values[i];
            row = (uint32_t)in->rows[i] + 1;
        }
        ends[k + 1] = at;
    }
    return CDOT_OK;
}
