/* Opening and showing coded values; see coded.h. */
#include "parts/coded.h"

static int coded_are_bytes(const huffman_sections *sections, int int8)
{
    return int8 || sections->fields.symbols <= SYMBOL_CODEBOOK;
}

uint64_t coded_workspace(const huffman_sections *sections, int int8)
{
    return coded_are_bytes(sections, int8) ? symbols_workspace(sections) : pairs_workspace(sections);
}

uint64_t coded_scratch(const coded_values *values)
{
    if (!values->bytes)
        return CHUNK_STREAMS * CODED_STRIDE * sizeof(float);
    return CHUNK_STREAMS * CODED_STRIDE + (values->int8 ? 0 : CODED_STRIDE * sizeof(float));
}

int coded_open(coded_values *out, const huffman_sections *sections, int int8, uint8_t *workspace)
{
    int error;
    *out = (coded_values){.bytes = coded_are_bytes(sections, int8), .int8 = int8};
    if (!out->bytes)
        return pairs_open(&out->pairs, sections, workspace);
    if (!int8)
        memcpy(out->codebook, sections->values, sections->fields.symbols * sizeof(float));
    error = symbols_open(&out->symbols, sections, int8 ? sections->values : NULL, workspace);
    uint32_t width = out->symbols.alike; /* 0: there is no stream to unpack */
    out->alike = !error && !int8 && SYMBOLS_UNPACK && width > 0 && width != ALIKE_NOT;
    out->bytes &= !out->alike;
    return error;
}

void coded_unpack(const coded_values *values, coded_cursor *at, int s, uint32_t size)
{
    float *floats = (float *)at->scratch + s * CODED_STRIDE;
    if (at->filled[s] >= size)
        return;
    at->bits[s] = symbols_unpack(&values->symbols, at->bits[s], size - at->filled[s], values->codebook,
                                 floats + at->filled[s]);
    at->filled[s] = size;
}

const void *coded_show(const coded_values *values, const coded_cursor *at, int s, uint32_t count)
{
    if (!values->bytes)
        return (const float *)at->scratch + s * CODED_STRIDE;
    const uint8_t *bytes = (const uint8_t *)at->scratch + s * CODED_STRIDE;
    if (values->int8)
        return bytes;
    float *floats = (float *)((uint8_t *)at->scratch + CHUNK_STREAMS * CODED_STRIDE);
    symbols_values(bytes, count, values->codebook, values->symbols.stream.code.symbols, floats);
    return floats;
}
