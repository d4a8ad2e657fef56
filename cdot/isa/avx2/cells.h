/* Looking up chunks of cells with AVX2: 32 codes become values without a code ever being one number. As in palette.h,
 * the codebook lies in tables of 16 bytes: the first, second, third and fourth bytes of 16 values, a group.
 *
 * Nibbles are looked up in all groups, and planes, whose bits are shifted to where a blend finds them, choose between
 * what two groups gave. A zero that alone needs the last plane (K is 17 or 33) is in no group: the plane chooses
 * between nibbles and an index for which a shuffle gives 0.
 *
 * Counted, 32 entries: 2 operations for nibbles and 1 for a plane (2 for that of a zero), 4 shuffles a group and 4
 * blends for each but one, 8 shuffles that put bytes together. That is 14 in all for up to 16 values, 16 for these and
 * a zero, 23 for up to 32, 25 for these and a zero, 40 for more. */
#ifndef CDOT_VECTOR_CELLS_AVX2_H
#define CDOT_VECTOR_CELLS_AVX2_H

#include "formats/cells/cells.h"
#include "isa/avx2/palette.h"

#define CELLS_INLINE inline __attribute__((always_inline))

enum { CELLS_GROUPS = CELLS_MOST / CELLS_HALF };

typedef struct {
    __m256i bytes[CELLS_GROUPS][4]; /* byte k of the values of a group, twice */
    uint32_t planes, groups;        /* groups that have to be looked up */
} cells_tables;

/* Codes of a chunk: nibbles in the low half of each byte, planes as the highest bit of each. */
typedef struct {
    __m256i nibbles, planes[2];
} cells_bits;

static inline void cells_fill(cells_tables *tables, const float *codebook, uint32_t symbols)
{
    float values[CELLS_MOST] = {0};
    if (symbols)
        memcpy(values, codebook, symbols * sizeof *values);
    tables->planes = cells_planes(symbols);
    tables->groups = 1u << tables->planes;
    if (tables->planes && symbols == (tables->groups / 2) * CELLS_HALF + 1 && codebook[symbols - 1] == 0)
        tables->groups /= 2;
    for (uint32_t g = 0; g < CELLS_GROUPS; g++)
        palette_bytes(values + CELLS_HALF * g, tables->bytes[g]);
}

static CELLS_INLINE cells_bits cells_load(const uint8_t *chunk, uint32_t planes)
{
    const __m256i up = _mm256_setr_epi32(0, 0, 0, 0, 4, 4, 4, 4), by = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    __m256i both = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)chunk));
    cells_bits bits = {.nibbles = _mm256_and_si256(_mm256_srlv_epi32(both, up), _mm256_set1_epi8(15))};
    for (uint32_t p = 0; p < planes; p++) {
        __m256 plane = _mm256_broadcast_ss((const float *)(const void *)(chunk + CELLS_HALF + CELLS_PLANE * p));
        bits.planes[p] = _mm256_sllv_epi32(_mm256_castps_si256(plane), by);
    }
    return bits;
}

/* The same of the last `count` rows of a column, one at the least, which become rows i and 16 + i where the payload has
 * i and half + i. What is loaded ends with them: before them, there is a header at the least. What comes out beside
 * them is of no use. */
static inline cells_bits cells_load_last(const uint8_t *at, uint32_t count, uint32_t planes)
{
    const __m256i up = _mm256_setr_epi32(0, 0, 0, 0, 4, 4, 4, 4);
    const __m256i each = _mm256_set1_epi64x((int64_t)0x8040201008040201);
    const int64_t ones = 0x0101010101010101;
    const __m256i byte = _mm256_setr_epi64x(0, ones, 2 * ones, 3 * ones);
    const __m128i places = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    uint32_t half = (count + 1) / 2, bytes = (count + 7) / 8;
    __m128i nibbles = _mm_loadu_si128((const __m128i *)(at + half - CELLS_HALF));
    nibbles = _mm_shuffle_epi8(nibbles, _mm_add_epi8(places, _mm_set1_epi8((char)(CELLS_HALF - half))));
    __m256i both = _mm256_broadcastsi128_si256(nibbles);
    cells_bits bits = {.nibbles = _mm256_and_si256(_mm256_srlv_epi32(both, up), _mm256_set1_epi8(15))};
    for (uint32_t p = 0; p < planes; p++) {
        uint32_t plane;
        memcpy(&plane, at + half + (p + 1) * bytes - sizeof plane, sizeof plane);
        plane >>= 8 * (4 - bytes);
        plane = (plane & ((1u << half) - 1)) | plane >> half << CELLS_HALF;
        __m256i spread = _mm256_shuffle_epi8(_mm256_set1_epi32((int32_t)plane), byte);
        bits.planes[p] = _mm256_cmpeq_epi8(_mm256_and_si256(spread, each), each);
    }
    return bits;
}

