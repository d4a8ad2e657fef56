/* cells: codes of 4 to 6 bits in chunks of 32 rows, and a codebook. Blocks are runs of consecutive rows. */
#include "formats/cells/cells.h"
#include "formats/cells/cells_dot.h"

#if defined(__AVX2__)
#include "isa/avx2/cells.h"
#else
#include "isa/portable/cells.h"
#endif

extern const cdot_decoder cells_decoder;

enum { FORMAT = 68 };

typedef struct {
    runs_cursor run;
    float *values;
    uint32_t *ends;
} cells_cursor;

/* Whether all codes are the codebook's: most of them are looked at together, in bytes that only grow. */
static int cells_check(const cdot_view *view)
{
    uint32_t symbols = cells_symbols(view), planes = cells_planes(symbols), left = view->n % CELLS_CHUNK;
    uint8_t most[CELLS_CHUNK] = {0}, codes[CELLS_CHUNK];
    if (!view->n || !view->m || symbols == 16u << planes)
        return CDOT_OK; /* without entries, or no code says anything else */
    for (uint32_t column = 0; column < view->m; column++) {
        const uint8_t *at = cells_place(view, column, 0);
        for (uint32_t chunk = 0; chunk < view->n / CELLS_CHUNK; chunk++, at += cells_chunk_bytes(planes)) {
            cells_codes(at, planes, codes);
            for (uint32_t i = 0; i < CELLS_CHUNK; i++)
                most[i] = codes[i] > most[i] ? codes[i] : most[i];
        }
        cells_last_codes(at, left, planes, codes);
        for (uint32_t i = 0; i < left; i++)
            most[i] = codes[i] > most[i] ? codes[i] : most[i];
    }
    return cdot_check_indices(most, 1, CELLS_CHUNK, symbols);
}

static int cells_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                      uint64_t workspace_size)
{
    cdot_reader reader;
    (void)workspace_size;
    if (cdot_read_header(&reader, payload, size, FORMAT, sizeof(cells_fields)))
        return reader.error;
    const cells_fields *fields = cdot_take(&reader, 1, sizeof *fields, 4);
    if (!fields)
        return reader.error;
    if (fields->symbols > CELLS_MOST)
        return CDOT_LENGTH;
    cdot_fill_view(view, &cells_decoder, &reader, workspace);
    view->section[CELLS_FIELDS] = fields;
    view->section[CELLS_VALUES] = cdot_take(&reader, fields->symbols, 4, 4);
    view->section[CELLS_CELLS] =
        cdot_take(&reader, view->m * cells_column_bytes(view->n, cells_planes(fields->symbols)), 1, 16);
    view->scratch_bytes = CELLS_ENTRIES * sizeof(float) + RUNS_COLUMNS * sizeof(uint32_t);
    if (cdot_finish(&reader))
        return cdot_finish(&reader);
    return cells_check(view);
}

static void cells_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    cells_cursor *at = (cells_cursor *)cursor;
    float *values = scratch;
    (void)view;
    *at = (cells_cursor){{column, end, 0}, values, (uint32_t *)(values + CELLS_ENTRIES)};
}

static int cells_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    cells_cursor *at = (cells_cursor *)cursor;
    uint32_t done = 0;
    cells_tables tables;
    uint64_t from;
    if (!runs_next(view, &at->run, CELLS_ENTRIES, at->ends, block, &from))
        return 0;
    cells_fill(&tables, view->section[CELLS_VALUES], cells_symbols(view));
    for (uint32_t k = 0; k < block->segments; done = at->ends[k++])
        cells_widen(&tables, cells_place(view, block->column + k, block->row), at->ends[k] - done, at->values + done);
    block->values = at->values;
    return 1;
}

const cdot_decoder cells_decoder = {
    .version = CDOT_VERSION,
    .open = cells_open,
    .seek = cells_seek,
    .next = cells_next,
    .dot = cells_dot,
};
