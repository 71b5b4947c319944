/* SPDX-License-Identifier: ISC */
#include "learn/composer.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/rng.h"
#include "learn/sampler.h"

#include <string.h>

/* A song on its way. */
typedef struct song {
    uint32_t state; /* of the grammar, before the next word */
    bool has_ended;
    size_t step_count;
    double log_probability;
    neume_status status;
} song;

struct nm_composer {
    neume_context *context;
    const neume_model *model;
    const nm_composer_plan *plan;
    nm_stack_run *run;
    uint8_t *allowed;      /* [states,V] what may be drawn: the model's masks less <unk>, <end> */
    song *songs;           /* [row_count] */
    uint32_t *words;       /* [row_count, primer_count + step_count] */
    uint32_t *inputs;      /* [row_count] */
    uint8_t *reset;        /* [row_count] */
    nm_candidate *scratch; /* [threads,V] */
    size_t row_count, V;
    uint64_t first; /* the number of row 0's song */
    size_t step;
    const real *logits; /* [row_count,V] of the last step */
};

/* The masks of the model, which are part of it, less what is never drawn. */
static void restrict_masks(uint8_t *allowed, const neume_model *model, bool allow_ending) {
    const nm_grammar *grammar = nm_codec_grammar(model->codec);
    const size_t V = model->stack.shape.vocabulary;
    memcpy(allowed, model->masks, grammar->state_count * V);
    for (size_t state = 0; state < grammar->state_count; state++) {
        allowed[state * V + NM_WORD_UNKNOWN] = 0;
        if (!allow_ending)
            allowed[state * V + NM_WORD_END] = 0;
    }
}

static bool allocate(nm_composer *composer) {
    neume_context *context = composer->context;
    const size_t rows = composer->row_count, V = composer->V;
    const size_t threads = nm_pool_thread_count(context->pool);
    size_t song_size, scratch_size;
    if (__builtin_add_overflow(composer->plan->primer_count, composer->plan->step_count,
                               &song_size) ||
        __builtin_mul_overflow(song_size, rows, &song_size) ||
        __builtin_mul_overflow(threads, V, &scratch_size))
        return false;
    composer->allowed = nm_alloc(context, nm_codec_grammar(composer->model->codec)->state_count, V);
    composer->songs = nm_alloc(context, rows, sizeof *composer->songs);
    composer->words = nm_alloc(context, song_size, sizeof *composer->words);
    composer->inputs = nm_alloc(context, rows, sizeof *composer->inputs);
    composer->reset = nm_alloc(context, rows, sizeof *composer->reset);
    composer->scratch = nm_alloc(context, scratch_size, sizeof *composer->scratch);
    return composer->allowed && composer->songs && composer->words && composer->inputs &&
           composer->reset && composer->scratch;
}

neume_status nm_composer_new(nm_composer **out, neume_context *context, const neume_model *model,
                             const nm_composer_plan *plan, size_t row_count) {
    *out = NULL;
    nm_composer *composer = nm_alloc(context, 1, sizeof *composer);
    if (!composer)
        return NEUME_NO_MEMORY;
    *composer = (nm_composer){.context = context,
                              .model = model,
                              .plan = plan,
                              .row_count = row_count,
                              .V = model->stack.shape.vocabulary};
    const nm_stack_run_options options = {.max_T = 1, .max_B = row_count};
    neume_status status = allocate(composer) ? NEUME_OK : NEUME_NO_MEMORY;
    if (!status)
        status = nm_stack_run_new(&composer->run, context, &model->stack, &options, NULL);
    if (status) {
        nm_composer_free(composer);
        return status;
    }
    nm_stack_run_pack(composer->run, model->weights);
    restrict_masks(composer->allowed, model, plan->allow_ending);
    *out = composer;
    return NEUME_OK;
}

void nm_composer_free(nm_composer *composer) {
    if (!composer)
        return;
    neume_context *context = composer->context;
    nm_stack_run_free(composer->run);
    nm_free(context, composer->allowed);
    nm_free(context, composer->songs);
    nm_free(context, composer->words);
    nm_free(context, composer->inputs);
    nm_free(context, composer->reset);
    nm_free(context, composer->scratch);
    nm_free(context, composer);
}

static uint32_t *words_of(const nm_composer *composer, size_t row) {
    return composer->words + row * (composer->plan->primer_count + composer->plan->step_count);
}

/* The grammar's state behind a word. */
static uint32_t state_after(const nm_composer *composer, uint32_t state, uint32_t word) {
    const nm_grammar *grammar = nm_codec_grammar(composer->model->codec);
    return grammar->next[state * grammar->class_count + grammar->word_class[0][word]];
}

