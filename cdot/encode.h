/* What encoders call; see encode.c. */
#ifndef CDOT_ENCODE_H
#define CDOT_ENCODE_H

#include "cdot.h"

/* Encoding: canonical codes into 32-bit words, most significant bit first, words zeroed beforehand.
 * Columns of (rows, symbols) with indptr from 0; zero: the symbol of entries that are not listed, coded
 * as well, or negative: only the listed ones are coded, and rows are not read. column_bits[k]: the bit
 * after column k.
 * Returns the bit after the last, or an error. */
int64_t encode_columns(const int32_t *rows, const uint32_t *symbols, const int64_t *indptr,
                       uint32_t columns, uint32_t n, int64_t zero, const uint64_t *codes,
                       const uint8_t *lengths, uint32_t *words, uint64_t word_count, uint64_t bit,
                       uint64_t *column_bits);

#endif
