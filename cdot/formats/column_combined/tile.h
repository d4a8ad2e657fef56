/* The fused products of column_combined: a tile of outputs side by side, and for each group a cell's
 * selector picks one of the group's inputs. With eight inputs or fewer, one vector takes one permutation
 * of a register for eight outputs, and nothing is gathered; a batch takes one load a cell. */
#ifndef CDOT_VECTOR_COLUMN_COMBINED_H
#define CDOT_VECTOR_COLUMN_COMBINED_H

#include <string.h>

#include "formats/column_combined/column_combined.h"

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>

static inline __m256i eight_selectors(const bit_stream *stream, uint64_t bit, __m256i shifts, __m256i mask)
{
    __m256i bits = _mm256_set1_epi32((int32_t)(bits_peek(stream, bit) >> 32));
    return _mm256_and_si256(_mm256_srlv_epi32(bits, shifts), mask);
}

/* sums[0 .. COMBINED_TILE) = groups `from` to `to` of a full tile whose cells start at `cell`. */
static void combined_full(const combined_tables *tables, const float *picked, uint64_t cell, uint32_t from,
                          uint32_t to, float *sums)
{
    int32_t b = (int32_t)tables->bits;
    __m256i shifts = _mm256_sub_epi32(_mm256_set1_epi32(32), _mm256_setr_epi32(b, 2 * b, 3 * b, 4 * b, 5 * b,
                                                                               6 * b, 7 * b, 8 * b));
    __m256i mask = _mm256_set1_epi32((1 << b) - 1);
    const bit_stream selectors = tables->selectors;
    const float *values = tables->values + cell + (uint64_t)from * COMBINED_TILE;
    uint64_t bit = (cell + (uint64_t)from * COMBINED_TILE) * tables->bits;
    __m256 low = _mm256_setzero_ps(), high = low;
    for (uint32_t group = from; group < to; group++, values += COMBINED_TILE, bit += 16 * (uint64_t)b) {
        __m256 inputs = _mm256_loadu_ps(picked + (uint64_t)group * COMBINED_PICKS), x0 = inputs, x1 = inputs;
        if (b) {
            x0 = _mm256_permutevar8x32_ps(inputs, eight_selectors(&selectors, bit, shifts, mask));
            x1 = _mm256_permutevar8x32_ps(inputs, eight_selectors(&selectors, bit + 8 * b, shifts, mask));
        }
        low = _mm256_fmadd_ps(_mm256_loadu_ps(values), x0, low);
        high = _mm256_fmadd_ps(_mm256_loadu_ps(values + 8), x1, high);
    }
    _mm256_storeu_ps(sums, low);
    _mm256_storeu_ps(sums + 8, high);
}

enum { COMBINED_LANES = 8 }; /* outputs and vectors of a batch that are summed at once */

/* sums[lane][vector] = the same for COMBINED_LANES outputs of the tile, the first of them at `cell`. */
static void combined_lanes(const combined_tables *tables, const uint32_t *rows, uint64_t cell, uint32_t from,
                           uint32_t to, const float *x, size_t ldx, float (*sums)[COMBINED_LANES])
{
    const bit_stream selectors = tables->selectors;
    uint32_t bits = tables->bits;
    __m256 lanes[COMBINED_LANES];
    for (int lane = 0; lane < COMBINED_LANES; lane++)
        lanes[lane] = _mm256_setzero_ps();
    cell += (uint64_t)from * COMBINED_TILE;
    for (uint32_t group = from; group < to; group++, cell += COMBINED_TILE) {
        uint64_t window = bits ? bits_peek(&selectors, cell * bits) : 0;
        const uint32_t *inputs = rows + (uint64_t)group * COMBINED_PICKS;
        for (int lane = 0; lane < COMBINED_LANES; lane++, window <<= bits) {
            __m256 weight = _mm256_set1_ps(tables->values[cell + (uint64_t)lane]);
            const float *input = x + inputs[window >> 1 >> (63 - bits)] * ldx; /* no shift by 64 */
            lanes[lane] = _mm256_fmadd_ps(weight, _mm256_loadu_ps(input), lanes[lane]);
        }
    }
    for (int lane = 0; lane < COMBINED_LANES; lane++)
        _mm256_storeu_ps(sums[lane], lanes[lane]);
}

