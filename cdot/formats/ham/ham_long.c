/* ham's product of one vector where zeros are unary and many nonzeros have a codeword that is longer than the table's:
 * thousands of values, each rare. A codeword's length is how many lengths there are less those whose codewords all lie
 * behind it; all lengths are compared at once, so that no branch depends on it. Four streams take one nonzero each in
 * turn. Sums are those of ham_dot.c, in the same order. */
#include "formats/ham/ham_job.h"

#if defined(__AVX2__)
#include <immintrin.h>

enum {
    LENGTHS = 32,
    LANES = 8,
    SHARE = 4,    /* of nonzeros, one in so many is often enough */
    PIECE = 4096, /* zeros that a round skips at the most */
    ROUND = PIECE + 3 * 256 /* bits: of a piece without nonzeros, of the words with its end, and of a peek */
};

/* `behind[l - 1]`: the first 32 bits behind all codewords of up to l bits, less 2^31 so that they compare as signed
 * numbers, for the lengths below the longest; elsewhere the least number, which is behind nothing. `symbol[l]`: what is
 * added to a codeword of l bits to have its symbol. */
typedef struct {
    __m256i behind[LENGTHS / LANES];
    uint32_t symbol[LENGTHS + 1];
} lengths;

/* Where a stream stands, in registers. */
typedef struct {
    uint64_t bit, row;
    float sum, other;
} place;

static void find_lengths(lengths *out, const huffman_code *code)
{
    int32_t behind[LENGTHS];
    for (uint32_t l = 1; l <= LENGTHS; l++)
        behind[l - 1] = l < code->longest ? (int32_t)((uint32_t)(code->limit[l] >> 32) ^ 0x80000000u) : INT32_MIN;
    memcpy(out->behind, behind, sizeof behind);
    for (uint32_t l = 1; l <= code->longest; l++)
        out->symbol[l] = code->index[l] - (uint32_t)(code->first[l] >> (64 - l));
}

/* The length of the codeword in front of `window`; `vectors` of lengths are looked at, a constant in each call. */
__attribute__((always_inline)) static inline uint32_t length_of(const lengths *all, int vectors, uint32_t longest,
                                                                uint64_t window)
{
    __m256i front = _mm256_set1_epi32((int32_t)((uint32_t)(window >> 32) ^ 0x80000000u));
    uint32_t longer = 0;
    for (int v = 0; v < vectors; v++) {
        __m256 mask = _mm256_castsi256_ps(_mm256_cmpgt_epi32(all->behind[v], front));
        longer |= (uint32_t)_mm256_movemask_ps(mask) << (LANES * v);
    }
    return longest - (uint32_t)__builtin_popcount(longer);
}

static inline place load(const ham_stream *one)
{
    return (place){one->bit, one->row, one->sum, one->other};
}

static inline void store(const place *at, ham_stream *one)
{
    one->bit = at->bit;
    one->row = at->row;
    one->sum = at->sum;
    one->other = at->other;
}

/* Zeros in front of a stream, or fewer, which are so many that the next word has a nonzero, or more than `most`: eight
 * words are compared with 0 at once. */
__attribute__((always_inline)) static inline uint64_t skip_zeros(const uint32_t *words, uint64_t bit, uint64_t most)
{
    uint64_t word = bit >> 5, end = (bit + most) >> 5;
    __m128i rest = _mm_cvtsi32_si128((int32_t)(0xffffffffu >> (bit & 31)));
    __m256i mask = _mm256_blend_epi32(_mm256_set1_epi32(-1), _mm256_castsi128_si256(rest), 1);
    __m256i next = _mm256_and_si256(_mm256_loadu_si256((const __m256i *)(words + word)), mask);
    while (_mm256_testz_si256(next, next) && word < end) {
        word += LANES;
        next = _mm256_loadu_si256((const __m256i *)(words + word));
    }
    __m256 zero = _mm256_castsi256_ps(_mm256_cmpeq_epi32(next, _mm256_setzero_si256()));
    uint32_t others = ~(uint32_t)_mm256_movemask_ps(zero); /* above eight lanes all are set: a ninth word ends it */
    uint64_t at = (word + (uint32_t)__builtin_ctz(others)) << 5;
    return at > bit ? at - bit : 0;
}

