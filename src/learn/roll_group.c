/* SPDX-License-Identifier: ISC */
#include "learn/roll_group.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

/* A song on its way. */
typedef struct song {
    nm_row row; /* before the next step */
    bool has_ended;
    size_t step_count;
    nm_codec_clock clock; /* behind the last step */
    double end_quarters;  /* where its length was reached; 0: it was not */
    double log_probability;
} song;

struct nm_roll_group {
    neume_context *context;
    const neume_model *model;
    const nm_composer_plan *plan;
    nm_biaxial_run *run;
    song *songs;              /* [row_count] */
    uint32_t *words;          /* [row_count, primer_count + step_count, width] */
    uint32_t *given;          /* [row_count, primer_count + step_count] */
    uint32_t *inputs;         /* [row_count, width + 1] */
    uint8_t *below;           /* [row_count] the bits of the key just drawn */
    uint8_t *reset;           /* [row_count] */
    nm_codec_clock begin;     /* where the primer ends */
    size_t row_count, length; /* primer_count + step_count */
    unsigned width, bits;
    uint64_t first; /* the number of row 0's song */
    size_t step;
};

static bool allocate(nm_roll_group *group) {
    neume_context *context = group->context;
    const size_t rows = group->row_count;
    size_t steps;
    if (__builtin_add_overflow(group->plan->primer_count, group->plan->step_count,
                               &group->length) ||
        __builtin_mul_overflow(group->length, rows, &steps) || steps > SIZE_MAX / 64)
        return false;
    group->songs = nm_alloc(context, rows, sizeof *group->songs);
    group->words = nm_alloc(context, steps * group->width, sizeof *group->words);
    group->given = nm_alloc(context, steps, sizeof *group->given);
    group->inputs = nm_alloc(context, rows * (group->width + 1), sizeof *group->inputs);
    group->below = nm_alloc(context, rows, sizeof *group->below);
    group->reset = nm_alloc(context, rows, sizeof *group->reset);
    return group->songs && group->words && group->given && group->inputs && group->below &&
           group->reset;
}

neume_status nm_roll_group_new(nm_roll_group **out, neume_context *context,
                               const neume_model *model, const nm_composer_plan *plan,
                               size_t row_count) {
    *out = NULL;
    nm_roll_group *group = nm_alloc(context, 1, sizeof *group);
    if (!group)
        return NEUME_NO_MEMORY;
    *group = (nm_roll_group){.context = context,
                             .model = model,
                             .plan = plan,
                             .row_count = row_count,
                             .width = neume_codec_width(model->codec),
                             .bits = neume_codec_stream_count(model->codec)};
    const nm_run_options options = {.max_T = 1, .max_B = row_count, .precision = plan->precision};
    neume_status status = allocate(group) ? NEUME_OK : NEUME_NO_MEMORY;
    if (!status)
        status = nm_biaxial_run_new(&group->run, context, &model->network.biaxial, &options, NULL);
    if (status) {
        nm_roll_group_free(group);
        return status;
    }
    *out = group;
    return NEUME_OK;
}

void nm_roll_group_free(nm_roll_group *group) {
    if (!group)
        return;
    neume_context *context = group->context;
    nm_biaxial_run_free(group->run);
    nm_free(context, group->reset);
    nm_free(context, group->below);
    nm_free(context, group->inputs);
    nm_free(context, group->given);
    nm_free(context, group->words);
    nm_free(context, group->songs);
    nm_free(context, group);
}

void nm_roll_group_pack(nm_roll_group *group) {
    nm_biaxial_run_pack(group->run, group->model->weights);
}

/* Where step `at` of a song, its primer counted, is written. */
static uint32_t *words_at(const nm_roll_group *group, size_t row, size_t at) {
    return group->words + (row * group->length + at) * group->width;
}

/* The time axis of the next step of every row. */
static void feed(nm_roll_group *group) {
    for (size_t r = 0; r < group->row_count; r++)
        nm_row_read(&group->songs[r].row, group->model->codec,
                    group->inputs + r * (group->width + 1), NULL);
    nm_biaxial_step(group->run, group->inputs, group->reset);
    memset(group->reset, 0, group->row_count);
}

/* A song goes on behind step `at`, which is written. */
static void move_on(nm_roll_group *group, size_t row, size_t at) {
    song *moved = &group->songs[row];
    group->given[row * group->length + at] = moved->row.given;
    nm_row_end_step(&moved->row, group->model->codec, words_at(group, row, at));
    moved->row.given = nm_codec_next_given(group->model->codec, moved->row.given);
}

static double cell_quarters(const nm_roll_group *group) {
    return 1.0 / neume_codec_options_of(group->model->codec)->grid;
}

