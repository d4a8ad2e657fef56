/* Values of four seek groups side by side from their Huffman code, whatever they are: as bytes where they are
 * int8 or few, which become floats when a chunk is shown, as floats where they are many. sham and
 * eie[coding=huffman] stand on it; which chunks there are is in chunks.h. */
#ifndef CDOT_CODED_H
#define CDOT_CODED_H

#include "parts/chunks.h"
#include "parts/pairs.h"
#include "parts/symbols.h"

enum { CODED_STRIDE = CHUNK_ENTRIES + SYMBOL_SPARE }; /* entries from one stream's chunk to the next */
_Static_assert((int)CHUNK_STREAMS == (int)PAIR_STREAMS && (int)CHUNK_STREAMS == (int)SYMBOL_STREAMS,
               "as many streams are decoded as have chunks");
_Static_assert((int)PAIR_SPARE <= (int)SYMBOL_SPARE && (int)PAIRS_PAST <= (int)SYMBOLS_PAST,
               "what is enough for bytes is enough for floats");

typedef struct {
    int bytes, int8;       /* bytes: it is `symbols`, else `pairs` or `alike` */
    int alike;             /* floats whose few codewords have one length: they are unpacked, without a table */
    symbol_stream symbols;
    pair_stream pairs;
    float codebook[SYMBOL_CODEBOOK]; /* of bytes that are no int8 */
} coded_values;

/* Where decoding stands in each stream. */
typedef struct {
    uint64_t bits[CHUNK_STREAMS];
    uint32_t filled[CHUNK_STREAMS]; /* of its chunk, and what was decoded past it */
    void *scratch;                  /* bytes [CHUNK_STREAMS][CODED_STRIDE] in front of floats [CODED_STRIDE] of the
                                       chunk that is shown, or floats [CHUNK_STREAMS][CODED_STRIDE] */
} coded_cursor;

/* Bytes of workspace that coded_open takes, a multiple of 16, and of scratch, a multiple of 4. */
uint64_t coded_workspace(const huffman_sections *sections, int int8);
uint64_t coded_scratch(const coded_values *values);

/* Opens the code of values (float or int8) in `sections`; an error as symbols_open and pairs_open. */
int coded_open(coded_values *out, const huffman_sections *sections, int int8, uint8_t *workspace);

static inline const huffman_stream *coded_stream(const coded_values *values)
{
    return values->bytes || values->alike ? &values->symbols.stream : &values->pairs.stream;
}

/* The bit where the group of a column starts. */
static inline uint64_t coded_seek(const huffman_stream *stream, uint32_t column)
{
    return stream->groups ? huffman_seek(stream, column >> stream->seek_shift) : 0;
}

static inline void coded_start(coded_cursor *at, void *scratch)
{
    *at = (coded_cursor){.scratch = scratch};
}

/* Bytes of streams with chunks of `sizes`, 0: none, until one chunk is full; idle streams decode anything,
 * or nothing where no time would be gained. */
static inline void coded_decode_bytes(const symbol_stream *symbols, coded_cursor *at, const uint32_t *sizes)
{
    uint8_t *bytes = at->scratch, *outs[CHUNK_STREAMS], *ends[CHUNK_STREAMS];
    uint32_t idle = symbols->alike == ALIKE_NOT ? CHUNK_ENTRIES : 0;
    for (int s = 0; s < CHUNK_STREAMS; s++) {
        outs[s] = bytes + s * CODED_STRIDE + (sizes[s] ? at->filled[s] : 0);
        ends[s] = bytes + s * CODED_STRIDE + (sizes[s] ? sizes[s] : idle);
    }
    symbols_decode_four(symbols, at->bits, outs, ends);
    for (int s = 0; s < CHUNK_STREAMS; s++)
        at->filled[s] = (uint32_t)(outs[s] - bytes) - s * CODED_STRIDE;
}

