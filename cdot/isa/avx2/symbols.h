/* Values of numbers in a small codebook, which stays in registers: eight numbers choose from each register,
 * and their higher bits choose among the registers. */
#ifndef CDOT_VECTOR_SYMBOLS_AVX2_H
#define CDOT_VECTOR_SYMBOLS_AVX2_H

#include <immintrin.h>
#include <stdint.h>

/* The values of eight numbers, of `size`: 8, 16 or 32, a constant in every call. Bits above those that
 * `size` needs are nothing. */
static inline __m256 values_of(const __m256 table[4], __m256i which, uint32_t size)
{
    __m256 found = _mm256_permutevar8x32_ps(table[0], which);
    if (size == 8)
        return found;
    __m256 third = _mm256_castsi256_ps(_mm256_slli_epi32(which, 28)); /* bit 3 as the sign: a blend looks at it */
    found = _mm256_blendv_ps(found, _mm256_permutevar8x32_ps(table[1], which), third);
    if (size == 16)
        return found;
    __m256 upper = _mm256_permutevar8x32_ps(table[2], which);
    upper = _mm256_blendv_ps(upper, _mm256_permutevar8x32_ps(table[3], which), third);
    return _mm256_blendv_ps(found, upper, _mm256_castsi256_ps(_mm256_slli_epi32(which, 27)));
}

/* Byte k of each of 16 values, in both halves of planes[k]. */
static inline void byte_planes(const float *values, __m256i planes[4])
{
    const __m128i order = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    __m128i four[4];
    for (int k = 0; k < 4; k++)
        four[k] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(values + 4 * k)), order);
    __m128i low = _mm_unpacklo_epi32(four[0], four[1]), low2 = _mm_unpacklo_epi32(four[2], four[3]);
    __m128i high = _mm_unpackhi_epi32(four[0], four[1]), high2 = _mm_unpackhi_epi32(four[2], four[3]);
    planes[0] = _mm256_broadcastsi128_si256(_mm_unpacklo_epi64(low, low2));
    planes[1] = _mm256_broadcastsi128_si256(_mm_unpackhi_epi64(low, low2));
    planes[2] = _mm256_broadcastsi128_si256(_mm_unpacklo_epi64(high, high2));
    planes[3] = _mm256_broadcastsi128_si256(_mm_unpackhi_epi64(high, high2));
}

/* The values of `count` numbers of `size`, 16 or 32, 32 at once: each byte of all of them is looked up by one
 * instruction, or by two and a blend, and bytes are put together in the end. */
static inline void values_from(const uint8_t *numbers, uint32_t count, const float *codebook, uint32_t size,
                               float *out)
{
    const __m256i order = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7); /* unpacking puts them in line again */
    __m256i planes[4], upper[4];
    byte_planes(codebook, planes);
    byte_planes(codebook + size - 16, upper);
    for (uint32_t i = 0; i < count; i += 32) {
        __m256i bytes[4], which = _mm256_loadu_si256((const __m256i *)(numbers + i));
        which = _mm256_permutevar8x32_epi32(which, order);
        __m256i fourth = _mm256_slli_epi16(which, 3); /* bit 4 as the sign of a byte */
        for (int k = 0; k < 4; k++) {
            bytes[k] = _mm256_shuffle_epi8(planes[k], which);
            if (size == 32)
                bytes[k] = _mm256_blendv_epi8(bytes[k], _mm256_shuffle_epi8(upper[k], which), fourth);
        }
        __m256i low = _mm256_unpacklo_epi8(bytes[0], bytes[1]), low2 = _mm256_unpacklo_epi8(bytes[2], bytes[3]);
        __m256i high = _mm256_unpackhi_epi8(bytes[0], bytes[1]), high2 = _mm256_unpackhi_epi8(bytes[2], bytes[3]);
        __m256i *to = (__m256i *)(out + i);
        _mm256_storeu_si256(to, _mm256_unpacklo_epi16(low, low2));
        _mm256_storeu_si256(to + 1, _mm256_unpackhi_epi16(low, low2));
        _mm256_storeu_si256(to + 2, _mm256_unpacklo_epi16(high, high2));
        _mm256_storeu_si256(to + 3, _mm256_unpackhi_epi16(high, high2));
    }
}

typedef struct {
    __m256 table[4];
    __m256i low, high; /* how far entries 0 1 4 5 and 2 3 6 7 of a window are to be shifted down */
} eight_values;

static inline eight_values eight_values_of(const float *codebook, uint32_t width)
{
    eight_values out;
    int64_t w = width;
    float first[8]; /* its index has three bits, of which a short codeword is the lower ones */
    for (uint32_t k = 0; k < 8; k++)
        first[k] = codebook[k & (((uint32_t)1 << width) - 1)];
    out.table[0] = _mm256_loadu_ps(first);
    for (uint32_t k = 1; k < 4; k++)
        out.table[k] = _mm256_loadu_ps(codebook + 8 * k);
    out.low = _mm256_setr_epi64x(64 - w, 64 - 2 * w, 64 - 5 * w, 64 - 6 * w);
    out.high = _mm256_setr_epi64x(64 - 3 * w, 64 - 4 * w, 64 - 7 * w, 64 - 8 * w);
    return out;
}

/* The values of eight codewords of `width` bits from the front of a window. */
static inline void write_eight(const eight_values *from, uint64_t window, uint32_t width, float *out)
{
    __m256i all = _mm256_set1_epi64x((long long)window);
    __m256i low = _mm256_srlv_epi64(all, from->low), high = _mm256_srlv_epi64(all, from->high);
    __m256 both = _mm256_shuffle_ps(_mm256_castsi256_ps(low), _mm256_castsi256_ps(high), 0x88);
    __m256i which = _mm256_castps_si256(both);
    if (width <= 3)
        _mm256_storeu_ps(out, values_of(from->table, which, 8));
    else
        _mm256_storeu_ps(out, values_of(from->table, which, width == 4 ? 16 : 32));
}

#endif
