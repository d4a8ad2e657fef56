/* rle4: int8 values with 4-bit relative indices, a zero behind every 15 rows of a gap, 32-bit column ends. */
#include "parts/nibbles.h"

extern const cdot_decoder rle4_decoder;

enum { FORMAT = 35 };

static int64_t rle4_workspace(const uint8_t *payload, uint64_t size)
{
    cdot_view view;
    uint32_t entries;
    int error = nibbles_read(&view, payload, size, NULL, FORMAT, &rle4_decoder, &entries);
    return error ? error : (int64_t)counted_workspace(view.m);
}

static int rle4_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                     uint64_t workspace_size)
{
    return nibbles_open(view, payload, size, workspace, workspace_size, FORMAT, &rle4_decoder);
}

#if defined(__ARM_FEATURE_MVE)
#include "isa/helium/nibbles.h"
#define FUSED_S8 nibbles_dot
#else
#define FUSED_S8 NULL
#endif

const cdot_decoder rle4_decoder = {
    .version = CDOT_VERSION,
    .workspace = rle4_workspace,
    .open = rle4_open,
    .seek = nibbles_seek,
    .next = nibbles_next,
    .weight = counted_weight,
    .dot_s8 = FUSED_S8,
};
