/* SPDX-License-Identifier: ISC */
#include "nn/biaxial_run.h"

#include "base/error.h"
#include "base/mem.h"

#include <stdio.h>

static void locate_axis(nm_biaxial_run *run, nm_axis *axis, const char *name, size_t I,
                        const uint32_t *layers) {
    for (unsigned l = 0; l < axis->count; l++) {
        char part[48];
        const unsigned place = axis == &run->time ? l : run->time.count + l;
        snprintf(part, sizeof part, "%s.%u", name, l);
        axis->lstm[l].w = nm_layer_weights_of(&run->biaxial->params, part, l ? layers[l - 1] : I,
                                              layers[l], place);
    }
}

static void locate_all(nm_biaxial_run *run) {
    const nm_biaxial_shape *shape = &run->biaxial->shape;
    run->time.count = shape->time_count;
    run->note.count = shape->note_count;
    locate_axis(run, &run->time, "time", nm_biaxial_input_width(shape), shape->time_layers);
    const size_t heard = shape->time_layers[shape->time_count - 1];
    locate_axis(run, &run->note, "note", heard + shape->bits, shape->note_layers);
    run->out.n = shape->bits;
    run->out.k = shape->note_layers[shape->note_count - 1];
    run->out_weight = nm_params_offset(&run->biaxial->params, "out", "weight");
    run->out_bias = nm_params_offset(&run->biaxial->params, "out", "bias");
}

static size_t divide_up(size_t count, size_t parts) {
    return (count + parts - 1) / parts;
}

/* As few chunks as `chunk_bytes` allow, of equal size. */
static size_t rows_of_chunk(nm_biaxial_run *plan, size_t chunk_bytes) {
    const size_t B = plan->options.max_B;
    plan->chunk = 1;
    const size_t most = chunk_bytes / sizeof(real) / nm_biaxial_chunk_size(plan);
    const size_t rows = most < 1 ? 1 : most < B ? most : B;
    return divide_up(B, divide_up(B, rows));
}

nm_biaxial_run nm_biaxial_run_plan(const neume_context *context, const nm_biaxial *biaxial,
                                   const nm_run_options *options, size_t chunk_bytes) {
    nm_biaxial_run plan = {.ops = nm_ops_at(context, options->products),
                           .biaxial = biaxial,
                           .options = *options,
                           .temperature = 1,
                           .high = NM_SET_KEYS - 1};
    locate_all(&plan);
    plan.chunk = rows_of_chunk(&plan, chunk_bytes);
    return plan;
}

static neume_status check_options(const nm_run_options *options, neume_error *error) {
    const neume_status status = nm_run_options_check(options, error);
    const nm_noise *noise = &options->noise;
    if (status)
        return status;
    if (noise->input_dropout > 0 || noise->feature_dropout > 0 || noise->label_smoothing > 0 ||
        noise->ar > 0 || noise->tar > 0)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "network: a noise of other networks, expected dropout and weight-drop only");
    return NEUME_OK;
}

size_t nm_biaxial_run_bytes(const neume_context *context, const nm_biaxial *biaxial,
                            const nm_run_options *options) {
    if (check_options(options, NULL))
        return SIZE_MAX;
    nm_biaxial_run plan = nm_biaxial_run_plan(context, biaxial, options, NM_BIAXIAL_CHUNK_BYTES);
    return sizeof plan + nm_biaxial_run_place(&plan, NULL) * sizeof(real);
}

neume_status nm_biaxial_run_new_as(nm_biaxial_run **out, neume_context *context,
                                   const nm_biaxial_run *plan, neume_error *error) {
    *out = NULL;
    nm_biaxial_run *run = nm_alloc(context, 1, sizeof *run);
    if (!run)
        return nm_fail_memory(error, "network");
    *run = *plan;
    run->context = context;
    real *block = nm_alloc_aligned(context, nm_biaxial_run_place(run, NULL), sizeof(real));
    if (!block) {
        nm_free(context, run);
        return nm_fail_memory(error, "network");
    }
    nm_biaxial_run_place(run, block);
    *out = run;
    return NEUME_OK;
}

neume_status nm_biaxial_run_new(nm_biaxial_run **out, neume_context *context,
                                const nm_biaxial *biaxial, const nm_run_options *options,
                                neume_error *error) {
    *out = NULL;
    const neume_status status = check_options(options, error);
    if (status)
        return status;
    const nm_biaxial_run plan =
        nm_biaxial_run_plan(context, biaxial, options, NM_BIAXIAL_CHUNK_BYTES);
    return nm_biaxial_run_new_as(out, context, &plan, error);
}

void nm_biaxial_run_free(nm_biaxial_run *run) {
    if (!run)
        return;
    nm_free_aligned(run->context, run->block);
    nm_free(run->context, run);
}

static void pack_all(nm_biaxial_run *run, const nm_packing *packing) {
    run->weights = packing->weights;
    run->is_noisy = packing->is_noisy;
    nm_axis_pack(run, &run->time, packing);
    nm_axis_pack(run, &run->note, packing);
    nm_dense_pack(run->context->pool, run->ops, &run->out, run->weights + run->out_weight,
                  run->weights + run->out_bias);
}

void nm_biaxial_run_pack(nm_biaxial_run *run, const real *weights) {
    pack_all(run, &(nm_packing){.weights = weights});
}

void nm_biaxial_run_pack_noisy(nm_biaxial_run *run, const real *weights, uint64_t update) {
    pack_all(run, &(nm_packing){.weights = weights, .is_noisy = true, .pass = update});
}

void nm_biaxial_run_renew(nm_biaxial_run *run, const nm_optim_update *update, uint64_t next) {
    const nm_packing packing = nm_packing_after(run->context->pool, update, next);
    pack_all(run, &packing);
}

real *nm_biaxial_run_state(nm_biaxial_run *run, size_t *count) {
    *count = run->state_count;
    return run->state;
}

nm_state_parts nm_biaxial_run_state_parts(const nm_biaxial_run *run) {
    nm_state_parts parts = {.count = 2 * run->time.count};
    for (unsigned i = 0; i < parts.count; i++)
        parts.widths[i] = run->biaxial->shape.key_count * run->time.lstm[i / 2].w.H;
    return parts;
}

void nm_biaxial_run_set_temperature(nm_biaxial_run *run, real temperature) {
    run->temperature = temperature;
}

void nm_biaxial_run_count_keys(nm_biaxial_run *run, uint32_t low, uint32_t high) {
    run->low = low;
    run->high = high;
}

const real *nm_biaxial_losses(const nm_biaxial_run *run, unsigned bit) {
    return run->loss[bit];
}

const uint8_t *nm_biaxial_correct(const nm_biaxial_run *run, unsigned bit) {
    return run->correct[bit];
}
