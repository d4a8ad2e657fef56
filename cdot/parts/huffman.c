/* Tables of canonical codes, and the sections of a code and its stream. */
#include "parts/huffman.h"

static uint64_t huffman_lengths_bytes(uint32_t longest)
{
    return (longest + 1) * (8 + 8 + 4);
}

uint64_t huffman_lengths_workspace(uint32_t longest)
{
    return (huffman_lengths_bytes(longest) + 15) / 16 * 16;
}

uint64_t huffman_workspace(uint32_t longest)
{
    uint64_t bytes = huffman_lengths_bytes(longest) + (uint64_t)huffman_entries(longest) * (4 + 1);
    return (bytes + 15) / 16 * 16;
}

int huffman_open_lengths(huffman_code *code, uint32_t symbols, const uint32_t *per_length, uint32_t longest,
                         uint8_t *workspace)
{
    if (longest > HUFFMAN_LONGEST)
        return CDOT_CODE;
    *code = (huffman_code){.symbols = symbols, .longest = longest, .table_bits = huffman_table_bits(longest)};
    code->limit = (uint64_t *)workspace;
    code->first = code->limit + longest + 1;
    code->index = (uint32_t *)(code->first + longest + 1);
    code->limit[0] = code->first[0] = 0;
    code->index[0] = 0;
    if (longest == 0) /* one symbol, or none: no bits */
        return symbols <= 1 ? CDOT_OK : CDOT_CODE;
    if (per_length[longest - 1] == 0) /* limit would say the same of the last length and of all in front */
        return CDOT_CODE;
    uint64_t next = 0, coded = 0; /* next free codeword, in `longest` bits */
    uint64_t space = (uint64_t)1 << longest;
    for (uint32_t l = 1; l <= longest; l++) {
        uint64_t count = per_length[l - 1], step = (uint64_t)1 << (longest - l);
        code->first[l] = next << (64 - longest);
        code->index[l] = (uint32_t)coded;
        if (count > symbols || count * step > space - next)
            return CDOT_CODE;
        next += count * step;
        coded += count;
        code->limit[l] = next << (64 - longest);
    }
    return next == space && coded == symbols ? CDOT_OK : CDOT_CODE;
}

/* The table of a code whose lengths are known to be complete. */
static void huffman_fill(huffman_code *code, const uint32_t *per_length)
{
    uint32_t t = code->table_bits, at = 0, symbol = 0;
    for (uint32_t l = 1; l <= t; l++)
        for (uint32_t i = 0; i < per_length[l - 1]; i++, symbol++)
            for (uint32_t end = at + ((uint32_t)1 << (t - l)); at < end; at++) {
                code->table_length[at] = (uint8_t)l;
                code->table_value[at] = code->values[symbol];
            }
    for (; at < (uint32_t)1 << t; at++) { /* longer codewords; or no code, whose values have no bits */
        code->table_length[at] = 0;
        code->table_value[at] = 0;
    }
}

int huffman_open(huffman_code *code, const float *values, uint32_t symbols, const uint32_t *per_length,
                 uint32_t longest, uint8_t *workspace)
{
    int error = huffman_open_lengths(code, symbols, per_length, longest, workspace);
    if (error)
        return error;
    code->values = values;
    code->table_value = (float *)(code->index + longest + 1);
    code->table_length = (uint8_t *)(code->table_value + huffman_entries(longest));
    huffman_fill(code, per_length);
    return CDOT_OK;
}

int huffman_take(cdot_reader *reader, const huffman_fields *stored, uint32_t value_bytes,
                 huffman_sections *sections)
{
    if (reader->error)
        return reader->error;
    memcpy(&sections->fields, stored, sizeof *stored);
    const huffman_fields *fields = &sections->fields;
    if (fields->seek_shift > 4 || (fields->base_shift > 31 && fields->base_shift != 255) ||
        fields->longest > HUFFMAN_LONGEST || fields->reserved != 0 || fields->words == 1)
        return reader->error = CDOT_LENGTH;
    uint32_t per_group = (uint32_t)1 << fields->seek_shift;
    sections->groups = fields->words ? (reader->header.m + per_group - 1) / per_group : 0;
    uint64_t bases = fields->base_shift == 255 || sections->groups == 0
                         ? 0
                         : ((sections->groups - 1) >> fields->base_shift) + 1;
    sections->values = value_bytes ? cdot_take(reader, fields->symbols, value_bytes, 4) : NULL;
    sections->per_length = cdot_take(reader, fields->longest, 4, 4);
    sections->bases = cdot_take(reader, bases, 8, bases ? 8 : 4);
    sections->points = cdot_take(reader, sections->groups, 4, 4);
    sections->words = cdot_take(reader, fields->words, 4, 4);
    return reader->error;
}

static int huffman_open_points(huffman_stream *out, const huffman_sections *sections)
{
    const huffman_fields *fields = &sections->fields;
    if ((fields->longest > 0) != (fields->words > 0))
        return CDOT_LENGTH;
    out->stream.words = sections->words;
    out->stream.last = fields->words ? fields->words - 2 : 0;
    out->stream_bits = fields->words * 32;
    out->points = sections->points;
    out->bases = sections->bases;
    out->groups = sections->groups;
    out->seek_shift = fields->seek_shift;
    out->base_shift = fields->base_shift;
    uint64_t before = 0;
    for (uint32_t group = 0; group < out->groups; group++) {
        uint64_t bit = huffman_seek(out, group);
        if (bit < before || bit > out->stream_bits)
            return CDOT_STREAM;
        before = bit;
    }
    return CDOT_OK;
}

int huffman_stream_open(huffman_stream *out, const huffman_sections *sections, const float *values,
                        uint8_t *workspace)
{
    const huffman_fields *fields = &sections->fields;
    int error = huffman_open(&out->code, values, fields->symbols, sections->per_length, fields->longest,
                             workspace);
    return error ? error : huffman_open_points(out, sections);
}

int huffman_stream_open_lengths(huffman_stream *out, const huffman_sections *sections, uint8_t *workspace)
{
    const huffman_fields *fields = &sections->fields;
    int error = huffman_open_lengths(&out->code, fields->symbols, sections->per_length, fields->longest,
                                     workspace);
    return error ? error : huffman_open_points(out, sections);
}