/* The values of a chunk in palette_order: out[k] has those of rows 4 k to 4 k + 3 and 16 + 4 k to 16 + 4 k + 3. */
static CELLS_INLINE void cells_look_up(const cells_tables *tables, cells_bits bits, uint32_t planes, uint32_t groups,
                                __m256 *out)
{
    __m256i index = bits.nibbles, bytes[4];
    if (1u << planes > groups) /* only the zero has the last plane's bit */
        index = _mm256_blendv_epi8(index, _mm256_set1_epi8(-1), bits.planes[planes - 1]);
    for (uint32_t k = 0; k < 4; k++) {
        __m256i found[CELLS_GROUPS];
        for (uint32_t g = 0; g < groups; g++)
            found[g] = _mm256_shuffle_epi8(tables->bytes[g][k], index);
        for (uint32_t p = 0, left = groups; left > 1; left /= 2, p++)
            for (uint32_t g = 0; g < left / 2; g++)
                found[g] = _mm256_blendv_epi8(found[2 * g], found[2 * g + 1], bits.planes[p]);
        bytes[k] = found[0];
    }
    palette_floats(bytes, out);
}

/* The 32 codes of a chunk. */
static inline void cells_codes(const uint8_t *chunk, uint32_t planes, uint8_t *codes)
{
    cells_bits bits = cells_load(chunk, planes);
    __m256i found = bits.nibbles;
    for (uint32_t p = 0; p < planes; p++) {
        __m256i top = _mm256_and_si256(bits.planes[p], _mm256_set1_epi8((char)0x80));
        found = _mm256_or_si256(found, _mm256_srli_epi16(top, (int)(3 - p)));
    }
    _mm256_storeu_si256((__m256i *)codes, found);
}

/* Rows 0 to 15 and 16 to 31 in their own order. */
static CELLS_INLINE void cells_store(const __m256 *values, float *out)
{
    for (uint32_t k = 0; k < 4; k++) {
        _mm_storeu_ps(out + 4 * k, _mm256_castps256_ps128(values[k]));
        _mm_storeu_ps(out + CELLS_HALF + 4 * k, _mm256_extractf128_ps(values[k], 1));
    }
}

/* `count` rows of a column from a chunk's first on; they are whole chunks, or end the column. */
static CELLS_INLINE void cells_widen_as(const cells_tables *tables, const uint8_t *at, uint32_t count, float *out,
                                 uint32_t planes, uint32_t groups)
{
    __m256 values[4];
    for (; count >= CELLS_CHUNK; count -= CELLS_CHUNK, out += CELLS_CHUNK, at += cells_chunk_bytes(planes)) {
        cells_look_up(tables, cells_load(at, planes), planes, groups, values);
        cells_store(values, out);
    }
    if (count) {
        uint32_t half = (count + 1) / 2;
        float last[CELLS_CHUNK];
        cells_look_up(tables, cells_load_last(at, count, planes), planes, groups, values);
        cells_store(values, last);
        memcpy(out, last, half * sizeof *out);
        memcpy(out + half, last + CELLS_HALF, (count - half) * sizeof *out);
    }
}

static inline void cells_widen(const cells_tables *tables, const uint8_t *at, uint32_t count, float *out)
{
    if (tables->planes == 0)
        cells_widen_as(tables, at, count, out, 0, 1);
    else if (tables->groups == 1)
        cells_widen_as(tables, at, count, out, 1, 1);
    else if (tables->planes == 1)
        cells_widen_as(tables, at, count, out, 1, 2);
    else if (tables->groups == 2)
        cells_widen_as(tables, at, count, out, 2, 2);
    else
        cells_widen_as(tables, at, count, out, 2, 4);
}

#endif