/* The steps of the primer, from zero state. */
static void begin(nm_roll_group *group) {
    const nm_composer_plan *plan = group->plan;
    memset(group->reset, 1, group->row_count);
    nm_codec_clock_begin(&group->begin, group->model->codec, plan->length.tempo);
    nm_codec_clock_go(&group->begin, (double)plan->primer_count * cell_quarters(group));
    for (size_t r = 0; r < group->row_count; r++) {
        group->songs[r] = (song){.clock = group->begin};
        nm_row_begin(&group->songs[r].row, group->model->codec, 0);
        if (plan->primer)
            memcpy(words_at(group, r, 0), plan->primer,
                   plan->primer_count * group->width * sizeof *plan->primer);
    }
    for (size_t i = 0; i < plan->primer_count; i++) {
        for (size_t r = 0; r < group->row_count; r++)
            group->songs[r].row.given = plan->primer_given[i];
        feed(group);
        for (size_t r = 0; r < group->row_count; r++)
            move_on(group, r, i);
    }
}

/* Draws a bit of logit z at the plan's temperature; its probability is the model's own. */
static bool draw(const nm_roll_group *group, song *drawn, real z, double uniform) {
    const neume_sampling *sampling = &group->plan->sampling;
    const bool bit =
        sampling->greedy ? z > 0 : uniform < 1 / (1 + exp(-(double)z / sampling->temperature));
    drawn->log_probability -= log1p(exp(bit ? -(double)z : (double)z));
    return bit;
}

static bool is_on(const uint32_t *set, unsigned key) {
    return set[key / 32] >> key % 32 & 1;
}

static void put_key(uint32_t *set, unsigned key) {
    set[key / 32] |= UINT32_C(1) << key % 32;
}

/* Draws the bits of a song's key: that it plays, and, where it played before, that it is struck. */
static void draw_key(nm_roll_group *group, size_t r, unsigned k, const real *logits) {
    const nm_composer_plan *plan = group->plan;
    const nm_biaxial_shape *shape = &group->model->network.biaxial.shape;
    const unsigned key = shape->first + k;
    const uint64_t place = 2 * ((uint64_t)group->step * shape->key_count + k);
    const uint64_t number = group->first + r;
    song *drawn = &group->songs[r];
    uint32_t *words = words_at(group, r, plan->primer_count + group->step);
    group->below[r] = 0;
    if (!draw(group, drawn, logits[0],
              nm_random_uniform(plan->seed, NM_PURPOSE_SAMPLE, place, number)))
        return;
    put_key(words, key);
    group->below[r] = 1;
    if (group->bits == 1)
        return;
    if (is_on(drawn->row.words, key) &&
        !draw(group, drawn, logits[1],
              nm_random_uniform(plan->seed, NM_PURPOSE_SAMPLE, place + 1, number)))
        return;
    put_key(words + NM_ROLL_WORDS, key);
    group->below[r] = 3;
}

static void end_step(nm_roll_group *group, size_t r) {
    const size_t at = group->plan->primer_count + group->step;
    const nm_length *length = &group->plan->length;
    song *drawn = &group->songs[r];
    move_on(group, r, at);
    drawn->step_count++;
    nm_codec_clock_go(&drawn->clock, cell_quarters(group));
    drawn->has_ended = nm_length_is_reached(length, &group->begin, &drawn->clock);
    if (drawn->has_ended)
        drawn->end_quarters = nm_length_end(length, &group->begin, &drawn->clock);
}

/* A step of every song, key after key; songs that have ended are drawn on, and not looked at. */
static neume_status compose_step(nm_roll_group *group, nm_roll_failure *failure) {
    const uint32_t K = group->model->network.biaxial.shape.key_count;
    feed(group);
    for (size_t r = 0; r < group->row_count; r++)
        memset(words_at(group, r, group->plan->primer_count + group->step), 0,
               group->width * sizeof *group->words);
    for (uint32_t k = 0; k < K; k++) {
        const real *logits = nm_biaxial_logits(group->run, k, group->below);
        for (size_t r = 0; r < group->row_count; r++) {
            if (!isfinite(logits[r * group->bits])) {
                failure->place = (uint64_t)group->step * K + k;
                return nm_fail(&failure->error, NEUME_NOT_FINITE,
                               "song %llu, step %zu: the network gives no finite numbers",
                               (unsigned long long)(group->first + r), group->step);
            }
            if (!group->songs[r].has_ended)
                draw_key(group, r, k, logits + r * group->bits);
        }
    }
    for (size_t r = 0; r < group->row_count; r++)
        if (!group->songs[r].has_ended)
            end_step(group, r);
    return NEUME_OK;
}

static bool has_more(const nm_roll_group *group) {
    for (size_t r = 0; r < group->row_count; r++)
        if (!group->songs[r].has_ended)
            return true;
    return false;
}

nm_roll_failure nm_roll_group_run(nm_roll_group *group, uint64_t first) {
    nm_roll_failure failure = {.status = NEUME_OK};
    group->first = first;
    begin(group);
    for (group->step = 0;
         !failure.status && group->step < group->plan->step_count && has_more(group); group->step++)
        failure.status = compose_step(group, &failure);
    return failure;
}

nm_composed nm_roll_group_song(const nm_roll_group *group, size_t row) {
    const song *composed = &group->songs[row];
    return (nm_composed){.words = words_at(group, row, 0),
                         .given = group->given + row * group->length,
                         .step_count = composed->step_count,
                         .is_cut = nm_length_is_given(&group->plan->length) && !composed->has_ended,
                         .begin = group->begin,
                         .end_quarters = composed->end_quarters,
                         .log_probability = composed->log_probability};
}
