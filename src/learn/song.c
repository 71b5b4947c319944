/* SPDX-License-Identifier: ISC */
/* neume_generate: options to a plan, and composed words to scores. */
#include "base/error.h"
#include "learn/roll_composer.h"
#include "learn/said.h"
#include "learn/sampler.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS_AT_ONCE = 256,     /* songs composed side by side; more take turns */
    MOST_STEPS = 1000000000 /* of a song */
};

neume_generate_options neume_generate_options_default(void) {
    return (neume_generate_options){
        .sampling = neume_sampling_default(), .count = 1, .length_steps = 500, .program = -1};
}

static neume_status check_options(const neume_generate_options *options, neume_error *error) {
    const int lengths =
        (options->length_steps != 0) + (options->bars != 0) + (options->seconds != 0);
    if (lengths != 1)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "length: expected one of steps, bars and seconds, got %d", lengths);
    if (!(options->bars >= 0 && options->seconds >= 0))
        return nm_fail(error, NEUME_BAD_USAGE, "length: expected a positive number");
    if (options->count < 1)
        return nm_fail(error, NEUME_BAD_USAGE, "0 songs: expected at least 1");
    if (options->tempo != 0 && !(options->tempo >= 10 && options->tempo <= 1000))
        return nm_fail(error, NEUME_BAD_USAGE, "tempo %g: expected 10 to 1000 quarters a minute",
                       options->tempo);
    if (options->program < -1 || options->program > 127)
        return nm_fail(error, NEUME_BAD_USAGE, "instrument %d: expected 0 to 127",
                       options->program);
    return nm_sampling_check(&options->sampling, error);
}

/* Room for steps far beyond what music takes. */
enum { STEPS_A_QUARTER = 120, QUARTERS_A_BAR = 8, FASTEST_TEMPO = 320, STEPS_BESIDE = 256 };

static neume_status plan_length(nm_composer_plan *plan, const neume_generate_options *options,
                                neume_error *error) {
    plan->length = (nm_length){options->bars, options->seconds, options->tempo};
    const double most_quarters = options->bars * QUARTERS_A_BAR +
                                 options->seconds * fmax(options->tempo, FASTEST_TEMPO) / 60;
    double steps = (double)options->length_steps;
    if (nm_length_is_given(&plan->length))
        steps = ceil(most_quarters * STEPS_A_QUARTER) + STEPS_BESIDE;
    if (steps > MOST_STEPS)
        return nm_fail(error, NEUME_BAD_USAGE, "length: %.0f steps, expected at most %d", steps,
                       MOST_STEPS);
    plan->step_count = steps < 1 ? 1 : (size_t)steps;
    return NEUME_OK;
}

/* Whether the model knows each word, and its grammar lets it follow those before. */
static neume_status check_primer(const nm_composer_plan *plan, const neume_codec *codec,
                                 neume_error *error) {
    nm_row row;
    const unsigned streams = neume_codec_stream_count(codec);
    nm_row_begin(&row, codec, 0);
    for (size_t i = 0; i < plan->primer_count * streams; i++) {
        const unsigned s = (unsigned)(i % streams);
        const uint32_t word = plan->primer[i], count = neume_codec_word_count(codec, s);
        if (word >= count)
            return nm_fail(error, NEUME_BAD_USAGE,
                           "primer: word %" PRIu32 " in step %zu, expected less than %" PRIu32,
                           word, i / streams, count);
        if (!nm_row_allows(&row, codec, s, word))
            return nm_fail(error, NEUME_BAD_USAGE,
                           "primer: \"%.40s\" in step %zu cannot follow what is before it",
                           neume_codec_word(codec, s, word), i / streams);
        nm_row_say(&row, codec, s, word);
    }
    return NEUME_OK;
}

