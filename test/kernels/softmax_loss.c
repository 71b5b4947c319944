/* SPDX-License-Identifier: ISC */
/* softmax_loss against the reference in double; for several threads; for rows without those beside
 * them.
 *
 * Tolerance: exp errs by 2e-7 of itself, a sum of V exps in 4 or more lanes by 1e-6 of itself as a
 * rule; losses are of the size of the logits. */
#include "operation.h"

#include "in_double.h"

#include <math.h>
#include <string.h>

enum { RULES = 3 };

typedef struct softmax_outputs {
    float *logits, *loss;
    uint8_t *correct;
} softmax_outputs;

static softmax_outputs softmax(check *c, nm_pool *pool, const softmax_inputs *in, nm_range rows) {
    const size_t N = rows.end - rows.begin;
    const softmax_outputs out = {
        .logits = check_copy(c, "logits", in->logits + rows.begin * in->V, N * in->V),
        .loss = check_floats(c, "loss", N, ANYWHERE),
        .correct = check_chance(c, 0.7) ? check_bytes(c, "correct", N, 1, ANYWHERE) : NULL};
    const nm_softmax_loss call = {.N = N,
                                  .V = in->V,
                                  .logits = out.logits,
                                  .targets = in->targets + rows.begin,
                                  .masks = in->masks,
                                  .rules = in->rules ? in->rules + rows.begin : NULL,
                                  .valid = in->valid ? in->valid + rows.begin : NULL,
                                  .scale = in->scale,
                                  .smoothing = in->smoothing,
                                  .loss = out.loss,
                                  .correct = out.correct};
    c->ops->softmax_loss(pool, &call);
    return out;
}

/* `rows` of `all` are `some`. */
static void check_rows(check *c, const softmax_inputs *in, nm_range rows,
                       const softmax_outputs *some, const softmax_outputs *all) {
    const size_t N = rows.end - rows.begin;
    check_same(c, "logits", some->logits, all->logits + rows.begin * in->V,
               N * in->V * sizeof(float));
    check_same(c, "loss", some->loss, all->loss + rows.begin, N * sizeof(float));
    if (some->correct && all->correct)
        check_same(c, "correct", some->correct, all->correct + rows.begin, N);
}

static void check_values(check *c, const softmax_inputs *in, const softmax_outputs *got,
                         double size) {
    double *logits = check_doubles(c, "wanted logits", in->N * in->V),
           *loss = check_doubles(c, "wanted loss", in->N);
    uint8_t *correct = check_bytes(c, "wanted correct", in->N, 1, ANYWHERE);
    softmax_in_double(c->pools[0], logits, loss, correct, in);
    const double of_loss = 2e-6 * fmax(1, size),
                 of_logits = in->scale == 0 ? 0 : 1e-6 * fmax(1, in->scale);
    check_near(c, "loss", got->loss, (check_wanted){loss, in->N, of_loss});
    check_near(c, "logits", got->logits, (check_wanted){logits, in->N * in->V, of_logits});
    if (got->correct)
        check_same(c, "correct", got->correct, correct, in->N);
}

/* A word is allowed in every state: word 0, or another. The target is an allowed word. */
static void draw_masks(check *c, softmax_inputs *in) {
    uint8_t *masks = check_bytes(c, "masks", RULES * in->V, 1, ANYWHERE);
    uint32_t *targets = check_bytes(c, "targets", in->N, sizeof *targets, ANYWHERE);
    const size_t always = check_draw(c, in->V);
    const double share = check_chance(c, 0.2) ? 0 : 0.4;
    memcpy(masks, check_flags(c, "flags", RULES * in->V, share), RULES * in->V);
    for (size_t s = 0; s < RULES; s++)
        masks[s * in->V + always] = 1;
    in->rules = check_words(c, "rules", in->N, RULES);
    for (size_t n = 0; n < in->N; n++) {
        const uint8_t *mask = masks + in->rules[n] * in->V;
        targets[n] = mask[in->targets[n]] ? in->targets[n] : (uint32_t)always;
    }
    check_freeze(c, masks);
    check_freeze(c, targets);
    in->masks = masks;
    in->targets = targets;
}

/* Some logits are equal, so that the first of equals counts; those of words that are not allowed
 * are NaN or large, since they count for nothing. */
static void draw_logits(check *c, softmax_inputs *in, float size) {
    float *z = check_copy(c, "z", check_inputs(c, "draws", in->N * in->V, size), in->N * in->V);
    for (size_t i = 0; i < in->N * in->V; i += 3)
        z[i] = rintf(z[i]);
    for (size_t n = 0; in->masks && n < in->N; n++)
        for (size_t v = 0; v < in->V; v++)
            if (!in->masks[in->rules[n] * in->V + v])
                z[n * in->V + v] = v % 2 ? NAN : 2 * size;
    check_freeze(c, z);
    in->logits = z;
}