/* Rounds until one may load behind the end, of up to ROUND bits each. */
static inline uint64_t safe_rounds(const ham_tables *tables, uint64_t bit, int far)
{
    if (!far)
        return ham_safe_rounds(tables, bit);
    return bit + 2 * ROUND < tables->safe_bits ? (tables->safe_bits - bit - ROUND) / ROUND : 0;
}

/* Streams side by side while all of them are live and no peek can pass the end; `count`, `vectors` and `far` (nonzeros
 * are far from each other) are constants. */
__attribute__((always_inline)) static inline void run(ham_job *job, ham_stream *streams, int count,
                                                      const lengths *all, int vectors, int far)
{
    const ham_tables *tables = job->tables;
    const uint32_t *words = tables->stream.stream.words;
    const float *values = tables->stream.code.values, *x = job->x;
    const uint32_t longest = tables->stream.code.longest;
    uint64_t rounds = ~(uint64_t)0;
    place at[HAM_STREAMS];
    HAM_UNROLLED
    for (int s = 0; s < count; s++) {
        at[s] = load(&streams[s]);
        rounds = ham_least(rounds, safe_rounds(tables, at[s].bit, far));
    }
    while (rounds > 0) {
        rounds--;
        HAM_UNROLLED
        for (int s = 0; s < count; s++) {
            if (far) {
                uint64_t left = ham_least(streams[s].limit - at[s].row, PIECE);
                uint64_t skipped = ham_least(skip_zeros(words, at[s].bit, left), left);
                at[s].bit += skipped;
                at[s].row += skipped;
            }
            uint64_t window = bits_peek_wide_within(words, at[s].bit), row = at[s].row;
            uint32_t zeros = ham_leading_zeros(window), bits;
            window <<= zeros & 63;
            bits = length_of(all, vectors, longest, window);
            row += zeros;
            if (__builtin_expect(zeros + bits > 64 || row >= streams[s].limit, 0)) {
                store(&at[s], &streams[s]);
                ham_slow_step(job, &streams[s]);
                at[s] = load(&streams[s]);
                rounds = streams[s].live ? ham_least(rounds, safe_rounds(tables, at[s].bit, far)) : 0;
                continue;
            }
            float sum = at[s].sum + values[all->symbol[bits] + (uint32_t)(window >> (64 - bits))] * x[row];
            at[s].sum = at[s].other;
            at[s].other = sum;
            at[s].bit += zeros + bits;
            at[s].row = row + 1;
        }
    }
    HAM_UNROLLED
    for (int s = 0; s < count; s++)
        store(&at[s], &streams[s]);
}

__attribute__((always_inline)) static inline void dot(ham_job *job, const lengths *all, int vectors, int far)
{
    ham_stream streams[HAM_STREAMS];
    for (int s = 0; s < HAM_STREAMS; s++)
        ham_start(job, &streams[s]);
    while (ham_all_live(streams)) {
        run(job, streams, HAM_STREAMS, all, vectors, far);
        for (int s = 0; s < HAM_STREAMS; s++)
            if (streams[s].live)
                ham_slow_step(job, &streams[s]);
    }
    for (int s = 0; s < HAM_STREAMS; s++)
        while (streams[s].live) {
            run(job, &streams[s], 1, all, vectors, far);
            if (streams[s].live)
                ham_slow_step(job, &streams[s]);
        }
}

/* In a complete code, codewords have the share of all sequences of bits that their lengths say; 0 has half of them. */
int ham_dot_long(ham_job *job)
{
    const huffman_code *code = &job->tables->stream.code;
    uint64_t table = code->limit[job->tables->table_bits], half = (uint64_t)1 << 63;
    lengths all;
    if (code->longest > LENGTHS || table == 0 || -table < half / SHARE)
        return 0;
    find_lengths(&all, code);
    if (job->tables->sparse)
        dot(job, &all, LENGTHS / LANES, 1);
    else if (code->longest <= 2 * LANES + 1)
        dot(job, &all, 2, 0);
    else
        dot(job, &all, LENGTHS / LANES, 0);
    return 1;
}
#else
int ham_dot_long(ham_job *job)
{
    (void)job;
    return 0;
}
#endif
