/* The one format that this image has; compiled with -DDECODER=csc_decoder and the like. */
#include "core/cdot.h"

extern const cdot_decoder DECODER;
const cdot_decoder *image_decoder(void);

const cdot_decoder *image_decoder(void)
{
    return &DECODER;
}
