/* SPDX-License-Identifier: ISC */
/* The memory of a run: one block, handed out part by part. */
#include "nn/arena.h"
#include "nn/biaxial_run.h"

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static size_t keys_of(const nm_biaxial_run *run) {
    return run->biaxial->shape.key_count;
}

/* Rows of all of an axis. */
static size_t rows_of(const nm_biaxial_run *run, const nm_axis *axis) {
    const nm_run_options *options = &run->options;
    return options->max_B * (axis == &run->time ? keys_of(run) : options->max_T);
}

/* The states of the layers along time are a run's state; those along the keys go from key to key
 * only. */
static void take_states(nm_biaxial_run *run, nm_arena *from, nm_axis *axis) {
    const size_t rows = rows_of(run, axis);
    size_t count = 0;
    for (unsigned l = 0; l < axis->count; l++)
        count += 2 * rows * axis->lstm[l].w.H;
    real *next = nm_take(from, count);
    if (axis == &run->time) {
        run->state = next;
        run->state_count = count;
    }
    for (unsigned l = 0; next && l < axis->count; l++) {
        axis->lstm[l].h = next;
        axis->lstm[l].c = next + rows * axis->lstm[l].w.H;
        next += 2 * rows * axis->lstm[l].w.H;
    }
}

static void take_packings(const nm_biaxial_run *run, nm_arena *from, nm_axis *axis) {
    for (unsigned l = 0; l < axis->count; l++) {
        nm_axis_lstm *lstm = &axis->lstm[l];
        lstm->w.packed =
            nm_take(from, nm_layer_packed_size(run->ops, &run->options, lstm->w.I, lstm->w.H));
    }
}

static void take_out(nm_biaxial_run *run, nm_arena *from) {
    nm_dense *out = &run->out;
    out->packed = nm_take(from, nm_dense_packed_size(run->ops, out));
    if (run->options.for_training)
        out->packed_transposed = nm_take(from, run->ops->packed_size(out->k, out->n));
}

static void take_masks(const nm_biaxial_run *run, nm_arena *from, nm_axis *axis) {
    for (unsigned l = 0; run->options.noise.dropout > 0 && l < axis->count; l++)
        axis->lstm[l].mask = nm_take(from, rows_of(run, axis) * axis->lstm[l].w.H);
    for (unsigned l = 0; run->options.noise.weight_drop > 0 && l < axis->count; l++)
        axis->lstm[l].w.kept = nm_take_bytes(from, 4 * axis->lstm[l].w.H * axis->lstm[l].w.H);
}

static void take_training(nm_biaxial_run *run, nm_arena *from) {
    take_masks(run, from, &run->time);
    take_masks(run, from, &run->note);
    run->gradient = nm_take(from, run->biaxial->params.size);
}

static void take_lasting(nm_biaxial_run *run, nm_arena *from) {
    const size_t N = run->options.max_T * run->options.max_B;
    take_states(run, from, &run->time);
    take_states(run, from, &run->note);
    take_packings(run, from, &run->time);
    take_packings(run, from, &run->note);
    take_out(run, from);
    for (unsigned d = 0; d < run->biaxial->shape.bits; d++) {
        run->loss[d] = nm_take(from, N);
        run->correct[d] = nm_take_bytes(from, N);
    }
    if (run->options.for_training)
        take_training(run, from);
}

/* Positions of a chunk: those of a pass, or along the keys those of all rows at one key. */
static size_t positions_of(const nm_biaxial_run *run) {
    return larger(run->options.max_T * run->chunk * keys_of(run), run->options.max_B);
}

/* What a layer's forward or backward may need of tape and scratch, in a pass or in a step. */
static size_t size_for(const nm_biaxial_run *run, const nm_axis *axis, const nm_axis_lstm *lstm,
                       size_t (*size)(size_t T, size_t B, size_t I, size_t H)) {
    const nm_run_options *options = &run->options;
    const size_t K = keys_of(run), n = run->chunk;
    if (axis == &run->time)
        return size(options->max_T, n * K, lstm->w.I, lstm->w.H);
    return larger(size(K, n * options->max_T, lstm->w.I, lstm->w.H),
                  size(1, options->max_B, lstm->w.I, lstm->w.H));
}

static size_t widest(const nm_biaxial_run *run) {
    size_t width = run->note.lstm[0].w.I;
    for (unsigned l = 0; l < NM_MAX_AXIS_LAYERS; l++)
        width = larger(width, larger(run->time.lstm[l].w.H, run->note.lstm[l].w.H));
    return width;
}

/* Training keeps what each layer puts out. */
static void take_training_layers(const nm_biaxial_run *run, nm_arena *from, nm_axis *axis) {
    const size_t N = positions_of(run);
    for (unsigned l = 0; l < axis->count; l++) {
        nm_axis_lstm *lstm = &axis->lstm[l];
        lstm->tape = nm_take(from, size_for(run, axis, lstm, run->ops->lstm_tape_size));
        lstm->y = lstm->out = nm_take(from, N * lstm->w.H);
        if (run->options.noise.dropout > 0)
            lstm->out = nm_take(from, N * lstm->w.H);
    }
}

/* Otherwise two buffers serve in turn, and one tape all layers. */
static void share_layers(const nm_biaxial_run *run, real *tape, nm_axis *axis) {
    for (unsigned l = 0; l < axis->count; l++) {
        axis->lstm[l].tape = tape;
        axis->lstm[l].y = axis->lstm[l].out = run->buffers[l % 2];
    }
}

static size_t most_needed(const nm_biaxial_run *run, const nm_axis *axis,
                          size_t (*size)(size_t T, size_t B, size_t I, size_t H)) {
    size_t most = 0;
    for (unsigned l = 0; l < axis->count; l++)
        most = larger(most, size_for(run, axis, &axis->lstm[l], size));
    return most;
}

static size_t most_of_axes(const nm_biaxial_run *run,
                           size_t (*size)(size_t T, size_t B, size_t I, size_t H)) {
    return larger(most_needed(run, &run->time, size), most_needed(run, &run->note, size));
}

static void take_chunk(nm_biaxial_run *run, nm_arena *from) {
    const size_t N = positions_of(run), K = keys_of(run), B = run->options.max_B;
    run->time.x = nm_take(from, N * run->time.lstm[0].w.I);
    run->time.reset = nm_take_bytes(from, N);
    run->note.x = nm_take(from, larger(N, K * B) * run->note.lstm[0].w.I);
    run->note.reset = nm_take_bytes(from, N);
    run->logits = nm_take(from, N * run->biaxial->shape.bits);
    for (size_t i = 0; i < 2; i++)
        run->buffers[i] = nm_take(from, N * widest(run));
    if (run->options.for_training) {
        take_training_layers(run, from, &run->time);
        take_training_layers(run, from, &run->note);
        run->scratch = nm_take(from, most_of_axes(run, run->ops->lstm_scratch_size));
        return;
    }
    real *tape = nm_take(from, most_of_axes(run, run->ops->lstm_tape_size));
    share_layers(run, tape, &run->time);
    share_layers(run, tape, &run->note);
}

size_t nm_biaxial_chunk_size(const nm_biaxial_run *plan) {
    nm_biaxial_run run = *plan;
    nm_arena from = {.block = NULL};
    take_chunk(&run, &from);
    return from.used;
}

size_t nm_biaxial_run_place(nm_biaxial_run *run, real *block) {
    nm_arena from = {.block = block};
    run->block = block;
    take_lasting(run, &from);
    take_chunk(run, &from);
    return from.used;
}
