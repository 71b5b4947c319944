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
    nm_row row; /* before the next step */
    bool has_ended;
    size_t step_count;
    nm_codec_clock clock; /* behind the last word */
    double end_quarters;  /* where its length was reached; 0: it was not */
    double log_probability;
    uint32_t rules[NEUME_MAX_STREAMS]; /* that its masks are made for, counted from 1 */
    neume_status status;
} song;

struct nm_composer {
    neume_context *context;
    const neume_model *model;
    const nm_composer_plan *plan;
    nm_stack_run *run;
    real *weights;    /* the model's with a mixture in them; NULL where the model's own are used */
    uint8_t *masks;   /* [row_count, S, 2, widest V] as mask_of says */
    song *songs;      /* [row_count] */
    uint32_t *words;  /* [row_count, primer_count + step_count, S] */
    uint32_t *inputs; /* [row_count, columns] */
    uint32_t *contexts;   /* [row_count, maps] */
    uint32_t *chosen;     /* [row_count, S] the words of the step so far */
    uint8_t *reset;       /* [row_count] */
    nm_draw_room room;    /* [threads, widest V] */
    nm_codec_clock begin; /* where the primer ends */
    size_t row_count, widest;
    unsigned streams, columns, maps;
    uint64_t first; /* the number of row 0's song */
    size_t step;
    unsigned stream;    /* whose words are being drawn */
    const real *logits; /* [row_count,V] of that stream */
};

static size_t vocabulary_of(const nm_composer *composer, unsigned stream) {
    return neume_codec_word_count(composer->model->codec, stream);
}

static size_t song_words(const nm_composer *composer) {
    return (composer->plan->primer_count + composer->plan->step_count) * composer->streams;
}

static bool allocate(nm_composer *composer) {
    neume_context *context = composer->context;
    const size_t rows = composer->row_count, threads = nm_pool_thread_count(context->pool);
    size_t steps, mask_size, room_size;
    if (__builtin_add_overflow(composer->plan->primer_count, composer->plan->step_count, &steps) ||
        __builtin_mul_overflow(steps, rows * composer->streams, &steps) ||
        __builtin_mul_overflow(2 * composer->widest, rows * composer->streams, &mask_size) ||
        __builtin_mul_overflow(threads, composer->widest, &room_size))
        return false;
    composer->masks = nm_alloc(context, mask_size, 1);
    composer->songs = nm_alloc(context, rows, sizeof *composer->songs);
    composer->words = nm_alloc(context, steps, sizeof *composer->words);
    composer->inputs = nm_alloc(context, rows * composer->columns, sizeof *composer->inputs);
    composer->contexts = nm_alloc(context, rows * composer->maps, sizeof *composer->contexts);
    composer->chosen = nm_alloc(context, rows * composer->streams, sizeof *composer->chosen);
    composer->reset = nm_alloc(context, rows, sizeof *composer->reset);
    composer->room.weights = nm_alloc(context, room_size, sizeof *composer->room.weights);
    composer->room.order = nm_alloc(context, room_size, sizeof *composer->room.order);
    return composer->masks && composer->songs && composer->words && composer->inputs &&
           composer->contexts && composer->chosen && composer->reset && composer->room.weights &&
           composer->room.order;
}

static void measure(nm_composer *composer) {
    const neume_codec *codec = composer->model->codec;
    composer->streams = neume_codec_stream_count(codec);
    composer->columns = nm_row_columns(codec, composer->model->labels.count > 0);
    composer->maps = nm_codec_map_count(codec);
    for (unsigned s = 0; s < composer->streams; s++)
        if (vocabulary_of(composer, s) > composer->widest)
            composer->widest = vocabulary_of(composer, s);
}

/* The weights, but that "no label" is the mixture of the plan: in the embedding, which is the first
 * parameter and ends with the rows of the labels, the row of 0 becomes the sum of
 * share_l row_l. */
static bool mix_labels(nm_composer *composer) {
    const nm_params *params = nm_model_params(composer->model);
    const nm_param *embed = &params->table[0];
    const unsigned labels = composer->model->labels.count;
    const size_t E = embed->columns;
    if (!composer->plan->has_label)
        return true;
    composer->weights = nm_params_block_new(params, composer->context);
    if (!composer->weights)
        return false;
    memcpy(composer->weights, composer->model->weights, params->size * sizeof(real));
    real *rows = composer->weights + embed->offset + (embed->rows - labels - 1) * E;
    for (size_t e = 0; e < E; e++) {
        double sum = 0;
        for (unsigned l = 0; l < labels; l++)
            sum += composer->plan->shares[l] * (double)rows[(l + 1) * E + e];
        rows[e] = (real)sum;
    }
    return true;
}

