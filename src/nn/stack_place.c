/* SPDX-License-Identifier: ISC */
/* The memory of a run: one block, handed out part by part. */
#include "nn/arena.h"
#include "nn/narrow.h"
#include "nn/stack_run.h"

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static size_t positions_of(const nm_stack_run *run) {
    return run->options.max_T * run->options.max_B;
}

static void take_state(nm_stack_run *run, nm_arena *from) {
    const size_t B = run->options.max_B;
    run->state_count = 0;
    for (unsigned l = 0; l < run->lstm_count; l++)
        run->state_count += 2 * B * run->lstm[l].w.H;
    run->state = nm_take(from, run->state_count);
    real *next = run->state;
    for (unsigned l = 0; next && l < run->lstm_count; l++) {
        run->lstm[l].h0 = next;
        run->lstm[l].c0 = next + B * run->lstm[l].w.H;
        next += 2 * B * run->lstm[l].w.H;
    }
}

static void take_dense(const nm_stack_run *run, nm_arena *from, nm_dense *dense) {
    if (dense->n == 0)
        return;
    dense->precision = nm_precision_for(run->options.precision, dense->k);
    dense->packed = nm_take(from, nm_dense_packed_size(run->ops, dense));
    if (run->options.for_training)
        dense->packed_transposed = nm_take(from, run->ops->packed_size(dense->k, dense->n));
}

/* The packed weights of a training run begin as those of others do. */
static void borrow_packings(nm_stack_run *run, const nm_stack_run *lender) {
    for (unsigned l = 0; l < run->lstm_count; l++)
        run->lstm[l].w.packed = lender->lstm[l].w.packed;
    run->trunk.dense.packed = lender->trunk.dense.packed;
    for (unsigned s = 0; s < run->stack->shape.stream_count; s++) {
        run->heads[s].dense.packed = lender->heads[s].dense.packed;
        run->heads[s].out.packed = lender->heads[s].out.packed;
    }
}

static void take_packings(nm_stack_run *run, nm_arena *from) {
    for (unsigned l = 0; l < run->lstm_count; l++) {
        nm_stack_lstm *lstm = &run->lstm[l];
        lstm->w.packed =
            nm_take(from, nm_layer_packed_size(run->ops, &run->options, lstm->w.I, lstm->w.H));
    }
    take_dense(run, from, &run->trunk.dense);
    for (unsigned s = 0; s < run->stack->shape.stream_count; s++) {
        take_dense(run, from, &run->heads[s].dense);
        take_dense(run, from, &run->heads[s].out);
    }
}

static bool take_mask(const nm_stack_run *run, nm_arena *from, nm_stack_dropout *dropout) {
    if (!run->options.for_training || dropout->probability == 0 || dropout->width == 0)
        return false;
    dropout->mask = nm_take(from, run->options.max_B * dropout->width);
    return true;
}

static void take_moments(const nm_stack_run *run, nm_arena *from, nm_stack_norm *norm) {
    if (norm->D == 0 || run->stack->shape.norm != NM_NORM_BATCH)
        return;
    norm->given = nm_take(from, 2 * norm->D);
    if (run->options.for_training)
        norm->batch = nm_take(from, 2 * norm->D);
}

static size_t widest(const nm_stack_run *run) {
    const nm_stack_shape *shape = &run->stack->shape;
    size_t width = larger(shape->embed, shape->trunk);
    for (unsigned l = 0; l < run->lstm_count; l++)
        width = larger(width, run->lstm[l].w.H);
    return larger(width, run->branch_dropout.width);
}

/* Where a layer's h and output lie in training: what backward looks at stays. */
static void take_layer_outputs(nm_stack_run *run, nm_arena *from, nm_stack_lstm *lstm) {
    const size_t N = positions_of(run);
    lstm->y = nm_take(from, N * lstm->w.H);
    lstm->h = lstm->has_residual ? nm_take(from, N * lstm->w.H) : lstm->y;
    const bool has_dropout = take_mask(run, from, &lstm->dropout);
    lstm->out = has_dropout || lstm->norm.D ? nm_take(from, N * lstm->w.H) : lstm->h;
    if (lstm->norm.D)
        lstm->norm.kept = nm_take(from, nm_norm_kept_size(N, lstm->w.H));
}

