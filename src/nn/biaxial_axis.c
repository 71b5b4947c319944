/* SPDX-License-Identifier: ISC */
/* The LSTM layers of one axis, each followed by locked dropout. */
#include "nn/biaxial_run.h"

/* `before`: rows of the axis before these, which other ranks have. */
static nm_dropout dropout_of(const nm_biaxial_pass *p, const nm_axis_lstm *lstm, size_t before) {
    return (nm_dropout){.ops = p->run->ops,
                        .probability = p->run->options.noise.dropout,
                        .seed = p->run->options.seed,
                        .update = p->update,
                        .purpose = NM_PURPOSE_DROPOUT,
                        .place = lstm->w.place,
                        .first = before * lstm->w.H};
}

void nm_axis_draw_masks(const nm_biaxial_pass *p, const nm_axis *axis, size_t rows) {
    const size_t before = p->run->options.first_row * (rows / p->run->options.max_B);
    for (unsigned l = 0; l < axis->count; l++) {
        const nm_axis_lstm *lstm = &axis->lstm[l];
        const nm_dropout dropout = dropout_of(p, lstm, before);
        if (lstm->mask)
            nm_dropout_draw(p->pool, &dropout, lstm->mask, rows * lstm->w.H);
    }
}

static nm_lstm lstm_of(const nm_axis *axis, const nm_axis_lstm *lstm, const nm_axis_part *part) {
    real *h = lstm->h + part->first * lstm->w.H, *c = lstm->c + part->first * lstm->w.H;
    return (nm_lstm){.T = part->steps,
                     .B = part->rows,
                     .I = lstm->w.I,
                     .H = lstm->w.H,
                     .x = lstm->x,
                     .reset = axis->reset,
                     .packed = lstm->w.packed,
                     .h0 = h,
                     .c0 = c,
                     .y = lstm->y,
                     .h1 = h,
                     .c1 = c,
                     .tape = lstm->tape};
}

const real *nm_axis_forward(const nm_biaxial_pass *p, nm_axis *axis, const real *x,
                            const nm_axis_part *part) {
    for (unsigned l = 0; l < axis->count; l++) {
        nm_axis_lstm *lstm = &axis->lstm[l];
        lstm->x = x;
        const nm_lstm layer = lstm_of(axis, lstm, part);
        nm_layers_forward(p->pool, p->run->ops, &p->run->options, &layer, 1);
        x = lstm->y;
        if (p->kind != NM_PASS_TRAIN || !lstm->mask)
            continue;
        nm_dropout_apply(p->pool, lstm->out, lstm->y, lstm->mask + part->first * lstm->w.H,
                         part->steps, part->rows * lstm->w.H);
        x = lstm->out;
    }
    return x;
}

real *nm_biaxial_other_buffer(const nm_biaxial_run *run, const real *buffer) {
    return run->buffers[buffer == run->buffers[0]];
}

real *nm_axis_backward(const nm_biaxial_pass *p, const nm_axis *axis, const nm_axis_part *part,
                       real *d) {
    const nm_biaxial_run *run = p->run;
    for (unsigned l = axis->count; l-- > 0;) {
        const nm_axis_lstm *lstm = &axis->lstm[l];
        const nm_lstm layer = lstm_of(axis, lstm, part);
        real *dx = l == 0 && axis == &run->time ? NULL : nm_biaxial_other_buffer(run, d);
        if (lstm->mask)
            nm_dropout_apply(p->pool, d, d, lstm->mask + part->first * lstm->w.H, part->steps,
                             part->rows * lstm->w.H);
        nm_lstm_grad grad = nm_layer_gradient(&lstm->w, run->gradient);
        grad.dy = d;
        grad.dx = dx;
        grad.scratch = run->scratch;
        run->ops->lstm_backward(p->pool, &layer, &grad);
        d = dx;
    }
    return d;
}

void nm_axis_pack(const nm_biaxial_run *run, const nm_axis *axis, const nm_packing *packing) {
    for (unsigned l = 0; l < axis->count; l++)
        nm_layer_pack(run->context->pool, run->ops, &run->options, packing, &axis->lstm[l].w);
}

void nm_axis_drop_backward(const nm_biaxial_run *run, const nm_axis *axis) {
    for (unsigned l = 0; run->is_noisy && l < axis->count; l++)
        nm_layer_drop_backward(run->context->pool, &run->options, &axis->lstm[l].w, run->gradient);
}
