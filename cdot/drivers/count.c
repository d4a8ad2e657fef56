/* A program whose products are counted under callgrind; bench/counting/callgrind.py runs it and reads the dumps.
 *
 *     count LIBRARY [FORMAT PAYLOAD PLUGIN BEGIN END]...
 *
 * LIBRARY is the one that is timed: it is opened, not built anew, so what is counted is what is timed.
 * PLUGIN is the library of a format from elsewhere, or "-". Each payload's product with one vector over
 * columns BEGIN to END runs FEW times, then MANY times, and so does its decoding alone. Callgrind counts in
 * cdot_product and count_decode only, and writes a dump at the end of each count_dump.
 *
 * On standard output: "ready", then a line a payload, "status fused dumps": status is CDOT_OK or an error,
 * fused is 1 for a format with a kernel of its own, whose decoding is not run, and dumps is the number of
 * dumps so far. The product goes to the file product-K, m float32. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cdot.h"

enum { FEW = 1, MANY = 3, ARGUMENTS = 5, PAGE = 4096 }; /* FEW and MANY: bench/counting/callgrind.py has them too */

/* The kernels' memset and memcpy: a program's own symbols come before those of libc, whose versions differ
 * in number of instructions from one processor and one release to the next. These take STEP bytes at once
 * wherever they start, the last ones twice. The barriers keep the compiler from making calls of memset out
 * of memset. */
typedef uint8_t wide __attribute__((vector_size(32), aligned(1), may_alias));
enum { STEP = sizeof(wide) };

void *memset(void *to, int byte, size_t size)
{
    uint8_t *at = to, *end = at + size;
    wide filled = (wide){0} + (uint8_t)byte;
    if (size >= STEP) {
        for (; at < end - STEP; at += STEP) {
            *(wide *)at = filled;
            __asm__ volatile("" ::: "memory");
        }
        *(wide *)(end - STEP) = filled;
        return to;
    }
    for (; at < end; at++) {
        *at = (uint8_t)byte;
        __asm__ volatile("" ::: "memory");
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    uint8_t *at = to, *end = at + size;
    const uint8_t *next = from;
    if (size >= STEP) {
        wide last = *(const wide *)(next + size - STEP);
        for (; at < end - STEP; at += STEP, next += STEP) {
            *(wide *)at = *(const wide *)next;
            __asm__ volatile("" ::: "memory");
        }
        *(wide *)(end - STEP) = last;
        return to;
    }
    for (; at < end; at++, next++) {
        *at = *next;
        __asm__ volatile("" ::: "memory");
    }
    return to;
}

/* Not static, so that callgrind knows them by name. */
int count_decode(const cdot_view *view, uint32_t begin, uint32_t end, void *scratch);
void count_dump(int *dumps);

__attribute__((noinline)) int count_decode(const cdot_view *view, uint32_t begin, uint32_t end, void *scratch)
{
    cdot_cursor cursor;
    cdot_block block;
    int status;
    view->decoder->seek(view, &cursor, begin, end, scratch);
    while ((status = view->decoder->next(view, &cursor, &block)) > 0)
        __asm__ volatile("" ::"r"(&block) : "memory"); /* the block counts as used */
    return status;
}

__attribute__((noinline)) void count_dump(int *dumps)
{
    ++*dumps;
}

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "count: %s: %s\n", what, why);
    exit(2);
}

static void *opened(const char *library)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL); /* now: no symbol is looked up while we count */
    if (!handle)
        fail("opening the kernels", dlerror());
    return handle;
}

static void *symbol(void *library, const char *name)
{
    void *found = dlsym(library, name);
    if (!found)
        fail("opening the kernels", dlerror());
    return found;
}

/* Zeroed memory that starts on a page: the same alignment in every run. */
static void *pages(uint64_t size)
{
    void *memory = mmap(NULL, size + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        fail("memory", "there is too little");
    return memory;
}

static const uint8_t *mapped(const char *path, uint64_t *size)
{
    struct stat known;
    int file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &known) < 0)
        fail(path, "cannot be opened");
    void *payload = mmap(NULL, (size_t)known.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (payload == MAP_FAILED)
        fail(path, "cannot be mapped");
    close(file);
    *size = (uint64_t)known.st_size;
    return payload;
}

typedef struct {
    __typeof__(&cdot_find) find;
    __typeof__(&cdot_product_scratch) scratch;
    __typeof__(&cdot_product) product;
    __typeof__(&cdot_product_s8) product_s8;
} kernels;