/* Floats of codewords that are alike, of stream `s` until its chunk of `size` is full. */
void coded_unpack(const coded_values *values, coded_cursor *at, int s, uint32_t size);

/* Decodes stream `s` alone until its chunk of `size` is full. */
static inline void coded_complete_bytes(const symbol_stream *symbols, coded_cursor *at, int s, uint32_t size)
{
    uint8_t *bytes = (uint8_t *)at->scratch + s * CODED_STRIDE, *out = bytes + at->filled[s];
    symbols_decode(symbols, at->bits + s, &out, bytes + size);
    at->filled[s] = (uint32_t)(out - bytes);
}

static inline void coded_complete(const coded_values *values, coded_cursor *at, int s, uint32_t size)
{
    float *floats = (float *)at->scratch + s * CODED_STRIDE, *out = floats + at->filled[s];
    if (values->bytes) {
        coded_complete_bytes(&values->symbols, at, s, size);
        return;
    }
    if (values->alike) {
        coded_unpack(values, at, s, size);
        return;
    }
    pairs_decode(&values->pairs, at->bits + s, &out, floats + size);
    at->filled[s] = (uint32_t)(out - floats);
}

/* The one stream that has a chunk, or -1. */
static inline int coded_alone(const uint32_t *sizes)
{
    int found = -1;
    for (int s = 0; s < CHUNK_STREAMS; s++)
        if (sizes[s])
            found = found == -1 ? s : CHUNK_STREAMS;
    return found < CHUNK_STREAMS ? found : -1;
}

/* The same as coded_decode_bytes for values; a stream without others is decoded alone. */
static inline void coded_decode(const coded_values *values, coded_cursor *at, const uint32_t *sizes)
{
    float *floats = at->scratch, *outs[CHUNK_STREAMS], *ends[CHUNK_STREAMS];
    if (values->bytes) {
        coded_decode_bytes(&values->symbols, at, sizes);
        return;
    }
    if (values->alike) {
        for (int s = 0; s < CHUNK_STREAMS; s++)
            coded_unpack(values, at, s, sizes[s]);
        return;
    }
    int alone = coded_alone(sizes);
    if (alone >= 0) {
        coded_complete(values, at, alone, sizes[alone]);
        return;
    }
    uint32_t idle = values->pairs.stream.groups ? CHUNK_ENTRIES : 0;
    for (int s = 0; s < CHUNK_STREAMS; s++) {
        outs[s] = floats + s * CODED_STRIDE + (sizes[s] ? at->filled[s] : 0);
        ends[s] = floats + s * CODED_STRIDE + (sizes[s] ? sizes[s] : idle);
    }
    pairs_decode_four(&values->pairs, at->bits, outs, ends);
    for (int s = 0; s < CHUNK_STREAMS; s++)
        at->filled[s] = (uint32_t)(outs[s] - floats) - s * CODED_STRIDE;
}

/* Starts stream `s` at a group's first bit. */
static inline void coded_group(coded_cursor *at, int s, uint64_t bit)
{
    at->bits[s] = bit;
    at->filled[s] = 0;
}

/* Goes on behind a chunk of `size` that was shown: what is past it comes first. `width`: bytes of an entry.
 * Places may overlap, and memmove is none of the functions that kernels may call. */
static inline void coded_more(coded_cursor *at, int s, uint32_t size, uint32_t width)
{
    uint8_t *chunk = (uint8_t *)at->scratch + (size_t)s * CODED_STRIDE * width;
    const uint8_t *past = chunk + (size_t)size * width;
    at->filled[s] -= size;
    for (uint32_t i = 0; i < at->filled[s] * width; i++)
        chunk[i] = past[i];
}

static inline uint32_t coded_width(const coded_values *values)
{
    return values->bytes ? 1 : sizeof(float);
}

/* The first `count` values of the chunk of stream `s`, of the matrix's type. */
const void *coded_show(const coded_values *values, const coded_cursor *at, int s, uint32_t count);

#endif