/* The primer's words without the <end> of its piece: the song goes on from there. */
static neume_status plan_primer(nm_composer_plan *plan, const neume_codec *codec,
                                const neume_sequence *primer, neume_error *error) {
    if (!primer)
        return NEUME_OK;
    if (primer->width != neume_codec_width(codec))
        return nm_fail(error, NEUME_BAD_USAGE, "primer: %u words a step, expected the model's %u",
                       primer->width, neume_codec_width(codec));
    plan->primer = primer->words;
    plan->primer_given = primer->given;
    plan->primer_count = primer->step_count;
    if (nm_codec_is_roll(codec))
        return primer->given ? NEUME_OK
                             : nm_fail(error, NEUME_BAD_USAGE,
                                       "primer: no cells of its bars, expected one for each step");
    while (plan->primer_count &&
           primer->words[(plan->primer_count - 1) * primer->width] == NM_WORD_END)
        plan->primer_count--;
    return check_primer(plan, codec, error);
}

/* Truncation is of words: of a key's bit it would leave the likelier alone. */
static neume_status check_roll(const neume_generate_options *options, neume_error *error) {
    const neume_sampling *given = &options->sampling, usual = neume_sampling_default();
    if (given->top_k != usual.top_k || given->top_p != usual.top_p || given->min_p != usual.min_p)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "top-k, top-p, min-p: a piano roll is drawn bit by bit, expected none of "
                       "them");
    if (options->allow_ending)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "ending: a piano roll has no end word, expected a length");
    return NEUME_OK;
}

static neume_status fail_label(const neume_model *model, const char *name, neume_error *error) {
    char list[320] = "";
    size_t end = 0;
    for (unsigned i = 0; i < model->labels.count && end < sizeof list; i++)
        end += (size_t)snprintf(list + end, sizeof list - end, "%s%s", i ? ", " : "",
                                model->labels.names[i]);
    if (model->labels.count == 0)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "label %.80s: the model was trained without labels, expected none", name);
    return nm_fail(error, NEUME_BAD_USAGE, "label %.80s: expected %s%s", name, list,
                   end >= sizeof list ? "..." : "");
}

/* Each label's share of the sum of all weights. */
static neume_status plan_labels(nm_composer_plan *plan, const neume_model *model,
                                const neume_generate_options *options, neume_error *error) {
    double sum = 0;
    for (size_t i = 0; i < options->label_count; i++) {
        const neume_label_weight *of = &options->labels[i];
        const uint32_t label = nm_labels_find(&model->labels, of->name);
        if (!label)
            return fail_label(model, of->name, error);
        if (!(of->weight > 0 && of->weight <= 1e6))
            return nm_fail(error, NEUME_BAD_USAGE,
                           "label %.80s: weight %g, expected more than 0, at most 1e6", of->name,
                           of->weight);
        plan->shares[label - 1] += of->weight;
        sum += of->weight;
    }
    plan->has_label = options->label_count > 0;
    for (unsigned l = 0; l < model->labels.count && plan->has_label; l++)
        plan->shares[l] /= sum;
    return NEUME_OK;
}

static neume_status plan_songs(nm_composer_plan *plan, const neume_context *context,
                               const neume_model *model, const neume_generate_options *options,
                               neume_error *error) {
    *plan = (nm_composer_plan){.sampling = options->sampling,
                               .seed = options->seed,
                               .allow_ending = options->allow_ending};
    neume_status status = check_options(options, error);
    if (!status)
        status = nm_model_precision(&plan->precision, model, context, options->precision, error);
    if (!status && nm_codec_is_roll(model->codec))
        status = check_roll(options, error);
    if (!status)
        status = plan_length(plan, options, error);
    if (!status)
        status = plan_labels(plan, model, options, error);
    return status ? status : plan_primer(plan, model->codec, options->primer, error);
}

/* The shortest decimal that reads as the same number, into `text` [32]. */
static void write_number(char *text, double number) {
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, 32, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            return;
    }
}

/* A call of neume_generate. */
typedef struct generation {
    neume_context *context;
    const neume_model *model;
    const neume_generate_options *options;
    nm_composer_plan plan;
    nm_composer *words; /* one of the two */
    nm_roll_composer *rolls;
} generation;