/* Whether the positions of an embedded part have one row each, which goes into its layer as it is.
 * For one step there is little to share. */
static bool has_words(const nm_stack_run *run, unsigned part) {
    const nm_stack_shape *shape = &run->stack->shape;
    const unsigned streams = run->branch_count ? 1 : shape->stream_count;
    const bool has_features = part == 0 && shape->feature_count > 0;
    const bool is_dropped = run->options.for_training && run->options.noise.input_dropout > 0;
    return shape->embed && run->options.max_T > 1 && streams == 1 && !has_features && !is_dropped &&
           !run->lstm[part].has_residual;
}

static void take_words(nm_stack_run *run, nm_arena *from) {
    const size_t N = positions_of(run), all = (size_t)run->row_count + 1;
    if (!run->stack->shape.embed)
        return;
    run->places = nm_take_bytes(from, all * sizeof *run->places);
    for (unsigned i = 0; i < run->embedded_count; i++) {
        nm_stack_lstm *lstm = &run->lstm[i];
        const size_t D = N < all ? N : all;
        if (!has_words(run, i))
            continue;
        run->words[i].rows = nm_take_bytes(from, D * sizeof(uint32_t));
        run->words[i].index = nm_take_bytes(from, N * sizeof(uint32_t));
        lstm->table = nm_take(from, run->ops->lstm_table_size(D, lstm->w.H));
    }
}

static void take_training_lstms(nm_stack_run *run, nm_arena *from) {
    const size_t T = run->options.max_T, B = run->options.max_B;
    size_t scratch = 0;
    for (unsigned l = 0; l < run->lstm_count; l++) {
        nm_stack_lstm *lstm = &run->lstm[l];
        lstm->tape = nm_take(from, run->ops->lstm_tape_size(T, B, lstm->w.I, lstm->w.H));
        take_layer_outputs(run, from, lstm);
        scratch = larger(scratch, run->ops->lstm_scratch_size(T, B, lstm->w.I, lstm->w.H));
        if (run->options.noise.weight_drop > 0)
            lstm->w.kept = nm_take_bytes(from, 4 * lstm->w.H * lstm->w.H);
    }
    run->scratch = nm_take(from, scratch);
}

/* Training keeps what each layer puts out. */
static void take_training_body(nm_stack_run *run, nm_arena *from) {
    const nm_stack_shape *shape = &run->stack->shape;
    const size_t N = positions_of(run);
    for (unsigned i = 0; shape->embed && i < run->embedded_count; i++) {
        run->embedded[i] = nm_take(from, N * shape->embed);
        take_mask(run, from, &run->input_dropout[i]);
    }
    if (run->branch_count) {
        take_mask(run, from, &run->branch_dropout);
        run->dembedded = nm_take(from, N * shape->embed);
    }
    take_training_lstms(run, from);
    if (shape->trunk) {
        run->trunk.y = nm_take(from, N * shape->trunk);
        take_mask(run, from, &run->trunk.dropout);
    }
}

/* Otherwise two buffers serve in turn, and one tape all layers. */
static void share_body(nm_stack_run *run, nm_arena *from) {
    const size_t T = run->options.max_T, B = run->options.max_B;
    size_t tape_size = 0;
    for (unsigned l = 0; l < run->lstm_count; l++)
        tape_size =
            larger(tape_size, run->ops->lstm_tape_size(T, B, run->lstm[l].w.I, run->lstm[l].w.H));
    real *tape = nm_take(from, tape_size), *y = run->buffers[0];
    for (unsigned i = 0; i < run->embedded_count; i++)
        run->embedded[i] = run->buffers[1];
    for (unsigned l = 0; l < run->lstm_count; l++) {
        nm_stack_lstm *lstm = &run->lstm[l];
        lstm->tape = tape;
        lstm->y = lstm->h = lstm->out = y;
        if (l >= run->branch_count)
            y = run->buffers[y == run->buffers[0]];
    }
    run->trunk.y = y;
}

