/* SPDX-License-Identifier: ISC */
/* What each key is told before a step (the "input kernel" of Johnson 2017), from sets of bits. */
#include "nn/biaxial_run.h"

#include <string.h>

/* What all keys of a step are told, laid out so that each key's part is a copy. */
typedef struct surroundings {
    real bits[(NM_SET_KEYS + NM_MAX_WINDOW - 1) * NM_MAX_BITS]; /* [half + K + half][D] */
    real classes[2 * NM_MAX_PERIOD];                            /* counts, twice over */
    real rest[17];                                              /* the place's bits, and 1 */
} surroundings;

static void take_keys(surroundings *s, const nm_biaxial_shape *shape, const uint32_t *sets) {
    const size_t D = shape->bits, half = shape->window / 2;
    memset(s->bits, 0, (shape->key_count + 2 * half) * D * sizeof(real));
    memset(s->classes, 0, sizeof s->classes);
    for (uint32_t i = 0; i < shape->key_count; i++) {
        const uint32_t k = shape->first + i;
        for (size_t d = 0; d < D; d++)
            s->bits[(half + i) * D + d] = (real)nm_set_has(sets + d * NM_SET_WORDS, k);
        s->classes[k % shape->period] += (real)nm_set_has(sets, k);
    }
    memcpy(s->classes + shape->period, s->classes, shape->period * sizeof(real));
}

static void take_place(surroundings *s, const nm_biaxial_shape *shape, uint32_t place) {
    for (uint32_t i = 0; i < shape->place_bits; i++)
        s->rest[i] = (real)(place >> i & 1);
    s->rest[shape->place_bits] = 1;
}

static real *copy(real *to, const real *from, size_t count) {
    memcpy(to, from, count * sizeof *to);
    return to + count;
}

/* k / 64 - 1 and the class, one-hot. */
static real *tell_number(real *x, uint32_t k, uint32_t period) {
    memset(x, 0, (1 + period) * sizeof *x);
    x[0] = (real)k / 64 - 1;
    x[1 + k % period] = 1;
    return x + 1 + period;
}

static void hear_position(const nm_biaxial_pass *p, size_t position, real *x) {
    const nm_biaxial_shape *shape = &p->run->biaxial->shape;
    const size_t D = shape->bits;
    const uint32_t *inputs = nm_inputs_at(p, position);
    surroundings s;
    take_keys(&s, shape, inputs);
    take_place(&s, shape, inputs[D * NM_SET_WORDS]);
    for (uint32_t i = 0; i < shape->key_count; i++) {
        const uint32_t k = shape->first + i;
        if (shape->has_absolute)
            x = tell_number(x, k, shape->period);
        x = copy(x, s.bits + i * D, shape->window * D);
        x = copy(x, s.classes + k % shape->period, shape->period);
        x = copy(x, s.rest, shape->place_bits + 1);
    }
}

/* Each thread some of the chunk's positions t n + b. */
static void hear_job(void *data, nm_pool *pool, unsigned thread) {
    const nm_biaxial_pass *p = data;
    const nm_biaxial_shape *shape = &p->run->biaxial->shape;
    const size_t K = shape->key_count, I = p->run->time.lstm[0].w.I, B = p->run->options.max_B;
    const nm_range share = nm_pool_share(pool, thread, p->T * p->count, 1);
    for (size_t i = share.begin; i < share.end; i++) {
        const size_t position = i / p->count * B + p->first + i % p->count;
        hear_position(p, position, p->run->time.x + i * K * I);
        memset(p->run->time.reset + i * K, p->batch->reset[position], K);
    }
}

void nm_biaxial_hear(const nm_biaxial_pass *p) {
    nm_biaxial_pass work = *p;
    nm_pool_run(p->pool, hear_job, &work);
}
