/* SPDX-License-Identifier: ISC */
/* Sigmoid cross-entropy of the bits of all keys. */
#include "nn/biaxial_run.h"

/* Which bits of a position count, and where its logits lie. */
typedef struct judgement {
    const nm_biaxial_pass *p;
    size_t position;     /* t B + b */
    real *logits;        /* of the first key, [D] */
    size_t stride;       /* from key to key */
    uint32_t begin, end; /* keys of the 128 that count */
} judgement;

/* Bit 1 says something only of a key that is on and was on. */
static bool is_open(const judgement *j, unsigned bit, uint32_t k) {
    if (k < j->begin || k >= j->end)
        return false;
    return bit == 0 || (nm_target_has(j->p->batch, 0, j->position, k) &&
                        nm_set_has(nm_inputs_at(j->p, j->position), k));
}

/* With z the logit of a bit and s = z where it is 0, -z where it is 1, it costs
 *   -ln p = ln(1 + e^s) = max(s, 0) + ln(1 + e^-|s|),  and  dz = ±1 / (1 + e^-s).
 * Returns the cost; in training *z becomes dz. */
static double judge_bit(real *z, bool is_on, bool is_training) {
    const double s = is_on ? -(double)*z : (double)*z, e = exp(-fabs(s));
    const double sigmoid = s < 0 ? e / (1 + e) : 1 / (1 + e);
    if (is_training)
        *z = (real)(is_on ? -sigmoid : sigmoid);
    return fmax(s, 0) + log1p(e);
}

/* Sums from the lowest key up. */
static void judge_position(const judgement *j, unsigned bit) {
    nm_biaxial_run *run = j->p->run;
    const nm_biaxial_shape *shape = &run->biaxial->shape;
    const bool is_training = j->p->kind == NM_PASS_TRAIN;
    bool is_correct = j->end > 0;
    double loss = 0;
    for (uint32_t i = 0; i < shape->key_count; i++) {
        const uint32_t k = shape->first + i;
        real *z = j->logits + i * j->stride + bit;
        if (is_open(j, bit, k)) {
            const bool is_on = nm_target_has(j->p->batch, bit, j->position, k);
            is_correct &= is_on == (*z > 0);
            loss += judge_bit(z, is_on, is_training);
        } else if (is_training) {
            *z = 0;
        }
    }
    run->loss[bit][j->position] = (real)loss;
    run->correct[bit][j->position] = is_correct;
}

/* Each thread some of the chunk's positions b T + t. */
static void judge_job(void *data, nm_pool *pool, unsigned thread) {
    const nm_biaxial_pass *p = data;
    const nm_biaxial_run *run = p->run;
    const size_t D = run->biaxial->shape.bits, count = p->count * p->T;
    const nm_range share = nm_pool_share(pool, thread, count, 1);
    for (size_t i = share.begin; i < share.end; i++) {
        judgement j = {.p = p, .logits = run->logits + i * D, .stride = count * D};
        j.position = i % p->T * run->options.max_B + p->first + i / p->T;
        if (!p->batch->valid || p->batch->valid[j.position]) {
            const bool is_training = p->kind == NM_PASS_TRAIN;
            j.begin = is_training ? 0 : run->low;
            j.end = is_training ? NM_SET_KEYS : run->high + 1;
        }
        for (unsigned d = 0; d < D; d++)
            judge_position(&j, d);
    }
}

void nm_biaxial_judge(const nm_biaxial_pass *p) {
    nm_biaxial_pass work = *p;
    nm_pool_run(p->pool, judge_job, &work);
}
