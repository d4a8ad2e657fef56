/* ham's product of one vector by look-ups of HAM_LOOK_BITS, where zeros are unary and nonzeros not too rare (ham.c says
 * when): no branch depends on the bits but at the end of a column, and four streams take one look-up each in turn.
 *
 * A look-up's first nonzero is added to one sum, its second to another. Look-ups start at the top of a piece of a
 * column and go on from one to the next, whoever takes them: so sums are the same for any range of columns. */
#include "formats/ham/ham_job.h"

enum {
    LOOK_UPS = 5, /* of a peek: LOOK_UPS * HAM_LOOK_BITS bits */
    EXPONENT = 0x7f800000 /* of a float */
};

typedef float two __attribute__((vector_size(8)));

/* Where streams stand, in registers: what a look-up adds to `at` is its last 8 bytes. A row is in the upper half, the
 * bits taken of a peek in the lowest byte; between them, places of nonzeros are summed up, which is nothing. */
typedef struct {
    int64_t at[HAM_STREAMS];
    uint64_t bit[HAM_STREAMS], window[HAM_STREAMS];
    two sum[HAM_STREAMS];
} places;

__attribute__((always_inline)) static inline void load(places *at, int s, const ham_stream *one, uint32_t n)
{
    at->at[s] = ((int64_t)one->row - n - 1) * ((int64_t)1 << 32);
    at->bit[s] = one->bit;
    at->sum[s] = (two){one->sum, one->other};
}

__attribute__((always_inline)) static inline void store(const places *at, int s, ham_stream *one, uint32_t n)
{
    one->bit = at->bit[s];
    one->row = (uint64_t)((at->at[s] >> 32) + n + 1);
    one->sum = at->sum[s][0];
    one->other = at->sum[s][1];
}

/* A look-up whose nonzeros and zeros pass the limit, up to there; there is a row in front of it. */
__attribute__((always_inline)) static inline void take_rest(const float *x, ham_stream *one, const ham_look *look,
                                                              const float *of)
{
    uint32_t left = (uint32_t)(one->limit - one->row), first = look->first, second = look->second;
    float values[2] = {first < left ? of[0] : 0, second < left ? of[1] : 0};
    uint32_t bits = look->bits - (look->rows - left);
    bits = left <= second ? left + look->longer : bits;
    bits = left <= first ? left : bits;
    x += one->row;
    one->sum += values[0] * x[first < left ? first : 0];
    one->other += values[1] * x[second < left ? second : 0];
    one->bit += bits;
    one->row = one->limit;
}

/* One look-up, of which there may be as much as the limit leaves; or a long codeword. */
__attribute__((always_inline)) static inline void take(const ham_job *job, ham_stream *one)
{
    const ham_tables *tables = job->tables;
    uint64_t index = ham_peek_anywhere(tables, one->bit) >> (64 - HAM_LOOK_BITS);
    const ham_look *look = &tables->looks[index];
    const float *of = tables->values[index].of;
    float value;
    if (__builtin_expect(look->bits == 0, 0)) {
        if (ham_take(tables, one, &value))
            one->sum += value * job->x[one->row - 1];
    } else if (one->row + look->rows > one->limit)
        take_rest(job->x, one, look, of);
    else {
        one->sum += of[0] * job->x[one->row + look->first];
        one->other += of[1] * job->x[one->row + look->second];
        one->bit += look->bits;
        one->row += look->rows;
    }
}

/* What is rare: the end of a column, a long codeword, and what is near the end of the stream. */
__attribute__((noinline)) static void slow_step(ham_job *job, ham_stream *one)
{
    if (one->row < one->limit)
        take(job, one);
    if (one->row == one->limit)
        ham_finish(job, one);
}

/* The next look-up of a stream; 0 if it passes the limit. */
__attribute__((always_inline)) static inline int step(const ham_look *looks, const ham_values *table, const float *end,
                                                      places *at, int s)
{
    uint64_t index = at->window[s] >> (64 - HAM_LOOK_BITS);
    const float *from = end + (at->at[s] >> 32);
    int64_t moves, next;
    two values;
    memcpy(&moves, &looks[index], sizeof moves);
    next = at->at[s] + moves;
    if (__builtin_expect(next >= 0, 0))
        return 0;
    memcpy(&values, &table[index], sizeof values);
    at->sum[s] += values * (two){from[moves >> 8 & 255], from[(uint32_t)moves >> 24]};
    at->at[s] = next;
    at->window[s] <<= moves & 63;
    return 1;
}

/* Streams side by side while all of them are live and no peek can pass the end; `count` is a constant. */
__attribute__((always_inline)) static inline void run(ham_job *job, ham_stream *streams, int count)
{
    const ham_tables *tables = job->tables;
    const uint32_t *words = tables->stream.stream.words;
    const ham_look *looks = tables->looks;
    const ham_values *table = tables->values;
    const float *end = job->x + job->n + 1;
    uint64_t rounds = ~(uint64_t)0;
    places at;
    HAM_UNROLLED
    for (int s = 0; s < count; s++) {
        load(&at, s, &streams[s], job->n);
        rounds = ham_least(rounds, ham_safe_rounds(tables, at.bit[s]));
    }
    while (rounds > 0) {
        int stopped = -1;
        rounds--;
        HAM_UNROLLED
        for (int s = 0; s < count; s++)
            at.window[s] = bits_peek_wide_within(words, at.bit[s]);
        HAM_UNROLLED
        for (int k = 0; k < LOOK_UPS; k++) {
            HAM_UNROLLED
            for (int s = 0; s < count; s++)
                if (!step(looks, table, end, &at, s)) {
                    stopped = s;
                    goto limit;
                }
        }
    limit:
        HAM_UNROLLED
        for (int s = 0; s < count; s++) {
            at.bit[s] += at.at[s] & 255;
            at.at[s] &= ~(int64_t)0xffffffff;
        }
        HAM_UNROLLED
        for (int s = 0; s < count; s++)
            if (stopped == s) {
                store(&at, s, &streams[s], job->n);
                slow_step(job, &streams[s]);
                load(&at, s, &streams[s], job->n);
                rounds = streams[s].live ? ham_least(rounds, ham_safe_rounds(tables, at.bit[s])) : 0;
            }
    }
    HAM_UNROLLED
    for (int s = 0; s < count; s++)
        store(&at, s, &streams[s], job->n);
}

int ham_looks_fit(const float *x, uint32_t n)
{
    uint32_t others = 0; /* their exponent has all bits set */
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        others |= (bits & EXPONENT) == EXPONENT;
    }
    return !others;
}

void ham_dot_looks(ham_job *job)
{
    ham_stream streams[HAM_STREAMS];
    for (int s = 0; s < HAM_STREAMS; s++)
        ham_start(job, &streams[s]);
    while (ham_all_live(streams)) {
        run(job, streams, HAM_STREAMS);
        for (int s = 0; s < HAM_STREAMS; s++)
            if (streams[s].live)
                slow_step(job, &streams[s]);
    }
    for (int s = 0; s < HAM_STREAMS; s++)
        while (streams[s].live) {
            run(job, &streams[s], 1);
            if (streams[s].live)
                slow_step(job, &streams[s]);
        }
}
