/* The kernel contract: payloads are opened into views, decoders fill blocks, multipliers turn blocks
 * into products. How values lie in a payload (float32, float16, bfloat16, int8) is the decoders' business alone;
 * what a block holds, and what is multiplied, is one of two arithmetics. This header and those of
 * library.py's list are fed both to the C compiler and to cffi, which reads them without their
 * preprocessor lines; constants are enums for that reason.
 *
 * Nothing here allocates, keeps state outside its arguments, or needs more of libc than memcpy, so the
 * same files run bare-metal. Threads (threads.c) and timing (bench.c) are for hosts only.
 */
#ifndef CDOT_H
#define CDOT_H

#include <stddef.h>
#include <stdint.h>

enum {
    CDOT_VERSION = 2,       /* of this contract; a decoder that was built for another one is refused by name */
    CDOT_LAYOUT = 1,        /* the newest payload layout that these kernels read */
    CDOT_HEADER_BYTES = 32,
    CDOT_SECTIONS = 8,      /* pointers that a view keeps */
    CDOT_GROUP = 16         /* columns of one seek point, at the most */
};

/* Stored types: how values lie in a payload. 5 and 6 are kept for fp8 (e4m3, e5m2), 7 for int4. */
enum { CDOT_FLOAT32 = 1, CDOT_INT8 = 2, CDOT_FLOAT16 = 3, CDOT_BFLOAT16 = 4 };

/* Arithmetics: what blocks hold and what x and y are. Values, x and y of float32; or values and x of int8 with y and
 * sums of int32. Decoders widen what is stored: float16 and bfloat16 are multiplied in float32. */
enum { CDOT_IN_FLOAT32 = 1, CDOT_IN_INT32 = 2 };

/* What a call returns when a payload or an argument is refused; the texts are in cdot/errors.py. */
enum {
    CDOT_OK = 0,
    CDOT_SHORT = -1,      /* the payload ends before its sections do */
    CDOT_MAGIC = -2,      /* not a payload */
    CDOT_NEWER = -3,      /* of a layout that these kernels do not know */
    CDOT_FORMAT = -4,     /* of another format or value type than the decoder's */
    CDOT_LENGTH = -5,     /* sections do not add up to the payload's length, or contradict the header */
    CDOT_POINTER = -6,    /* column pointers or counts out of order, or not adding up */
    CDOT_ROW = -7,        /* a row index or codebook index out of range */
    CDOT_CODE = -8,       /* code lengths that no complete prefix code has */
    CDOT_STREAM = -9,     /* a seek point outside the bit stream */
    CDOT_RANGE = -10,     /* a column range out of order or outside the matrix */
    CDOT_WORKSPACE = -11, /* too small a workspace, or one that is not aligned to 16 bytes */
    CDOT_CHECKSUM = -12,  /* the CRC-32C does not fit the bytes */
    CDOT_CAPACITY = -13,  /* the caller's arrays are too small */
    CDOT_THREAD = -14,    /* a thread could not be started */
    CDOT_UNSUPPORTED = -15, /* not on this processor */
    CDOT_CLOCK = -16,       /* the clock stood still or stepped back while something was timed */
    CDOT_COLUMNS = -17,     /* what an encoder was given are no columns: pointers or rows out of order or range */
    CDOT_CONTRACT = -18,    /* the decoder was built for another version of this contract */
    CDOT_UNPREPARED = -19   /* a product of a view that cdot_prepare has not made, and this format needs that */
};

/* The first 32 bytes of every payload, little-endian. */
typedef struct {
    uint8_t magic[4];      /* "DOTB" */
    uint8_t layout;        /* layout version */
    uint8_t value_type;
    uint16_t format;       /* format id */
    uint32_t n, m;         /* rows (inputs), columns (outputs) */
    uint64_t nnz;
    uint32_t crc;          /* CRC-32C of the whole payload with this field 0 */
    uint16_t fields_bytes; /* length of the format's own fields, right behind the header */
    uint16_t reserved;     /* 0 */
} cdot_header;

struct cdot_decoder;

