/* SPDX-License-Identifier: ISC */
#include "nn/layers.h"
#include "nn/narrow.h"

nm_precision nm_layer_precision(const nm_run_options *options, size_t I, size_t H) {
    return nm_precision_for(options->precision, I > H ? I : H);
}

/* One thread multiplies and adds about 50 billion times a second, and reads 6 billion weights. */
nm_pool *nm_step_pool(nm_pool *pool, size_t B, size_t weights) {
    const double multiplied = (double)B * (double)weights / 50, read = (double)weights / 6;
    return nm_pool_for(pool, multiplied + read);
}

void nm_layer_forward(nm_pool *pool, const nm_ops *ops, const nm_run_options *options,
                      const nm_lstm *layer) {
    if (options->for_training)
        ops->lstm_forward(pool, layer);
    else
        ops->narrow_lstm_forward(pool, nm_layer_precision(options, layer->I, layer->H), layer);
}
