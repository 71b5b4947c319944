/* SPDX-License-Identifier: ISC */
#include "nn/optim.h"

#include <string.h>

unsigned nm_optim_state_count(neume_optimizer kind) {
    switch (kind) {
    case NEUME_OPTIMIZER_ADAMW:
    case NEUME_OPTIMIZER_ADAM:
    case NEUME_OPTIMIZER_ADADELTA:
        return 2;
    case NEUME_OPTIMIZER_RMSPROP:
    case NEUME_OPTIMIZER_SGD:
        return 1;
    }
    return 0;
}

/* An update of some elements of the blocks. */
typedef struct elements {
    real *restrict w;
    real *restrict g;
    real *restrict state[2];
    real *restrict average; /* or NULL */
    size_t count;
    real factor; /* of g */
    real learning_rate;
    real decay;                          /* of these elements */
    real b2, m_correction, v_correction; /* of adam and adamw: corrections are 1 / (1 - b^t) */
    real kept, added;                    /* of the average, of the weights */
} elements;

typedef void (*rule)(const elements *e);

static const double adam_b1 = 0.9;

static double adam_b2(neume_optimizer kind) {
    return kind == NEUME_OPTIMIZER_ADAMW ? 0.99 : 0.999;
}

static real gradient_at(const elements *e, size_t i) {
    return e->factor * e->g[i];
}

/* What both share: m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g²;  m' / (sqrt(v') + eps). */
static real adam_direction(const elements *e, size_t i, real g) {
    const real b1 = (real)adam_b1, b2 = e->b2, epsilon = (real)1e-8;
    const real m = e->state[0][i] = b1 * e->state[0][i] + (1 - b1) * g;
    const real v = e->state[1][i] = b2 * e->state[1][i] + (1 - b2) * g * g;
    return m * e->m_correction / (nm_sqrt(v * e->v_correction) + epsilon);
}

static void adamw(const elements *e) {
    for (size_t i = 0; i < e->count; i++)
        e->w[i] -=
            e->learning_rate * (adam_direction(e, i, gradient_at(e, i)) + e->decay * e->w[i]);
}

static void adam(const elements *e) {
    for (size_t i = 0; i < e->count; i++)
        e->w[i] -= e->learning_rate * adam_direction(e, i, gradient_at(e, i) + e->decay * e->w[i]);
}

static void rmsprop(const elements *e) {
    const real b = (real)0.9, epsilon = (real)1e-7;
    for (size_t i = 0; i < e->count; i++) {
        const real g = gradient_at(e, i) + e->decay * e->w[i];
        const real v = e->state[0][i] = b * e->state[0][i] + (1 - b) * g * g;
        e->w[i] -= e->learning_rate * g / (nm_sqrt(v) + epsilon);
    }
}

static void sgd(const elements *e) {
    const real momentum = (real)0.9;
    for (size_t i = 0; i < e->count; i++) {
        const real g = gradient_at(e, i) + e->decay * e->w[i];
        const real m = e->state[0][i] = momentum * e->state[0][i] + g;
        e->w[i] -= e->learning_rate * m;
    }
}

static void adadelta(const elements *e) {
    const real b = (real)0.95, epsilon = (real)1e-6;
    for (size_t i = 0; i < e->count; i++) {
        const real g = gradient_at(e, i) + e->decay * e->w[i];
        const real v = e->state[0][i] = b * e->state[0][i] + (1 - b) * g * g;
        const real d = g * nm_sqrt(e->state[1][i] + epsilon) / nm_sqrt(v + epsilon);
        e->state[1][i] = b * e->state[1][i] + (1 - b) * d * d;
        e->w[i] -= e->learning_rate * d;
    }
}

static void move_average(const elements *e) {
    for (size_t i = 0; e->average && i < e->count; i++)
        e->average[i] = e->kept * e->average[i] + e->added * e->w[i];
}

static rule rule_of(neume_optimizer kind) {
    static const rule rules[] = {[NEUME_OPTIMIZER_ADAMW] = adamw,
                                 [NEUME_OPTIMIZER_ADAM] = adam,
                                 [NEUME_OPTIMIZER_RMSPROP] = rmsprop,
                                 [NEUME_OPTIMIZER_SGD] = sgd,
                                 [NEUME_OPTIMIZER_ADADELTA] = adadelta};
    return rules[kind];
}

enum { GRAIN = 1024 };

static real *at(real *block, nm_range range) {
    return block ? block + range.begin : NULL;
}

static elements elements_of(const nm_optim_update *update, nm_range range, bool has_decay) {
    const nm_optim *optim = &update->optim;
    const nm_optim_blocks *blocks = &update->blocks;
    const unsigned states = nm_optim_state_count(optim->kind);
    return (elements){.w = at(blocks->weights, range),
                      .g = at(blocks->gradient, range),
                      .state = {states > 0 ? at(blocks->state[0], range) : NULL,
                                states > 1 ? at(blocks->state[1], range) : NULL},
                      .average = at(blocks->average, range),
                      .count = range.end - range.begin,
                      .factor = (real)optim->gradient_factor,
                      .learning_rate = (real)optim->learning_rate,
                      .decay = has_decay ? (real)optim->weight_decay : 0,
                      .b2 = (real)adam_b2(optim->kind),
                      .m_correction = update->m_correction,
                      .v_correction = update->v_correction,
                      .kept = (real)optim->average_decay,
                      .added = (real)(1 - optim->average_decay)};
}