static void feed(nm_composer *composer) {
    composer->logits = nm_stack_step(composer->run, composer->inputs, composer->reset);
    memset(composer->reset, 0, composer->row_count);
}

/* The begin input from zero state, then the words of the primer: the logits are those of the first
 * word to compose. */
static void begin(nm_composer *composer) {
    const nm_composer_plan *plan = composer->plan;
    memset(composer->reset, 1, composer->row_count);
    for (size_t r = 0; r < composer->row_count; r++) {
        composer->songs[r] = (song){0};
        composer->inputs[r] = (uint32_t)composer->V;
    }
    feed(composer);
    for (size_t i = 0; i < plan->primer_count; i++) {
        for (size_t r = 0; r < composer->row_count; r++) {
            composer->inputs[r] = words_of(composer, r)[i] = plan->primer[i];
            composer->songs[r].state =
                state_after(composer, composer->songs[r].state, plan->primer[i]);
        }
        feed(composer);
    }
}

/* Draws the next word of a song. Its probability is the model's own: at temperature 1, under the
 * model's mask, with <end> and <unk>. */
static void draw(nm_composer *composer, size_t r, nm_candidate *scratch) {
    const nm_composer_plan *plan = composer->plan;
    song *drawn = &composer->songs[r];
    const size_t mask = drawn->state * composer->V;
    const real *logits = composer->logits + r * composer->V;
    const nm_choices choices = {composer->V, logits, composer->allowed + mask};
    const nm_choices own = {composer->V, logits, composer->model->masks + mask};
    const double uniform =
        nm_random_uniform(plan->seed, NM_PURPOSE_SAMPLE, composer->step, composer->first + r);
    uint32_t word = NM_WORD_END;
    drawn->status = nm_sample(&word, &plan->sampling, &choices, uniform, scratch);
    if (drawn->status)
        return;
    drawn->log_probability += nm_log_probability(&own, word);
    drawn->state = state_after(composer, drawn->state, word);
    drawn->step_count++;
    drawn->has_ended = word == NM_WORD_END;
    composer->inputs[r] = words_of(composer, r)[plan->primer_count + composer->step] = word;
}

static void draw_share(void *data, nm_pool *pool, unsigned thread) {
    nm_composer *composer = data;
    const nm_range share = nm_pool_share(pool, thread, composer->row_count, 1);
    for (size_t r = share.begin; r < share.end; r++)
        if (!composer->songs[r].has_ended)
            draw(composer, r, composer->scratch + thread * composer->V);
}

/* Whether any song goes on; fails with the first song that cannot. */
static neume_status look(const nm_composer *composer, bool *goes_on, neume_error *error) {
    *goes_on = false;
    for (size_t r = 0; r < composer->row_count; r++) {
        const unsigned long long number = composer->first + r;
        if (composer->songs[r].status == NEUME_BAD_USAGE)
            return nm_fail(error, NEUME_BAD_USAGE,
                           "song %llu, step %zu: no word may come next, expected constraints that "
                           "leave one",
                           number, composer->step);
        if (composer->songs[r].status)
            return nm_fail(error, composer->songs[r].status,
                           "song %llu, step %zu: the network gives no finite numbers", number,
                           composer->step);
        *goes_on = *goes_on || !composer->songs[r].has_ended;
    }
    return NEUME_OK;
}

neume_status nm_composer_run(nm_composer *composer, uint64_t first, neume_error *error) {
    composer->first = first;
    begin(composer);
    for (composer->step = 0;; composer->step++) {
        bool goes_on;
        nm_pool_run(composer->context->pool, draw_share, composer);
        const neume_status status = look(composer, &goes_on, error);
        if (status || !goes_on || composer->step + 1 == composer->plan->step_count)
            return status;
        feed(composer);
    }
}

nm_composed nm_composer_song(const nm_composer *composer, size_t row) {
    return (nm_composed){.words = words_of(composer, row),
                         .step_count = composer->songs[row].step_count,
                         .has_ended = composer->songs[row].has_ended,
                         .log_probability = composer->songs[row].log_probability};
}

enum { SHORTEST_LOOP = 16, LONGEST_PERIOD = 8 };

bool nm_is_loop(const uint32_t *words, size_t count) {
    const size_t quarter = count / 4;
    const size_t size = quarter > SHORTEST_LOOP ? quarter : SHORTEST_LOOP;
    if (count < size)
        return false;
    const uint32_t *end = words + count - size;
    for (size_t period = 1; period <= LONGEST_PERIOD; period++)
        if (memcmp(end, end + period, (size - period) * sizeof *end) == 0)
            return true;
    return false;
}
