/* Writing codewords: what encoders would be slow at in Python. */
#include "encode.h"

typedef struct {
    uint32_t *words;
    uint64_t bits; /* room */
    uint64_t bit;
} bit_writer;

/* Appends the low `length` bits of `code` (up to 56); the words are zero beforehand. */
static int put(bit_writer *out, uint64_t code, uint32_t length)
{
    if (length > out->bits - out->bit)
        return CDOT_CAPACITY;
    while (length) {
        uint32_t room = 32 - (uint32_t)(out->bit & 31), take = length < room ? length : room;
        uint32_t part = (uint32_t)(code >> (length - take)) & (uint32_t)(((uint64_t)1 << take) - 1);
        out->words[out->bit >> 5] |= part << (room - take);
        out->bit += take;
        length -= take;
    }
    return CDOT_OK;
}

/* `count` times the same codeword; one of nothing but 0 bits is already there. */
static int put_run(bit_writer *out, uint64_t count, uint64_t code, uint32_t length)
{
    if (code == 0) {
        if (length && count > (out->bits - out->bit) / length)
            return CDOT_CAPACITY;
        out->bit += count * length;
        return CDOT_OK;
    }
    while (count--)
        if (put(out, code, length))
            return CDOT_CAPACITY;
    return CDOT_OK;
}

int64_t encode_columns(const int32_t *rows, const uint32_t *symbols, const int64_t *indptr,
                       uint32_t columns, uint32_t n, int64_t zero, const uint64_t *codes,
                       const uint8_t *lengths, uint32_t *words, uint64_t word_count, uint64_t bit,
                       uint64_t *column_bits)
{
    bit_writer out = {words, word_count * 32, bit};
    int full = bit > out.bits;
    for (uint32_t k = 0; k < columns && !full; k++) {
        uint32_t row = 0;
        for (int64_t i = indptr[k]; i < indptr[k + 1] && !full; i++) {
            if (zero >= 0) {
                full = put_run(&out, (uint32_t)rows[i] - row, codes[zero], lengths[zero]);
                row = (uint32_t)rows[i] + 1;
            }
            full = full || put(&out, codes[symbols[i]], lengths[symbols[i]]);
        }
        if (zero >= 0 && !full)
            full = put_run(&out, n - row, codes[zero], lengths[zero]);
        column_bits[k] = out.bit;
    }
    return full ? CDOT_CAPACITY : (int64_t)out.bit;
}
