/* Inner loops of int8 products for Helium (MVE). Sums are made in a core register by vmladava, so nothing is
 * folded at the end; the loops are tail-predicated, so there is no remainder to go through one by one. */
#ifndef CDOT_VECTOR_MVE_S8_H
#define CDOT_VECTOR_MVE_S8_H

#include <arm_mve.h>

#include "core/multiply_s8.h"
#include "core/payload.h"

#define S8_INLINE static inline __attribute__((always_inline)) /* so that each width of rows has a loop of its own */

enum { S8_PIXELS = 16 }; /* of a batch, taken at once: four vectors of sums, which stay in registers */

/* The loops over gathers are assembly for one reason: the compiler puts the values' load behind the gather,
 * where it waits until the gather has left the memory, ten cycles later. So do loads and stores of the caller:
 * what it has to load or to store for the next column belongs before the call. */

/* Sixteen rows of eight bits a step: x is gathered as bytes. */
static inline uint32_t s8_sum_rows_u8(const uint8_t *rows, const int8_t *values, uint32_t count, const int8_t *x)
{
    uint32_t sum = 0;
    __asm__("wlstp.8 lr, %[count], 2f\n"
            "1: vldrb.u8 q0, [%[rows]], #16\n"
            "vldrb.u8 q1, [%[values]], #16\n"
            "vldrb.u8 q2, [%[x], q0]\n"
            "vmladava.s8 %[sum], q1, q2\n"
            "letp lr, 1b\n"
            "2:"
            : [sum] "+Te"(sum), [rows] "+r"(rows), [values] "+r"(values)
            : [count] "r"(count), [x] "r"(x)
            : "lr", "q0", "q1", "q2", "memory");
    return sum;
}

/* Eight rows of 16 bits a step: bytes of x and of the values are widened as they are loaded. */
static inline uint32_t s8_sum_rows_u16(const uint16_t *rows, const int8_t *values, uint32_t count, const int8_t *x)
{
    uint32_t sum = 0;
    __asm__("wlstp.16 lr, %[count], 2f\n"
            "1: vldrh.u16 q0, [%[rows]], #16\n"
            "vldrb.s16 q1, [%[values]], #8\n"
            "vldrb.s16 q2, [%[x], q0]\n"
            "vmladava.s16 %[sum], q1, q2\n"
            "letp lr, 1b\n"
            "2:"
            : [sum] "+Te"(sum), [rows] "+r"(rows), [values] "+r"(values)
            : [count] "r"(count), [x] "r"(x)
            : "lr", "q0", "q1", "q2", "memory");
    return sum;
}

static inline uint32_t s8_sum_rows_u32(const uint32_t *rows, const int8_t *values, uint32_t count, const int8_t *x)
{
    int32_t sum = 0;
    for (int32_t left = (int32_t)count; left > 0; left -= 4, rows += 4, values += 4) {
        mve_pred16_t lanes = vctp32q((uint32_t)left);
        uint32x4_t at = vldrwq_z_u32(rows, lanes);
        int32x4_t weights = vldrbq_z_s32(values, lanes);
        sum = vmladavaq_p_s32(sum, weights, vldrbq_gather_offset_z_s32(x, at, lanes), lanes);
    }
    return (uint32_t)sum;
}

static inline uint32_t s8_sum_rows(const void *rows, uint32_t row_bytes, const int8_t *values, uint32_t count,
                                   const int8_t *x)
{
    if (row_bytes == 1)
        return s8_sum_rows_u8(rows, values, count, x);
    if (row_bytes == 2)
        return s8_sum_rows_u16(rows, values, count, x);
    return s8_sum_rows_u32(rows, values, count, x);
}

static inline uint32_t s8_sum_run(const int8_t *values, uint32_t count, const int8_t *x)
{
    int32_t sum = 0;
    for (int32_t left = (int32_t)count; left > 0; left -= 16, values += 16, x += 16) {
        mve_pred16_t lanes = vctp8q((uint32_t)left);
        sum = vmladavaq_p_s8(sum, vldrbq_z_s8(values, lanes), vldrbq_z_s8(x, lanes), lanes);
    }
    return (uint32_t)sum;
}