static const cdot_decoder *decoder(const kernels *library, const char *format, const char *plugin)
{
    char name[256];
    if (plugin[0] == '-' && !plugin[1])
        return library->find(format);
    snprintf(name, sizeof name, "%s_decoder", format);
    return symbol(opened(plugin), name);
}

static int open_view(cdot_view *view, const cdot_decoder *decoder, const char *path)
{
    uint64_t size;
    const uint8_t *payload = mapped(path, &size);
    int64_t room = decoder->workspace ? decoder->workspace(payload, size) : 0;
    if (room < 0)
        return (int)room;
    int status = decoder->open(view, payload, size, pages((uint64_t)room), (uint64_t)room);
    view->decoder = decoder;
    return status;
}

/* Whether one kernel does the whole product, so that there are no blocks to count apart. */
static int fused(const cdot_view *view)
{
    return view->arithmetic == CDOT_IN_INT32 ? view->decoder->dot_s8 != NULL : view->decoder->dot != NULL;
}

/* x is the same numbers in bench/counting/callgrind.py. */
static void fill(const cdot_view *view, void *x)
{
    for (uint32_t i = 0; i < view->n; i++) {
        uint32_t step = i * 2654435761u >> 24;
        if (view->arithmetic == CDOT_IN_INT32)
            ((int8_t *)x)[i] = (int8_t)((int)step - 128);
        else
            ((float *)x)[i] = (float)step - 127.5f;
    }
}

static int product(const kernels *library, const cdot_view *view, uint32_t begin, uint32_t end, const void *x,
                   void *y, void *scratch)
{
    if (view->arithmetic == CDOT_IN_INT32)
        return library->product_s8(view, x, y, 1, begin, end, NULL, scratch);
    return library->product(view, x, y, 1, begin, end, NULL, scratch);
}

/* Both counts of one payload's product, then of its decoding. */
static int count(const kernels *library, const cdot_view *view, uint32_t begin, uint32_t end, const void *x,
                 void *y, int *dumps)
{
    static const int repetitions[] = {FEW, MANY};
    void *scratch = pages(library->scratch(view, 1, 1));
    int status = CDOT_OK;
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < repetitions[k] && !status; i++)
            status = product(library, view, begin, end, x, y, scratch);
        count_dump(dumps);
    }
    for (int k = 0; k < 2 && !fused(view); k++) {
        for (int i = 0; i < repetitions[k] && !status; i++)
            status = count_decode(view, begin, end, scratch);
        count_dump(dumps);
    }
    return status;
}

static void write_product(int index, const void *y, uint32_t m)
{
    char name[32];
    snprintf(name, sizeof name, "product-%d", index);
    FILE *file = fopen(name, "wb");
    if (!file || fwrite(y, 4, m, file) != m || fclose(file))
        fail(name, "cannot be written");
}

static int run(const kernels *library, int index, char **argument, int *dumps)
{
    cdot_view view;
    const cdot_decoder *found = decoder(library, argument[0], argument[2]);
    int status = !found ? CDOT_FORMAT : found->version != CDOT_VERSION ? CDOT_CONTRACT : CDOT_OK;
    if (!status)
        status = open_view(&view, found, argument[1]);
    if (!status) {
        void *x = pages((uint64_t)view.n * 4), *y = pages((uint64_t)view.m * 4); /* floats, or int8 and int32 */
        fill(&view, x);
        uint32_t begin = (uint32_t)strtoul(argument[3], NULL, 10), end = (uint32_t)strtoul(argument[4], NULL, 10);
        status = count(library, &view, begin, end, x, y, dumps);
        write_product(index, y, view.m);
    }
    printf("%d %d %d\n", status, !status && fused(&view), *dumps);
    return fflush(stdout);
}

int main(int argc, char **argv)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* who reads the counts is gone: nothing to count for */
    if (argc < 2 || (argc - 2) % ARGUMENTS)
        fail("usage", "count LIBRARY [FORMAT PAYLOAD PLUGIN BEGIN END]...");
    void *handle = opened(argv[1]);
    kernels library;
    *(void **)&library.find = symbol(handle, "cdot_find");
    *(void **)&library.scratch = symbol(handle, "cdot_product_scratch");
    *(void **)&library.product = symbol(handle, "cdot_product");
    *(void **)&library.product_s8 = symbol(handle, "cdot_product_s8");
    puts("ready");
    fflush(stdout);
    int dumps = 0;
    for (int k = 0; 2 + (k + 1) * ARGUMENTS <= argc; k++)
        if (run(&library, k, argv + 2 + k * ARGUMENTS, &dumps))
            return 1;
    return 0;
}
