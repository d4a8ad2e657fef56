/* A template: which loop multiplies a block, by the number of vectors and the width of row indices. Who includes it
 * has defined the types `input` and `output`, and multiply_one and multiply_batch of them; multiply.c does so for
 * float32 and multiply_s8.c for int8. `row_bytes` is a constant in every call, so each width becomes a loop of its
 * own. Always inlined, so that the compiler weighs these calls where they are made, as if there were no template. */
static inline __attribute__((always_inline)) void multiply_by_width(const cdot_view *view, const cdot_block *block,
                                                                    const input *x, size_t ldx, output *y, size_t ldy,
                                                                    size_t batch)
{
    if (batch == 1 && ldx == 1 && ldy == 1) {
        if (view->row_bytes == 1)
            multiply_one(block, 1, x, y);
        else if (view->row_bytes == 2)
            multiply_one(block, 2, x, y);
        else
            multiply_one(block, 4, x, y);
    } else {
        if (view->row_bytes == 1)
            multiply_batch(block, 1, x, ldx, y, ldy, batch);
        else if (view->row_bytes == 2)
            multiply_batch(block, 2, x, ldx, y, ldy, batch);
        else
            multiply_batch(block, 4, x, ldx, y, ldy, batch);
    }
}
