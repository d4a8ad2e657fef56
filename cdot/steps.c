/* Steps that are out of order, and building their table; see steps.h. */
#include "steps.h"

enum { SYMBOLS = STEP_LONGEST };

uint64_t steps_clamped(uint64_t sums, uint32_t left)
{
    uint64_t clamped = 0;
    for (uint32_t shift = 0; shift < 64; shift += 8) {
        uint64_t sum = sums >> shift & 255;
        clamped |= (sum < left ? sum : left) << shift;
    }
    return clamped;
}

static uint64_t steps_tables_bytes(void)
{
    return sizeof(uint64_t) << STEP_TABLE_BITS;
}

uint64_t steps_workspace(uint32_t longest)
{
    return huffman_workspace(longest) + steps_tables_bytes() + SYMBOLS * sizeof(float);
}

/* As many whole codewords as the bits of an index have. */
static uint64_t steps_entry(const huffman_code *code, uint64_t index)
{
    uint64_t window = index << (64 - STEP_TABLE_BITS), steps = 0;
    uint32_t taken = 0, count = 0;
    while (count < STEPS_A_LOOK_UP) {
        uint64_t entry = window << taken >> (64 - code->table_bits);
        uint32_t length = code->table_length[entry];
        if (length == 0 || taken + length > STEP_TABLE_BITS)
            break;
        steps |= (1 + (uint64_t)code->table_value[entry]) << 8 * count++;
        taken += length;
    }
    return steps << 16 | count << 8 | taken;
}

int steps_open(step_stream *out, const huffman_sections *sections, uint8_t *workspace)
{
    const uint8_t *gaps = sections->values;
    uint32_t symbols = sections->fields.symbols;
    float *values = (float *)(workspace + huffman_workspace(sections->fields.longest));
    if (symbols > SYMBOLS)
        return CDOT_CODE;
    for (uint32_t s = 0; s < symbols; s++) {
        if (gaps[s] >= STEP_LONGEST)
            return CDOT_ROW;
        values[s] = gaps[s];
    }
    int error = huffman_stream_open(&out->stream, sections, values, workspace);
    if (error)
        return error;
    out->table = (uint64_t *)(values + SYMBOLS);
    if (out->stream.groups)
        for (uint64_t i = 0; i < (uint64_t)1 << STEP_TABLE_BITS; i++)
            out->table[i] = steps_entry(&out->stream.code, i);
    return CDOT_OK;
}