neume_status nm_composer_new(nm_composer **out, neume_context *context, const neume_model *model,
                             const nm_composer_plan *plan, size_t row_count) {
    *out = NULL;
    nm_composer *composer = nm_alloc(context, 1, sizeof *composer);
    if (!composer)
        return NEUME_NO_MEMORY;
    *composer =
        (nm_composer){.context = context, .model = model, .plan = plan, .row_count = row_count};
    measure(composer);
    const nm_run_options options = {.max_T = 1, .max_B = row_count, .precision = plan->precision};
    neume_status status = allocate(composer) && mix_labels(composer) ? NEUME_OK : NEUME_NO_MEMORY;
    if (!status)
        status = nm_stack_run_new(&composer->run, context, &model->network.stack, &options, NULL);
    if (status) {
        nm_composer_free(composer);
        return status;
    }
    nm_stack_run_pack(composer->run, composer->weights ? composer->weights : model->weights);
    *out = composer;
    return NEUME_OK;
}

void nm_composer_free(nm_composer *composer) {
    if (!composer)
        return;
    neume_context *context = composer->context;
    nm_stack_run_free(composer->run);
    nm_free_aligned(context, composer->weights);
    nm_free(context, composer->masks);
    nm_free(context, composer->contexts);
    nm_free(context, composer->chosen);
    nm_free(context, composer->songs);
    nm_free(context, composer->words);
    nm_free(context, composer->inputs);
    nm_free(context, composer->reset);
    nm_free(context, composer->room.order);
    nm_free(context, composer->room.weights);
    nm_free(context, composer);
}

static uint32_t *words_of(const nm_composer *composer, size_t row) {
    return composer->words + row * song_words(composer);
}

/* Where the words of a step are written; step 0 is the first composed. */
static uint32_t *step_of(const nm_composer *composer, size_t row, size_t step) {
    return words_of(composer, row) + (composer->plan->primer_count + step) * composer->streams;
}

/* One step of the network up to its heads. */
static void feed(nm_composer *composer) {
    for (size_t r = 0; r < composer->row_count; r++)
        nm_row_read(&composer->songs[r].row, composer->model->codec,
                    composer->inputs + r * composer->columns,
                    composer->contexts + r * composer->maps);
    nm_stack_step(composer->run, composer->inputs, composer->reset);
    memset(composer->reset, 0, composer->row_count);
}

/* The words of the primer, from zero state. */
static void begin(nm_composer *composer) {
    const nm_composer_plan *plan = composer->plan;
    const neume_codec *codec = composer->model->codec;
    memset(composer->reset, 1, composer->row_count);
    nm_codec_clock_begin(&composer->begin, codec, plan->length.tempo);
    for (size_t r = 0; r < composer->row_count; r++) {
        composer->songs[r] = (song){.has_ended = false};
        nm_row_begin(&composer->songs[r].row, codec, 0);
        if (composer->model->labels.count)
            composer->songs[r].row.label = 0;
        if (plan->primer)
            memcpy(words_of(composer, r), plan->primer,
                   plan->primer_count * composer->streams * sizeof *plan->primer);
    }
    for (size_t i = 0; i < plan->primer_count; i++) {
        const uint32_t *words = plan->primer + i * composer->streams;
        feed(composer);
        for (size_t r = 0; r < composer->row_count; r++) {
            for (unsigned s = 0; s < composer->streams; s++)
                nm_row_say(&composer->songs[r].row, codec, s, words[s]);
            nm_row_end_step(&composer->songs[r].row, codec, words);
        }
        for (unsigned s = 0; s < composer->streams; s++)
            nm_codec_clock_say(&composer->begin, s, words[s]);
    }
    for (size_t r = 0; r < composer->row_count; r++)
        composer->songs[r].clock = composer->begin;
}

/* What the grammar allows a song next, [V]; behind it what may be drawn, that is less <unk> and,
 * where it is not wanted, <end>. */
static const uint8_t *mask_of(const nm_composer *composer, size_t r) {
    const neume_codec *codec = composer->model->codec;
    const unsigned s = composer->stream;
    const size_t V = vocabulary_of(composer, s);
    song *next = &composer->songs[r];
    const uint32_t rule = nm_codec_grammar(codec)->rule[next->row.state] + 1;
    uint8_t *allowed = composer->masks + (r * composer->streams + s) * 2 * composer->widest;
    uint8_t *drawn = allowed + V;
    if (next->rules[s] == rule)
        return allowed;
    next->rules[s] = rule;
    nm_codec_mask(allowed, codec, s, next->row.state);
    memcpy(drawn, allowed, V);
    drawn[NM_WORD_UNKNOWN] = 0;
    if (!composer->plan->allow_ending)
        drawn[NM_WORD_END] = 0;
    return allowed;
}

