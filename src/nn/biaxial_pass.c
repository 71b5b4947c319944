/* SPDX-License-Identifier: ISC */
/* Forward and backward of a whole network, a chunk of rows after the other; and single steps. */
#include "nn/biaxial_run.h"

#include <string.h>

static nm_biaxial_pass pass_over(nm_biaxial_run *run, const nm_batch *batch) {
    return (nm_biaxial_pass){.run = run,
                             .pool = run->context->pool,
                             .batch = batch,
                             .T = batch->T,
                             .kind = NM_PASS_EVALUATE};
}

static void take_chunk(nm_biaxial_pass *p, size_t first) {
    const size_t left = p->run->options.max_B - first;
    p->first = first;
    p->count = left < p->run->chunk ? left : p->run->chunk;
}

static nm_axis_part part_along_time(const nm_biaxial_pass *p) {
    const size_t K = p->run->biaxial->shape.key_count;
    return (nm_axis_part){.steps = p->T, .first = p->first * K, .rows = p->count * K};
}

static nm_axis_part part_along_keys(const nm_biaxial_pass *p) {
    return (nm_axis_part){.steps = p->run->biaxial->shape.key_count,
                          .first = p->first * p->T,
                          .rows = p->count * p->T};
}

/* What the chunk's keys heard along time, [T,n,K,E]. */
static const real *time_forward(const nm_biaxial_pass *p) {
    const nm_axis_part part = part_along_time(p);
    nm_biaxial_hear(p);
    return nm_axis_forward(p, &p->run->time, p->run->time.x, &part);
}

static void out_forward(const nm_biaxial_pass *p, const real *x, size_t rows) {
    const nm_biaxial_run *run = p->run;
    const size_t count = rows * run->biaxial->shape.bits;
    nm_dense_forward(p->pool, run->ops, &run->out, run->logits, x, rows);
    if (p->kind == NM_PASS_EVALUATE && run->temperature != 1)
        nm_scaled_copy(p->pool, run->logits, 1 / run->temperature, run->logits, count);
}

/* The first key has none below: its state begins at zero. Returns what enters the last layer. */
static const real *note_forward(const nm_biaxial_pass *p, const real *heard) {
    nm_axis *note = &p->run->note;
    const nm_axis_part part = part_along_keys(p);
    nm_biaxial_turn(p, note->x, part.rows, heard);
    nm_biaxial_tell_truth(p, note->x);
    memset(note->reset, 0, part.steps * part.rows);
    memset(note->reset, 1, part.rows);
    return nm_axis_forward(p, note, note->x, &part);
}

/* From the gradient in the place of the logits to that of all parameters from moving_from on. */
static void chunk_backward(const nm_biaxial_pass *p, const real *x) {
    const nm_biaxial_run *run = p->run;
    const nm_axis_part along_time = part_along_time(p), along_keys = part_along_keys(p);
    nm_dense_backward(p->pool, run->ops, &run->out,
                      &(nm_dense_grad){.m = along_keys.steps * along_keys.rows,
                                       .x = x,
                                       .dy = run->logits,
                                       .dx = run->buffers[0],
                                       .dweight = run->gradient + run->out_weight,
                                       .dbias = run->gradient + run->out_bias});
    if (run->options.moving_from >= run->out_weight)
        return;
    const real *dx = nm_axis_backward(p, &run->note, &along_keys, run->buffers[0]);
    if (run->options.moving_from >= run->note.lstm[0].w.ih)
        return;
    real *dheard = nm_biaxial_other_buffer(run, dx);
    nm_biaxial_turn_back(p, dheard, dx);
    nm_axis_backward(p, &run->time, &along_time, dheard);
}

static void chunk_forward(const nm_biaxial_pass *p) {
    const real *x = note_forward(p, time_forward(p));
    out_forward(p, x, p->count * p->T * p->run->biaxial->shape.key_count);
    nm_biaxial_judge(p);
    if (p->kind == NM_PASS_TRAIN)
        chunk_backward(p, x);
}

static void begin_training(const nm_biaxial_pass *p) {
    nm_biaxial_run *run = p->run;
    const size_t B = run->options.max_B;
    memset(run->gradient, 0, run->biaxial->params.size * sizeof(real));
    nm_axis_draw_masks(p, &run->time, B * run->biaxial->shape.key_count);
    nm_axis_draw_masks(p, &run->note, B * p->T);
}

void nm_biaxial_forward(nm_biaxial_run *run, const nm_batch *batch, uint64_t update,
                        nm_pass_kind kind) {
    nm_biaxial_pass p = pass_over(run, batch);
    if (kind == NM_PASS_TRAIN) {
        p.kind = kind;
        p.update = update;
        begin_training(&p);
    }
    for (size_t first = 0; first < run->options.max_B; first += p.count) {
        take_chunk(&p, first);
        chunk_forward(&p);
    }
    if (kind == NM_PASS_TRAIN) {
        nm_axis_drop_backward(run, &run->time);
        nm_axis_drop_backward(run, &run->note);
    }
}

void nm_biaxial_backward(nm_biaxial_run *run, real scale, real *gradient) {
    nm_scaled_add(run->context->pool, gradient, scale, run->gradient, run->biaxial->params.size);
}

/* About how long one thread takes for the time axis of a step. */
static double time_nanoseconds(const nm_biaxial_run *run) {
    const size_t rows = run->options.max_B * run->biaxial->shape.key_count;
    double sum = 0;
    for (unsigned l = 0; l < run->time.count; l++)
        sum +=
            nm_step_nanoseconds(&run->options, rows, run->time.lstm[l].w.I, run->time.lstm[l].w.H);
    return sum;
}

/* While keys were drawn the other threads fell asleep, as a rule. */
void nm_biaxial_step(nm_biaxial_run *run, const uint32_t *inputs, const uint8_t *reset) {
    const nm_batch batch = {.T = 1, .inputs = inputs, .reset = reset};
    const size_t B = run->options.max_B, width = run->note.lstm[0].w.I;
    nm_biaxial_pass p = pass_over(run, &batch);
    p.pool = nm_pool_after_pause(p.pool, time_nanoseconds(run));
    for (size_t first = 0; first < B; first += p.count) {
        take_chunk(&p, first);
        nm_biaxial_turn(&p, run->note.x + first * width, B, time_forward(&p));
    }
}

const real *nm_biaxial_logits(nm_biaxial_run *run, uint32_t k, const uint8_t *below) {
    const size_t B = run->options.max_B, D = run->biaxial->shape.bits;
    const size_t width = run->note.lstm[0].w.I;
    const nm_batch batch = {.T = 1};
    nm_biaxial_pass p = pass_over(run, &batch);
    p.pool =
        nm_pool_for(p.pool, nm_step_nanoseconds(&run->options, B, width, run->note.lstm[0].w.H));
    real *x = run->note.x + k * B * width;
    for (size_t i = 0; i < B * D; i++)
        x[i / D * width + width - D + i % D] = k ? (real)(below[i / D] >> i % D & 1) : 0;
    memset(run->note.reset, k == 0, B);
    const nm_axis_part part = {.steps = 1, .rows = B};
    out_forward(&p, nm_axis_forward(&p, &run->note, x, &part), B);
    return run->logits;
}
