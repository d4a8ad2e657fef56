/* ham's table: what the next bits of a stream hold, made from the canonical code. */
#include "formats/ham/ham.h"

uint32_t ham_table_bits(uint32_t longest)
{
    return longest < HAM_TABLE_BITS ? longest : HAM_TABLE_BITS;
}

static int find_zero(ham_tables *tables)
{
    const huffman_code *code = &tables->stream.code;
    uint32_t zeros = 0, l = 1;
    for (uint32_t s = 0; s < code->symbols; s++)
        if (code->values[s] == 0) {
            tables->zero = s;
            zeros++;
        }
    tables->zero_bits = 0;
    if (zeros == 0 || code->longest == 0)
        return CDOT_OK;
    while (l < code->longest && tables->zero >= code->index[l + 1])
        l++;
    tables->zero_bits = l;
    return zeros == 1 ? CDOT_OK : CDOT_CODE;
}

/* The nonzero in front of `window`: of windows that start with 0 there is only the empty one. */
static ham_entry unary_entry(const huffman_code *code, uint32_t t, uint64_t window)
{
    uint32_t length, symbol = huffman_slow(code, window, &length);
    if (symbol == 0 || length > t)
        return (ham_entry){0, HAM_LONG, 0, 0, 0};
    return (ham_entry){code->values[symbol], (uint8_t)length, 0, 1, 1};
}

/* As many zeros as the first t bits of `window` hold, and the value behind them; all 0 for a longer codeword. */
static ham_entry run_entry(const ham_tables *tables, uint32_t t, uint64_t window)
{
    ham_entry run = {0, 0, 0, 0, 0};
    while (run.count == 0) {
        uint32_t length, symbol = huffman_slow(&tables->stream.code, window << run.bits, &length);
        if (run.bits + length > t)
            break;
        run.bits += (uint8_t)length;
        if (tables->zero_bits == 0 || symbol != tables->zero) {
            run.value = tables->stream.code.values[symbol];
            run.count = 1;
        } else {
            run.zeros++;
        }
    }
    run.entries = run.zeros + run.count;
    return run;
}

/* What HAM_LOOK_BITS in front of `window` hold. */
static ham_look look_of(const huffman_code *code, uint64_t window, ham_values *values)
{
    ham_look look = {0, 0, 0, 0, 0};
    *values = (ham_values){{0, 0}};
    uint32_t length, count = 0, bits = 0, rows = 0;
    for (;;) {
        uint32_t symbol = huffman_slow(code, window << bits, &length);
        if (bits + length > HAM_LOOK_BITS || (symbol && count == 2))
            break;
        if (symbol) {
            *(count ? &look.second : &look.first) = (uint8_t)rows;
            look.longer = count ? look.longer : (uint8_t)(length - 1);
            values->of[count++] = code->values[symbol];
        }
        bits += length;
        rows++;
    }
    look.bits = (uint8_t)bits;
    look.rows = bits ? rows : HAM_NONE;
    return look;
}

int ham_build_table(ham_tables *tables)
{
    const huffman_code *code = &tables->stream.code;
    int error = find_zero(tables);
    tables->unary = tables->table_bits = 0;
    if (error || code->longest == 0)
        return error;
    uint32_t unary = tables->zero_bits == 1 && tables->zero == 0, t = ham_table_bits(code->longest);
    tables->unary = unary;
    if (!unary)
        tables->looks = NULL;
    for (uint32_t i = 0; tables->looks && i < (uint32_t)1 << HAM_LOOK_BITS; i++)
        tables->looks[i] = look_of(code, (uint64_t)i << (64 - HAM_LOOK_BITS), &tables->values[i]);
    tables->table_bits = t;
    for (uint32_t i = 0; i < (uint32_t)1 << t; i++) {
        uint64_t window = (uint64_t)i << (64 - t);
        tables->entries[i] = unary ? unary_entry(code, t, window) : run_entry(tables, t, window);
    }
    return CDOT_OK;
}
