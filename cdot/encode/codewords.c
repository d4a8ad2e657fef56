/* Writing codewords: 64 bits are collected before a word is stored, and runs of zeros are one step. */
#include "encode/encode.h"

#include "encode/slots.h"

typedef struct {
    uint32_t *words;
    uint64_t at, end; /* words */
    uint64_t bits;    /* the low `fill` bits wait to be stored */
    uint32_t fill;    /* below 32 between calls */
} bit_writer;

static bit_writer writer_at(uint32_t *words, uint64_t word_count, uint64_t bit)
{
    bit_writer out = {words, bit >> 5, word_count, 0, (uint32_t)(bit & 31)};
    if (out.fill)
        out.bits = words[out.at] >> (32 - out.fill);
    return out;
}

static uint64_t position(const bit_writer *out)
{
    return out->at * 32 + out->fill;
}

/* Appends the low `length` bits of `code`, up to 32. */
static inline int put(bit_writer *out, uint64_t code, uint32_t length)
{
    out->bits = out->bits << length | code;
    out->fill += length;
    if (out->fill >= 32) {
        if (out->at == out->end)
            return CDOT_CAPACITY;
        out->fill -= 32;
        out->words[out->at++] = (uint32_t)(out->bits >> out->fill);
    }
    return CDOT_OK;
}

static inline int put_codeword(bit_writer *out, uint64_t codeword)
{
    uint64_t code = codeword >> 8;
    uint32_t length = (uint32_t)(codeword & 255);
    if (length <= 32)
        return put(out, code, length);
    return put(out, code >> 32, length - 32) || put(out, code & UINT32_MAX, 32);
}

/* `count` bits that are 0, in words that are 0 already. */
static int put_zeros(bit_writer *out, uint64_t count)
{
    if (out->fill + count >= 64) {
        uint64_t skipped = (out->fill + count) / 32 - 1; /* words behind the one that is begun */
        if (skipped > out->end - out->at)
            return CDOT_CAPACITY;
        count -= skipped * 32;
        if (out->fill) {
            uint32_t rest = 32 - out->fill;
            out->words[out->at] = (uint32_t)(out->bits << rest);
        }
        out->at += skipped;
        out->bits = 0;
    }
    while (count) {
        uint32_t part = count < 32 ? (uint32_t)count : 32;
        if (put(out, 0, part))
            return CDOT_CAPACITY;
        count -= part;
    }
    return CDOT_OK;
}

/* A codeword that comes in runs: as many copies of it as fit into 32 bits are one step. */
typedef struct {
    uint64_t codeword, copies;
    uint32_t length, together;
} run_code;

static run_code run_of(uint64_t codeword)
{
    run_code run = {codeword, 0, (uint32_t)(codeword & 255), 0};
    for (; run.length && (run.together + 1) * run.length <= 32; run.together++)
        run.copies = run.copies << run.length | codeword >> 8;
    return run;
}

static int put_run(bit_writer *out, const run_code *run, uint64_t count)
{
    if (run->length == 0 || count == 0)
        return CDOT_OK;
    if (run->codeword >> 8 == 0)
        return put_zeros(out, count * run->length);
    for (; run->together && count >= run->together; count -= run->together)
        if (put(out, run->copies, run->together * run->length))
            return CDOT_CAPACITY;
    while (count--)
        if (put_codeword(out, run->codeword))
            return CDOT_CAPACITY;
    return CDOT_OK;
}

/* Stores what waits. */
static int flush(bit_writer *out)
{
    if (out->fill == 0)
        return CDOT_OK;
    if (out->at == out->end)
        return CDOT_CAPACITY;
    out->words[out->at] = (uint32_t)(out->bits << (32 - out->fill));
    return CDOT_OK;
}

int64_t encode_columns(const encode_sparse *in, const uint32_t *values, int64_t zero, const encode_table *table,
                       const uint64_t *codewords, uint32_t *words, uint64_t word_count, uint64_t bit,
                       uint64_t *column_bits)
{
    const int32_t *rows = in->rows;
    if (bit > word_count * 32)
        return CDOT_CAPACITY;
    if (encode_check(in))
        return CDOT_COLUMNS;
    bit_writer out = writer_at(words, word_count, bit);
    run_code run = run_of(zero < 0 ? 0 : codewords[zero]);
    for (uint32_t k = 0; k < in->columns; k++) {
        uint32_t row = 0;
        for (int64_t i = in->indptr[k]; i < in->indptr[k + 1]; i++) {
            if (zero >= 0) {
                if (put_run(&out, &run, (uint32_t)rows[i] - row))
                    return CDOT_CAPACITY;
                row = (uint32_t)rows[i] + 1;
            }
            uint32_t number = slot_number(table->slots, table->shift, values[i]);
            if (number == 0)
                return CDOT_ROW;
            if (put_codeword(&out, codewords[number - 1]))
                return CDOT_CAPACITY;
        }
        if (zero >= 0 && put_run(&out, &run, in->n - row))
            return CDOT_CAPACITY;
        column_bits[k] = position(&out);
    }
    return flush(&out) ? CDOT_CAPACITY : (int64_t)position(&out);
}

void encode_append(uint32_t *words, uint64_t bit, const uint32_t *stream, uint64_t count)
{
    uint64_t at = bit >> 5, whole = (count + 31) / 32;
    uint32_t shift = (uint32_t)(bit & 31);
    for (uint64_t i = 0; i < whole; i++) {
        words[at + i] |= stream[i] >> shift;
        /* the last word may end in the one that the others have begun */
        if (shift && (i + 1 < whole || ((count - 1) & 31) + 1 + shift > 32))
            words[at + i + 1] = stream[i] << (32 - shift);
    }
}

void encode_lengths(uint64_t *counts, uint64_t symbols)
{
    if (symbols < 2) {
        if (symbols)
            counts[0] = 0;
        return;
    }
    /* Merged nodes from the left, single symbols from further right: a merged node that is used becomes the
     * place of its parent. */
    uint64_t leaf = 0, root = 0;
    for (uint64_t next = 0; next < symbols - 1; next++) {
        uint64_t sum = 0;
        for (int side = 0; side < 2; side++) {
            int merged = leaf >= symbols || (root < next && counts[root] < counts[leaf]);
            sum += counts[merged ? root : leaf];
            if (merged)
                counts[root++] = next;
            else
                leaf++;
        }
        counts[next] = sum;
    }
    /* parents become depths, from the root on */
    counts[symbols - 2] = 0;
    for (uint64_t next = symbols - 2; next-- > 0;)
        counts[next] = counts[counts[next]] + 1;
    /* of the nodes of each depth those that are not merged ones are symbols */
    uint64_t available = 1, depth = 0, place = symbols, node = symbols - 1;
    while (available) {
        uint64_t used = 0;
        while (node > 0 && counts[node - 1] == depth) {
            used++;
            node--;
        }
        for (; available > used; available--)
            counts[--place] = depth;
        available = 2 * used;
        depth++;
    }
}