static neume_status add_text(neume_score *score, const char *text) {
    return neume_score_add_text(score, &(neume_text){.kind = 1,
                                                     .size_bytes = (uint32_t)strlen(text),
                                                     .bytes = (const uint8_t *)text});
}

/* "label jazz" or "labels celtic 0.25, jazz 0.75"; nothing where it was told none. */
static neume_status add_labels(neume_score *score, const generation *g) {
    nm_buffer text = nm_buffer_on(g->context);
    size_t count = 0;
    for (unsigned l = 0; l < g->model->labels.count; l++)
        count += g->plan.shares[l] > 0;
    nm_write_text(&text, count == 1 ? "label" : "labels");
    for (unsigned l = 0, written = 0; l < g->model->labels.count; l++) {
        char share[34] = " ";
        if (g->plan.shares[l] <= 0)
            continue;
        write_number(share + 1, g->plan.shares[l]);
        nm_write_text(&text, written++ ? ", " : " ");
        nm_write_text(&text, g->model->labels.names[l]);
        nm_write_text(&text, count == 1 ? "" : share);
    }
    nm_write_u8(&text, 0);
    neume_status status = text.failed ? NEUME_NO_MEMORY : NEUME_OK;
    if (!status && count)
        status = add_text(score, (const char *)text.data);
    nm_buffer_clear(&text);
    return status;
}

/* What shaped the song, and nothing else: no names of files, times or threads. */
static neume_status add_origin(neume_score *score, const generation *g, uint64_t number) {
    const neume_sampling *sampling = &g->plan.sampling;
    char text[256], temperature[32], top_p[32], min_p[32];
    snprintf(text, sizeof text,
             "neume " NEUME_VERSION ", model %016" PRIx64 ", seed %" PRIu64 ", song %" PRIu64,
             g->model->hash, g->plan.seed, number);
    neume_status status = add_text(score, text);
    write_number(temperature, sampling->temperature);
    write_number(top_p, sampling->top_p);
    write_number(min_p, sampling->min_p);
    const char *precision =
        neume_precision_name(neume_model_precision(g->model, g->context, g->options->precision));
    if (sampling->greedy)
        snprintf(text, sizeof text, "greedy, precision %s", precision);
    else if (g->rolls)
        snprintf(text, sizeof text, "temperature %s, precision %s", temperature, precision);
    else
        snprintf(text, sizeof text,
                 "temperature %s, top-k %" PRIu32 ", top-p %s, min-p %s, precision %s", temperature,
                 sampling->top_k, top_p, min_p, precision);
    if (!status)
        status = add_text(score, text);
    if (!status)
        status = add_labels(score, g);
    if (status || !g->plan.primer_count)
        return status;
    const neume_sequence primer = {.words = g->options->primer->words,
                                   .given = g->options->primer->given,
                                   .step_count = g->plan.primer_count,
                                   .width = g->options->primer->width};
    snprintf(text, sizeof text, "primer %016" PRIx64, nm_codec_hash(g->model->codec, &primer));
    return add_text(score, text);
}

/* Ends the song where its length does, if that was reached, and leaves out what a MIDI file cannot
 * say. */
static neume_status trim(neume_score *score, const generation *g, double quarters,
                         uint64_t number) {
    neume_cleaning lost;
    if (quarters > 0)
        neume_score_end_at(score,
                           (uint64_t)llround(quarters * neume_score_ticks_per_quarter(score)));
    const neume_status status = neume_score_clean(score, &lost);
    if (!status && lost.merged + lost.cut > 0)
        nm_log(g->context, NEUME_LOG_WARNING,
               "song %" PRIu64 ": a channel has one key of a pitch: %zu notes fell together with "
               "others, and others cut %zu short",
               number, lost.merged, lost.cut);
    return status;
}