/* Draws the next word of a song. Its probability is the model's own: at temperature 1, under the
 * model's mask, with <end> and <unk>. */
static void draw(nm_composer *composer, size_t r, nm_draw_room room) {
    const nm_composer_plan *plan = composer->plan;
    const unsigned s = composer->stream;
    const size_t V = vocabulary_of(composer, s);
    song *drawn = &composer->songs[r];
    const uint8_t *allowed = mask_of(composer, r);
    const real *logits = composer->logits + r * V;
    const nm_choices choices = {V, logits, allowed + V, allowed};
    const double uniform = nm_random_uniform(
        plan->seed, NM_PURPOSE_SAMPLE, composer->step * composer->streams + s, composer->first + r);
    nm_drawn next;
    drawn->status = nm_sample(&next, &plan->sampling, &choices, uniform, room);
    if (drawn->status)
        return;
    drawn->log_probability += next.log_probability;
    nm_codec_clock_say(&drawn->clock, s, next.word);
    nm_row_say(&drawn->row, composer->model->codec, s, next.word);
    composer->chosen[r * composer->streams + s] = next.word;
}

static bool goes_on(const song *drawn) {
    return !drawn->has_ended && !drawn->status;
}

static void draw_share(void *data, nm_pool *pool, unsigned thread) {
    nm_composer *composer = data;
    const nm_range share = nm_pool_share(pool, thread, composer->row_count, 1);
    const size_t at = thread * composer->widest;
    const nm_draw_room room = {composer->room.weights + at, composer->room.order + at};
    for (size_t r = share.begin; r < share.end; r++)
        if (goes_on(&composer->songs[r]))
            draw(composer, r, room);
}

/* Writes the step down, and looks whether the song ends with it. */
static void end_step(nm_composer *composer, size_t r) {
    const neume_codec *codec = composer->model->codec;
    const nm_length *length = &composer->plan->length;
    const uint32_t *words = composer->chosen + r * composer->streams;
    song *drawn = &composer->songs[r];
    memcpy(step_of(composer, r, composer->step), words, composer->streams * sizeof *words);
    nm_row_end_step(&drawn->row, codec, words);
    drawn->step_count++;
    drawn->has_ended = words[0] == NM_WORD_END;
    if (nm_length_is_reached(length, &composer->begin, &drawn->clock)) {
        drawn->has_ended = true;
        drawn->end_quarters = nm_length_end(length, &composer->begin, &drawn->clock);
    }
}

/* A step of every song, stream after stream. */
static void compose_step(nm_composer *composer) {
    feed(composer);
    for (composer->stream = 0; composer->stream < composer->streams; composer->stream++) {
        composer->logits =
            nm_stack_logits(composer->run, composer->stream, composer->chosen, composer->contexts);
        nm_pool_run(composer->context->pool, draw_share, composer);
    }
    for (size_t r = 0; r < composer->row_count; r++)
        if (goes_on(&composer->songs[r]))
            end_step(composer, r);
}

/* Whether any song goes on; fails with the first song that cannot. */
static neume_status look(const nm_composer *composer, bool *is_more, neume_error *error) {
    *is_more = false;
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
        *is_more = *is_more || !composer->songs[r].has_ended;
    }
    return NEUME_OK;
}

neume_status nm_composer_run(nm_composer *composer, uint64_t first, neume_error *error) {
    composer->first = first;
    begin(composer);
    for (composer->step = 0; composer->step < composer->plan->step_count; composer->step++) {
        bool is_more;
        compose_step(composer);
        const neume_status status = look(composer, &is_more, error);
        if (status || !is_more)
            return status;
    }
    return NEUME_OK;
}

nm_composed nm_composer_song(const nm_composer *composer, size_t row) {
    const song *composed = &composer->songs[row];
    const uint32_t *last = step_of(composer, row, composed->step_count - 1);
    return (nm_composed){.words = words_of(composer, row),
                         .step_count = composed->step_count,
                         .has_ended = last[0] == NM_WORD_END,
                         .is_cut =
                             nm_length_is_given(&composer->plan->length) && !composed->has_ended,
                         .begin = composer->begin,
                         .end_quarters = composed->end_quarters,
                         .log_probability = composed->log_probability};
}

enum { SHORTEST_LOOP = 16, LONGEST_PERIOD = 8 };

bool nm_is_loop(const uint32_t *words, size_t count, unsigned streams) {
    const size_t quarter = count / 4;
    const size_t size = quarter > SHORTEST_LOOP ? quarter : SHORTEST_LOOP;
    if (count < size)
        return false;
    const uint32_t *end = words + (count - size) * streams;
    for (size_t period = 1; period <= LONGEST_PERIOD; period++)
        if (memcmp(end, end + period * streams, (size - period) * streams * sizeof *end) == 0)
            return true;
    return false;
}
