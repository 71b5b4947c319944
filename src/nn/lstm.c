/* SPDX-License-Identifier: ISC */
#include "nn/layers.h"
#include "nn/narrow.h"

nm_precision nm_layer_precision(const nm_run_options *options, size_t I, size_t H) {
    return nm_precision_for(options->precision, I > H ? I : H);
}

/* One thread multiplies and adds about 50 billion floats a second, 40 billion in bfloat16, 200
 * billion whole numbers, and reads 20 billion bytes. */
double nm_step_nanoseconds(const nm_run_options *options, size_t rows, size_t I, size_t H) {
    static const double products[] = {[NM_FP32] = 50, [NM_BF16] = 40, [NM_INT8] = 200}, bytes = 20;
    const nm_precision precision = nm_layer_precision(options, I, H);
    const double weights = 4 * (double)H * (double)(I + H);
    return weights * ((double)rows / products[precision] + nm_weight_bytes(precision) / bytes);
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