/* An opened payload: pointers into it and into the workspace. Any number of threads may share one. */
typedef struct {
    const struct cdot_decoder *decoder;
    const void *section[CDOT_SECTIONS]; /* in the order of the format's layout */
    void *workspace;                    /* what open derived: tables, positions */
    uint64_t nnz;
    uint64_t scratch_bytes;             /* of one cursor: the buffers that its blocks point to */
    uint32_t n, m;
    uint32_t value_type;                /* how values are stored */
    uint32_t row_bytes;                 /* width of the row indices in a block: 1, 2 or 4 */
    uint32_t group;                     /* columns that are best decoded together: threads get whole groups */
    uint32_t arithmetic;                /* of blocks and products: it follows from value_type */
    uint64_t prepared_bytes;            /* what `prepare` fills for each vector of a batch; 0 where there is none */
    const void *prepared;               /* in the view of one product: what `prepare` made of its x; else NULL */
} cdot_view;

/* A piece of the matrix: consecutive columns, one segment each, the entries of one after the other.
 * Pointers go to the payload itself or to the scratch. A column may come in several pieces, but where
 * it is cut depends on that column's seek group alone, never on the range asked for: so sums are the
 * same for every number of threads. Blocks need not come in column order. */
typedef struct {
    uint32_t column;      /* of segment 0; segment k is of column + k */
    uint32_t segments;
    uint32_t begin;       /* index of the first entry of segment 0 */
    uint32_t row;         /* rows == NULL: the row of that entry; other segments start at row 0 */
    const uint32_t *ends; /* ends[k]: one past the last entry of segment k */
    const void *rows;     /* row_bytes each, or NULL: every segment is a run of consecutive rows */
    const void *values;   /* of the view's arithmetic: float or int8_t */
} cdot_block;

/* Where decoding stands; each format keeps its own structure in it. */
typedef struct {
    uint64_t state[48];
} cdot_cursor;

/* What a format brings, by name (`.open = sham_open`): what is left out is NULL. Only `version`, `open`, `seek` and
 * `next` have to be there. They serve all value types that `open` takes; which one a payload has is in its view.
 *
 * workspace  bytes that `open` needs besides the payload; NULL: none
 * weight     work before a column (bits, nonzeros), for balancing threads; NULL: columns are alike
 * dot, dot_s8  fused kernels; what they compute is what blocks and multipliers compute. NULL: blocks are multiplied
 * prepare    what a product derives from x once, before columns are shared among threads: a table of partial sums,
 *            sorted or widened inputs, the question whether all are finite. Called by one thread with x as `dot` has
 *            it; writes view->prepared_bytes * batch bytes to `prepared` (aligned to 16), which the caller keeps until
 *            the product is done. `dot`, `dot_s8` and `column` find it in view->prepared and only read it, for all
 *            threads share it. Blocks know nothing of x, so `seek` and `next` do not see it. Returns CDOT_OK or an
 *            error, which is then the product's.
 * column     y[column] = the product of one column and one vector, for callers who want columns one at a time, which
 *            one depending on the last (coordinate descent, sampled outputs): no cursor, no clearing, no range. x and
 *            y are of the view's arithmetic. NULL: cdot_column goes through `dot` or the blocks of that one column */
typedef struct cdot_decoder {
    uint32_t version; /* CDOT_VERSION of the headers that it was built with. It stays first in all versions */
    int64_t (*workspace)(const uint8_t *payload, uint64_t size);
    int (*open)(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                uint64_t workspace_size);
    void (*seek)(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch);
    int (*next)(const cdot_view *view, cdot_cursor *cursor, cdot_block *block);
    uint64_t (*weight)(const cdot_view *view, uint32_t column);
    int (*dot)(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
               uint32_t col_begin, uint32_t col_end, void *scratch);
    int (*dot_s8)(const cdot_view *view, const int8_t *x, size_t ldx, int32_t *y, size_t ldy, size_t batch,
                  uint32_t col_begin, uint32_t col_end, void *scratch);
    int (*prepare)(const cdot_view *view, const void *x, size_t ldx, size_t batch, void *prepared);
    int (*column)(const cdot_view *view, const void *x, uint32_t column, void *y, void *scratch);
} cdot_decoder;

