/* SPDX-License-Identifier: ISC */
/* The table of operations that a device implements. The C table (ops_c.c) is the reference: every
 * other is tested against it. Networks are written on this table and never name an instruction set
 * or a device.
 *
 * Letters: T steps, B rows, N = T*B positions (step by step, row by row), I inputs, H hidden units,
 * G = 4H gates in the order i f g o, V words. All matrices are row-major and without gaps. A pool
 * thread may not call these; they divide the work among the pool's threads themselves.
 *
 * Within a table every sum has one order. Results are the same bits for any number of threads; and
 * a row of y, dx, h, c or the losses depends neither on the rows beside it nor on m, B or N, so
 * that a song alone is that song in a batch. Of the sizes m, n, I and the k of a matmul may be 0.
 * Packed weights, tapes and scratch lie at multiples of NM_ALIGNMENT; all else may lie anywhere. */
#ifndef NM_NN_OPS_H
#define NM_NN_OPS_H

#include "base/pool.h"
#include "base/rng.h"
#include "nn/real.h"

/* y[m,n] = x[m,k] wᵀ + bias, w [n,k] packed by `pack` (or y = x w, w [k,n], packed by
 * `pack_transposed`). */
typedef struct nm_matmul {
    size_t m, n, k;
    const real *x;      /* [m,k] */
    const real *packed; /* packed w */
    const real *bias;   /* [n], or NULL */
    real *y;            /* [m,n] */
    bool accumulate;    /* add to y instead */
} nm_matmul;

/* dw[n,k] += dyᵀ x: the gradient of w in y = x wᵀ; and dbias[n] += the column sums of dy. */
typedef struct nm_matmul_grad {
    size_t m, n, k;
    const real *dy; /* [m,n] */
    const real *x;  /* [m,k] */
    real *dw;       /* [n,k] */
    real *dbias;    /* [n], or NULL */
} nm_matmul_grad;

typedef enum nm_lstm_matrix { NM_WEIGHT_IH, NM_WEIGHT_HH } nm_lstm_matrix;

/* Some rows of a matrix, and of them some columns. */
typedef struct nm_patch {
    nm_range rows, columns;
} nm_patch;

/* Where they lie: one row `stride` behind the other. */
typedef struct nm_patch_rows {
    const real *first;
    size_t stride;
} nm_patch_rows;

/* An LSTM layer's weights, which change on their way into panels where there is `renew`: it is
 * called once for each patch of the two matrices, by the thread that packs the patch next, and
 * returns what is to be packed, in the matrix or in `scratch` [rows,columns]. Patches are not
 * empty. */
typedef struct nm_lstm_weights {
    size_t I, H;
    const real *weight_ih; /* [4H,I] */
    const real *weight_hh; /* [4H,H] */
    const real *bias;      /* [4H] */
    nm_patch_rows (*renew)(const void *data, nm_lstm_matrix matrix, nm_patch patch, real *scratch);
    const void *renewal; /* its data */
} nm_lstm_weights;

/* For whoever packs: the patch as it is to be packed. */
static inline nm_patch_rows nm_lstm_patch(const nm_lstm_weights *weights, nm_lstm_matrix matrix,
                                          nm_patch patch, real *scratch) {
    const bool is_ih = matrix == NM_WEIGHT_IH;
    const real *w = is_ih ? weights->weight_ih : weights->weight_hh;
    const size_t columns = is_ih ? weights->I : weights->H;
    if (weights->renew)
        return weights->renew(weights->renewal, matrix, patch, scratch);
    return (nm_patch_rows){w + patch.rows.begin * columns + patch.columns.begin, columns};
}

/* One LSTM layer over a whole sequence (Hochreiter, Schmidhuber 1997, with forget gates; Gers
 * 2000):
 *   a_t = W_ih x_t + W_hh h_{t-1} + b;  i,f,o = sigmoid(a_i, a_f, a_o);  g = tanh(a_g)
 *   c_t = f c_{t-1} + i g;  h_t = o tanh(c_t)
 * Where reset[t][b] is set, h_{t-1} and c_{t-1} of row b are zero and no gradient flows back
 * across. Between forward and backward x, words, reset, packed, y, table and tape stay as they
 * are; backward may use table and tape up. */
