/* SPDX-License-Identifier: ISC */
#include "nn/layer_weights.h"

#include "nn/narrow.h"

nm_layer_weights nm_layer_weights_of(const nm_params *params, const char *part, size_t I, size_t H,
                                     unsigned place) {
    return (nm_layer_weights){.I = I,
                              .H = H,
                              .ih = nm_params_offset(params, part, "weight_ih"),
                              .hh = nm_params_offset(params, part, "weight_hh"),
                              .bias = nm_params_offset(params, part, "bias"),
                              .place = place};
}

size_t nm_layer_packed_size(const nm_ops *ops, const nm_run_options *options, size_t I, size_t H) {
    return options->for_training ? ops->lstm_packed_size(I, H, true)
                                 : ops->narrow_lstm_size(nm_layer_precision(options, I, H), I, H);
}

nm_packing nm_packing_after(nm_pool *pool, const nm_optim_update *update, uint64_t pass) {
    nm_optim_rest(pool, update);
    return (nm_packing){
        .weights = update->blocks.weights, .update = update, .is_noisy = true, .pass = pass};
}

typedef struct renewal {
    const nm_packing *packing;
    const nm_layer_weights *layer;
    nm_dropout drop;
    bool has_drop;
} renewal;

/* A row of a patch, or all of them at once where they are whole rows of the matrix. */
typedef struct patch_line {
    nm_range elements; /* of the matrix */
    size_t count;      /* of such lines */
} patch_line;

static patch_line line_of(nm_patch patch, size_t columns) {
    const size_t rows = patch.rows.end - patch.rows.begin;
    const size_t begin = patch.rows.begin * columns + patch.columns.begin;
    const size_t width = patch.columns.end - patch.columns.begin;
    if (width == columns)
        return (patch_line){{begin, begin + rows * columns}, 1};
    return (patch_line){{begin, begin + width}, rows};
}

static void update_patch(const renewal *r, size_t offset, patch_line line, size_t columns) {
    nm_range elements = {offset + line.elements.begin, offset + line.elements.end};
    for (size_t i = 0; i < line.count; i++) {
        nm_optim_layer_elements(r->packing->update, elements);
        elements.begin += columns;
        elements.end += columns;
    }
}

static void drop_patch(const renewal *r, patch_line line, real *dropped) {
    const real *w = r->packing->weights + r->layer->hh;
    const size_t count = line.elements.end - line.elements.begin;
    nm_dropout drop = r->drop;
    drop.first = line.elements.begin;
    for (size_t i = 0; i < line.count; i++) {
        nm_weight_drop_forward(&drop, r->layer->kept + drop.first, dropped, w + drop.first, count);
        drop.first += r->layer->H;
        dropped += count;
    }
}

static nm_patch_rows renew(const void *data, nm_lstm_matrix matrix, nm_patch patch, real *scratch) {
    const renewal *r = data;
    const bool is_ih = matrix == NM_WEIGHT_IH;
    const size_t columns = is_ih ? r->layer->I : r->layer->H;
    const size_t offset = is_ih ? r->layer->ih : r->layer->hh;
    const patch_line line = line_of(patch, columns);
    if (r->packing->update)
        update_patch(r, offset, line, columns);
    if (is_ih || !r->has_drop)
        return (nm_patch_rows){r->packing->weights + offset + line.elements.begin, columns};
    drop_patch(r, line, scratch);
    return (nm_patch_rows){scratch, patch.columns.end - patch.columns.begin};
}

static nm_dropout weight_drop_of(const nm_ops *ops, const nm_run_options *options,
                                 const nm_packing *packing, unsigned place) {
    return (nm_dropout){.ops = ops,
                        .probability = options->noise.weight_drop,
                        .seed = options->seed,
                        .update = packing->pass,
                        .purpose = NM_PURPOSE_WEIGHT_DROP,
                        .place = place};
}

void nm_layer_pack(nm_pool *pool, const nm_ops *ops, const nm_run_options *options,
                   const nm_packing *packing, const nm_layer_weights *layer) {
    const renewal r = {.packing = packing,
                       .layer = layer,
                       .drop = weight_drop_of(ops, options, packing, layer->place),
                       .has_drop = packing->is_noisy && layer->kept};
    nm_lstm_weights weights = {.I = layer->I,
                               .H = layer->H,
                               .weight_ih = packing->weights + layer->ih,
                               .weight_hh = packing->weights + layer->hh,
                               .bias = packing->weights + layer->bias};
    if (packing->update || r.has_drop) {
        weights.renew = renew;
        weights.renewal = &r;
    }
    if (options->for_training)
        ops->lstm_pack(pool, layer->packed, &weights, true);
    else
        ops->narrow_lstm_pack(pool, nm_layer_precision(options, layer->I, layer->H), layer->packed,
                              &weights);
}

nm_lstm_grad nm_layer_gradient(const nm_layer_weights *layer, real *gradient) {
    return (nm_lstm_grad){.dweight_ih = gradient + layer->ih,
                          .dweight_hh = gradient + layer->hh,
                          .dbias = gradient + layer->bias};
}

void nm_layer_drop_backward(nm_pool *pool, const nm_run_options *options,
                            const nm_layer_weights *layer, real *gradient) {
    if (layer->kept)
        nm_weight_drop_backward(pool, options->noise.weight_drop, layer->kept, gradient + layer->hh,
                                4 * layer->H * layer->H);
}
