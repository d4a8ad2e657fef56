/* rel15: as rle4, but gaps to 15 are stored as they are, and counts have 16 bits. */
#include "parts/nibbles.h"

extern const cdot_decoder rel15_decoder;

enum { FORMAT = 36 };

static int64_t rel15_workspace(const uint8_t *payload, uint64_t size)
{
    cdot_view view;
    uint32_t entries;
    int error = nibbles_read(&view, payload, size, NULL, FORMAT, &rel15_decoder, &entries);
    return error ? error : (int64_t)counted_workspace(view.m);
}

static int rel15_open(cdot_view *view, const uint8_t *payload, uint64_t size, void *workspace,
                     uint64_t workspace_size)
{
    return nibbles_open(view, payload, size, workspace, workspace_size, FORMAT, &rel15_decoder);
}

#if defined(__ARM_FEATURE_MVE)
#include "isa/helium/nibbles.h"
#define FUSED_S8 nibbles_dot
#else
#define FUSED_S8 NULL
#endif

const cdot_decoder rel15_decoder = {
    .version = CDOT_VERSION,
    .workspace = rel15_workspace,
    .open = rel15_open,
    .seek = nibbles_seek,
    .next = nibbles_next,
    .weight = counted_weight,
    .dot_s8 = FUSED_S8,
};
