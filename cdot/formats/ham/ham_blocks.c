/* ham's blocks. Four seek groups are decoded side by side, each into its own quarter of the scratch, which
 * is shown as a block when it is full or its group ends. A group is decoded from its seek point, always;
 * columns in front of the asked range are decoded and not shown. */
#include "formats/ham/ham_rounds.h"

enum { SEGMENTS = CDOT_GROUP + 1 };

typedef struct {
    ham_stream streams[HAM_STREAMS];
    uint32_t begin, end; /* columns asked for */
    uint32_t next;       /* the first column of the next group to start */
    uint32_t reserved;
    float *values;       /* [HAM_STREAMS][ENTRIES] */
    uint32_t *ends;      /* [HAM_STREAMS][SEGMENTS] */
    uint8_t *rows;       /* [HAM_STREAMS][ENTRIES], of the view's row_bytes */
} ham_cursor;
_Static_assert(sizeof(ham_cursor) <= sizeof(cdot_cursor), "the cursor has no room");

uint64_t ham_scratch_bytes(uint32_t row_bytes)
{
    return HAM_STREAMS * (ENTRIES * (sizeof(float) + row_bytes) + SEGMENTS * sizeof(uint32_t));
}

void ham_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    const huffman_stream *stream = &((const ham_tables *)view->workspace)->stream;
    ham_cursor *at = (ham_cursor *)cursor;
    memset(at, 0, sizeof *at);
    at->begin = column;
    at->end = end;
    at->next = stream->groups ? column >> stream->seek_shift << stream->seek_shift : column;
    at->values = scratch;
    at->ends = (uint32_t *)(at->values + HAM_STREAMS * ENTRIES);
    at->rows = (uint8_t *)(at->ends + HAM_STREAMS * SEGMENTS);
}

/* Gives a stream the next group, or its group's next chunk; 0 if there is nothing left. */
static int refill(const ham_tables *tables, ham_cursor *at, ham_stream *one, uint32_t n)
{
    if (one->column == one->end) {
        if (at->next >= at->end)
            return 0;
        uint32_t columns = (uint32_t)1 << tables->stream.seek_shift;
        one->column = at->next;
        one->end = columns < at->end - at->next ? at->next + columns : at->end;
        one->bit = huffman_seek(&tables->stream, at->next >> tables->stream.seek_shift);
        one->row = 0;
        one->limit = n;
        at->next = one->end;
    }
    one->first = one->column;
    one->segments = one->fill = one->done = 0;
    return 1;
}

/* Decodes until a chunk is done: four side by side, or one alone where fewer are left. */
__attribute__((always_inline)) static inline void decode(const ham_tables *tables, ham_cursor *at,
                                                         uint32_t row_bytes, uint32_t unary)
{
    ham_stream *streams = at->streams;
    quarter to[HAM_STREAMS];
    int first = 0, count = HAM_STREAMS;
    uint32_t done = 0;
    for (int s = 0; s < HAM_STREAMS; s++)
        if (!streams[s].live)
            count = 1;
    while (count == 1 && !streams[first].live)
        first++;
    for (int s = 0; s < count; s++) {
        uint32_t part = (uint32_t)(first + s);
        to[s] = (quarter){at->rows + part * ENTRIES * row_bytes, at->values + part * ENTRIES,
                          at->ends + part * SEGMENTS};
    }
    while (!done) {
        if (count == 1)
            rounds(tables, &streams[first], 1, row_bytes, unary, to);
        else
            rounds(tables, streams, HAM_STREAMS, row_bytes, unary, to);
        for (int s = 0; s < count; s++)
            done |= streams[first + s].done;
        for (int s = 0; s < count && !done; s++) { /* no round is safe */
            slow_step(tables, &streams[first + s], row_bytes, to[s]);
            done |= streams[first + s].done;
        }
    }
}

static void decode_narrow(const ham_tables *tables, ham_cursor *at)
{
    if (tables->unary)
        decode(tables, at, 2, 1);
    else
        decode(tables, at, 2, 0);
}

static void decode_wide(const ham_tables *tables, ham_cursor *at)
{
    if (tables->unary)
        decode(tables, at, 4, 1);
    else
        decode(tables, at, 4, 0);
}

/* Shows a chunk that is done; 0 if none of its columns is asked for. */
static int show(const cdot_view *view, const ham_cursor *at, int s, cdot_block *block)
{
    const ham_stream *one = &at->streams[s];
    uint32_t *ends = at->ends + s * SEGMENTS, segments = one->segments;
    if (one->column < one->end) /* the chunk is full inside a column */
        ends[segments++] = one->fill;
    uint32_t skip = at->begin > one->first ? at->begin - one->first : 0;
    if (skip >= segments)
        return 0;
    *block = (cdot_block){.column = one->first + skip, .segments = segments - skip, .ends = ends + skip};
    block->begin = skip ? ends[skip - 1] : 0;
    block->rows = at->rows + (size_t)s * ENTRIES * view->row_bytes;
    if (view->arithmetic == CDOT_IN_INT32)
        huffman_narrow_s8(at->values + s * ENTRIES, ends[segments - 1]);
    block->values = at->values + s * ENTRIES;
    return 1;
}

/* One value everywhere: runs of it, ENTRIES at a time; nothing at all if it is 0. */
static int next_constant(const cdot_view *view, ham_cursor *at, cdot_block *block)
{
    const ham_tables *tables = view->workspace;
    ham_stream *one = &at->streams[0];
    if (view->nnz == 0 || at->next == at->end)
        return 0;
    uint32_t left = view->n - (uint32_t)one->row, count = left < ENTRIES ? left : ENTRIES;
    for (uint32_t i = 0; i < count; i++)
        at->values[i] = tables->stream.code.values[0];
    *block = (cdot_block){.column = at->next, .segments = 1, .row = (uint32_t)one->row, .ends = at->ends};
    if (view->arithmetic == CDOT_IN_INT32)
        huffman_narrow_s8(at->values, count);
    block->values = at->values;
    at->ends[0] = count;
    one->row += count;
    if (one->row == view->n) {
        one->row = 0;
        at->next++;
    }
    return 1;
}

int ham_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    const ham_tables *tables = view->workspace;
    ham_cursor *at = (ham_cursor *)cursor;
    int used = tables->sparse ? 1 : HAM_STREAMS;
    if (tables->stream.groups == 0 || view->n == 0)
        return next_constant(view, at, block);
    for (;;) {
        uint32_t any = 0;
        for (int s = 0; s < used; s++) {
            ham_stream *one = &at->streams[s];
            if (one->done) {
                one->live = one->done = 0;
                if (show(view, at, s, block))
                    return 1;
            }
            one->live = one->live || refill(tables, at, one, view->n);
            any |= one->live;
        }
        if (!any)
            return 0;
        if (view->row_bytes == 2)
            decode_narrow(tables, at);
        else
            decode_wide(tables, at);
    }
}
