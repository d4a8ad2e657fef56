/* A plugin of QEMU: how often which block of instructions followed which between two markers, and how the
 * addresses of gathers fall on banks. Exact: every executed instruction is in one block.
 *
 *     -plugin blocks.so,out=FILE,marks=FILE,gathers=FILE
 *
 * marks has lines "address region begin" (hexadecimal, number, 1 or 0), gathers lines "address". The output
 * has, for each pass of a region, "region R", "edge FROM TO TIMES" lines (0: from outside), "single ADDRESS"
 * lines for instructions beside a marker, "gather ADDRESS TIMES ACCESSES PAIRS CONFLICTS" lines; and at the
 * end "block NUMBER ADDRESS..." for every block. firmware/profile.py reads it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu_plugin.h"

enum { MOST_MARKS = 256, MOST_GATHERS = 4096, MOST_BESIDE = 65536 };

__attribute__((visibility("default"))) int qemu_plugin_version = INTERFACE;

typedef struct {
    uint64_t address;
    int region, begin;
} mark;

typedef struct {
    uint64_t address, times, accesses, pairs, conflicts, before;
    int odd;
} gather;

typedef struct {
    size_t count;
    uint32_t number;
    uint64_t address[];
} block;

typedef struct {
    uint32_t from, to;
    uint64_t times;
} edge;

static mark marks[MOST_MARKS];
static gather gathers[MOST_GATHERS];
static size_t mark_count, gather_count, beside_count;
static uint64_t beside[MOST_BESIDE];
static block **blocks;
static edge *edges;
static uint32_t block_count, block_room, edge_room, edge_count, last_block;
static int region = -1;
static FILE *out;

static void *need(void *memory)
{
    if (memory)
        return memory;
    fputs("blocks: out of memory\n", stderr);
    abort();
}

static edge *edge_of(uint32_t from, uint32_t to)
{
    uint32_t at = (from * 2654435761u ^ to * 40503u) & (edge_room - 1);
    while (edges[at].times && (edges[at].from != from || edges[at].to != to))
        at = (at + 1) & (edge_room - 1);
    return &edges[at];
}

/* The table doubles before it is half full. */
static void make_room(void)
{
    if (edge_count * 2 < edge_room)
        return;
    edge *old = edges;
    uint32_t old_room = edge_room;
    edge_room = edge_room ? edge_room * 2 : 4096;
    edges = need(calloc(edge_room, sizeof *edges));
    for (uint32_t i = 0; i < old_room; i++)
        if (old[i].times)
            *edge_of(old[i].from, old[i].to) = old[i];
    free(old);
}

static void count_edge(uint32_t from, uint32_t to)
{
    make_room();
    edge *found = edge_of(from, to);
    if (!found->times++) {
        found->from = from;
        found->to = to;
        edge_count++;
    }
}

static void begin(int which)
{
    region = which;
    last_block = 0;
    edge_count = 0;
    beside_count = 0;
    if (edges)
        memset(edges, 0, edge_room * sizeof *edges);
    for (size_t i = 0; i < gather_count; i++)
        gathers[i].times = gathers[i].accesses = gathers[i].pairs = gathers[i].conflicts = 0;
}

static void end(void)
{
    fprintf(out, "region %d\n", region);
    for (uint32_t i = 0; i < edge_room; i++)
        if (edges[i].times)
            fprintf(out, "edge %" PRIu32 " %" PRIu32 " %" PRIu64 "\n", edges[i].from, edges[i].to, edges[i].times);
    for (size_t i = 0; i < beside_count; i++)
        fprintf(out, "single %" PRIx64 "\n", beside[i]);
    for (gather *at = gathers; at < gathers + gather_count; at++)
        if (at->times)
            fprintf(out, "gather %" PRIx64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", at->address, at->times,
                    at->accesses, at->pairs, at->conflicts);
    region = -1;
}

static void on_block(unsigned int vcpu, void *userdata)
{
    const block *here = userdata;
    (void)vcpu;
    if (region < 0)
        return;
    count_edge(last_block, here->number);
    last_block = here->number;
}

static const mark *mark_at(uint64_t address)
{
    for (const mark *at = marks; at < marks + mark_count; at++)
        if (at->address == address)
            return at;
    return NULL;
}

