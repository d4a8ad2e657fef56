/* Which columns share a packed column (Kung, McDanel and Zhang): the two greedy orders of encoders.
 *
 * A column that joins a group adds as many conflicts as it has rows in common with the union of the
 * group's columns, and the union gains its other rows: one and-and-count over bit sets answers both. */
#include "encode/combining.h"

#include <string.h>

static uint32_t common(const uint64_t *a, const uint64_t *b, uint32_t words)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < words; i++)
        count += (uint64_t)__builtin_popcountll(a[i] & b[i]);
    return (uint32_t)count;
}

static uint64_t *rows_of(const combining *all, uint32_t column)
{
    return all->occupied + (uint64_t)column * all->words;
}

static void unite(uint64_t *into, const uint64_t *more, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++)
        into[i] |= more[i];
}

int combining_occupy(const combining *all, uint32_t begin, const encode_sparse *in)
{
    if (encode_check(in))
        return CDOT_COLUMNS;
    if (in->n != all->columns || (uint64_t)begin + in->columns > (uint64_t)all->words * 64)
        return CDOT_CAPACITY;
    for (uint32_t k = 0; k < in->columns; k++) {
        uint64_t word = (begin + k) >> 6, bit = (uint64_t)1 << ((begin + k) & 63);
        for (int64_t i = in->indptr[k]; i < in->indptr[k + 1]; i++)
            rows_of(all, (uint32_t)in->rows[i])[word] |= bit;
    }
    return CDOT_OK;
}

/* Candidates of one group. A column never gains the union more rows later than earlier, and never fits
 * again once it did not: so the last gain seen is a bound, and most of them are never counted anew. */
typedef struct {
    const combining *all;
    uint32_t *heads;
    uint32_t count;
    const uint32_t *following;
    int64_t *bounds; /* rows that a candidate can add, at the most; -1: it does not fit */
    uint64_t *taken; /* rows of the union */
    uint64_t room;   /* conflicts that are left */
    uint32_t group, size;
} candidates;

/* Drops what is used up, forgets the bounds; the slot of the lowest column, or COMBINING_NONE. */
static uint32_t start_group(candidates *of)
{
    uint32_t kept = 0, lowest = COMBINING_NONE;
    for (uint32_t slot = 0; slot < of->count; slot++) {
        uint32_t column = of->heads[slot];
        if (column == COMBINING_NONE)
            continue;
        if (lowest == COMBINING_NONE || column < of->heads[lowest])
            lowest = kept;
        of->heads[kept] = column;
        of->bounds[kept++] = of->all->counts[column];
    }
    of->count = kept;
    of->room = of->all->limit;
    of->size = 0;
    memset(of->taken, 0, of->all->words * sizeof *of->taken);
    return lowest;
}

/* The slot that adds most rows of those that fit, on a tie the lowest column; or COMBINING_NONE. */
static uint32_t best_candidate(candidates *of)
{
    const combining *all = of->all;
    uint32_t best = COMBINING_NONE, best_column = COMBINING_NONE;
    int64_t most = -1;
    for (uint32_t slot = 0; slot < of->count; slot++) {
        uint32_t column = of->heads[slot];
        int64_t bound = of->bounds[slot];
        if (column == COMBINING_NONE)
            continue;
        if (all->counts[column] < most)
            break; /* and so are all behind it */
        if (bound < most || bound < 0 || (bound == most && column > best_column))
            continue;
        uint32_t conflicts = common(rows_of(all, column), of->taken, all->words);
        int64_t gain = conflicts > of->room ? -1 : (int64_t)all->counts[column] - conflicts;
        of->bounds[slot] = gain;
        if (gain > most || (gain >= 0 && gain == most && column < best_column)) {
            best = slot;
            best_column = column;
            most = gain;
        }
    }
    return best;
}

/* Puts a candidate into the group; bounds[slot] is what it adds. */
static void merge(candidates *of, uint32_t slot)
{
    const combining *all = of->all;
    uint32_t column = of->heads[slot], gain = (uint32_t)of->bounds[slot];
    all->group[column] = (int32_t)of->group;
    all->place[column] = of->size++;
    all->rows[of->group] += gain;
    of->room -= all->counts[column] - gain;
    unite(of->taken, rows_of(all, column), all->words);
    of->heads[slot] = of->following[column];
}

uint32_t combine_by_index(const combining *all, uint32_t *heads, uint32_t count, const uint32_t *following,
                          int64_t *bounds, uint64_t *taken)
{
    candidates of = {all, heads, count, following, bounds, taken, 0, 0, 0};
    uint32_t slot;
    for (; (slot = start_group(&of)) != COMBINING_NONE; of.group++) {
        all->rows[of.group] = 0;
        merge(&of, slot);
        while (of.size < all->alpha && (slot = best_candidate(&of)) != COMBINING_NONE)
            merge(&of, slot);
    }
    return of.group;
}

/* The open group, by place in the list, whose union with a column has most rows; or COMBINING_NONE. */
static uint32_t best_group(const combining *all, uint32_t column, const uint32_t *open, uint32_t open_count,
                           const uint32_t *first, const uint64_t *room, uint32_t *conflicts)
{
    uint32_t best = COMBINING_NONE;
    uint64_t most = 0, count = all->counts[column];
    for (uint32_t k = 0; k < open_count; k++) {
        uint32_t group = open[k];
        if (all->rows[group] + count <= most)
            continue;
        uint32_t shared = common(rows_of(all, column), rows_of(all, first[group]), all->words);
        if (shared > room[group] || all->rows[group] + count - shared <= most)
            continue;
        best = k;
        most = all->rows[group] + count - shared;
        *conflicts = shared;
    }
    return best;
}

uint32_t combine_by_density(const combining *all, const uint32_t *order, uint32_t count, uint32_t *first,
                            uint32_t *open, uint32_t *size, uint64_t *room)
{
    uint32_t groups = 0, open_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t column = order[i], conflicts = 0;
        uint32_t at = best_group(all, column, open, open_count, first, room, &conflicts);
        if (at == COMBINING_NONE) { /* the bits of a group's first column become those of the union */
            at = open_count++;
            open[at] = groups;
            first[groups] = column;
            size[groups] = 0;
            room[groups] = all->limit;
            all->rows[groups++] = 0;
        } else {
            unite(rows_of(all, first[open[at]]), rows_of(all, column), all->words);
        }
        uint32_t group = open[at];
        all->group[column] = (int32_t)group;
        all->place[column] = size[group]++;
        all->rows[group] += all->counts[column] - conflicts;
        room[group] -= conflicts;
        if (size[group] == all->alpha) {
            memmove(open + at, open + at + 1, (open_count - at - 1) * sizeof *open);
            open_count--;
        }
    }
    return groups;
}
