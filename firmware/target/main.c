/* One job: open a payload where it stands, decode it, multiply it with a vector, then with the pixels of a
 * layer, and tell the host what came out and what was counted. The kernels are those of cdot/, as they are.
 *
 * A job is a header and, at the offsets that it names, a payload and x (firmware/jobs.py makes it). What is
 * said is lines of text: firmware/protocol.py reads them. */
#include "harness.h"

#include <string.h>

#include "core/cdot.h"
#include "counters.h"

const cdot_decoder *image_decoder(void);
extern uint8_t arena_start, arena_end;

enum { JOB_VERSION = 2, ALIGN = 16, WORDS_A_LINE = 8 };

typedef struct {
    uint32_t magic, version, size, id; /* id: the host's, given back */
    uint32_t payload, payload_size, x, x_size;
    uint32_t y_size, repeat;
    uint32_t tile, pixels; /* vectors of one product of the layer, and of all of them; 0: no layer */
    uint32_t cut;           /* columns of a first product, which is not measured */
} job_header;

typedef struct {
    uint8_t *at, *end;
} arena;

static void *take(arena *from, uint64_t size)
{
    uint8_t *start = (uint8_t *)(((uintptr_t)from->at + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1));
    if (start > from->end || size > (uint64_t)(from->end - start)) {
        put_number("no room for ", (uint32_t)size);
        put_number(" of ", (uint32_t)(from->end - from->at));
        put("\n");
        stop(NO_ROOM);
    }
    from->at = start + size;
    return start;
}

/* Not inlined, so that each region is the call, its work and nothing of its surroundings. */
static __attribute__((noinline)) int decode(const cdot_view *view, void *scratch)
{
    cdot_cursor cursor;
    cdot_block block;
    int status;
    view->decoder->seek(view, &cursor, 0, view->m, scratch);
    while ((status = view->decoder->next(view, &cursor, &block)) > 0)
        __asm__ volatile("" ::"r"(&block) : "memory"); /* the block counts as used */
    return status;
}

/* What a format prepares of x lies behind the scratch; its time is the product's. */
static uint64_t scratch_size(const cdot_view *view, uint32_t batch)
{
    uint64_t own = (view->scratch_bytes + ALIGN - 1) / ALIGN * ALIGN;
    return view->decoder->prepare ? own + view->prepared_bytes * batch : view->scratch_bytes;
}

static int dot_of(const cdot_view *view, const void *x, void *y, uint32_t tile, uint32_t batch, uint32_t from,
                  uint32_t to, void *scratch)
{
    cdot_view prepared;
    if (view->decoder->prepare) {
        int status = cdot_prepare(view, x, tile, batch, (uint8_t *)scratch + scratch_size(view, 0), &prepared);
        if (status)
            return status;
        view = &prepared;
    }
    if (view->arithmetic == CDOT_IN_INT32)
        return cdot_dot_s8(view, x, tile, y, tile, batch, from, to, scratch);
    return cdot_dot(view, x, tile, y, tile, batch, from, to, scratch);
}

static __attribute__((noinline)) int dot(const cdot_view *view, const void *x, void *y, uint32_t cut,
                                         void *scratch)
{
    return dot_of(view, x, y, 1, 1, cut, view->m, scratch);
}

/* A layer: products of `tile` vectors at once until all pixels are done. All tiles have the same vectors, for
 * no kernel looks at their numbers; so the last one, which may be smaller, leaves y as it is. */
static __attribute__((noinline)) int layer(const cdot_view *view, const void *x, void *y, uint32_t tile,
                                           uint32_t pixels, void *scratch)
{
    int status = 0;
    for (uint32_t done = 0; done < pixels && !status; done += tile)
        status = dot_of(view, x, y, tile, pixels - done < tile ? pixels - done : tile, 0, view->m, scratch);
    return status;
}

/* FNV-1a over words: a serial line may lose or change characters. */
static const uint32_t SUM_START = 2166136261u;

static uint32_t sum_of(uint32_t sum, const uint32_t *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        sum = (sum ^ words[i]) * 16777619u;
    return sum;
}

/* `first`: the number of words[0] among all that are told. */
static void put_words(uint32_t first, const uint32_t *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i += WORDS_A_LINE) {
        put_number("y ", first + i);
        for (uint32_t k = i; k < count && k < i + WORDS_A_LINE; k++)
            put_hex(" ", words[k]);
        put("\n");
    }
}

static void put_region(const char *name, int status, const counters *before, const counters *after)
{
    put("region ");
    put(name);
    put_hex(" status ", (uint32_t)status);
    put_counters(before, after);
    put("\n");
}