static void take_body(nm_stack_run *run, nm_arena *from) {
    const nm_stack_shape *shape = &run->stack->shape;
    const size_t N = positions_of(run), width = widest(run);
    run->buffers[0] = nm_take(from, N * width);
    run->buffers[1] = nm_take(from, N * width);
    if (shape->embed)
        run->rows = nm_take_bytes(from, N * (shape->stream_count + shape->feature_count) *
                                            sizeof *run->rows);
    take_words(run, from);
    if (run->branch_count)
        run->branches = nm_take(from, N * run->branch_dropout.width);
    take_moments(run, from, &run->lstm[run->lstm_count - 1].norm);
    if (run->options.for_training)
        take_training_body(run, from);
    else
        share_body(run, from);
}

/* What the heads use one after the other. Norms keep what they need: in place is enough without
 * backward, and where no activation looks at its output. */
static void take_hidden(nm_stack_run *run, nm_arena *from) {
    const nm_stack_shape *shape = &run->stack->shape;
    const size_t N = positions_of(run), D = shape->head;
    run->hidden = run->normed = nm_take(from, N * D);
    if (!run->options.for_training)
        return;
    run->dhidden = nm_take(from, N * D);
    if (shape->norm == NM_NORM_NONE)
        return;
    run->normed = nm_take(from, N * D);
    real *kept = nm_take(from, nm_norm_kept_size(N, D));
    for (unsigned s = 0; s < shape->stream_count; s++)
        run->heads[s].norm.kept = kept;
}

enum { LOGITS_AT_ONCE = 1 << 20, FEWEST_POSITIONS = 256 };

static void take_logits(nm_stack_run *run, nm_arena *from) {
    const nm_stack_shape *shape = &run->stack->shape;
    const size_t N = positions_of(run);
    size_t z = 0, logits = 0;
    for (unsigned s = 0; s < shape->stream_count; s++) {
        const size_t V = shape->vocabulary[s], Z = run->heads[s].out.n;
        size_t chunk = larger(FEWEST_POSITIONS, LOGITS_AT_ONCE / larger(V, Z));
        chunk = larger(chunk, run->options.max_B);
        run->heads[s].chunk = chunk < N ? chunk : N;
        z = larger(z, run->heads[s].chunk * Z);
        logits = larger(logits, run->heads[s].chunk * V);
    }
    run->z = run->logits = nm_take(from, z);
    if (shape->map_count)
        run->logits = nm_take(from, logits);
}

static void take_head_gradients(nm_stack_run *run, nm_arena *from) {
    const nm_stack_shape *shape = &run->stack->shape;
    run->dbody = nm_take(from, positions_of(run) * run->body_width);
    run->dheads = nm_take(from, run->stack->params.size - run->heads_offset);
    for (unsigned s = 0; run->dheads && s < shape->stream_count; s++)
        run->heads[s].dweight = run->dheads + (run->heads[s].weight - run->heads_offset);
    if (shape->is_tied)
        run->heads[0].dweight = nm_take(from, run->heads[0].out.n * run->heads[0].out.k);
}

static void take_heads(nm_stack_run *run, nm_arena *from) {
    const nm_stack_shape *shape = &run->stack->shape;
    const size_t N = positions_of(run);
    if (shape->head)
        take_hidden(run, from);
    take_logits(run, from);
    for (unsigned s = 0; s < shape->stream_count; s++) {
        nm_stack_head *head = &run->heads[s];
        take_moments(run, from, &head->norm);
        take_mask(run, from, &head->dropout);
        head->loss = nm_take(from, N);
        head->correct = nm_take_bytes(from, N);
    }
    if (run->options.for_training)
        take_head_gradients(run, from);
}

size_t nm_stack_run_place(nm_stack_run *run, real *block) {
    nm_arena from = {.block = block};
    run->block = block;
    take_state(run, &from);
    if (run->options.lender)
        borrow_packings(run, run->options.lender);
    else
        take_packings(run, &from);
    take_body(run, &from);
    take_heads(run, &from);
    return from.used;
}
