/* Ranks of exponents in a Rice code, two entries at a time: 64 bits are collected, and whole bytes of them stored. */
#include "encode/ranks.h"

#include <string.h>

#define TABLES 4        /* of counts: entries beside each other have the same exponent so often that one table waits */
#define PIECE (1u << 14) /* entries that are read twice while a cache has them */

static uint64_t nonzeros(const uint16_t *bits, uint64_t count)
{
    uint32_t found = 0;
    for (uint64_t i = 0; i < count; i++)
        found += (bits[i] & 0x7FFF) != 0;
    return found;
}

uint64_t encode_exponents(const uint16_t *bits, uint64_t count, uint64_t *counts)
{
    uint64_t found = 0;
    for (uint64_t begin = 0; begin < count; begin += PIECE) {
        uint64_t size = count - begin < PIECE ? count - begin : PIECE, i = 0;
        const uint16_t *piece = bits + begin;
        uint32_t tables[TABLES][256];
        memset(tables, 0, sizeof tables);
        for (; i + TABLES <= size; i += TABLES)
            for (int k = 0; k < TABLES; k++)
                tables[k][piece[i + k] >> 7 & 255]++;
        for (; i < size; i++)
            tables[0][piece[i] >> 7 & 255]++;
        for (int k = 0; k < TABLES; k++)
            for (int e = 0; e < 256; e++)
                counts[e] += tables[k][e];
        found += nonzeros(piece, size);
    }
    return found;
}

/* The low `fill` bits wait to be stored, fewer than 8 between calls. */
typedef struct {
    uint8_t *at, *last; /* `last`: where 8 bytes may be stored at the latest */
    uint64_t bits;
    uint32_t fill;
} rice_writer;

/* Up to 32 bits, the first one lowest. */
static inline int put(rice_writer *out, uint64_t code, uint32_t length)
{
    if (out->at > out->last)
        return CDOT_CAPACITY;
    out->bits |= code << out->fill;
    out->fill += length;
    memcpy(out->at, &out->bits, 8);
    out->at += out->fill >> 3;
    out->bits >>= out->fill & ~7u;
    out->fill &= 7;
    return CDOT_OK;
}

static inline int put_column(rice_writer *out, const uint16_t *bits, const uint32_t *codes, uint32_t n, uint32_t *any)
{
    uint32_t i = 0, seen = 0;
    for (; i + 2 <= n; i += 2) {
        uint32_t first = codes[bits[i] >> 7 & 255], second = codes[bits[i + 1] >> 7 & 255];
        uint32_t length = first >> 16 & 255;
        uint64_t code = (first & 0xFFFF) | (uint64_t)(second & 0xFFFF) << length;
        seen |= first | second;
        if (put(out, code, length + (second >> 16 & 255)))
            return CDOT_CAPACITY;
    }
    if (i < n) {
        uint32_t code = codes[bits[i] >> 7 & 255];
        seen |= code;
        if (put(out, code & 0xFFFF, code >> 16 & 255))
            return CDOT_CAPACITY;
    }
    *any = seen >> 24;
    return CDOT_OK;
}

int64_t encode_rice_ranks(const encode_ranked *in, uint8_t *weights, uint8_t *stream, uint64_t stream_bytes, uint64_t bit,
                          uint64_t *ends, uint32_t *listed, uint32_t *rows, uint8_t *exponents, uint64_t room)
{
    if (stream_bytes < 8 || bit > 7)
        return CDOT_CAPACITY;
    rice_writer out = {stream, stream + stream_bytes - 8, 0, (uint32_t)bit};
    uint64_t found = 0;
    for (uint32_t k = 0; k < in->columns; k++) {
        const uint16_t *bits = in->bits + (uint64_t)k * in->n;
        uint8_t *rest = weights + (uint64_t)k * in->n;
        uint64_t before = found;
        uint32_t any = 0;
        for (uint32_t i = 0; i < in->n; i++)
            rest[i] = (uint8_t)((bits[i] >> 8 & 0x80) | (bits[i] & 0x7F));
        if (put_column(&out, bits, in->codes, in->n, &any))
            return CDOT_CAPACITY;
        for (uint32_t i = 0; any && i < in->n; i++) {
            uint8_t exponent = (uint8_t)(bits[i] >> 7);
            if (in->codes[exponent] >> 24 == 0)
                continue;
            if (found == room)
                return CDOT_CAPACITY;
            rows[found] = i;
            exponents[found++] = exponent;
        }
        listed[k] = (uint32_t)(found - before);
        ends[k] = (uint64_t)(out.at - stream) * 8 + out.fill;
    }
    return (int64_t)found;
}