/* The table of a built-in format, NULL for an unknown name. */
const cdot_decoder *cdot_find(const char *name);

uint32_t cdot_crc(const uint8_t *payload, uint64_t size);

/* The view of one product: a copy that knows what `prepare` made of x, or just a copy where the format has none.
 * memory: view->prepared_bytes * batch, aligned to 16; it has to last as long as `prepared` is used. cdot_product and
 * cdot_vector do this by themselves, who calls cdot_dot or cdot_column does it before. */
int cdot_prepare(const cdot_view *view, const void *x, size_t ldx, size_t batch, void *memory, cdot_view *prepared);

/* y[j ldy + b] = sum over i of W[i, j] x[i ldx + b], for columns col_begin to col_end.
 * scratch: view->scratch_bytes, aligned to 16. */
int cdot_dot(const cdot_view *view, const float *x, size_t ldx, float *y, size_t ldy, size_t batch,
             uint32_t col_begin, uint32_t col_end, void *scratch);

/* The same for int8: exact where the sum fits 32 bits, as it does for every x where n is below 2^17; else
 * modulo 2^32. CDOT_FORMAT where the view is of the other arithmetic, here and there. */
int cdot_dot_s8(const cdot_view *view, const int8_t *x, size_t ldx, int32_t *y, size_t ldy, size_t batch,
                uint32_t col_begin, uint32_t col_end, void *scratch);

/* y[column] = the product of one column and a plain vector x, of the view's arithmetic: what cdot_dot and cdot_dot_s8
 * write there for the range of that column, up to the order in which a format's `column` adds. */
int cdot_column(const cdot_view *view, const void *x, uint32_t column, void *y, void *scratch);

/* The nonzeros of a range of columns in column order. ends[k]: nonzeros up to and with column begin + k.
 * `values` is of the view's arithmetic. With rows NULL they are only counted. Returns their number, or an
 * error. */
int64_t cdot_decode(const cdot_view *view, uint32_t col_begin, uint32_t col_end, int32_t *rows,
                    void *values, int64_t *ends, uint64_t capacity, void *scratch);

/* All entries of a range of columns, as floats: (col_end - col_begin) n of them, column after column. Those that no
 * block has are 0; those that one has keep their bits, the sign of zero and NaN among them. CDOT_FORMAT where the view
 * is of the other arithmetic. */
int cdot_entries(const cdot_view *view, uint32_t col_begin, uint32_t col_end, float *out, void *scratch);

/* Threads over columns. A pool of T threads is T - 1 workers and the caller. */
typedef struct cdot_pool cdot_pool;
cdot_pool *cdot_pool_new(uint32_t threads);
void cdot_pool_free(cdot_pool *pool);
uint32_t cdot_pool_threads(const cdot_pool *pool);

/* Y = X W as users write it: X (batch, n) and Y (batch, m) in C order, batch 1 and more, with what has
 * to be transposed. scratch: cdot_product_scratch bytes, aligned to 64. pool may be NULL: one thread. */
uint64_t cdot_product_scratch(const cdot_view *view, size_t batch, uint32_t threads);
int cdot_product(const cdot_view *view, const float *X, float *Y, size_t batch, uint32_t col_begin,
                 uint32_t col_end, cdot_pool *pool, void *scratch);
int cdot_product_s8(const cdot_view *view, const int8_t *X, int32_t *Y, size_t batch, uint32_t col_begin,
                    uint32_t col_end, cdot_pool *pool, void *scratch);

/* All that a product of one vector needs, which stays the same from call to call: one argument costs Python a third
 * of what eight cost. x and y are of the view's arithmetic; scratch as for cdot_product and one thread. */
typedef struct {
    const cdot_view *view;
    const void *x;
    void *y, *scratch;
} cdot_vector_job;

/* y = x W, all columns, on one thread. */
int cdot_vector(const cdot_vector_job *job);

#endif
