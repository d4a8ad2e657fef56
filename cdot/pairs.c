/* Building the tables of pairs; see pairs.h. */
#include "pairs.h"

uint64_t pairs_workspace(uint32_t longest)
{
    uint64_t bytes = (sizeof(float[2]) + sizeof(pair_entry)) * huffman_entries(longest);
    return huffman_workspace(longest) + (bytes + 15) / 16 * 16;
}

/* Each entry's first codeword, and the one behind it if it is whole too. */
static void pairs_build(pair_stream *pairs)
{
    const huffman_code *code = &pairs->stream.code;
    uint32_t t = code->table_bits, entries = (uint32_t)1 << t;
    for (uint32_t i = 0; i < entries; i++) {
        uint32_t first = code->table_length[i], behind = i << first & (entries - 1);
        uint32_t second = code->table_length[behind];
        int both = first && second && first + second <= t;
        pairs->values[i][0] = code->table_value[i];
        pairs->values[i][1] = both ? code->table_value[behind] : 0;
        pairs->entries[i].bits = (uint8_t)(both ? first + second : first);
        pairs->entries[i].count = (uint8_t)(both ? 2 : first > 0);
    }
}

int pairs_open(pair_stream *out, const huffman_sections *sections, uint8_t *workspace)
{
    int error = huffman_stream_open(&out->stream, sections, sections->values, workspace);
    if (error)
        return error;
    out->values = (float(*)[2])(workspace + huffman_workspace(sections->fields.longest));
    out->entries = (pair_entry *)(out->values + huffman_entries(sections->fields.longest));
    pairs_build(out);
    return CDOT_OK;
}
