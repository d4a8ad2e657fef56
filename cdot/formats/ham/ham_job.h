/* What the products of one vector share: which columns are asked for, and how a stream goes on behind a column. */
#ifndef CDOT_HAM_JOB_H
#define CDOT_HAM_JOB_H

#include "formats/ham/ham_step.h"

typedef struct {
    const ham_tables *tables;
    const float *x;
    float *y;
    uint32_t n, piece;         /* rows; rows after which sums are added to their column, and start again */
    uint32_t begin, end, next; /* columns asked for; the first column of the next group to start */
} ham_job;

/* Gives a stream the next group; it is not live any more if there is none. */
static inline void ham_start(ham_job *job, ham_stream *one)
{
    const huffman_stream *stream = &job->tables->stream;
    one->live = job->next < job->end;
    if (!one->live)
        return;
    uint32_t columns = (uint32_t)1 << stream->seek_shift;
    one->column = job->next;
    one->end = (uint32_t)ham_least((uint64_t)job->next + columns, job->end);
    one->bit = huffman_seek(stream, job->next >> stream->seek_shift);
    one->row = 0;
    one->limit = ham_least(job->n, job->piece);
    one->sum = one->other = 0;
    job->next = one->end;
}

/* The limit is reached: adds the sum to its column, and goes on with the column's next rows, the next
 * column, or the next group. */
static inline void ham_finish(ham_job *job, ham_stream *one)
{
    if (one->column >= job->begin)
        job->y[one->column] += one->sum + one->other;
    one->sum = one->other = 0;
    if (one->row == job->n) {
        one->row = 0;
        if (++one->column == one->end) {
            ham_start(job, one);
            return;
        }
    }
    one->limit = ham_least(one->row + job->piece, job->n);
}

static inline int ham_all_live(const ham_stream *streams)
{
    uint32_t live = 1;
    for (int s = 0; s < HAM_STREAMS; s++)
        live &= streams[s].live;
    return (int)live;
}

/* The product by look-ups, of pieces that are whole columns; see ham_looks.c. */
void ham_dot_looks(ham_job *job);

/* What is rare in steps of one nonzero: the end of a column, a long run of zeros or codeword, the stream's last bits. */
void ham_slow_step(ham_job *job, ham_stream *one);

/* The product where long codewords are common; 0, and nothing done, where they are not; see ham_long.c. */
int ham_dot_long(ham_job *job);

/* Whether that is right for this x, which has to be finite: where there is no second nonzero, an input is multiplied by 0. */
int ham_looks_fit(const float *x, uint32_t n);

#endif
