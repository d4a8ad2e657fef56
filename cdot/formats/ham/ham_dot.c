/* ham's product of one vector without blocks, where zeros are unary and ham_looks.c has no table: each nonzero is
 * multiplied as it is found. Four groups of columns are decoded side by side. A column's nonzeros are added to two
 * sums in turn, which end with the column or at a multiple of ROWS rows: so they are the same for any range of
 * columns, whichever step finds a nonzero. */
#include "formats/ham/ham_job.h"
#include "core/multiply.h"

enum { ROWS = 4096 };

__attribute__((noinline)) void ham_slow_step(ham_job *job, ham_stream *one)
{
    float value;
    if (one->row < one->limit && ham_take(job->tables, one, &value)) {
        float sum = one->sum + value * job->x[one->row - 1];
        one->sum = one->other;
        one->other = sum;
    }
    if (one->row == one->limit)
        ham_finish(job, one);
}

/* Where a stream stands, in registers. */
typedef struct {
    uint64_t bit, row, last; /* last: the row in front of the limit */
    float sum, other;        /* to which the nonzeros are added in turn, this one first */
} place;

static inline void load(place *at, const ham_stream *one)
{
    *at = (place){one->bit, one->row, one->limit - 1, one->sum, one->other};
}

static inline void store(const place *at, ham_stream *one)
{
    one->bit = at->bit;
    one->row = at->row;
    one->sum = at->sum;
    one->other = at->other;
}

/* The next two nonzeros of a stream, or the next one where the second is behind the peek or the limit.
 * Returns 0 if it was something else: then the stream's peeks have to be counted again. */
__attribute__((always_inline)) static inline int step(ham_job *job, const uint32_t *words, const ham_entry *entries,
                                                      uint32_t shift, const float *x, ham_stream *one, place *at)
{
    ham_pair pair = ham_two(words, entries, shift, at->bit);
    uint64_t first = at->row + pair.zeros[0], before = first + pair.zeros[1];
    if (__builtin_expect(before < at->last, 1)) {
        __asm__ volatile(""); /* two branches that are foreseen: compilers make a longer one of them */
        if (__builtin_expect(pair.bits[1] <= 64, 1)) {
            at->sum = at->sum + pair.entry[0]->value * x[first];
            at->other = at->other + pair.entry[1]->value * x[before + 1];
            at->bit += pair.bits[1];
            at->row = before + 2;
            return 1;
        }
    }
    if (pair.bits[0] <= 64 && first <= at->last) {
        float sum = at->sum + pair.entry[0]->value * x[first];
        at->sum = at->other;
        at->other = sum;
        at->bit += pair.bits[0];
        at->row = first + 1;
        return 1;
    }
    store(at, one);
    ham_slow_step(job, one);
    load(at, one);
    return 0;
}

/* Streams side by side while all of them are live and no peek can pass the end; `count` is a constant. */
__attribute__((always_inline)) static inline void run(ham_job *job, ham_stream *streams, int count)
{
    const ham_tables *tables = job->tables;
    const uint32_t *words = tables->stream.stream.words;
    const ham_entry *entries = tables->entries;
    const float *x = job->x;
    uint32_t shift = 64 - tables->table_bits;
    uint64_t rounds = ~(uint64_t)0;
    place at[HAM_STREAMS];
    HAM_UNROLLED
    for (int s = 0; s < count; s++) {
        load(&at[s], &streams[s]);
        rounds = ham_least(rounds, ham_safe_rounds(tables, at[s].bit));
    }
    while (rounds > 0) {
        rounds--;
        HAM_UNROLLED
        for (int s = 0; s < count; s++)
            if (__builtin_expect(!step(job, words, entries, shift, x, &streams[s], &at[s]), 0))
                rounds = streams[s].live ? ham_least(rounds, ham_safe_rounds(tables, at[s].bit)) : 0;
    }
    HAM_UNROLLED
    for (int s = 0; s < count; s++)
        store(&at[s], &streams[s]);
}

/* A stream alone until no group is left. */
static void run_alone(ham_job *job, ham_stream *one)
{
    while (one->live) {
        if (!job->tables->sparse)
            run(job, one, 1);
        if (one->live)
            ham_slow_step(job, one);
    }
}

static void dot_unary(const cdot_view *view, const float *x, float *y, uint32_t col_begin, uint32_t col_end)
{
    const ham_tables *tables = view->workspace;
    uint32_t shift = tables->stream.seek_shift;
    ham_job job = {tables, x, y, view->n, ROWS, col_begin, col_end, col_begin >> shift << shift};
    ham_stream streams[HAM_STREAMS];
    int used = tables->sparse ? 1 : HAM_STREAMS;
    if (HAM_STREAMS > 1 && tables->looks && ham_looks_fit(x, view->n)) {
        job.piece = view->n;
        ham_dot_looks(&job);
        return;
    }
    if (ham_dot_long(&job))
        return;
    for (int s = 0; s < used; s++)
        ham_start(&job, &streams[s]);
    while (used > 1 && ham_all_live(streams)) {
        run(&job, streams, HAM_STREAMS);
        for (int s = 0; s < HAM_STREAMS; s++)
            if (streams[s].live)
                ham_slow_step(&job, &streams[s]);
    }
    for (int s = 0; s < used; s++)
        run_alone(&job, &streams[s]);
}

int ham_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
            uint32_t col_begin, uint32_t col_end, void *scratch)
{
    const ham_tables *tables = view->workspace;
    if (batch == 1 && ldx == 1 && ldy == 1 && tables->unary && view->n) {
        dot_unary(view, x, y, col_begin, col_end);
        return CDOT_OK;
    }
    return cdot_dot_blocks(view, x, ldx, y, ldy, batch, col_begin, col_end, scratch);
}