static void check_threads(check *c, const softmax_inputs *in, const softmax_outputs *first) {
    const size_t begin = check_draw(c, in->N), one = check_draw(c, in->N);
    const nm_range ranges[] = {{one, one + 1}, {begin, begin + 1 + check_draw(c, in->N - begin)}};
    const nm_range all = {0, in->N};
    for (size_t i = 1; i < c->pool_count; i++) {
        const softmax_outputs again = softmax(c, c->pools[i], in, all);
        check_rows(c, in, all, &again, first);
    }
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const softmax_outputs some = softmax(c, c->pools[0], in, ranges[i]);
        check_rows(c, in, ranges[i], &some, first);
    }
}

static void check_case(check *c, const size_t sizes[2]) {
    static const float logit_sizes[] = {1, 8, 60}, scales[] = {0, 1, 0.01f, 3};
    const float size = logit_sizes[check_draw(c, 3)];
    const bool has_masks = check_chance(c, 0.6);
    softmax_inputs in = {.N = sizes[0],
                         .V = sizes[1],
                         .scale = scales[check_draw(c, 4)],
                         .smoothing = check_chance(c, 0.5) ? 0 : 0.1f};
    check_begin(c, "N %zu V %zu, logits to %g, scale %g, smoothing %g%s", in.N, in.V, (double)size,
                (double)in.scale, (double)in.smoothing, has_masks ? ", masks" : "");
    in.targets = check_words(c, "targets", in.N, in.V);
    in.valid = check_chance(c, 0.5) ? check_flags(c, "valid", in.N, 0.7) : NULL;
    if (has_masks)
        draw_masks(c, &in);
    draw_logits(c, &in, size);
    const softmax_outputs first = softmax(c, c->pools[0], &in, (nm_range){0, in.N});
    check_values(c, &in, &first, size);
    check_threads(c, &in, &first);
    check_end(c);
}

/* The loss of four words of which the second is the target: a NaN stays visible, and so does an
 * infinity that makes the sum infinite or the target impossible. */
static void check_extremes(check *c) {
    static const float logits[][4] = {{0, 0, NAN, 0},
                                      {NAN, 0, 0, 0},
                                      {0, NAN, 0, 0},
                                      {0, 0, INFINITY, 0},
                                      {0, -INFINITY, 0, 0},
                                      {-INFINITY, 3, -INFINITY, -INFINITY},
                                      {3e38f, 3e38f, -3e38f, -3e38f},
                                      {1000, 0, 0, 0}};
    static const uint32_t target = 1;
    for (size_t i = 0; i < sizeof logits / sizeof *logits; i++) {
        const float *z = logits[i];
        check_begin(c, "logits %g %g %g %g", (double)z[0], (double)z[1], (double)z[2],
                    (double)z[3]);
        const softmax_inputs in = {.N = 1, .V = 4, .logits = z, .targets = &target};
        softmax_outputs got = softmax(c, c->pools[0], &in, (nm_range){0, 1});
        got.correct = NULL;
        check_values(c, &in, &got, 1000);
        check_end(c);
    }
}

static void check_softmax_loss(check *c) {
    check_extremes(c);
    size_t sizes[2];
    for (size_t i = 0; check_sizes(c, i, sizes, 2, 100000); i++)
        check_case(c, sizes);
}

static void prepare(timing *t) {
    const size_t N = t->size[0], V = t->size[1];
    nm_softmax_loss *call = t->call = timing_zeros(t, 1, sizeof *call);
    *call = (nm_softmax_loss){.N = N,
                              .V = V,
                              .logits = timing_floats(t, N * V, 1),
                              .targets = timing_zeros(t, N, sizeof(uint32_t)),
                              .scale = 1,
                              .loss = timing_floats(t, N, 0),
                              .correct = timing_zeros(t, N, 1)};
}

static void run(void *data) {
    timing *t = data;
    t->ops->softmax_loss(t->context->pool, t->call);
}

static const size_t shapes[][TIMING_SIZES] = {{1024, 400, 1}, {1024, 89, 1}};

const operation softmax_loss_operation = {.name = "softmax_loss",
                                          .check = check_softmax_loss,
                                          .letters = {"N", "V"},
                                          .shapes = shapes,
                                          .shape_count = sizeof shapes / sizeof *shapes,
                                          .prepare = prepare,
                                          .run = run};
