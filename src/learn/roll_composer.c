/* SPDX-License-Identifier: ISC */
#include "learn/roll_composer.h"

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

struct nm_roll_composer {
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

static bool allocate(nm_roll_composer *composer) {
    neume_context *context = composer->context;
    const size_t rows = composer->row_count;
    size_t steps;
    if (__builtin_add_overflow(composer->plan->primer_count, composer->plan->step_count,
                               &composer->length) ||
        __builtin_mul_overflow(composer->length, rows, &steps) || steps > SIZE_MAX / 64)
        return false;
    composer->songs = nm_alloc(context, rows, sizeof *composer->songs);
    composer->words = nm_alloc(context, steps * composer->width, sizeof *composer->words);
    composer->given = nm_alloc(context, steps, sizeof *composer->given);
    composer->inputs = nm_alloc(context, rows * (composer->width + 1), sizeof *composer->inputs);
    composer->below = nm_alloc(context, rows, sizeof *composer->below);
    composer->reset = nm_alloc(context, rows, sizeof *composer->reset);
    return composer->songs && composer->words && composer->given && composer->inputs &&
           composer->below && composer->reset;
}

neume_status nm_roll_composer_new(nm_roll_composer **out, neume_context *context,
                                  const neume_model *model, const nm_composer_plan *plan,
                                  size_t row_count) {
    *out = NULL;
    nm_roll_composer *composer = nm_alloc(context, 1, sizeof *composer);
    if (!composer)
        return NEUME_NO_MEMORY;
    *composer = (nm_roll_composer){.context = context,
                                   .model = model,
                                   .plan = plan,
                                   .row_count = row_count,
                                   .width = neume_codec_width(model->codec),
                                   .bits = neume_codec_stream_count(model->codec)};
    const nm_run_options options = {.max_T = 1, .max_B = row_count, .precision = plan->precision};
    neume_status status = allocate(composer) ? NEUME_OK : NEUME_NO_MEMORY;
    if (!status)
        status =
            nm_biaxial_run_new(&composer->run, context, &model->network.biaxial, &options, NULL);
    if (status) {
        nm_roll_composer_free(composer);
        return status;
    }
    nm_biaxial_run_pack(composer->run, model->weights);
    *out = composer;
    return NEUME_OK;
}

void nm_roll_composer_free(nm_roll_composer *composer) {
    if (!composer)
        return;
    neume_context *context = composer->context;
    nm_biaxial_run_free(composer->run);
    nm_free(context, composer->reset);
    nm_free(context, composer->below);
    nm_free(context, composer->inputs);
    nm_free(context, composer->given);
    nm_free(context, composer->words);
    nm_free(context, composer->songs);
    nm_free(context, composer);
}

/* Where step `at` of a song, its primer counted, is written. */
static uint32_t *words_at(const nm_roll_composer *composer, size_t row, size_t at) {
    return composer->words + (row * composer->length + at) * composer->width;
}

/* The time axis of the next step of every row. */
static void feed(nm_roll_composer *composer) {
    for (size_t r = 0; r < composer->row_count; r++)
        nm_row_read(&composer->songs[r].row, composer->model->codec,
                    composer->inputs + r * (composer->width + 1), NULL);
    nm_biaxial_step(composer->run, composer->inputs, composer->reset);
    memset(composer->reset, 0, composer->row_count);
}

/* A song goes on behind step `at`, which is written. */
static void move_on(nm_roll_composer *composer, size_t row, size_t at) {
    song *moved = &composer->songs[row];
    composer->given[row * composer->length + at] = moved->row.given;
    nm_row_end_step(&moved->row, composer->model->codec, words_at(composer, row, at));
    moved->row.given = nm_codec_next_given(composer->model->codec, moved->row.given);
}

static double cell_quarters(const nm_roll_composer *composer) {
    return 1.0 / neume_codec_options_of(composer->model->codec)->grid;
}

/* The steps of the primer, from zero state. */
static void begin(nm_roll_composer *composer) {
    const nm_composer_plan *plan = composer->plan;
    memset(composer->reset, 1, composer->row_count);
    nm_codec_clock_begin(&composer->begin, composer->model->codec, plan->length.tempo);
    nm_codec_clock_go(&composer->begin, (double)plan->primer_count * cell_quarters(composer));
    for (size_t r = 0; r < composer->row_count; r++) {
        composer->songs[r] = (song){.clock = composer->begin};
        nm_row_begin(&composer->songs[r].row, composer->model->codec, 0);
        if (plan->primer)
            memcpy(words_at(composer, r, 0), plan->primer,
                   plan->primer_count * composer->width * sizeof *plan->primer);
    }
    for (size_t i = 0; i < plan->primer_count; i++) {
        for (size_t r = 0; r < composer->row_count; r++)
            composer->songs[r].row.given = plan->primer_given[i];
        feed(composer);
        for (size_t r = 0; r < composer->row_count; r++)
            move_on(composer, r, i);
    }
}

/* Draws a bit of logit z at the plan's temperature; its probability is the model's own. */
static bool draw(const nm_roll_composer *composer, song *drawn, real z, double uniform) {
    const neume_sampling *sampling = &composer->plan->sampling;
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
static void draw_key(nm_roll_composer *composer, size_t r, unsigned k, const real *logits) {
    const nm_composer_plan *plan = composer->plan;
    const nm_biaxial_shape *shape = &composer->model->network.biaxial.shape;
    const unsigned key = shape->first + k;
    const uint64_t place = 2 * ((uint64_t)composer->step * shape->key_count + k);
    const uint64_t number = composer->first + r;
    song *drawn = &composer->songs[r];
    uint32_t *words = words_at(composer, r, plan->primer_count + composer->step);
    composer->below[r] = 0;
    if (!draw(composer, drawn, logits[0],
              nm_random_uniform(plan->seed, NM_PURPOSE_SAMPLE, place, number)))
        return;
    put_key(words, key);
    composer->below[r] = 1;
    if (composer->bits == 1)
        return;
    if (is_on(drawn->row.words, key) &&
        !draw(composer, drawn, logits[1],
              nm_random_uniform(plan->seed, NM_PURPOSE_SAMPLE, place + 1, number)))
        return;
    put_key(words + NM_ROLL_WORDS, key);
    composer->below[r] = 3;
}

static void end_step(nm_roll_composer *composer, size_t r) {
    const size_t at = composer->plan->primer_count + composer->step;
    const nm_length *length = &composer->plan->length;
    song *drawn = &composer->songs[r];
    move_on(composer, r, at);
    drawn->step_count++;
    nm_codec_clock_go(&drawn->clock, cell_quarters(composer));
    drawn->has_ended = nm_length_is_reached(length, &composer->begin, &drawn->clock);
    if (drawn->has_ended)
        drawn->end_quarters = nm_length_end(length, &composer->begin, &drawn->clock);
}

/* A step of every song, key after key; songs that have ended are drawn on, and not looked at. */
static neume_status compose_step(nm_roll_composer *composer, neume_error *error) {
    const uint32_t K = composer->model->network.biaxial.shape.key_count;
    feed(composer);
    for (size_t r = 0; r < composer->row_count; r++)
        memset(words_at(composer, r, composer->plan->primer_count + composer->step), 0,
               composer->width * sizeof *composer->words);
    for (uint32_t k = 0; k < K; k++) {
        const real *logits = nm_biaxial_logits(composer->run, k, composer->below);
        for (size_t r = 0; r < composer->row_count; r++) {
            if (!isfinite(logits[r * composer->bits]))
                return nm_fail(error, NEUME_NOT_FINITE,
                               "song %llu, step %zu: the network gives no finite numbers",
                               (unsigned long long)(composer->first + r), composer->step);
            if (!composer->songs[r].has_ended)
                draw_key(composer, r, k, logits + r * composer->bits);
        }
    }
    for (size_t r = 0; r < composer->row_count; r++)
        if (!composer->songs[r].has_ended)
            end_step(composer, r);
    return NEUME_OK;
}

static bool has_more(const nm_roll_composer *composer) {
    for (size_t r = 0; r < composer->row_count; r++)
        if (!composer->songs[r].has_ended)
            return true;
    return false;
}

neume_status nm_roll_composer_run(nm_roll_composer *composer, uint64_t first, neume_error *error) {
    neume_status status = NEUME_OK;
    composer->first = first;
    begin(composer);
    for (composer->step = 0;
         !status && composer->step < composer->plan->step_count && has_more(composer);
         composer->step++)
        status = compose_step(composer, error);
    return status;
}

nm_composed nm_roll_composer_song(const nm_roll_composer *composer, size_t row) {
    const song *composed = &composer->songs[row];
    return (nm_composed){.words = words_at(composer, row, 0),
                         .given = composer->given + row * composer->length,
                         .step_count = composed->step_count,
                         .is_cut =
                             nm_length_is_given(&composer->plan->length) && !composed->has_ended,
                         .begin = composer->begin,
                         .end_quarters = composed->end_quarters,
                         .log_probability = composed->log_probability};
}