/* y[begin .. end) += W x for a batch of whole COMBINED_LANES, where tiles are full; the column that is left. */
static uint32_t combined_batch(const combined_tables *tables, uint32_t m, const float *x, size_t ldx, float *y,
                               size_t ldy, size_t batch, uint32_t begin, uint32_t end, uint32_t *rows)
{
    uint32_t full = m / COMBINED_TILE * COMBINED_TILE, stop = end < full ? end : full;
    for (uint32_t group = 0; group < tables->groups; group++)
        for (uint32_t place = 0; place < COMBINED_PICKS; place++)
            rows[(uint64_t)group * COMBINED_PICKS + place] = combined_row(tables, group, place);
    for (uint32_t first = begin / COMBINED_LANES * COMBINED_LANES; first < stop; first += COMBINED_LANES) {
        uint64_t tile = first / COMBINED_TILE * COMBINED_TILE, cell = tile * tables->groups + (first - tile);
        for (uint32_t from = 0, to; from < tables->groups; from = to) {
            to = tables->groups - from < COMBINED_PIECE ? tables->groups : from + COMBINED_PIECE;
            for (size_t b = 0; b < batch; b += COMBINED_LANES) {
                float sums[COMBINED_LANES][COMBINED_LANES];
                combined_lanes(tables, rows, cell, from, to, x + b, ldx, sums);
                for (uint32_t lane = 0; lane < COMBINED_LANES; lane++)
                    for (int k = 0; k < COMBINED_LANES && first + lane >= begin && first + lane < stop; k++)
                        y[(first + lane) * ldy + b + (size_t)k] += sums[lane][k];
            }
        }
    }
    return begin < stop ? stop : begin;
}

#endif

/* The same for a tile of any width, in plain C. */
static void combined_any(const combined_tables *tables, const float *picked, uint64_t cell, uint32_t width,
                         uint32_t from, uint32_t to, float *sums)
{
    memset(sums, 0, COMBINED_TILE * sizeof *sums);
    cell += (uint64_t)from * width;
    for (uint32_t group = from; group < to; group++)
        for (uint32_t lane = 0; lane < width; lane++, cell++)
            sums[lane] += tables->values[cell] *
                          picked[(uint64_t)group * COMBINED_PICKS + combined_selector(tables, cell)];
}

static void combined_piece(const combined_tables *tables, const float *picked, uint64_t cell, uint32_t width,
                           uint32_t from, uint32_t to, float *sums)
{
#if defined(__AVX2__) && defined(__FMA__)
    if (width == COMBINED_TILE) {
        combined_full(tables, picked, cell, from, to, sums);
        return;
    }
#endif
    combined_any(tables, picked, cell, width, from, to, sums);
}

/* The inputs of every group side by side, in the order of its places. */
static void combined_pick(const combined_tables *tables, const float *x, float *picked)
{
    for (uint32_t group = 0; group < tables->groups; group++)
        for (uint32_t place = 0; place < COMBINED_PICKS; place++)
            *picked++ = x[combined_row(tables, group, place)];
}

/* y[begin .. end) += W x. A tile is summed whole, whatever part of it is asked for, so that an output is
 * the same for every range; in pieces of COMBINED_PIECE groups, as the multipliers do. */
static void combined_vector(const combined_tables *tables, uint32_t m, const float *x, float *y,
                            uint32_t begin, uint32_t end, float *picked)
{
    combined_pick(tables, x, picked);
    for (uint32_t tile = begin / COMBINED_TILE * COMBINED_TILE; tile < end; tile += COMBINED_TILE) {
        uint32_t width = m - tile < COMBINED_TILE ? m - tile : COMBINED_TILE;
        float totals[COMBINED_TILE] = {0}, sums[COMBINED_TILE];
        for (uint32_t from = 0, to; from < tables->groups; from = to) {
            to = tables->groups - from < COMBINED_PIECE ? tables->groups : from + COMBINED_PIECE;
            combined_piece(tables, picked, (uint64_t)tile * tables->groups, width, from, to, sums);
            for (uint32_t lane = 0; lane < COMBINED_TILE; lane++)
                totals[lane] += sums[lane];
        }
        for (uint32_t lane = tile < begin ? begin - tile : 0; lane < width && tile + lane < end; lane++)
            y[tile + lane] += totals[lane];
    }
}

#endif
