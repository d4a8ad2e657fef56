/* LibFuzzer's door to the kernels: whatever the bytes of a payload say, opening, decoding and products stay
 * inside them, end soon, and agree with each other.
 *
 * An input is a payload. One format is tried at a time (--format=NAME --type=1, 2 or 3), and the header is mended
 * to be of that format, unless its reserved field is set: then it goes to the kernel as it is. CRCs are not looked
 * at: kernels do not either. All arrays are exactly as long as promised, so that ASan sees each access outside.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/cdot.h"
#include "formats/nested/nested.h"

typedef struct {
    const char *name;
    const cdot_decoder *decoder;
    uint16_t id, fields_bytes;
} fuzz_format;

#include "formats.inc" /* written by kernels.py: FORMATS, all that are registered */

/* What a caller who trusts nobody allows: a payload that needs more is refused here, as the callers of these
 * kernels refuse it. ENTRIES keeps what is asked for below a second under sanitizers. */
enum { WORKSPACE = 16 << 20, ENTRIES = 1 << 18, LINE = 64, BATCH = 3 };

static const fuzz_format *chosen = &FORMATS[0];
static uint8_t value_type = CDOT_FLOAT32;
static uint64_t opened, executed;

static void must(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "ERROR: %s: %s\n", chosen->name, what);
    __builtin_trap();
}

static void *room(uint64_t size, size_t alignment)
{
    void *memory = NULL;
    must(posix_memalign(&memory, alignment, size) == 0, "no memory");
    return memory;
}

static void tell(void)
{
    fprintf(stderr, "opened: %llu of %llu\n", (unsigned long long)opened, (unsigned long long)executed);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    for (int i = 1; i < *argc; i++) {
        const char *word = (*argv)[i];
        if (strncmp(word, "--format=", 9) == 0) {
            chosen = NULL;
            for (size_t k = 0; k < sizeof FORMATS / sizeof FORMATS[0]; k++)
                if (strcmp(FORMATS[k].name, word + 9) == 0)
                    chosen = &FORMATS[k];
        } else if (strncmp(word, "--type=", 7) == 0) {
            value_type = (uint8_t)atoi(word + 7);
        }
    }
    if (!chosen) {
        fprintf(stderr, "no such format is registered\n");
        exit(2);
    }
    atexit(tell);
    return 0;
}

/* Each block keeps the contract of cdot.h. */
static void walk(const cdot_view *view, uint32_t begin, uint32_t end, void *scratch)
{
    cdot_cursor cursor;
    cdot_block block;
    view->decoder->seek(view, &cursor, begin, end, scratch);
    while (view->decoder->next(view, &cursor, &block) > 0) {
        uint64_t i = block.begin, row = block.row;
        must(block.column >= begin && (uint64_t)block.column + block.segments <= end, "a block outside the range");
        for (uint32_t k = 0; k < block.segments; k++, row = 0) {
            must(block.ends[k] >= i, "segments that end before they begin");
            must(block.rows || row + (block.ends[k] - i) <= view->n, "a run of rows that leaves the matrix");
            i = block.ends[k];
        }
    }
}

/* The nonzeros of a range: counted first, then stored where there is room for exactly as many. With X and Y, of
 * int8, the product is held against them. */
static void decode(const cdot_view *view, uint32_t begin, uint32_t end, void *scratch, const void *X, const void *Y)
{
    uint32_t columns = end - begin;
    int64_t *ends = room(columns * sizeof *ends, 8);
    int64_t total = cdot_decode(view, begin, end, NULL, NULL, ends, 0, scratch);
    if (total >= 0) {
        uint32_t wide = view->arithmetic == CDOT_IN_INT32 ? 1 : 4;
        int32_t *rows = room(total * sizeof *rows, 8);
        uint8_t *values = room(total * wide, 8);
        if (total)
            must(cdot_decode(view, begin, end, rows, values, ends, total - 1, scratch) == CDOT_CAPACITY,
                 "entries beyond the caller's arrays");
        must(cdot_decode(view, begin, end, rows, values, ends, total, scratch) == total, "counts that differ");
        int64_t i = 0;
        for (uint32_t k = 0; k < columns; k++) {
            uint32_t sum = 0;
            for (; i < ends[k]; i++) {
                must(rows[i] >= 0 && (uint32_t)rows[i] < view->n, "a row outside the matrix");
                if (X)
                    sum += (uint32_t)(((const int8_t *)values)[i] * ((const int8_t *)X)[rows[i]]);
            }
            if (X)
                must(((const uint32_t *)Y)[begin + k] == sum, "a product that is not that of the entries");
        }
        must(i == total, "column ends that do not add up");
        free(rows);
        free(values);
    }
    free(ends);
}

static int same(float a, float b)
{
    return a == b || (a != a && b != b);
}

