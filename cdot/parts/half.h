/* Stored float16 as the float32 that is multiplied: every float16 is one. */
#ifndef CDOT_HALF_H
#define CDOT_HALF_H

#include "core/payload.h"

#if defined(__AVX2__) && defined(__F16C__)
#include "isa/avx2/half.h"
#elif defined(__aarch64__)
#include "isa/neon/half.h"
#else
#include "isa/portable/half.h"
#endif

#endif