/* In blocks with a marker every instruction is called by itself; the marker is not counted. */
static void on_instruction(unsigned int vcpu, void *userdata)
{
    uint64_t address = (uint64_t)(uintptr_t)userdata;
    const mark *here = mark_at(address);
    (void)vcpu;
    if (here && here->begin)
        begin(here->region);
    else if (here && region >= 0)
        end();
    else if (region >= 0) {
        if (beside_count == MOST_BESIDE)
            abort();
        beside[beside_count++] = address;
        last_block = 0;
    }
}

static void on_gather(unsigned int vcpu, void *userdata)
{
    gather *here = userdata;
    (void)vcpu;
    here->odd = 0;
    here->times += region >= 0;
}

/* Two accesses go together, unless they are to different words of one of four banks. */
static void on_access(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address, void *userdata)
{
    gather *here = userdata;
    (void)vcpu;
    (void)info;
    if (region < 0)
        return;
    here->accesses++;
    if (here->odd) {
        here->pairs++;
        here->conflicts += ((address ^ here->before) >> 2 & 3) == 0 && address >> 2 != here->before >> 2;
    }
    here->before = address;
    here->odd ^= 1;
}

static void watch(struct qemu_plugin_insn *instruction, uint64_t address)
{
    for (gather *at = gathers; at < gathers + gather_count; at++)
        if (at->address == address) {
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_gather, QEMU_PLUGIN_CB_NO_REGS, at);
            qemu_plugin_register_vcpu_mem_cb(instruction, on_access, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, at);
        }
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t count = qemu_plugin_tb_n_insns(tb);
    block *here = need(calloc(1, sizeof *here + count * sizeof here->address[0]));
    int marked = 0;
    (void)id;
    here->count = count;
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(tb, i);
        here->address[i] = qemu_plugin_insn_vaddr(instruction);
        marked |= mark_at(here->address[i]) != NULL;
        watch(instruction, here->address[i]);
    }
    if (block_count == block_room) {
        block_room = block_room ? block_room * 2 : 1024;
        blocks = need(realloc(blocks, block_room * sizeof *blocks));
    }
    blocks[block_count] = here;
    here->number = ++block_count;
    if (!marked)
        qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, here);
    for (size_t i = 0; marked && i < count; i++)
        qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_tb_get_insn(tb, i), on_instruction, QEMU_PLUGIN_CB_NO_REGS,
                                               (void *)(uintptr_t)here->address[i]);
}

static void on_end(qemu_plugin_id_t id, void *userdata)
{
    (void)id;
    (void)userdata;
    for (uint32_t k = 0; k < block_count; k++) {
        fprintf(out, "block %" PRIu32, blocks[k]->number);
        for (size_t i = 0; i < blocks[k]->count; i++)
            fprintf(out, " %" PRIx64, blocks[k]->address[i]);
        fputc('\n', out);
    }
    fputs("complete\n", out);
    fclose(out);
}

static int read_marks(const char *path)
{
    FILE *file = fopen(path, "r");
    mark *at = marks;
    if (!file)
        return 0;
    while (at < marks + MOST_MARKS && fscanf(file, "%" SCNx64 " %d %d", &at->address, &at->region, &at->begin) == 3)
        at++;
    mark_count = (size_t)(at - marks);
    fclose(file);
    return 1;
}

static int read_gathers(const char *path)
{
    FILE *file = fopen(path, "r");
    gather *at = gathers;
    if (!file)
        return 0;
    while (at < gathers + MOST_GATHERS && fscanf(file, "%" SCNx64, &at->address) == 1)
        at++;
    gather_count = (size_t)(at - gathers);
    fclose(file);
    return 1;
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc,
                                                               char **argv)
{
    int read = 0;
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!strncmp(argv[i], "out=", 4))
            out = fopen(argv[i] + 4, "w");
        else if (!strncmp(argv[i], "marks=", 6))
            read += read_marks(argv[i] + 6);
        else if (!strncmp(argv[i], "gathers=", 8))
            read += read_gathers(argv[i] + 8);
    }
    if (!out || read != 2) {
        fputs("blocks: out, marks and gathers are needed\n", stderr);
        return 1;
    }
    make_room();
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_end, NULL);
    return 0;
}
