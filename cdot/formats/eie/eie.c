/* eie: gaps of 4 bits and codebook indices down each column, packed or Huffman-coded, and counts per column
 * (Han et al., Deep Compression and EIE). Fillers, the entries 0 of long gaps, are multiplied like others.
 * Opening is here; blocks come from eie_plain.c or eie_coded.c. */
#include "formats/eie/eie.h"

#include "parts/packed.h"

extern const cdot_decoder eie_decoder;

enum { FORMAT = 12 };

typedef struct {
    eie_fields fields;
    huffman_sections values, gaps; /* coded */
    const void *codebook, *packed_gaps, *indices; /* plain */
    const void *counts;
    uint32_t width, shift;
} eie_sections;

static void eie_take_plain(cdot_reader *reader, eie_sections *sections)
{
    const eie_fields *fields = &sections->fields;
    uint32_t symbols = fields->values.symbols;
    eie_fields expected = {.entries = fields->entries, .values.symbols = symbols};
    if (memcmp(fields, &expected, sizeof expected) != 0 && !reader->error)
        reader->error = CDOT_LENGTH;
    sections->shift = 4;
    sections->codebook = cdot_take(reader, symbols, sizeof(float), 4);
    sections->packed_gaps = cdot_take(reader, packed_bytes(fields->entries, EIE_GAP_BITS), 1, 4);
    sections->indices = cdot_take(reader, packed_bytes(fields->entries, packed_width(symbols)), 1, 4);
}

static void eie_take_coded(cdot_reader *reader, eie_sections *sections)
{
    const eie_fields *fields = &sections->fields;
    sections->shift = fields->values.seek_shift;
    if (fields->gaps.seek_shift != sections->shift && !reader->error)
        reader->error = CDOT_LENGTH;
    huffman_take(reader, &fields->values, sizeof(float), &sections->values);
    huffman_take(reader, &fields->gaps, 1, &sections->gaps);
}

static int eie_read(cdot_reader *reader, const uint8_t *payload, uint64_t size, eie_sections *sections)
{
    if (cdot_read_header(reader, payload, size, FORMAT, sizeof(eie_fields)))
        return reader->error;
    const eie_fields *stored = cdot_take(reader, 1, sizeof *stored, 4);
    if (!stored)
        return reader->error;
    memset(sections, 0, sizeof *sections);
    memcpy(&sections->fields, stored, sizeof *stored);
    uint64_t entries = (uint64_t)reader->header.n * reader->header.m;
    if (stored->entries > entries || reader->header.nnz > stored->entries)
        return reader->error = CDOT_LENGTH;
    (stored->gaps.symbols ? eie_take_coded : eie_take_plain)(reader, sections);
    sections->width = cdot_width(reader->header.n);
    sections->counts = cdot_take(reader, reader->header.m, sections->width, 4);
    return cdot_finish(reader);
}

static uint64_t eie_tables_bytes(void)
{
    return (sizeof(eie_tables) + 15) / 16 * 16;
}

/* Bytes of workspace in front of the positions. */
static uint64_t eie_codes_bytes(const eie_sections *sections)
{
    if (sections->fields.gaps.symbols == 0)
        return eie_tables_bytes();
    return eie_tables_bytes() + coded_workspace(&sections->values, 0) + symbols_workspace(&sections->gaps);
}

static int64_t eie_workspace(const uint8_t *payload, uint64_t size)
{
    cdot_reader reader;
    eie_sections sections;
    if (eie_read(&reader, payload, size, &sections))
        return reader.error;
    return (int64_t)(eie_codes_bytes(&sections) + 8 * chunk_positions(reader.header.m, sections.shift));
}

static int eie_open_coded(eie_tables *tables, const eie_sections *sections, uint8_t *workspace)
{
    const eie_fields *fields = &sections->fields;
    const uint8_t *gaps = sections->gaps.values;
    for (uint32_t symbol = 0; symbol < fields->gaps.symbols; symbol++)
        if (gaps[symbol] >= STEP_LONGEST)
            return CDOT_ROW;
    int error = coded_open(&tables->values, &sections->values, 0, workspace);
    if (!error)
        error = symbols_open(&tables->coded_gaps, &sections->gaps, gaps,
                             workspace + coded_workspace(&sections->values, 0));
    if (error)
        return error;
    if (fields->values.symbols == 0 && fields->entries)
        return CDOT_CODE;
    if ((fields->values.words && fields->entries > coded_stream(&tables->values)->stream_bits) ||
        (fields->gaps.words && fields->entries > tables->coded_gaps.stream.stream_bits))
        return CDOT_STREAM; /* a codeword has one bit at the least */
    return CDOT_OK;
}

static int eie_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                    uint64_t workspace_size)
{
    cdot_reader reader;
    eie_sections sections;
    if (eie_read(&reader, payload, size, &sections))
        return reader.error;
    if ((int64_t)workspace_size < eie_workspace(payload, size))
        return CDOT_WORKSPACE;
    const eie_fields *fields = &sections.fields;
    eie_tables *tables = workspace;
    uint64_t *positions = (uint64_t *)((uint8_t *)workspace + eie_codes_bytes(&sections));
    cdot_fill_view(view, &eie_decoder, &reader, workspace);
    view->row_bytes = view->n > 65536 ? 4 : 2;
    view->group = (uint32_t)1 << sections.shift;
    *tables = (eie_tables){.entries = fields->entries, .symbols = fields->values.symbols};
    tables->coded = fields->gaps.symbols > 0;
    tables->counts = (chunk_counts){sections.counts, positions, sections.width, sections.shift, view->m};
    tables->codebook = sections.codebook;
    tables->gaps = sections.packed_gaps;
    tables->indices = sections.indices;
    int error = chunk_open(&tables->counts, view->n, tables->entries);
    if (!error)
        error = tables->coded ? eie_open_coded(tables, &sections, (uint8_t *)workspace + eie_tables_bytes())
                              : eie_plain_check(tables, view->n);
    view->scratch_bytes = tables->coded ? eie_coded_scratch(view) : eie_plain_scratch(view);
    return error;
}

static void eie_seek(const cdot_view *view, cdot_cursor *cursor, uint32_t column, uint32_t end, void *scratch)
{
    const eie_tables *tables = view->workspace;
    (tables->coded ? eie_coded_seek : eie_plain_seek)(view, cursor, column, end, scratch);
}

static int eie_next(const cdot_view *view, cdot_cursor *cursor, cdot_block *block)
{
    const eie_tables *tables = view->workspace;
    return (tables->coded ? eie_coded_next : eie_plain_next)(view, cursor, block);
}

static uint64_t eie_weight(const cdot_view *view, uint32_t column)
{
    return chunk_weight(&((const eie_tables *)view->workspace)->counts, column);
}

const cdot_decoder eie_decoder = {
    .version = CDOT_VERSION,
    .workspace = eie_workspace,
    .open = eie_open,
    .seek = eie_seek,
    .next = eie_next,
    .weight = eie_weight,
};
