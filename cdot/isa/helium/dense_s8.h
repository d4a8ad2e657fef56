/* dense_s8 with Helium: four columns pass over a vector together, so each part of x is loaded once for four
 * multiplications. The unit of memory is the limit: five loads for four multiplications, ten cycles for 64
 * products. Of several vectors, whose values of a row lie side by side, one after the other is copied to the
 * scratch: that is n steps for n m products. */
#ifndef CDOT_VECTOR_MVE_DENSE_S8_H
#define CDOT_VECTOR_MVE_DENSE_S8_H

#include "isa/helium/multiply_s8.h"

/* y[0], y[ldy] and so on: four columns of n weights, one behind the other. */
static inline void dense_s8_four(const int8_t *weights, uint32_t n, const int8_t *x, int32_t *y, size_t ldy)
{
    const int8_t *w0 = weights, *w1 = w0 + n, *w2 = w1 + n, *w3 = w2 + n;
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (int32_t left = (int32_t)n; left > 0; left -= 16, x += 16, w0 += 16, w1 += 16, w2 += 16, w3 += 16) {
        mve_pred16_t lanes = vctp8q((uint32_t)left);
        int8x16_t some = vldrbq_z_s8(x, lanes);
        s0 = vmladavaq_p_s8(s0, some, vldrbq_z_s8(w0, lanes), lanes);
        s1 = vmladavaq_p_s8(s1, some, vldrbq_z_s8(w1, lanes), lanes);
        s2 = vmladavaq_p_s8(s2, some, vldrbq_z_s8(w2, lanes), lanes);
        s3 = vmladavaq_p_s8(s3, some, vldrbq_z_s8(w3, lanes), lanes);
    }
    y[0] = s0;
    y[ldy] = s1;
    y[2 * ldy] = s2;
    y[3 * ldy] = s3;
}

static void dense_s8_vector(const cdot_view *view, const int8_t *x, int32_t *y, size_t ldy, uint32_t col_begin,
                            uint32_t col_end)
{
    const int8_t *weights = (const int8_t *)view->section[0] + (size_t)col_begin * view->n;
    uint32_t column = col_begin;
    for (; col_end - column >= 4; column += 4, weights += 4 * (size_t)view->n)
        dense_s8_four(weights, view->n, x, y + column * ldy, ldy);
    for (; column < col_end; column++, weights += view->n)
        y[column * ldy] = (int32_t)s8_sum_run(weights, view->n, x);
}

/* to[i] = x[i ldx]. */
static void dense_s8_copy(const int8_t *x, size_t ldx, uint32_t n, int8_t *to)
{
    uint32x4_t at = vmulq_n_u32(vidupq_n_u32(0, 1), (uint32_t)ldx);
    for (int32_t left = (int32_t)n; left > 0; left -= 4, x += 4 * ldx, to += 4) {
        mve_pred16_t lanes = vctp32q((uint32_t)left);
        vstrbq_p_s32(to, vldrbq_gather_offset_z_s32(x, at, lanes), lanes);
    }
}

static int dense_s8_dot(const cdot_view *view, const int8_t *x, size_t ldx, int32_t *y, size_t ldy, size_t batch,
                        uint32_t col_begin, uint32_t col_end, void *scratch)
{
    for (size_t b = 0; b < batch; b++) {
        const int8_t *from = x + b;
        if (ldx != 1) {
            dense_s8_copy(from, ldx, view->n, scratch);
            from = scratch;
        }
        dense_s8_vector(view, from, y + b, ldy, col_begin, col_end);
    }
    return CDOT_OK;
}

#endif
