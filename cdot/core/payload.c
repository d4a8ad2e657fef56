/* Headers, sections, range checks and the CRC-32C of payloads. */
#include "core/payload.h"

#include <string.h>

#if defined(__SSE4_2__)
#include <nmmintrin.h>
#endif

int cdot_read_header_of(cdot_reader *reader, const uint8_t *payload, uint64_t size, uint16_t format,
                        uint16_t fields_bytes, uint32_t types)
{
    cdot_header *header = &reader->header;
    reader->payload = payload;
    reader->size = size;
    reader->at = CDOT_HEADER_BYTES;
    reader->error = CDOT_OK;
    if (size < CDOT_HEADER_BYTES)
        return reader->error = CDOT_SHORT;
    memcpy(header, payload, CDOT_HEADER_BYTES);
    if (memcmp(header->magic, "DOTB", 4) != 0)
        return reader->error = CDOT_MAGIC;
    if (header->layout != CDOT_LAYOUT)
        return reader->error = CDOT_NEWER;
    if (header->format != format || header->value_type > CDOT_BFLOAT16 || !(types >> header->value_type & 1))
        return reader->error = CDOT_FORMAT;
    if (header->fields_bytes != fields_bytes || header->reserved != 0 || header->n > INT32_MAX ||
        header->m > INT32_MAX || header->nnz > (uint64_t)header->n * header->m)
        return reader->error = CDOT_LENGTH;
    return CDOT_OK;
}

int cdot_read_header(cdot_reader *reader, const uint8_t *payload, uint64_t size, uint16_t format,
                     uint16_t fields_bytes)
{
    return cdot_read_header_of(reader, payload, size, format, fields_bytes, CDOT_TAKES_FLOAT32);
}

int cdot_read_header_s8(cdot_reader *reader, const uint8_t *payload, uint64_t size, uint16_t format,
                        uint16_t fields_bytes)
{
    return cdot_read_header_of(reader, payload, size, format, fields_bytes, CDOT_TAKES_INT8);
}

int cdot_read_header_any(cdot_reader *reader, const uint8_t *payload, uint64_t size, uint16_t format,
                         uint16_t fields_bytes)
{
    return cdot_read_header_of(reader, payload, size, format, fields_bytes, CDOT_TAKES_FLOAT32 | CDOT_TAKES_INT8);
}

const void *cdot_take(cdot_reader *reader, uint64_t count, uint32_t width, uint32_t align)
{
    if (reader->error)
        return NULL;
    uint64_t at = (reader->at + align - 1) / align * align;
    if (at > reader->size || count > (reader->size - at) / width) {
        reader->error = CDOT_SHORT;
        return NULL;
    }
    reader->at = at + count * width;
    return reader->payload + at;
}

int cdot_finish(cdot_reader *reader)
{
    if (!reader->error && reader->at != reader->size)
        reader->error = CDOT_LENGTH;
    return reader->error;
}

void cdot_fill_view(cdot_view *view, const cdot_decoder *decoder, const cdot_reader *reader, void *workspace)
{
    memset(view, 0, sizeof *view);
    view->decoder = decoder;
    view->workspace = workspace;
    view->n = reader->header.n;
    view->m = reader->header.m;
    view->nnz = reader->header.nnz;
    view->value_type = reader->header.value_type;
    view->arithmetic = cdot_arithmetic_of(view->value_type);
    view->row_bytes = 4;
    view->group = CDOT_GROUP;
}

int cdot_check_indices(const void *indices, uint32_t width, uint64_t count, uint64_t limit)
{
    /* one loop a width, so that each becomes a vector maximum */
    uint32_t largest = 0;
    if (width == 1) {
        const uint8_t *at = indices;
        uint8_t top = 0;
        for (uint64_t i = 0; i < count; i++)
            top = at[i] > top ? at[i] : top;
        largest = top;
    } else if (width == 2) {
        const uint16_t *at = indices;
        uint16_t top = 0;
        for (uint64_t i = 0; i < count; i++)
            top = at[i] > top ? at[i] : top;
        largest = top;
    } else {
        const uint32_t *at = indices;
        for (uint64_t i = 0; i < count; i++)
            largest = at[i] > largest ? at[i] : largest;
    }
    return count == 0 || largest < limit ? CDOT_OK : CDOT_ROW;
}

int cdot_check_pointers(const uint32_t *pointers, uint32_t m, uint64_t nnz)
{
    int falls = pointers[0] != 0 || pointers[m] != nnz;
    for (uint32_t j = 0; j < m; j++)
        falls |= pointers[j] > pointers[j + 1];
    return falls ? CDOT_POINTER : CDOT_OK;
}

enum { CRC_AT = 24 }; /* offset of the header's crc field */

#if defined(__SSE4_2__)

static uint32_t crc_update(uint32_t crc, const uint8_t *bytes, uint64_t size)
{
    uint64_t wide = crc;
    for (; size >= 8; bytes += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        wide = _mm_crc32_u64(wide, word);
    }
    crc = (uint32_t)wide;
    for (; size; bytes++, size--)
        crc = _mm_crc32_u8(crc, *bytes);
    return crc;
}

#else

static uint32_t crc_update(uint32_t crc, const uint8_t *bytes, uint64_t size)
{
    /* four bytes a step through four tables, made here: 4 KiB of stack instead of constants in flash */
    uint32_t table[4][256];
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t value = byte;
        for (int bit = 0; bit < 8; bit++)
            value = (value >> 1) ^ (0x82f63b78u & (0u - (value & 1)));
        table[0][byte] = value;
    }
    for (uint32_t byte = 0; byte < 256; byte++)
        for (int step = 1; step < 4; step++)
            table[step][byte] = table[0][table[step - 1][byte] & 255] ^ (table[step - 1][byte] >> 8);
    for (; size >= 4; bytes += 4, size -= 4) {
        uint32_t word;
        memcpy(&word, bytes, 4);
        word ^= crc;
        crc = table[3][word & 255] ^ table[2][(word >> 8) & 255] ^ table[1][(word >> 16) & 255] ^
              table[0][word >> 24];
    }
    for (; size; bytes++, size--)
        crc = (crc >> 8) ^ table[0][(crc ^ *bytes) & 255];
    return crc;
}

#endif

uint32_t cdot_crc(const uint8_t *payload, uint64_t size)
{
    static const uint8_t zero[4] = {0, 0, 0, 0};
    uint32_t crc = 0xffffffffu;
    if (size < CDOT_HEADER_BYTES)
        return ~crc_update(crc, payload, size);
    crc = crc_update(crc, payload, CRC_AT);
    crc = crc_update(crc, zero, 4);
    return ~crc_update(crc, payload + CRC_AT + 4, size - CRC_AT - 4);
}
