/* ham: a canonical Huffman code of all entries, column by column (Marino et al., HAM). Reading and opening;
 * ham_table.c makes the table, ham_blocks.c decodes, ham_dot.c is the product of one vector. */
#include "formats/ham/ham.h"

extern const cdot_decoder ham_decoder;

enum { FORMAT = 5, NONZERO_BITS = 64, LOOK_ROWS = 1 << 14 };

static int ham_read(cdot_reader *reader, const uint8_t *payload, uint64_t size, huffman_sections *sections)
{
    if (cdot_read_header_any(reader, payload, size, FORMAT, sizeof(huffman_fields)))
        return reader->error;
    const huffman_fields *stored = cdot_take(reader, 1, sizeof *stored, 4);
    int int8 = reader->header.value_type == CDOT_INT8;
    if (huffman_take(reader, stored, int8 ? 0 : sizeof(float), sections))
        return reader->error;
    if (int8)
        huffman_take_s8(reader, sections);
    return cdot_finish(reader);
}

static uint64_t ham_tables_bytes(void)
{
    return (sizeof(ham_tables) + 15) / 16 * 16;
}

/* Bytes of the table of look-ups, where it takes no more than half of the stream's, sums are not too long, and
 * nonzeros with the zeros in front of them take so few bits that most look-ups are not for zeros alone; else 0. */
static uint64_t ham_looks_bytes(const cdot_header *header, const huffman_sections *sections)
{
    uint64_t bytes = (sizeof(ham_look) + sizeof(ham_values)) << HAM_LOOK_BITS, stream_bits = sections->fields.words * 32;
    if (HAM_STREAMS == 1 || header->value_type == CDOT_INT8 || header->n > LOOK_ROWS || stream_bits < 16 * bytes)
        return 0;
    return sections->per_length[0] == 1 && stream_bits / NONZERO_BITS < header->nnz ? bytes : 0;
}

static int64_t ham_workspace(const uint8_t *payload, uint64_t size)
{
    cdot_reader reader;
    huffman_sections sections;
    int error = ham_read(&reader, payload, size, &sections);
    if (error)
        return error;
    uint32_t longest = sections.fields.longest;
    uint64_t wide = reader.header.value_type == CDOT_INT8 ? HUFFMAN_WIDE(sections.fields.symbols) : 0;
    uint64_t table = sizeof(ham_entry) << ham_table_bits(longest);
    uint64_t looks = ham_looks_bytes(&reader.header, &sections);
    return (int64_t)(ham_tables_bytes() + wide + looks + huffman_workspace(longest) + table);
}

static int ham_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                    uint64_t workspace_size)
{
    cdot_reader reader;
    huffman_sections sections;
    int error = ham_read(&reader, payload, size, &sections);
    if (error)
        return error;
    if ((int64_t)workspace_size < ham_workspace(payload, size))
        return CDOT_WORKSPACE;
    ham_tables *tables = workspace;
    uint8_t *rest = (uint8_t *)workspace + ham_tables_bytes();
    if (reader.header.value_type == CDOT_INT8) {
        huffman_widen_s8(&sections, rest);
        rest += HUFFMAN_WIDE(sections.fields.symbols);
    }
    uint64_t looks = ham_looks_bytes(&reader.header, &sections);
    tables->looks = looks ? (ham_look *)rest : NULL;
    tables->values = looks ? (ham_values *)(tables->looks + (1 << HAM_LOOK_BITS)) : NULL;
    rest += looks;
    error = huffman_stream_open(&tables->stream, &sections, sections.values, rest);
    if (error)
        return error;
    cdot_fill_view(view, &ham_decoder, &reader, workspace);
    uint64_t entries = (uint64_t)view->n * view->m;
    const huffman_code *code = &tables->stream.code;
    if (code->longest == 0) { /* one value everywhere: the header must say so too */
        uint64_t nnz = code->symbols && code->values[0] != 0 ? entries : 0;
        if (view->nnz != nnz || (entries && code->symbols == 0))
            return CDOT_LENGTH;
    } else if (entries > tables->stream.stream_bits) { /* a codeword has one bit at the least */
        return CDOT_STREAM;
    }
    tables->safe_bits = tables->stream.stream.last * 32;
    tables->sparse = view->nnz < tables->stream.stream_bits / 64;
    tables->entries = (ham_entry *)(rest + huffman_workspace(code->longest));
    view->row_bytes = view->n > 65536 ? 4 : 2;
    view->group = (uint32_t)1 << tables->stream.seek_shift;
    view->scratch_bytes = ham_scratch_bytes(view->row_bytes);
    return ham_build_table(tables);
}

static uint64_t ham_weight(const cdot_view *view, uint32_t column)
{
    const huffman_stream *stream = &((const ham_tables *)view->workspace)->stream;
    if (stream->groups == 0)
        return (uint64_t)column * view->n;
    uint32_t group = column >> stream->seek_shift;
    return group < stream->groups ? huffman_seek(stream, group) : stream->stream_bits;
}

const cdot_decoder ham_decoder = {
    .version = CDOT_VERSION,
    .workspace = ham_workspace,
    .open = ham_open,
    .seek = ham_seek,
    .next = ham_next,
    .weight = ham_weight,
    .dot = ham_dot,
};
