/* ham's product of one vector, fused: each nonzero is multiplied as it is found, one sum a stream. A sum
 * ends with its column or at a multiple of ROWS rows, so it is the same for any range of columns. */
#include "ham_step.h"
#include "multiply.h"

enum { ROWS = 4096 };

typedef struct {
    const ham_tables *tables;
    const float *x;
    float *y;
    uint32_t n, begin, end, next; /* rows; columns asked for; the first column of the next group to start */
} ham_job;

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Gives a stream the next group; 0 if there is none. */
static int start(ham_job *job, ham_stream *one)
{
    const huffman_stream *stream = &job->tables->stream;
    if (job->next >= job->end)
        return one->live = 0;
    uint32_t columns = (uint32_t)1 << stream->seek_shift;
    one->column = job->next;
    one->end = (uint32_t)least((uint64_t)job->next + columns, job->end);
    one->bit = huffman_seek(stream, job->next >> stream->seek_shift);
    one->row = 0;
    one->limit = least(job->n, ROWS);
    one->sum = 0;
    job->next = one->end;
    return one->live = 1;
}

/* The limit is reached: adds the sum to its column, and goes on with the column's next rows, the next
 * column, or the next group. */
static void finish(ham_job *job, ham_stream *one)
{
    if (one->column >= job->begin)
        job->y[one->column] += one->sum;
    one->sum = 0;
    if (one->row == job->n) {
        one->row = 0;
        if (++one->column == one->end) {
            start(job, one);
            return;
        }
    }
    one->limit = least(one->row + ROWS, job->n);
}

/* What is rare: the end of a column, a long run of zeros or codeword, the last bits of the stream. */
__attribute__((noinline)) static void slow_step(ham_job *job, ham_stream *one)
{
    float value;
    if (one->row < one->limit && ham_take(job->tables, one, &value))
        one->sum = __builtin_fmaf(value, job->x[one->row - 1], one->sum);
    if (one->row == one->limit)
        finish(job, one);
}

/* Two nonzeros; 0 if they are not in front of the limit or not in one peek. */
__attribute__((always_inline)) static inline int two(const uint32_t *words, const ham_entry *entries, uint32_t shift,
                                                     const float *x, uint64_t limit, uint64_t *bit, uint64_t *row,
                                                     float *sum)
{
    ham_pair pair = ham_two(words, entries, shift, *bit);
    uint64_t at = *row + pair.run[0], end = at + pair.run[1];
    if (__builtin_expect(pair.bits > 64 || end > limit, 0))
        return 0;
    *sum = __builtin_fmaf(pair.entry[0]->value, x[at - 1], *sum);
    *sum = __builtin_fmaf(pair.entry[1]->value, x[end - 1], *sum);
    *bit += pair.bits;
    *row = end;
    return 1;
}

/* Four streams side by side, while all of them are live and far from the end of the stream. */
static void four(ham_job *job, ham_stream *streams)
{
    const ham_tables *tables = job->tables;
    const uint32_t *words = tables->stream.stream.words;
    const ham_entry *entries = tables->entries;
    const float *x = job->x;
    uint32_t shift = 64 - tables->table_bits;
    uint64_t rounds = ~(uint64_t)0;
    uint64_t bit[HAM_STREAMS], row[HAM_STREAMS], limit[HAM_STREAMS];
    float sum[HAM_STREAMS];
#define LOAD(s) (bit[s] = streams[s].bit, row[s] = streams[s].row, limit[s] = streams[s].limit, sum[s] = streams[s].sum)
#define STORE(s) (streams[s].bit = bit[s], streams[s].row = row[s], streams[s].sum = sum[s])
    for (int s = 0; s < HAM_STREAMS; s++) {
        LOAD(s);
        rounds = least(rounds, ham_safe_rounds(tables, bit[s]));
    }
    int live = 1;
    while (rounds-- > 0 && live) {
#define ONE(s)                                                                                              \
    if (__builtin_expect(!two(words, entries, shift, x, limit[s], &bit[s], &row[s], &sum[s]), 0)) {          \
        STORE(s);                                                                                           \
        slow_step(job, &streams[s]);                                                                        \
        LOAD(s);                                                                                            \
        rounds = least(rounds, ham_safe_rounds(tables, bit[s]));                                            \
        live &= (int)streams[s].live;                                                                       \
    }
        ONE(0)
        ONE(1)
        ONE(2)
        ONE(3)
    }
    for (int s = 0; s < HAM_STREAMS; s++)
        STORE(s);
}

static void dot_unary(const cdot_view *view, const float *x, float *y, uint32_t col_begin, uint32_t col_end)
{
    const ham_tables *tables = view->workspace;
    uint32_t shift = tables->stream.seek_shift;
    ham_job job = {tables, x, y, view->n, col_begin, col_end, col_begin >> shift << shift};
    ham_stream streams[HAM_STREAMS];
    uint32_t live = 0;
    for (int s = 0; s < HAM_STREAMS; s++)
        live += (uint32_t)start(&job, &streams[s]);
    while (streams[0].live & streams[1].live & streams[2].live & streams[3].live) {
        four(&job, streams);
        for (int s = 0; s < HAM_STREAMS; s++)
            if (streams[s].live)
                slow_step(&job, &streams[s]);
    }
    for (int s = 0; s < HAM_STREAMS; s++)
        while (streams[s].live)
            slow_step(&job, &streams[s]);
}

int ham_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
            uint32_t col_begin, uint32_t col_end, void *scratch)
{
    const ham_tables *tables = view->workspace;
    cdot_cursor cursor;
    cdot_block block;
    if (batch == 1 && ldx == 1 && ldy == 1 && tables->unary && view->n) {
        dot_unary(view, x, y, col_begin, col_end);
        return CDOT_OK;
    }
    view->decoder->seek(view, &cursor, col_begin, col_end, scratch);
    while (view->decoder->next(view, &cursor, &block))
        cdot_multiply(view, &block, x, ldx, y, ldy, batch);
    return CDOT_OK;
}
