/* Tables of canonical codes, and the sections of a code and its stream. */
#include "huffman.h"

uint64_t huffman_workspace(uint32_t longest)
{
    uint64_t entries = huffman_entries(longest);
    uint64_t bytes = (longest + 1) * (8 + 8 + 4) + entries * (4 + 1);
    return (bytes + 15) / 16 * 16;
}

int huffman_open(huffman_code *code, const float *values, uint32_t symbols, const uint32_t *per_length,
                 uint32_t longest, uint8_t *workspace)
{
    uint32_t t = huffman_table_bits(longest), entries = huffman_entries(longest);
    if (longest > HUFFMAN_LONGEST)
        return CDOT_CODE;
    code->values = values;
    code->symbols = symbols;
    code->longest = longest;
    code->table_bits = t;
    code->limit = (uint64_t *)workspace;
    code->first = code->limit + longest + 1;
    code->table_value = (float *)(code->first + longest + 1);
    code->index = (uint32_t *)(code->table_value + entries);
    code->table_length = (uint8_t *)(code->index + longest + 1);
    if (longest == 0) { /* one symbol, or none: no bits */
        code->table_length[0] = 0;
        code->table_value[0] = 0;
        return symbols <= 1 ? CDOT_OK : CDOT_CODE;
    }

    uint64_t next = 0, coded = 0; /* next free codeword, left-justified in `longest` bits */
    uint64_t space = (uint64_t)1 << longest;
    code->limit[0] = code->first[0] = 0;
    code->index[0] = 0;
    for (uint32_t l = 1; l <= longest; l++) {
        uint64_t count = per_length[l - 1], step = (uint64_t)1 << (longest - l);
        code->first[l] = next << (64 - longest);
        code->index[l] = (uint32_t)coded;
        if (count > symbols || count * step > space - next)
            return CDOT_CODE;
        if (l <= t)
            for (uint64_t s = 0; s < count; s++) {
                uint64_t from = (next + s * step) >> (longest - t), span = (uint64_t)1 << (t - l);
                for (uint64_t i = from; i < from + span; i++) {
                    code->table_length[i] = (uint8_t)l;
                    code->table_value[i] = coded + s < symbols ? values[coded + s] : 0;
                }
            }
        next += count * step;
        coded += count;
        code->limit[l] = next << (64 - longest);
    }
    for (uint64_t i = code->limit[t] >> (64 - t); code->longest > t && i < entries; i++) {
        code->table_length[i] = 0;
        code->table_value[i] = 0;
    }
    return next == space && coded == symbols ? CDOT_OK : CDOT_CODE;
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

int huffman_stream_open(huffman_stream *out, const huffman_sections *sections, const float *values,
                        uint8_t *workspace)
{
    const huffman_fields *fields = &sections->fields;
    int error = huffman_open(&out->code, values, fields->symbols, sections->per_length, fields->longest,
                             workspace);
    if (error)
        return error;
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
