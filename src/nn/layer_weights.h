/* SPDX-License-Identifier: ISC */
/* The weights of LSTM layers on their way from a block of parameters into panels. Their matrices
 * are brought up to date by the optimiser and thinned by weight-drop patch by patch, just before
 * the patch is packed: they are read once for all three. */
#ifndef NM_NN_LAYER_WEIGHTS_H
#define NM_NN_LAYER_WEIGHTS_H

#include "nn/layers.h"
#include "nn/optim.h"

/* Of one layer. */
typedef struct nm_layer_weights {
    size_t I, H;
    size_t ih, hh, bias; /* offsets in a block */
    unsigned place;      /* among the layers of a network */
    uint8_t *kept;       /* [4H,H] by weight-drop, as last packed with noise; NULL: all */
    real *packed;        /* [nm_layer_packed_size] */
} nm_layer_weights;

/* Of the layer whose parameters are called `part`.weight_ih and so on; not yet packed. */
nm_layer_weights nm_layer_weights_of(const nm_params *params, const char *part, size_t I, size_t H,
                                     unsigned place);

/* Of all layers. */
typedef struct nm_packing {
    const real *weights;           /* the block */
    const nm_optim_update *update; /* of it; NULL: it is up to date */
    bool is_noisy;                 /* with weight-drop where there is one, for the training pass */
    uint64_t pass;                 /* of this update */
} nm_packing;

/* Brings all other parameters up to date; the matrices of layers follow as they are packed. */
nm_packing nm_packing_after(nm_pool *pool, const nm_optim_update *update, uint64_t pass);

/* For a run for training, or for one that never goes backward, which knows neither update nor
 * noise: its weights are of the run's precision. */
void nm_layer_pack(nm_pool *pool, const nm_ops *ops, const nm_run_options *options,
                   const nm_packing *packing, const nm_layer_weights *layer);

/* Where a block of gradients has the layer's; all else NULL. */
nm_lstm_grad nm_layer_gradient(const nm_layer_weights *layer, real *gradient);

/* There, the gradient of W_hh as last packed, with noise, becomes that of W_hh. */
void nm_layer_drop_backward(nm_pool *pool, const nm_run_options *options,
                            const nm_layer_weights *layer, real *gradient);

size_t nm_layer_packed_size(const nm_ops *ops, const nm_run_options *options, size_t I, size_t H);

#endif