static nm_range common_part(nm_range a, nm_range b) {
    return (nm_range){.begin = a.begin > b.begin ? a.begin : b.begin,
                      .end = a.end < b.end ? a.end : b.end};
}

/* Few elements at a time, so that all is done to them while they are in the first-level cache. */
static void step_range(const nm_optim_update *update, nm_range range, bool has_decay) {
    const rule apply = rule_of(update->optim.kind);
    for (size_t begin = range.begin; begin < range.end; begin += GRAIN) {
        const nm_range piece = common_part(range, (nm_range){begin, begin + GRAIN});
        const elements part = elements_of(update, piece, has_decay);
        apply(&part);
        move_average(&part);
        memset(part.g, 0, part.count * sizeof *part.g);
    }
}

/* What of a range is not frozen. */
static void step_moving(const nm_optim_update *update, nm_range range, bool has_decay) {
    const nm_frozen *all = update->optim.frozen;
    const size_t count = all ? all->count : 0;
    for (size_t i = 0; i < count && range.begin < range.end; i++) {
        const nm_range frozen = common_part(all->ranges[i], range);
        if (frozen.begin >= frozen.end)
            continue;
        step_range(update, (nm_range){range.begin, frozen.begin}, has_decay);
        range.begin = frozen.end;
    }
    step_range(update, range, has_decay);
}

void nm_optim_layer_elements(const nm_optim_update *update, nm_range range) {
    step_moving(update, range, true);
}

typedef struct step_work {
    const nm_optim_update *update;
    bool has_layers; /* their matrices too */
} step_work;

/* Each thread a stretch of the blocks, whatever parameters lie there; not the padding. */
static void step_job(void *data, nm_pool *pool, unsigned thread) {
    const step_work *work = data;
    const nm_params *params = work->update->params;
    const nm_range share = nm_pool_share(pool, thread, params->size, GRAIN);
    for (size_t p = 0; p < params->count; p++) {
        const nm_param *param = &params->table[p];
        const nm_range whole = {param->offset, param->offset + param->rows * param->columns};
        if (work->has_layers || !param->is_of_layer)
            step_moving(work->update, common_part(share, whole), param->has_decay);
    }
}

nm_optim_update nm_optim_begin(const nm_optim *optim, const nm_params *params,
                               const nm_optim_blocks *blocks) {
    const double t = (double)optim->update;
    return (nm_optim_update){.optim = *optim,
                             .blocks = *blocks,
                             .params = params,
                             .m_correction = (real)(1 / (1 - pow(adam_b1, t))),
                             .v_correction = (real)(1 / (1 - pow(adam_b2(optim->kind), t)))};
}

void nm_optim_rest(nm_pool *pool, const nm_optim_update *update) {
    nm_pool_run(pool, step_job, &(step_work){update, false});
}

void nm_optim_step(nm_pool *pool, const nm_optim *optim, const nm_params *params,
                   const nm_optim_blocks *blocks) {
    const nm_optim_update update = nm_optim_begin(optim, params, blocks);
    nm_pool_run(pool, step_job, &(step_work){&update, true});
}

/* Sums run over LANES columns in PIECES pieces, whatever the number of threads. */
enum { LANES = 8, PIECES = 256 };

typedef struct norm_work {
    const real *block;
    size_t size, piece;
    double sums[PIECES];
} norm_work;

static double sum_of_squares(const real *x, size_t count) {
    double lanes[LANES] = {0}, sum = 0;
    for (size_t i = 0; i < count; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            lanes[lane] += (double)x[i + lane] * (double)x[i + lane];
    for (size_t lane = 0; lane < LANES; lane++)
        sum += lanes[lane];
    return sum;
}

static void norm_job(void *data, nm_pool *pool, unsigned thread) {
    norm_work *work = data;
    const nm_range share = nm_pool_share(pool, thread, PIECES, 1);
    for (size_t i = share.begin; i < share.end; i++) {
        const nm_range whole = {0, work->size};
        const nm_range piece =
            common_part((nm_range){i * work->piece, (i + 1) * work->piece}, whole);
        work->sums[i] = piece.begin < piece.end
                            ? sum_of_squares(work->block + piece.begin, piece.end - piece.begin)
                            : 0;
    }
}

double nm_block_norm(nm_pool *pool, const nm_params *params, const real *block) {
    norm_work work = {.block = block, .size = params->size};
    work.piece = (params->size / PIECES + LANES) / LANES * LANES;
    nm_pool_run(pool, norm_job, &work);
    double sum = 0;
    for (size_t i = 0; i < PIECES; i++)
        sum += work.sums[i];
    return sqrt(sum);
}

/* x - x is 0 for a finite x, and otherwise not a number, which any sum stays. */
bool nm_block_is_finite(const nm_params *params, const real *block) {
    real lanes[LANES] = {0}, sum = 0;
    for (size_t i = 0; i < params->size; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            lanes[lane] += block[i + lane] - block[i + lane];
    for (size_t lane = 0; lane < LANES; lane++)
        sum += lanes[lane];
    return sum == 0;
}
