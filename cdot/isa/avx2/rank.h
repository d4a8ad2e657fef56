/* A chunk of rank in 16 instructions: 32 ranks are looked up at once in tables that a register holds twice. */
#ifndef CDOT_VECTOR_AVX2_RANK_H
#define CDOT_VECTOR_AVX2_RANK_H

#include <immintrin.h>

#include "formats/rank/rank.h"

/* Tables of rank_tables, once in each half. */
typedef struct {
    __m256i high, low;
} rank_registers;

static inline rank_registers rank_loaded(const rank_tables *tables)
{
    return (rank_registers){_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)tables->high)),
                            _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)tables->low))};
}

/* Rows 0 to 7, 8 to 15, 16 to 23 and 24 to 31 of a chunk, which lies as isa/portable/rank.h has it. The lower half of
 * each register has h = 0, the upper half h = 1. Interleaved bytes are words that are bfloat16: an even one is moved up
 * to be a float32, of an odd one what is below is cleared. */
static inline void rank_rows(const uint8_t *chunk, rank_registers tables, __m256 rows[4])
{
    const __m256i sign = _mm256_set1_epi8((char)0x80), upper = _mm256_set1_epi32((int)0xffff0000);
    const __m256i shift = _mm256_setr_epi64x(0, 0, 4, 4);
    __m256i ranks = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)chunk));
    __m256i bytes = _mm256_loadu_si256((const __m256i *)(chunk + 16));
    ranks = _mm256_and_si256(_mm256_srlv_epi64(ranks, shift), _mm256_set1_epi8(15));
    __m256i high = _mm256_or_si256(_mm256_and_si256(bytes, sign), _mm256_shuffle_epi8(tables.high, ranks));
    __m256i low = _mm256_or_si256(_mm256_andnot_si256(sign, bytes), _mm256_shuffle_epi8(tables.low, ranks));
    __m256i first = _mm256_unpacklo_epi8(low, high), second = _mm256_unpackhi_epi8(low, high);
    rows[0] = _mm256_castsi256_ps(_mm256_slli_epi32(first, 16));
    rows[1] = _mm256_castsi256_ps(_mm256_and_si256(first, upper));
    rows[2] = _mm256_castsi256_ps(_mm256_slli_epi32(second, 16));
    rows[3] = _mm256_castsi256_ps(_mm256_and_si256(second, upper));
}

static inline void rank_chunk(const uint8_t *chunk, const rank_tables *tables, float *out)
{
    __m256 rows[4];
    rank_rows(chunk, rank_loaded(tables), rows);
    for (int k = 0; k < 4; k++)
        _mm256_storeu_ps(out + 8 * k, rows[k]);
}

#endif
