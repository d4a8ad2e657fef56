/* float16 to float32 by the conversion that every aarch64 processor has, four at a time. */
#ifndef CDOT_VECTOR_NEON_HALF_H
#define CDOT_VECTOR_NEON_HALF_H

#include <arm_neon.h>
#include <stdint.h>

static inline void widen_halves(const uint16_t *from, uint32_t count, float *to)
{
    uint32_t i = 0;
    for (; i + 4 <= count; i += 4)
        vst1q_f32(to + i, vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from + i))));
    for (; i < count; i++)
        to[i] = vgetq_lane_f32(vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(from[i]))), 0);
}

#endif