typedef struct nm_lstm {
    size_t T, B, I, H;
    const real *x;         /* [T,B,I]; with words [D,I]; NULL: the input is one-hot */
    const uint32_t *words; /* [T,B] which row of x, < D, is the input; or, without x, which input,
                              < I, is one; NULL: each position has a row of its own */
    size_t D;              /* rows of x that words name; most pay where there are few */
    real *table;           /* [lstm_table_size] what is computed once for each of them */
    const uint8_t *reset;  /* [T,B] */
    const real *packed;    /* by lstm_pack */
    const real *h0, *c0;   /* [B,H] the state carried in */
    real *y;               /* [T,B,H] h_t */
    real *h1, *c1;         /* [B,H] the state carried out; may be h0 and c0 themselves */
    real *tape;            /* [lstm_tape_size] what backward needs */
} nm_lstm;

/* Gradients of that layer, for the summed loss; each d... of a weight is added to. No gradient
 * enters at h1, c1 nor leaves at h0, c0 (truncated back-propagation). */
typedef struct nm_lstm_grad {
    const real *dy;   /* [T,B,H] */
    real *dx;         /* as x, overwritten; NULL: not wanted, and for one-hot inputs */
    real *dweight_ih; /* [4H,I] */
    real *dweight_hh; /* [4H,H] */
    real *dbias;      /* [4H] */
    real *scratch;    /* [lstm_scratch_size] */
} nm_lstm_grad;

/* Masked softmax with cross-entropy, row by row:
 *   p_w = exp(z_w) / sum over allowed v of exp(z_v);  loss = -ln p_target
 *   dz_w = (p_w - q_w) scale for w allowed, else 0;  q_w = (1 - e) [w = target] + e / A
 * with A the number of allowed words and e the smoothing of the target (Szegedy et al. 2016), which
 * the loss does not know. Rows that are not valid give loss 0 and dz = 0. */
typedef struct nm_softmax_loss {
    size_t N, V;
    real *logits;            /* [N,V]; overwritten by dz where `scale` is not 0 */
    const uint32_t *targets; /* [N], an allowed word */
    const uint8_t *masks;    /* [rows,V], 1: allowed; NULL: all are */
    const uint32_t *rules;   /* [N], a row of masks; NULL with masks */
    const uint8_t *valid;    /* [N]; NULL: all are */
    real scale;              /* of the gradient; 0: no gradient wanted */
    real smoothing;          /* e, 0 <= e < 1 */
    real *loss;              /* [N] nats */
    uint8_t *correct; /* [N], 1: the target was the likeliest (the first of equals); may be NULL */
} nm_softmax_loss;

/* A stream of random numbers (base/rng.h). */
typedef struct nm_draw {
    uint64_t seed, update;
    nm_purpose purpose;
} nm_draw;

/* How wide the weights of a run are that never goes backward:
 *   NM_FP32  as they are.
 *   NM_BF16  rounded to 8 bits of mantissa, to even; else as NM_FP32.
 *   NM_INT8  whole numbers and a scale for each row of w, and alike for each row of x, and of h:
 *              w_jp ~ s_j q_jp,  s_j = max over p of |w_jp| / 127,  |q_jp| <= 127, rounded to even
 *              sum over p of w_jp x_p ~ (s_j s_x) (sum over p of q_jp q_p)
 *            The sums are of whole numbers, so exact and the same in every table. */
typedef enum nm_precision { NM_FP32, NM_BF16, NM_INT8 } nm_precision;

/* The deepest product whose sum of whole numbers fits 32 bits. */
enum { NM_INT8_DEPTH = 1 << 17 };