#define MEASURE(region, name, call)                                                                        \
    do {                                                                                                   \
        counters before, after;                                                                            \
        read_counters(&before);                                                                            \
        MARKER(region, 1);                                                                                 \
        status = (call);                                                                                   \
        MARKER(region, 0);                                                                                 \
        read_counters(&after);                                                                             \
        put_region(name, status, &before, &after);                                                         \
        if (status)                                                                                        \
            return 0; /* the kernel's refusal is a result, and has been told */                            \
    } while (0)

static int work(const job_header *job, arena *room)
{
    const uint8_t *payload = (const uint8_t *)job + job->payload;
    const cdot_decoder *decoder = image_decoder();
    cdot_view view;
    int64_t workspace_size = decoder->workspace ? decoder->workspace(payload, job->payload_size) : 0;
    int status = workspace_size < 0 ? (int)workspace_size : 0;
    if (decoder->version != CDOT_VERSION)
        status = CDOT_CONTRACT;
    MEASURE(EMPTY, "empty", status);
    void *workspace = take(room, (uint64_t)workspace_size);
    MEASURE(OPEN, "open", decoder->open(&view, payload, job->payload_size, workspace, (uint64_t)workspace_size));
    view.decoder = decoder;
    uint32_t width = view.arithmetic == CDOT_IN_INT32 ? 1 : 4; /* of x; y has 4 */
    uint64_t x_size = (uint64_t)view.n * width, y_size = (uint64_t)view.m * 4;
    if (x_size * (1 + (uint64_t)job->tile) != job->x_size || y_size * (1 + (uint64_t)job->tile) != job->y_size)
        return BAD_JOB;
    void *x = take(room, x_size), *y = take(room, y_size);
    void *xs = take(room, x_size * job->tile), *ys = take(room, y_size * job->tile);
    void *scratch = take(room, scratch_size(&view, job->tile > 1 ? job->tile : 1));
    memcpy(x, (const uint8_t *)job + job->x, (size_t)x_size);
    memcpy(xs, (const uint8_t *)job + job->x + x_size, (size_t)x_size * job->tile);
    put_number("memory workspace ", (uint32_t)workspace_size);
    put_number(" scratch ", (uint32_t)view.scratch_bytes);
    put_number(" vectors ", job->x_size + job->y_size);
    put("\n");
    if (view.arithmetic == CDOT_IN_INT32 ? !decoder->dot_s8 : !decoder->dot)
        MEASURE(DECODE, "decode", decode(&view, scratch));
    for (uint32_t i = 0; i < job->repeat; i++)
        MEASURE(DOT, "dot", dot(&view, x, y, job->cut, scratch));
    if (job->cut && dot_of(&view, x, y, 1, 1, 0, job->cut, scratch))
        return BAD_JOB;
    if (job->tile)
        MEASURE(PIXELS, "pixels", layer(&view, xs, ys, job->tile, job->pixels, scratch));
    put_words(0, y, view.m);
    put_words(view.m, ys, view.m * job->tile);
    put_hex("sum ", sum_of(sum_of(SUM_START, y, view.m), ys, view.m * job->tile));
    put("\n");
    return 0;
}

/* Where the job stands: the host's mailbox says it, or the host sends the job's address, size and bytes. */
static const job_header *find(void)
{
    uint32_t frame[3] = {0, 0, 0};
    if (host_mail.magic == MAIL) {
        host_mail.magic = 0; /* a warm start must not find it again */
        return (const job_header *)(uintptr_t)host_mail.address;
    }
    put("ready\n");
    while (frame[0] != MAIL) { /* the host's words begin wherever noise ends */
        uint8_t byte;
        if (!receive(&byte, 1))
            return NULL;
        frame[0] = frame[0] >> 8 | (uint32_t)byte << 24;
    }
    receive(frame + 1, 8);
    receive((void *)(uintptr_t)frame[1], frame[2]);
    return (const job_header *)(uintptr_t)frame[1];
}

static int in_range(const job_header *job, uint32_t offset, uint32_t size)
{
    return offset <= job->size && size <= job->size - offset && offset % ALIGN == 0;
}

int run(void)
{
    arena room = {&arena_start, &arena_end};
    put("dotbench 1\n");
    const job_header *job = find();
    if (!job)
        return NO_JOB;
    if (job->magic != MAIL || job->version != JOB_VERSION || !in_range(job, job->payload, job->payload_size) ||
        !in_range(job, job->x, job->x_size))
        return BAD_JOB;
    if ((uintptr_t)job >= (uintptr_t)&arena_start && (uintptr_t)job < (uintptr_t)&arena_end)
        room.at = (uint8_t *)(uintptr_t)job + job->size;
    put_hex("job ", job->id);
    put("\n");
    start_counters();
    return work(job, &room);
}
