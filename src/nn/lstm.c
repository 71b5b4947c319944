/* SPDX-License-Identifier: ISC */
#include "nn/layers.h"
#include "nn/narrow.h"

nm_precision nm_layer_precision(const nm_run_options *options, size_t I, size_t H) {
    return nm_precision_for(options->precision, I > H ? I : H);
}

/* One thread multiplies and adds about 50 billion floats a second, 40 billion in bfloat16, 200
 * billion whole numbers, and reads 20 billion bytes. */
double nm_step_nanoseconds(const nm_run_options *options, size_t rows, size_t I, size_t H) {
    const double weights = 4 * (double)H * (double)(I + H);
    switch (nm_layer_precision(options, I, H)) {
    case NM_INT8:
        return weights * (double)rows / 200 + weights / 20;
    case NM_BF16:
        return weights * (double)rows / 40 + 2 * weights / 20;
    default:
        return weights * (double)rows / 50 + 4 * weights / 20;
    }
}

/* Layers of one precision at a time. */
void nm_layers_forward(nm_pool *pool, const nm_ops *ops, const nm_run_options *options,
                       const nm_lstm *layers, size_t count) {
    for (size_t begin = 0, end; begin < count; begin = end) {
        const nm_precision precision =
            nm_layer_precision(options, layers[begin].I, layers[begin].H);
        for (end = begin + 1; end < count; end++)
            if (nm_layer_precision(options, layers[end].I, layers[end].H) != precision)
                break;
        if (!options->for_training)
            ops->narrow_lstm_forward(pool, precision, layers + begin, end - begin);
        for (size_t l = begin; options->for_training && l < end; l++)
            ops->lstm_forward(pool, &layers[l]);
    }
}
