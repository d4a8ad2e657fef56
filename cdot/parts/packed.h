/* Indices of 0 to 32 bits one behind the other, least significant bit first: what codebooks are looked
 * up with. (The streams of the entropy-coding papers are in bits.h; they go the other way.)
 *
 * A section of packed indices ends with PACKED_SPARE bytes of nothing, so that eight bytes can be loaded
 * wherever an index starts: a reader that stays below the count never looks outside. One load gives
 * several indices, and what is left of it is shifted down, so the width need not be a constant. */
#ifndef CDOT_PACKED_H
#define CDOT_PACKED_H

#include "core/payload.h"

#include <string.h>

enum { PACKED_SPARE = 7, PACKED_WINDOW = 57 };

/* ceil(log2 symbols): bits of an index into a codebook; 0 where there is nothing to choose. */
static inline uint32_t packed_width(uint32_t symbols)
{
    uint32_t width = 0;
    while (width < 32 && (uint64_t)1 << width < symbols)
        width++;
    return width;
}

/* Bytes of a section of `count` indices; count < 2^62, so eight of them at a time do not overflow. */
static inline uint64_t packed_bytes(uint64_t count, uint32_t width)
{
    if (count == 0 || width == 0)
        return 0;
    return count / 8 * width + (count % 8 * width + 7) / 8 + PACKED_SPARE;
}

/* What stands from `bit` on, in the low bits: PACKED_WINDOW of them, or 64 from the first bit of a byte. */
static inline uint64_t packed_window(const uint8_t *bytes, uint64_t bit)
{
    uint64_t word;
    memcpy(&word, bytes + (bit >> 3), 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "payloads are little-endian and read in place"
#endif
    return word >> (bit & 7);
}

static inline uint64_t packed_mask(uint32_t width)
{
    return ((uint64_t)1 << width) - 1;
}

#if defined(__AVX2__) && defined(__FMA__)
#define PACKED_VECTORS 1
#include "isa/avx2/packed.h"
#else
enum { PACKED_IN_PALETTE = 0 }; /* none: the calls below are never made */
int palette_fits(const float *codebook, uint32_t symbols);
uint32_t packed_in_palette(const uint8_t *bytes, uint32_t width, uint64_t bit, uint32_t count,
                           const float *codebook, uint32_t symbols, float *out);
#endif

/* `step` indices a window; a constant in every call, so that each step becomes a loop of its own. */
static inline void packed_look_up(const uint8_t *bytes, uint32_t width, uint64_t bit, uint32_t count,
                                  const float *codebook, float *out, uint32_t step)
{
    uint64_t mask = packed_mask(width);
    uint32_t i = 0;
    for (; i + step <= count; i += step, bit += step * width) {
        uint64_t window = packed_window(bytes, bit);
        for (uint32_t k = 0; k < step; k++, window >>= width)
            out[i + k] = codebook[window & mask];
    }
    for (; i < count; i++, bit += width)
        out[i] = codebook[packed_window(bytes, bit) & mask];
}

/* The values of indices `from` to `from` + `count`, which packed_check has found to be in the codebook. */
static inline void packed_values(const uint8_t *bytes, uint64_t from, uint32_t count, const float *codebook,
                                 uint32_t symbols, float *out)
{
    uint32_t width = packed_width(symbols), done = 0;
    uint64_t bit = from * width;
    if (width == 0) {
        for (; done < count; done++)
            out[done] = codebook[0];
    } else if (width <= PACKED_IN_PALETTE && palette_fits(codebook, symbols)) {
        done = packed_in_palette(bytes, width, bit, count, codebook, symbols, out);
    }
    bit += (uint64_t)done * width;
    out += done;
    count -= done;
    if (width <= 8) /* eight of 8 bits fill a window: they start with a byte */
        packed_look_up(bytes, width, bit, count, codebook, out, 8);
    else if (width <= PACKED_WINDOW / 4)
        packed_look_up(bytes, width, bit, count, codebook, out, 4);
    else if (width <= PACKED_WINDOW / 2)
        packed_look_up(bytes, width, bit, count, codebook, out, 2);
    else
        packed_look_up(bytes, width, bit, count, codebook, out, 1);
}

/* The same for a codebook of int8, whose indices have up to 8 bits. */
static inline void packed_values_s8(const uint8_t *bytes, uint64_t from, uint32_t count, const int8_t *codebook,
                                    uint32_t symbols, int8_t *out)
{
    uint32_t width = packed_width(symbols), i = 0;
    uint64_t mask = packed_mask(width), bit = from * width;
    for (; width && i < count; i++, bit += width)
        out[i] = codebook[packed_window(bytes, bit) & mask];
    for (; i < count; i++)
        out[i] = codebook[0];
}

/* The values of indices, in a codebook of a view's arithmetic, to scratch for either. */
static inline void packed_values_of(const cdot_view *view, const uint8_t *bytes, uint64_t from, uint32_t count,
                                    const void *codebook, uint32_t symbols, void *out)
{
    if (view->arithmetic == CDOT_IN_INT32)
        packed_values_s8(bytes, from, count, codebook, symbols, out);
    else
        packed_values(bytes, from, count, codebook, symbols, out);
}

/* CDOT_OK if all `count` indices are below `symbols`. Reads them only where their width allows others. */
int packed_check(const uint8_t *bytes, uint32_t width, uint64_t count, uint32_t symbols);

#endif
