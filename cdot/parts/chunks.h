/* Formats with a count of entries for each column and a seek point for every group of columns decode
 * CHUNK_STREAMS groups side by side, so that the processor has as many chains of look-ups to work on.
 *
 * Each fills a chunk of the scratch; a full chunk is shown as a block, and its place goes on with what comes
 * next of its group or with the next group, so that columns of very different counts keep all busy. What
 * is decoded, and how, is the format's business; here is which entries of which columns a chunk has. */
#ifndef CDOT_CHUNKS_H
#define CDOT_CHUNKS_H

#include "core/payload.h"

#include <string.h>

enum { CHUNK_STREAMS = 4, CHUNK_ENTRIES = 1024, CHUNK_SEGMENTS = CDOT_GROUP };

/* How many entries columns have. */
typedef struct {
    const void *counts;  /* of each column */
    uint64_t *positions; /* entries before each group, and all: chunk_positions of them */
    uint32_t width;      /* bytes of a count */
    uint32_t shift;      /* 2^shift columns a group */
    uint32_t m;
} chunk_counts;

typedef struct {
    uint64_t position;    /* entries before the chunk */
    uint64_t left;        /* entries behind the chunk, of the columns asked for */
    uint32_t column;      /* that the chunk starts in */
    uint32_t column_left; /* its entries that were not shown yet */
    uint32_t end;         /* one past the last column of the group that is asked for */
    uint32_t chunk;       /* entries of the chunk when it is full, 0: there is none */
    uint32_t size; /* of this group's chunks: it is cut into equal parts, whichever columns are asked for */
} chunk_stream;

typedef struct {
    chunk_stream streams[CHUNK_STREAMS];
    uint32_t begin, end; /* columns asked for */
    uint32_t group;      /* the next one to start */
    uint32_t reserved;
    uint32_t *ends;      /* [CHUNK_SEGMENTS] of the block that is shown */
} chunk_cursor;

static inline uint32_t chunk_groups(uint32_t m, uint32_t shift)
{
    return (uint32_t)(((uint64_t)m + (1u << shift) - 1) >> shift);
}

static inline uint64_t chunk_positions(uint32_t m, uint32_t shift)
{
    return (uint64_t)chunk_groups(m, shift) + 1;
}

static inline uint32_t chunk_count(const chunk_counts *counts, uint32_t column)
{
    return cdot_index(counts->counts, counts->width, column);
}

/* Fills the positions; CDOT_POINTER where these are no counts of a matrix of n rows with `entries`. */
int chunk_open(chunk_counts *counts, uint32_t n, uint64_t entries);

static inline void chunk_seek(chunk_cursor *at, const chunk_counts *counts, uint32_t begin, uint32_t end,
                              uint32_t *ends)
{
    memset(at, 0, sizeof *at);
    at->begin = begin;
    at->end = end;
    at->group = begin >> counts->shift;
    at->ends = ends;
}

static inline int chunk_more_groups(const chunk_cursor *at, const chunk_counts *counts)
{
    return (uint64_t)at->group << counts->shift < at->end;
}

/* Entries of the chunks of a group that has `all`. */
static inline uint32_t chunk_size(uint64_t all)
{
    if (all <= CHUNK_ENTRIES) /* division is slow */
        return (uint32_t)all;
    uint64_t chunks = (all + CHUNK_ENTRIES - 1) / CHUNK_ENTRIES;
    return (uint32_t)((all + chunks - 1) / chunks);
}

/* Gives a stream the next group's columns, as far as they lie in front of the range's end. */
static inline void chunk_start(chunk_cursor *at, const chunk_counts *counts, chunk_stream *stream)
{
    uint32_t column = at->group << counts->shift, columns = (uint32_t)1 << counts->shift;
    *stream = (chunk_stream){.column = column};
    stream->end = columns < at->end - column ? column + columns : at->end;
    stream->position = counts->positions[at->group];
    stream->size = chunk_size(counts->positions[at->group + 1] - stream->position);
    if (stream->end - column == columns)
        stream->left = counts->positions[at->group + 1] - stream->position;
    for (uint32_t j = column; j < stream->end && stream->end - column < columns; j++)
        stream->left += chunk_count(counts, j);
    stream->column_left = chunk_count(counts, column);
    at->group++;
}

/* What chunk_refill found: nothing left; more of the same group; the start of a group. */
enum { CHUNK_NONE, CHUNK_MORE, CHUNK_GROUP };

/* Gives a stream its next chunk. */
static inline int chunk_refill(chunk_cursor *at, const chunk_counts *counts, chunk_stream *stream)
{
    int found = stream->left ? CHUNK_MORE : CHUNK_GROUP;
    while (stream->left == 0 && chunk_more_groups(at, counts))
        chunk_start(at, counts, stream);
    stream->chunk = stream->left < stream->size ? (uint32_t)stream->left : stream->size;
    stream->left -= stream->chunk;
    return stream->chunk ? found : CHUNK_NONE;
}

/* chunk_show for a chunk with all that is left of a group: no column ends outside it. */
static inline uint32_t chunk_show_rest(chunk_cursor *at, const chunk_counts *counts, chunk_stream *stream)
{
    uint32_t done = stream->column_left, column = stream->column + 1, segments = 0;
    at->ends[segments++] = done;
    if (counts->width == 2)
        for (; column < stream->end; column++)
            at->ends[segments++] = done += ((const uint16_t *)counts->counts)[column];
    else
        for (; column < stream->end; column++)
            at->ends[segments++] = done += chunk_count(counts, column);
    stream->column = stream->end;
    stream->position += stream->chunk;
    stream->chunk = 0;
    return segments;
}

/* A full chunk's columns as a block without rows and values; 0 if none of them is asked for. */
static inline int chunk_show(chunk_cursor *at, const chunk_counts *counts, chunk_stream *stream,
                             cdot_block *block)
{
    uint32_t done = 0, segments = 0;
    *block = (cdot_block){.column = stream->column, .ends = at->ends};
    if (stream->left == 0 && stream->column >= at->begin) {
        block->segments = chunk_show_rest(at, counts, stream);
        return 1;
    }
    while (stream->column < stream->end) {
        uint32_t left = stream->chunk - done;
        uint32_t take = stream->column_left < left ? stream->column_left : left;
        done += take;
        stream->column_left -= take;
        if (stream->column < at->begin) {
            block->column = stream->column + 1;
            block->begin = done;
        } else {
            at->ends[segments++] = done;
        }
        if (stream->column_left)
            break; /* the chunk ends inside this column */
        stream->column++;
        if (stream->column < stream->end)
            stream->column_left = chunk_count(counts, stream->column);
    }
    stream->position += stream->chunk;
    stream->chunk = 0;
    block->segments = segments;
    return segments > 0;
}

/* Entries in front of the first group that starts at a column or behind it; for balancing threads. */
static inline uint64_t chunk_weight(const chunk_counts *counts, uint32_t column)
{
    return counts->positions[chunk_groups(column, counts->shift)];
}

#endif