/* Tempo, instrument and origin upon what the words gave. */
static neume_status dress(neume_score *score, const generation *g, uint64_t number) {
    const double tempo = g->options->tempo;
    neume_status status = NEUME_OK;
    if (tempo != 0)
        status = neume_score_set_tempo(score, nm_tempo_microseconds(tempo));
    if (g->options->program >= 0)
        neume_score_set_program(score, (uint8_t)g->options->program);
    if (!status)
        status = add_origin(score, g, number);
    return status ? status : neume_score_sort(score);
}

/* A song of the composer's last run. The words to say begin with the primer, unless it is to be
 * left out. */
static neume_status finish_song(neume_song *song, const generation *g, nm_composed composed,
                                uint64_t number) {
    const size_t left_out = g->options->without_primer ? g->plan.primer_count : 0;
    const unsigned width = neume_codec_width(g->model->codec);
    nm_said said;
    neume_status status = nm_said_init(&said, g->context, &g->plan, &composed, left_out);
    if (!status)
        status = neume_codec_decode(&song->score, g->model->codec, &said.sequence);
    nm_said_clear(g->context, &said);
    if (!status)
        status = dress(song->score, g, number);
    if (!status)
        status = trim(song->score, g, composed.end_quarters - said.from, number);
    if (status)
        return status;
    song->step_count = composed.step_count;
    song->log_probability = composed.log_probability;
    song->is_loop = nm_is_loop(composed.words + g->plan.primer_count * width,
                               composed.step_count - composed.has_ended, width);
    if (composed.is_cut)
        nm_log(g->context, NEUME_LOG_WARNING,
               "song %" PRIu64 ": shorter than asked: %zu steps did not fill its time", number,
               composed.step_count);
    (void)neume_score_notes(song->score, &song->note_count);
    song->seconds = neume_score_seconds_at(song->score, neume_score_end_ticks(song->score));
    return NEUME_OK;
}

static neume_status compose_turn(const generation *g, size_t first, neume_error *error) {
    return g->rolls ? nm_roll_composer_run(g->rolls, first, error)
                    : nm_composer_run(g->words, first, error);
}

static nm_composed composed_song(const generation *g, size_t row) {
    return g->rolls ? nm_roll_composer_song(g->rolls, row) : nm_composer_song(g->words, row);
}

/* All songs, in turns of `row_count`. */
static neume_status compose(neume_song *songs, const generation *g, size_t row_count,
                            neume_error *error) {
    neume_status status = NEUME_OK;
    for (size_t first = 0; first < g->options->count && !status; first += row_count) {
        status = compose_turn(g, first, error);
        for (size_t i = first; i < first + row_count && i < g->options->count && !status; i++) {
            status = finish_song(&songs[i], g, composed_song(g, i - first), i);
            if (status)
                nm_fail_memory(error, "song");
        }
    }
    return status;
}

neume_status neume_generate(neume_song *songs, neume_context *context, const neume_model *model,
                            const neume_generate_options *options, neume_error *error) {
    generation g = {.context = context, .model = model, .options = options};
    memset(songs, 0, options->count * sizeof *songs);
    neume_status status = plan_songs(&g.plan, context, model, options, error);
    if (status)
        return status;
    const size_t turns = (options->count - 1) / ROWS_AT_ONCE + 1;
    const size_t row_count = (options->count - 1) / turns + 1;
    status = nm_codec_is_roll(model->codec)
                 ? nm_roll_composer_new(&g.rolls, context, model, &g.plan, row_count)
                 : nm_composer_new(&g.words, context, model, &g.plan, row_count);
    if (status)
        return nm_fail_memory(error, "composer");
    status = compose(songs, &g, row_count, error);
    for (size_t i = 0; i < options->count && status; i++)
        neume_song_clear(&songs[i]);
    nm_composer_free(g.words);
    nm_roll_composer_free(g.rolls);
    return status;
}

void neume_song_clear(neume_song *song) {
    neume_score_free(song->score);
    *song = (neume_song){0};
}
