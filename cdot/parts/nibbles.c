/* Opening payloads of relative indices; see nibbles.h. */
#include "parts/nibbles.h"

enum { FORMAT_RLE4 = 35 };

static counted_kind kind_of(uint16_t format)
{
    return format == FORMAT_RLE4 ? COUNTED_ENDS : COUNTED_U16;
}

int nibbles_read(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace, uint16_t format,
                 const cdot_decoder *decoder, uint32_t *entries)
{
    cdot_reader reader;
    if (cdot_read_header_s8(&reader, payload, size, format, sizeof(nibbles_fields)))
        return reader.error;
    const nibbles_fields *fields = cdot_take(&reader, 1, sizeof *fields, 4);
    if (!fields)
        return reader.error;
    cdot_fill_view(view, decoder, &reader, workspace);
    *entries = fields->entries;
    uint32_t width = kind_of(format) == COUNTED_ENDS ? 4 : 2;
    view->section[NIBBLES_COUNTS] = cdot_take(&reader, view->m, width, width);
    view->section[NIBBLES_GAPS] = cdot_take(&reader, ((uint64_t)*entries + 1) / 2, 1, 1);
    view->section[NIBBLES_VALUES] = cdot_take(&reader, *entries, 1, 1);
    return cdot_finish(&reader);
}

int nibbles_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                 uint64_t workspace_size, uint16_t format, const cdot_decoder *decoder)
{
    uint32_t entries, i = 0;
    int error = nibbles_read(view, payload, size, workspace, format, decoder, &entries);
    if (error)
        return error;
    if (workspace_size < counted_workspace(view->m))
        return CDOT_WORKSPACE;
    counted_columns *columns = workspace;
    error = counted_open(view, columns, view->section[NIBBLES_COUNTS], kind_of(format), entries,
                         view->section[NIBBLES_VALUES]);
    for (uint32_t column = 0; !error && column < view->m; column++) {
        uint32_t count = (uint32_t)counted_entries(columns, column), row = 0;
        for (uint32_t end = i + count; i < end; i++)
            row += nibble_at(view->section[NIBBLES_GAPS], i);
        if (count && row >= view->n)
            return CDOT_ROW;
    }
    return error;
}
