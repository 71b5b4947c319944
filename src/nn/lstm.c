/* SPDX-License-Identifier: ISC */
#include "nn/layers.h"
#include "nn/narrow.h"

static nm_precision precision_of(const nm_run_options *options, size_t I, size_t H) {
    return nm_precision_for(options->precision, I > H ? I : H);
}

/* One thread multiplies and adds about 50 billion times a second, and reads 6 billion weights. */
nm_pool *nm_step_pool(nm_pool *pool, size_t B, size_t weights) {
    const double multiplied = (double)B * (double)weights / 50, read = (double)weights / 6;
    return nm_pool_for(pool, multiplied + read);
}

size_t nm_layer_packed_size(const nm_ops *ops, const nm_run_options *options, size_t I, size_t H) {
    return options->for_training ? ops->lstm_packed_size(I, H, true)
                                 : ops->narrow_lstm_size(precision_of(options, I, H), I, H);
}

void nm_layer_pack(nm_pool *pool, const nm_ops *ops, const nm_run_options *options,
                   const nm_layer_weights *layer) {
    if (options->for_training)
        ops->lstm_pack(pool, layer->packed, layer->I, layer->H, layer->weight_ih, layer->weight_hh,
                       layer->bias, true);
    else
        ops->narrow_lstm_pack(pool, precision_of(options, layer->I, layer->H), layer->packed,
                              layer->I, layer->H, layer->weight_ih, layer->weight_hh, layer->bias);
}

void nm_layer_forward(nm_pool *pool, const nm_ops *ops, const nm_run_options *options,
                      const nm_lstm *layer) {
    if (options->for_training)
        ops->lstm_forward(pool, layer);
    else
        ops->narrow_lstm_forward(pool, precision_of(options, layer->I, layer->H), layer);
}
