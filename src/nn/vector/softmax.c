/* SPDX-License-Identifier: ISC */
/* Masked softmax with cross-entropy, and its gradient in the logits' place. */
#include "nn/vector/functions.h"
#include "nn/vector/kernels.h"

#include <math.h>

/* One row: its logits with its mask, or NULL. */
typedef struct logit_row {
    float *z;
    const uint8_t *mask;
    size_t V;
} logit_row;

typedef uint8_t byte_vec __attribute__((vector_size(LANES)));

/* All ones where the word is allowed and in the row. */
INLINE ivec allowed_at(const logit_row *row, size_t word) {
    const size_t count = lanes_below(word, row->V);
    if (count == LANES && !row->mask)
        return ~(ivec){0};
    byte_vec bytes = {0};
    if (count == LANES)
        memcpy(&bytes, row->mask + word, LANES);
    else if (row->mask)
        memcpy(&bytes, row->mask + word, count);
    else
        memset(&bytes, 1, count);
    return __builtin_convertvector(bytes, ivec) != 0;
}

/* A NaN compares false and is passed over; the sum will show it. */
static float largest_of(const logit_row *row) {
    vec largest = broadcast(-INFINITY);
    for (size_t word = 0; word < row->V; word += LANES) {
        const vec z = load_part(row->z + word, lanes_below(word, row->V));
        largest = choose(allowed_at(row, word) & (z > largest), z, largest);
    }
    float most = largest[0];
    for (size_t lane = 1; lane < LANES; lane++)
        most = largest[lane] > most ? largest[lane] : most;
    return most;
}

/* sum over allowed v of exp(z_v - largest) */
static float sum_of(const logit_row *row, float largest) {
    vec sums = {0};
    for (size_t word = 0; word < row->V; word += LANES) {
        const vec z = load_part(row->z + word, lanes_below(word, row->V));
        sums += choose(allowed_at(row, word), exp_of(z - largest), (vec){0});
    }
    float sum = sums[0];
    for (size_t lane = 1; lane < LANES; lane++)
        sum += sums[lane];
    return sum;
}

/* The target is likeliest where no allowed word before it is as likely. */
static bool is_first_of_largest(const logit_row *row, size_t target, float largest) {
    if (!(row->z[target] >= largest))
        return false;
    for (size_t word = 0; word < target; word++)
        if ((!row->mask || row->mask[word]) && row->z[word] == largest)
            return false;
    return true;
}

static size_t count_allowed(const logit_row *row) {
    size_t count = row->mask ? 0 : row->V;
    for (size_t word = 0; row->mask && word < row->V; word++)
        count += row->mask[word] != 0;
    return count;
}

/* dz = exp(z - largest) share - even, where allowed. */
static void write_gradient(const logit_row *row, float largest, float share, float even) {
    for (size_t word = 0; word < row->V; word += LANES) {
        const size_t count = lanes_below(word, row->V);
        const vec dz = exp_of(load_part(row->z + word, count) - largest) * share - even;
        store_part(row->z + word, choose(allowed_at(row, word), dz, (vec){0}), count);
    }
}

/* p_v = exp(z_v) / sum over allowed u of exp(z_u);  loss = -ln p_target;
 * dz_v = (p_v - (1 - e) [v = target] - e / A) scale, A words allowed.  The largest logit is taken
 * off first, lest exp overflow. */
static void softmax_row(const nm_softmax_loss *a, size_t n) {
    const logit_row row = {.z = a->logits + n * a->V,
                           .mask = a->masks ? a->masks + a->rules[n] * a->V : NULL,
                           .V = a->V};
    const size_t target = a->targets[n];
    const float largest = largest_of(&row), sum = sum_of(&row, largest);
    a->loss[n] = logf(sum) + (largest - row.z[target]);
    if (a->correct)
        a->correct[n] = is_first_of_largest(&row, target, largest);
    if (a->scale == 0)
        return;
    const float e = a->smoothing, even = e > 0 ? e * a->scale / (float)count_allowed(&row) : 0;
    write_gradient(&row, largest, a->scale / sum, even);
    row.z[target] -= (1 - e) * a->scale;
}

static void skip_row(const nm_softmax_loss *a, size_t n) {
    a->loss[n] = 0;
    if (a->correct)
        a->correct[n] = 0;
    if (a->scale != 0)
        memset(a->logits + n * a->V, 0, a->V * sizeof *a->logits);
}

static void softmax_job(void *data, nm_pool *pool, unsigned thread) {
    const nm_softmax_loss *a = data;
    const nm_range share = nm_pool_share(pool, thread, a->N, 1);
    for (size_t n = share.begin; n < share.end; n++)
        if (!a->valid || a->valid[n])
            softmax_row(a, n);
        else
            skip_row(a, n);
}

void nm_softmax_run(nm_pool *pool, const nm_softmax_loss *rows) {
    nm_softmax_loss copy = *rows;
    nm_pool_run(pool, softmax_job, &copy);
}
