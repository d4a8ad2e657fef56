/* Looking up packed indices of up to 8 bits in a small codebook with AVX2: 32 of them become bytes, which
 * palette_avx2.h looks up. Wider ones, or a larger codebook, are as fast with plain loads. */
#ifndef CDOT_VECTOR_PACKED_AVX2_H
#define CDOT_VECTOR_PACKED_AVX2_H

#include "isa/avx2/palette.h"

enum { PACKED_IN_PALETTE = 8, /* bits of an index, at the most */
       PACKED_AHEAD = 64 };   /* indices that fill what packed_bytes_of reads behind its 32 */

/* How eight indices of 1 to 8 bits become bytes: both bytes that an index may touch are brought into a word, from
 * which a multiplication shifts out what stands above the index, and a shift what stands below. */
typedef struct {
    __m256i places, factors;
    __m128i down;
    uint32_t width, bit;
    const uint8_t *bytes; /* of the first index */
} packed_spread;

static inline void packed_spread_fill(packed_spread *s, uint32_t width, uint32_t bit)
{
    uint8_t places[16];
    uint16_t factors[8];
    for (uint32_t i = 0; i < 8; i++) {
        uint32_t at = bit + i * width;
        places[2 * i] = (uint8_t)(at / 8);
        places[2 * i + 1] = (uint8_t)(at / 8 + 1);
        factors[i] = (uint16_t)(1u << (16 - width - at % 8));
    }
    s->places = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)places));
    s->factors = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)factors));
    s->down = _mm_cvtsi32_si128((int)(16 - width));
    s->width = width;
    s->bit = bit;
}

/* For indices of which the first starts at `bit`: as every eighth after it, so many bits behind a byte's first. A
 * width of 0 in `s` says that it was never filled. */
static inline void packed_spread_at(packed_spread *s, const uint8_t *bytes, uint32_t width, uint64_t bit)
{
    if (s->width != width || s->bit != (bit & 7))
        packed_spread_fill(s, width, bit & 7);
    s->bytes = bytes + (bit >> 3);
}

/* 16 indices as words: eight from `low`, eight from `high`; reads 16 bytes of each. */
static inline __m256i packed_words(const packed_spread *s, const uint8_t *low, const uint8_t *high)
{
    __m256i bytes = _mm256_loadu2_m128i((const __m128i *)high, (const __m128i *)low);
    bytes = _mm256_mullo_epi16(_mm256_shuffle_epi8(bytes, s->places), s->factors);
    return _mm256_srl_epi16(bytes, s->down);
}

/* 32 indices as bytes, `step` times 32 behind the first; what is read are 3 width + 16 bytes. */
static inline __m256i packed_load(const void *from, uint32_t step)
{
    const packed_spread *s = from;
    uint32_t eight = s->width; /* indices take as many bytes as one takes bits */
    const uint8_t *bytes = s->bytes + (size_t)step * 4 * eight;
    return _mm256_packus_epi16(packed_words(s, bytes, bytes + 2 * eight),
                               packed_words(s, bytes + eight, bytes + 3 * eight));
}

/* Steps of 32 that can be loaded where `count` are asked for, and the section has `left`. */
static inline uint32_t packed_steps(uint32_t count, uint64_t left)
{
    uint64_t whole = left < PACKED_AHEAD ? 0 : left - PACKED_AHEAD;
    return (count < whole ? count : (uint32_t)whole) / PALETTE_STEP;
}

/* As many of `count` values as come in 32 with PACKED_AHEAD indices behind them, which are read as well. */
static inline uint32_t packed_in_palette(const uint8_t *bytes, uint32_t width, uint64_t bit, uint32_t count,
                                         const float *codebook, uint32_t symbols, float *out)
{
    uint32_t steps = packed_steps(count, count);
    packed_spread spread = {.width = 0};
    palette table;
    palette_fill(&table, codebook, symbols);
    packed_spread_at(&spread, bytes, width, bit);
    for (uint32_t step = 0; table.wide && step < steps; step++)
        palette_values(&table, packed_load(&spread, step), out + PALETTE_STEP * step, 1);
    for (uint32_t step = 0; !table.wide && step < steps; step++)
        palette_values(&table, packed_load(&spread, step), out + PALETTE_STEP * step, 0);
    return steps * PALETTE_STEP;
}

#endif
