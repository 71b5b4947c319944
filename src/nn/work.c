/* SPDX-License-Identifier: ISC */
#include "nn/work.h"

#include "nn/biaxial_run.h"
#include "nn/stack_shape.h"

/* y = W x, W [n,k]. */
typedef struct product {
    size_t n, k;
    size_t uses;   /* a step */
    size_t reads;  /* of W from memory a step of composing */
    bool is_first; /* nobody wants dx */
} product;

/* forward 2 n k; dx = Wᵀ dy and dW = dy xᵀ as much each. */
static void add(nm_work *work, product p) {
    const double weights = (double)p.n * (double)p.k;
    work->forward += 2 * weights * (double)p.uses;
    work->training += (p.is_first ? 4 : 6) * weights * (double)p.uses;
    work->weights += weights;
    work->weights_read += weights * (double)p.reads;
}

/* Looking one-hot inputs up is no product. */
static void add_stack_lstm(nm_work *work, size_t I, size_t H, bool is_one_hot) {
    if (!is_one_hot)
        add(work, (product){4 * H, I, 1, 1, false});
    add(work, (product){4 * H, H, 1, 1, false});
}

nm_work nm_stack_work(const nm_stack_shape *shape) {
    nm_work work = {0};
    for (unsigned s = 0; shape->branch && s < shape->stream_count; s++)
        add_stack_lstm(&work, nm_stack_input_width(shape), shape->branch, !shape->embed);
    for (unsigned l = 0; l < shape->layer_count; l++)
        add_stack_lstm(&work, nm_stack_layer_input(shape, l), shape->layers[l],
                       l == 0 && !shape->embed && !shape->branch);
    add(&work, (product){shape->trunk, shape->layers[shape->layer_count - 1], 1, 1, false});
    for (unsigned s = 0; s < shape->stream_count; s++) {
        add(&work, (product){shape->head, nm_stack_body_width(shape), 1, 1, false});
        add(&work,
            (product){nm_stack_output_width(shape, s), nm_stack_head_width(shape), 1, 1, false});
    }
    return work;
}

static void add_axis(nm_work *work, const uint32_t *layers, size_t count, product first) {
    for (size_t l = 0; l < count; l++) {
        product input = first, recurrent = first;
        input.n = recurrent.n = 4 * (size_t)layers[l];
        input.k = l ? layers[l - 1] : first.k;
        input.is_first = l == 0 && first.is_first;
        recurrent.k = layers[l];
        recurrent.is_first = false;
        add(work, input);
        add(work, recurrent);
    }
}

nm_work nm_biaxial_work(const nm_biaxial_shape *shape) {
    nm_work work = {0};
    const size_t K = shape->key_count;
    const product time = {
        .k = nm_biaxial_input_width(shape), .uses = K, .reads = 1, .is_first = true};
    const product note = {.k = (size_t)shape->time_layers[shape->time_count - 1] + shape->bits,
                          .uses = K,
                          .reads = K};
    add_axis(&work, shape->time_layers, shape->time_count, time);
    add_axis(&work, shape->note_layers, shape->note_count, note);
    add(&work, (product){shape->bits, shape->note_layers[shape->note_count - 1], K, K, false});
    return work;
}