/* out[0 .. 4) += the entries times the first `pixels` of four vectors. */
S8_INLINE void s8_add_four(const void *rows, uint32_t row_bytes, uint32_t row, const int8_t *values, uint32_t begin,
                           uint32_t end, const int8_t *x, size_t ldx, uint32_t pixels, uint32_t *out)
{
    mve_pred16_t lanes = vctp32q(pixels);
    uint32x4_t sum = vldrwq_z_u32(out, lanes);
    for (uint32_t i = begin; i < end; i++, row++) {
        const int8_t *from = x + (rows ? cdot_index(rows, row_bytes, i) : row) * ldx;
        int32x4_t some = vldrbq_z_s32(from, lanes);
        sum = vmlaq_n_u32(sum, vreinterpretq_u32_s32(some), (uint32_t)(int32_t)values[i]);
    }
    vstrwq_p_u32(out, sum, lanes);
}

/* The same for sixteen: a row's index and value serve four vectors. */
S8_INLINE void s8_add_sixteen(const void *rows, uint32_t row_bytes, uint32_t row, const int8_t *values, uint32_t begin,
                              uint32_t end, const int8_t *x, size_t ldx, uint32_t *out)
{
    uint32x4_t s0 = vldrwq_u32(out), s1 = vldrwq_u32(out + 4), s2 = vldrwq_u32(out + 8), s3 = vldrwq_u32(out + 12);
    for (uint32_t i = begin; i < end; i++, row++) {
        const int8_t *from = x + (rows ? cdot_index(rows, row_bytes, i) : row) * ldx;
        uint32_t value = (uint32_t)(int32_t)values[i];
        s0 = vmlaq_n_u32(s0, vreinterpretq_u32_s32(vldrbq_s32(from)), value);
        s1 = vmlaq_n_u32(s1, vreinterpretq_u32_s32(vldrbq_s32(from + 4)), value);
        s2 = vmlaq_n_u32(s2, vreinterpretq_u32_s32(vldrbq_s32(from + 8)), value);
        s3 = vmlaq_n_u32(s3, vreinterpretq_u32_s32(vldrbq_s32(from + 12)), value);
    }
    vstrwq_u32(out, s0);
    vstrwq_u32(out + 4, s1);
    vstrwq_u32(out + 8, s2);
    vstrwq_u32(out + 12, s3);
}

S8_INLINE void s8_add_width(const void *rows, uint32_t row_bytes, uint32_t row, const int8_t *values, uint32_t begin,
                            uint32_t end, const int8_t *x, size_t ldx, size_t batch, uint32_t *out)
{
    size_t b = 0;
    for (; b + S8_PIXELS <= batch; b += S8_PIXELS)
        s8_add_sixteen(rows, row_bytes, row, values, begin, end, x + b, ldx, out + b);
    for (; b < batch; b += 4)
        s8_add_four(rows, row_bytes, row, values, begin, end, x + b, ldx, (uint32_t)(batch - b), out + b);
}

/* out[b] += the entries `begin` to `end` of a segment times x, for a batch: no gather, the row's pixels lie
 * side by side. */
static inline void s8_add_entries(const void *rows, uint32_t row_bytes, uint32_t row, const int8_t *values,
                                  uint32_t begin, uint32_t end, const int8_t *x, size_t ldx, size_t batch,
                                  uint32_t *out)
{
    if (!rows)
        s8_add_width(NULL, 0, row, values, begin, end, x, ldx, batch, out);
    else if (row_bytes == 1)
        s8_add_width(rows, 1, 0, values, begin, end, x, ldx, batch, out);
    else if (row_bytes == 2)
        s8_add_width(rows, 2, 0, values, begin, end, x, ldx, batch, out);
    else
        s8_add_width(rows, 4, 0, values, begin, end, x, ldx, batch, out);
}

#endif