/* One vector on all columns and on a range, and a batch: ranges change no sum. */
static void products(const cdot_view *view, uint32_t begin, uint32_t end, void *scratch)
{
    int int8 = view->arithmetic == CDOT_IN_INT32;
    size_t wide = int8 ? 1 : 4, n = view->n, m = view->m;
    uint8_t *X = room(BATCH * n * wide, LINE);
    void *Y = room(BATCH * m * 4, 8), *part = room(BATCH * m * 4, 8);
    void *memory = room(cdot_product_scratch(view, BATCH, 1), LINE);
    void *least = room(cdot_product_scratch(view, 1, 1), LINE);
    for (size_t i = 0; i < BATCH * n; i++)
        if (int8)
            ((int8_t *)X)[i] = (int8_t)(i * 37 - 128);
        else
            ((float *)X)[i] = (float)(int)(i % 19) - 9;
    int status[3];
    memset(part, 0, BATCH * m * 4);
    if (int8) {
        status[0] = cdot_product_s8(view, (int8_t *)X, Y, 1, 0, view->m, NULL, least);
        status[1] = cdot_product_s8(view, (int8_t *)X, part, 1, begin, end, NULL, least);
    } else {
        status[0] = cdot_product(view, (float *)X, Y, 1, 0, view->m, NULL, least);
        status[1] = cdot_product(view, (float *)X, part, 1, begin, end, NULL, least);
    }
    if (!status[0] && !status[1])
        for (uint32_t j = begin; j < end; j++)
            must(int8 ? ((uint32_t *)Y)[j] == ((uint32_t *)part)[j] : same(((float *)Y)[j], ((float *)part)[j]),
                 "a range whose product differs from that of all columns");
    if (int8 && !status[0])
        decode(view, begin, end, scratch, X, Y);
    status[2] = int8 ? cdot_product_s8(view, (int8_t *)X, Y, BATCH, begin, end, NULL, memory)
                     : cdot_product(view, (float *)X, Y, BATCH, begin, end, NULL, memory);
    if (int8 && !status[1] && !status[2])
        must(memcmp((uint32_t *)Y + begin, (uint32_t *)part + begin, 4 * (size_t)(end - begin)) == 0,
             "a batch whose first product is another");
    free(X);
    free(Y);
    free(part);
    free(memory);
    free(least);
}

static void use(const cdot_view *view, uint32_t seed)
{
    if (view->scratch_bytes > WORKSPACE || ((uint64_t)view->n + 1) * ((uint64_t)view->m + 1) > ENTRIES)
        return;
    uint32_t begin = seed % (view->m + 1), end = begin + (seed >> 16) % (view->m - begin + 1);
    void *scratch = room(view->scratch_bytes, LINE);
    walk(view, 0, view->m, scratch);
    walk(view, begin, end, scratch);
    decode(view, 0, view->m, scratch, NULL, NULL);
    products(view, begin, end, scratch);
    free(scratch);
}

static void open_and_use(const uint8_t *payload, uint64_t size)
{
    const cdot_decoder *decoder = chosen->decoder;
    cdot_view view;
    int64_t need = decoder->workspace ? decoder->workspace(payload, size) : 0;
    uint32_t seed = cdot_crc(payload, size);
    if (need < 0 || need > WORKSPACE)
        return;
    void *workspace = room(need, 16);
    if (need && seed % 16 == 0) { /* too small a workspace is refused */
        void *small = room(need - 1, 16);
        must(decoder->open(&view, payload, size, small, need - 1) != CDOT_OK, "a workspace that is too small");
        free(small);
    }
    if (decoder->open(&view, payload, size, workspace, need) == CDOT_OK) {
        opened++;
        view.decoder = decoder;
        use(&view, seed);
        if (nested_by_level(&view) == CDOT_OK)
            for (uint32_t level = 0; level < 4 && nested_adapt(&view, level) == CDOT_OK; level++)
                use(&view, seed);
    }
    free(workspace);
}

/* The header's own fields as the chosen format has them. */
static void mend(uint8_t *payload)
{
    cdot_header header;
    memcpy(&header, payload, sizeof header);
    if (header.reserved)
        return;
    memcpy(header.magic, "DOTB", 4);
    header.layout = CDOT_LAYOUT;
    header.value_type = value_type;
    header.format = chosen->id;
    header.fields_bytes = chosen->fields_bytes;
    memcpy(payload, &header, sizeof header);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *payload = room(size, 16); /* payloads start at a multiple of 16, in files and in flash */
    memcpy(payload, data, size);
    executed++;
    clock_t start = clock(); /* of the processor: beside other work, time on the wall says nothing */
    if (size >= CDOT_HEADER_BYTES)
        mend(payload);
    open_and_use(payload, size);
    must((clock() - start) / CLOCKS_PER_SEC < 1, "a second and more for one payload");
    free(payload);
    return 0;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Every other input keeps its length: sections then still add up, and what is wrong lies deeper. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    static const uint32_t numbers[] = {0, 1, 2, 15, 16, 17, 127, 128, 255, 256, 65535, 65536, 0x7fffffff, 0xffffffff};
    uint32_t state = seed;
    if (size < CDOT_HEADER_BYTES || next(&state) % 2)
        return LLVMFuzzerMutate(data, size, max_size);
    for (uint32_t changes = 1 + next(&state) % 4; changes; changes--) {
        size_t near = size < 128 ? size : 128, at = next(&state) % (next(&state) % 2 ? size : near);
        uint32_t number = numbers[next(&state) % (sizeof numbers / sizeof numbers[0])], wide = 1u << next(&state) % 3;
        switch (next(&state) % 4) {
        case 0:
            data[at] ^= (uint8_t)(1 << next(&state) % 8);
            break;
        case 1:
            data[at] = (uint8_t)next(&state);
            break;
        case 2:
            data[at] += (uint8_t)(next(&state) % 2 ? 1 : -1);
            break;
        default:
            if (at + wide <= size)
                memcpy(data + at, &number, wide);
        }
    }
    return size;
}
