/* Reading a payload's header and sections without ever looking outside it. For the formats' files. */
#ifndef CDOT_PAYLOAD_H
#define CDOT_PAYLOAD_H

#include "core/cdot.h"

/* Walks through the sections; the first error sticks, and later calls return NULL. */
typedef struct {
    const uint8_t *payload;
    uint64_t size, at;
    cdot_header header;
    int error;
} cdot_reader;

/* A set of stored types, for cdot_read_header_of: 1 << type, added up. */
enum {
    CDOT_TAKES_FLOAT32 = 1 << CDOT_FLOAT32,
    CDOT_TAKES_INT8 = 1 << CDOT_INT8,
    CDOT_TAKES_FLOAT16 = 1 << CDOT_FLOAT16,
    CDOT_TAKES_BFLOAT16 = 1 << CDOT_BFLOAT16,
    CDOT_TAKES_NARROW = CDOT_TAKES_FLOAT16 | CDOT_TAKES_BFLOAT16 /* floats of 16 bits */
};

/* Checks magic, layout, format and value type; leaves the reader behind the header. The first is for formats of
 * float32, the second for those of int8, the third for those that have both, the last for those of any set. */
int cdot_read_header(cdot_reader *reader, const uint8_t *payload, uint64_t size, uint16_t format,
                     uint16_t fields_bytes);
int cdot_read_header_s8(cdot_reader *reader, const uint8_t *payload, uint64_t size, uint16_t format,
                        uint16_t fields_bytes);
int cdot_read_header_any(cdot_reader *reader, const uint8_t *payload, uint64_t size, uint16_t format,
                         uint16_t fields_bytes);
int cdot_read_header_of(cdot_reader *reader, const uint8_t *payload, uint64_t size, uint16_t format,
                        uint16_t fields_bytes, uint32_t types);

/* Whether a stored type is of floats of 16 bits: no code above them is in use. */
static inline int cdot_is_narrow(uint32_t value_type)
{
    return value_type >= CDOT_FLOAT16;
}

/* Bytes of a stored value of the type that the header names. */
static inline uint32_t cdot_value_bytes(uint32_t value_type)
{
    return value_type == CDOT_INT8 ? 1 : cdot_is_narrow(value_type) ? 2 : 4;
}

/* The arithmetic of a stored type, and the bytes of its values in a block, and of x. */
static inline uint32_t cdot_arithmetic_of(uint32_t value_type)
{
    return value_type == CDOT_INT8 ? CDOT_IN_INT32 : CDOT_IN_FLOAT32;
}

static inline uint32_t cdot_input_bytes(uint32_t arithmetic)
{
    return arithmetic == CDOT_IN_INT32 ? 1 : 4;
}

/* The next `count` items of `width` bytes, from an offset that is a multiple of `align`. */
const void *cdot_take(cdot_reader *reader, uint64_t count, uint32_t width, uint32_t align);

/* CDOT_OK if everything was taken and nothing failed. */
int cdot_finish(cdot_reader *reader);

/* Common part of a view. */
void cdot_fill_view(cdot_view *view, const cdot_decoder *decoder, const cdot_reader *reader,
                    void *workspace);

/* Bytes of the smallest type of 1, 2, 4 or 8 bytes with x < 2^width: the spec's bits(x) / 8. */
static inline uint32_t cdot_width(uint64_t x)
{
    return x <= 0xff ? 1 : x <= 0xffff ? 2 : x <= 0xffffffffu ? 4 : 8;
}

static inline uint32_t cdot_index(const void *indices, uint32_t width, uint64_t i)
{
    if (width == 1)
        return ((const uint8_t *)indices)[i];
    if (width == 2)
        return ((const uint16_t *)indices)[i];
    return ((const uint32_t *)indices)[i];
}

/* CDOT_OK if all `count` indices of `width` bytes are below `limit`. */
int cdot_check_indices(const void *indices, uint32_t width, uint64_t count, uint64_t limit);

/* CDOT_OK if m + 1 pointers rise from 0 to nnz. */
int cdot_check_pointers(const uint32_t *pointers, uint32_t m, uint64_t nnz);

#endif