typedef struct nm_ops {
    const char *name; /* "c", "baseline", "avx2", "avx512" */

    /* Reals that a packed w [n,k] takes, and the packing of it. `pack_transposed` packs w [k,n] for
     * y = x w. */
    size_t (*packed_size)(size_t n, size_t k);
    void (*pack)(nm_pool *pool, real *packed, const real *w, size_t n, size_t k);
    void (*pack_transposed)(nm_pool *pool, real *packed, const real *w, size_t n, size_t k);
    void (*matmul)(nm_pool *pool, const nm_matmul *product);
    void (*matmul_grad)(nm_pool *pool, const nm_matmul_grad *product);

    /* Weights packed once an update, for forward and (where `for_backward`) backward. Sizes in
     * reals. */
    size_t (*lstm_packed_size)(size_t I, size_t H, bool for_backward);
    size_t (*lstm_table_size)(size_t D, size_t H);
    size_t (*lstm_tape_size)(size_t T, size_t B, size_t I, size_t H);
    size_t (*lstm_scratch_size)(size_t T, size_t B, size_t I, size_t H);
    void (*lstm_pack)(nm_pool *pool, real *packed, const nm_lstm_weights *weights,
                      bool for_backward);
    void (*lstm_forward)(nm_pool *pool, const nm_lstm *layer);
    void (*lstm_backward)(nm_pool *pool, const nm_lstm *layer, const nm_lstm_grad *grad);

    /* The same products for runs that never go backward, with weights of a precision; sizes in
     * reals; k, I and H at most NM_INT8_DEPTH for NM_INT8. With NM_FP32 the results are the bits of
     * those above. The tape is scratch; no weight changes while it is packed. Of several layers of
     * one T and B, forward one after the other, x of each is y of the one before; the y of others
     * than neighbours may be one. */
    size_t (*narrow_size)(nm_precision precision, size_t n, size_t k);
    void (*narrow_pack)(nm_pool *pool, nm_precision precision, real *packed, const real *w,
                        size_t n, size_t k);
    void (*narrow_matmul)(nm_pool *pool, nm_precision precision, const nm_matmul *product);
    size_t (*narrow_lstm_size)(nm_precision precision, size_t I, size_t H);
    void (*narrow_lstm_pack)(nm_pool *pool, nm_precision precision, real *packed,
                             const nm_lstm_weights *weights);
    void (*narrow_lstm_forward)(nm_pool *pool, nm_precision precision, const nm_lstm *layers,
                                size_t count);

    void (*softmax_loss)(nm_pool *pool, const nm_softmax_loss *rows);

    /* words[i] = the four of nm_random_at with index first + i, i < count. One thread's work: to
     * be called inside a job. */
    void (*random_draws)(uint32_t (*words)[4], const nm_draw *draw, uint64_t first, size_t count);
} nm_ops;

/* The reference: plain C. */
extern const nm_ops nm_ops_c;

/* What the factors of the products of matrices are while training; all else is computed in float.
 *   NM_PRODUCTS_FP32  floats.
 *   NM_PRODUCTS_FP16  rounded to 11 bits, a row of x and dy (or in gradients of weights a column)
 *                     after scaling by a power of two; sums of 64 are halves and their sums floats.
 *   NM_PRODUCTS_BF16  rounded to 8 bits; sums are floats. */
typedef enum nm_products { NM_PRODUCTS_FP32, NM_PRODUCTS_FP16, NM_PRODUCTS_BF16 } nm_products;

/* The table for a context's kernels with such products. That of floats there always is, and beside
 * AVX-512 one for processors that multiply whole numbers in tile registers; the others have no
 * narrow layer, and are NULL where the kernels are not those of AVX-512, or machine or build have
 * no such products. Borrowed: static. */
const nm_ops *nm_ops_at(const neume_context *context, nm_products products);

/* The table of one instruction set, whether or not this machine can run it; NULL where this build
 * has none. */
const nm_ops *nm_ops_for(neume_isa isa);

#endif
