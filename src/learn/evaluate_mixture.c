/* SPDX-License-Identifier: ISC */
/* Several models over the same pieces: reading, scoring, weights, averages. */
#include "base/error.h"
#include "base/mem.h"
#include "learn/alike.h"
#include "learn/bl88.h"
#include "learn/evaluate.h"
#include "learn/mixture.h"
#include "learn/units.h"

#include <string.h>

/* Models read alike, but that frames may be rolls, or words whose pitches ascend or descend. */
enum { MAX_READINGS = 3 };

/* What one codec makes of the files. */
typedef struct reading {
    neume_codec *codec;
    neume_corpus *inputs, *valid_from; /* the latter NULL where there is none */
    uint8_t never[NM_FRAME_WORDS];     /* protocol BL88 */
} reading;

/* Some of the pieces: borrowed from the readings, in whose words each model is given them. */
typedef struct part {
    nm_piece *pieces[MAX_READINGS]; /* [count] */
    size_t count;
    nm_units units; /* of the first reading */
    nm_mixture_table table;
    double *mixed; /* [unit_count] */
} part;

typedef struct mixing {
    neume_context *context;
    neume_models models;
    const neume_mixture_options *options;
    reading readings[MAX_READINGS];
    unsigned reading_count;
    part scored, valid;
} mixing;

neume_mixture_options neume_mixture_options_default(void) {
    return (neume_mixture_options){.pieces = neume_evaluate_options_default()};
}

/* The reading whose words a model has; reading_count where there is none yet. */
static unsigned reading_of(const mixing *m, size_t model) {
    const neume_codec_options *of = neume_codec_options_of(m->models.models[model]->codec);
    unsigned r = 0;
    for (; r < m->reading_count; r++) {
        const neume_codec_options *other = neume_codec_options_of(m->readings[r].codec);
        if (strcmp(of->name, other->name) == 0 && of->order == other->order)
            break;
    }
    return r;
}

static neume_status load_files(neume_corpus **out, const mixing *m, neume_codec *codec,
                               neume_inputs inputs, neume_error *error) {
    neume_evaluate_options options = m->options->pieces;
    options.inputs = inputs;
    options.split = NEUME_SPLIT_NONE;
    return nm_corpus_load_as_given(out, m->context, codec, &options, error);
}

static neume_status load(mixing *m, neume_error *error) {
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < m->models.count && !status; i++) {
        if (reading_of(m, i) < m->reading_count)
            continue;
        reading *to = &m->readings[m->reading_count++];
        to->codec = m->models.models[i]->codec;
        status = load_files(&to->inputs, m, to->codec, m->options->pieces.inputs, error);
        if (!status && m->options->valid_from.count)
            status = load_files(&to->valid_from, m, to->codec, m->options->valid_from, error);
    }
    return status;
}

static bool is_scored(const mixing *m, const nm_piece *piece) {
    const neume_split split = m->options->pieces.split;
    return !piece->is_given || split == NEUME_SPLIT_NONE || piece->split == split;
}

/* Rolls are left as they are: the scorer counts the piano's keys alone. */
static size_t count_beyond(const mixing *m, const reading *of) {
    size_t pitches = 0;
    for (size_t i = 0; i < of->inputs->train_count; i++)
        if (is_scored(m, &of->inputs->train[i]))
            pitches += nm_bl88_beyond(&of->inputs->train[i].sequence);
    return pitches;
}

/* Leaves of a reading's pieces what the protocol counts; returns how many pitches that took from
 * those that are scored. */
static size_t cut(const mixing *m, reading *of) {
    if (nm_codec_is_roll(of->codec))
        return count_beyond(m, of);
    const neume_order order = neume_codec_options_of(of->codec)->order;
    size_t pitches = 0;
    nm_bl88_forbid(of->never, order);
    for (size_t i = 0; i < of->inputs->train_count; i++) {
        nm_piece *piece = &of->inputs->train[i];
        const size_t cut_pitches = nm_bl88_cut(&piece->sequence, of->never);
        pitches += is_scored(m, piece) ? cut_pitches : 0;
    }
    for (size_t i = 0; of->valid_from && i < of->valid_from->train_count; i++)
        nm_bl88_cut(&of->valid_from->train[i].sequence, of->never);
    return pitches;
}

static bool is_scored_at(const mixing *m, size_t at) {
    return is_scored(m, &m->readings[0].inputs->train[at]);
}

static bool is_valid_part(const mixing *m, size_t at) {
    const nm_piece *piece = &m->readings[0].inputs->train[at];
    return piece->is_given && piece->split == NEUME_SPLIT_VALID;
}

static bool is_validated_by_all(const mixing *m, size_t at) {
    for (size_t i = 0; i < m->models.count; i++) {
        const nm_piece *piece = &m->readings[reading_of(m, i)].inputs->train[at];
        if (nm_model_split_of(m->models.models[i], piece->hash) != NEUME_SPLIT_VALID)
            return false;
    }
    return true;
}

static bool is_wanted_of_valid_from(const mixing *m, size_t at) {
    const nm_piece *piece = &m->readings[0].valid_from->train[at];
    return !piece->is_given || piece->split == NEUME_SPLIT_VALID;
}

/* The pieces of each reading's inputs (or valid_from) that are wanted. */
static neume_status choose(part *to, const mixing *m, bool is_valid_from,
                           bool (*is_wanted)(const mixing *, size_t)) {
    for (unsigned r = 0; r < m->reading_count; r++) {
        const reading *of = &m->readings[r];
        const neume_corpus *corpus = is_valid_from ? of->valid_from : of->inputs;
        nm_free(m->context, to->pieces[r]);
        to->pieces[r] = nm_alloc(m->context, corpus->train_count, sizeof *to->pieces[r]);
        to->count = 0;
        if (!to->pieces[r])
            return NEUME_NO_MEMORY;
        for (size_t i = 0; i < corpus->train_count; i++)
            if (is_wanted(m, i))
                to->pieces[r][to->count++] = corpus->train[i];
    }
    return NEUME_OK;
}

static neume_status choose_valid(neume_weights_from *from, mixing *m) {
    const bool has_folder = m->options->valid_from.count > 0;
    neume_status status;
    *from = has_folder ? NEUME_WEIGHTS_VALID_FROM : NEUME_WEIGHTS_VALID_PART;
    status = choose(&m->valid, m, has_folder, has_folder ? is_wanted_of_valid_from : is_valid_part);
    if (status || m->valid.count || has_folder)
        return status;
    *from = NEUME_WEIGHTS_VALIDATED;
    status = choose(&m->valid, m, false, is_validated_by_all);
    if (m->valid.count == 0)
        *from = NEUME_WEIGHTS_EQUAL;
    return status;
}

/* The same files give the same pieces in any order of pitches. */
static bool readings_correspond(const mixing *m) {
    const reading *a = &m->readings[0];
    for (unsigned r = 1; r < m->reading_count; r++) {
        const reading *b = &m->readings[r];
        if (a->inputs->train_count != b->inputs->train_count ||
            (a->valid_from && a->valid_from->train_count != b->valid_from->train_count))
            return false;
    }
    return true;
}

static neume_status fail_apart(neume_error *error) {
    return nm_fail(error, NEUME_FAILED, "the models' codecs read the inputs differently");
}

static neume_status nothing_to_weigh_by(const neume_corpus *corpus, neume_error *error) {
    return nm_fail(error, NEUME_BAD_INPUT, "none of %zu validation files is usable%s%s%s%s",
                   corpus->file_count, corpus->file_count ? "; the first, " : "",
                   corpus->file_count ? corpus->files[0].path : "", corpus->file_count ? ": " : "",
                   corpus->file_count ? corpus->files[0].reason : "");
}

static neume_status nothing_usable(const mixing *m, neume_error *error) {
    const neume_corpus *corpus = m->readings[0].inputs;
    if (corpus->train_count)
        return nm_fail(error, NEUME_BAD_INPUT, "the %s part of the inputs is empty",
                       neume_split_name(m->options->pieces.split));
    return nm_corpus_fail_unusable(corpus, error);
}

static neume_status choose_parts(neume_weights_from *from, mixing *m, neume_error *error) {
    if (!readings_correspond(m))
        return fail_apart(error);
    neume_status status = choose(&m->scored, m, false, is_scored_at);
    if (!status && m->models.count > 1)
        status = choose_valid(from, m);
    if (status)
        return nm_fail_memory(error, "pieces");
    if (m->scored.count == 0)
        return nothing_usable(m, error);
    if (*from == NEUME_WEIGHTS_VALID_FROM && m->valid.count == 0)
        return nothing_to_weigh_by(m->readings[0].valid_from, error);
    return NEUME_OK;
}

static neume_status score_units(double *nats, const mixing *m, size_t at, const nm_units *units,
                                neume_error *error) {
    const neume_model *model = m->models.models[at];
    nm_scorer *scorer;
    neume_status status = nm_scorer_of(&scorer, m->context, model, &m->options->pieces, error);
    if (status)
        return status;
    const bool is_bl88 = m->options->protocol == NEUME_PROTOCOL_BL88;
    const bool is_roll = nm_codec_is_roll(model->codec);
    if (is_bl88 && is_roll)
        nm_scorer_count_keys(scorer, NM_BL88_LOWEST, NM_BL88_HIGHEST);
    else if (is_bl88)
        nm_scorer_forbid(scorer, m->readings[reading_of(m, at)].never);
    status = nm_units_score(nats, units, scorer, model->weights);
    if (!status && is_bl88 && is_roll)
        nm_bl88_add_outside(nats, units, model->keys,
                            neume_codec_options_of(model->codec)->pitch_range);
    nm_scorer_free(scorer);
    return status ? nm_fail_memory(error, "likelihoods") : NEUME_OK;
}

/* What a part's units cost one model, read with its own codec. */
static neume_status score_model(const mixing *m, part *of, size_t at, neume_error *error) {
    nm_units units;
    nm_labels_tell(&m->models.models[at]->labels, of->pieces[reading_of(m, at)], of->count);
    neume_status status = nm_units_init(&units, m->models.models[at]->codec, m->context,
                                        of->pieces[reading_of(m, at)], of->count);
    if (status)
        nm_fail_memory(error, "likelihoods");
    else if (!nm_units_correspond(&units, &of->units))
        status = fail_apart(error);
    else
        status = score_units(of->table.nats + at * of->table.unit_count, m, at, &units, error);
    nm_units_clear(&units);
    return status;
}

static neume_status score(const mixing *m, part *of, neume_error *error) {
    neume_status status =
        nm_units_init(&of->units, m->readings[0].codec, m->context, of->pieces[0], of->count);
    const size_t M = m->models.count, U = of->units.unit_count;
    of->table = (nm_mixture_table){.model_count = M, .unit_count = U};
    if (!status && (!(of->table.nats = nm_alloc(m->context, M * U, sizeof(double))) ||
                    !(of->mixed = nm_alloc(m->context, U, sizeof(double)))))
        status = NEUME_NO_MEMORY;
    if (status)
        return nm_fail_memory(error, "likelihoods");
    for (size_t i = 0; i < M && U && !status; i++)
        status = score_model(m, of, i, error);
    return status;
}

/* For each scored piece: whether no model has met it. */
static void find_unseen(bool *unseen, const mixing *m) {
    for (size_t p = 0; p < m->scored.count; p++) {
        unseen[p] = true;
        for (size_t i = 0; i < m->models.count; i++) {
            const uint64_t hash = m->scored.pieces[reading_of(m, i)][p].hash;
            unseen[p] &= nm_model_split_of(m->models.models[i], hash) == NEUME_SPLIT_NONE;
        }
    }
}

static void fill_row(neume_mixture_row *row, const mixing *m, size_t at, const bool *unseen) {
    const part *scored = &m->scored, *valid = &m->valid;
    const bool is_mixture = at == m->models.count;
    const double *nats = scored->table.nats + at * scored->table.unit_count;
    const double *valid_nats = valid->table.nats + at * valid->table.unit_count;
    nats = is_mixture ? scored->mixed : nats;
    row->all = nm_units_average(&scored->units, nats, NULL);
    row->unseen = nm_units_average(&scored->units, nats, unseen);
    row->valid = nm_units_average(&valid->units, is_mixture ? valid->mixed : valid_nats, NULL);
}

static neume_status fill(neume_mixture *out, mixing *m, neume_error *error) {
    double weights[NEUME_MAX_MODELS];
    bool *unseen = nm_alloc(m->context, m->scored.count, sizeof *unseen);
    if (!unseen || nm_mixture_fit(weights, m->context, &m->valid.table)) {
        nm_free(m->context, unseen);
        return nm_fail_memory(error, "likelihoods");
    }
    nm_mixture_nats(m->scored.mixed, &m->scored.table, weights);
    nm_mixture_nats(m->valid.mixed, &m->valid.table, weights);
    find_unseen(unseen, m);
    for (size_t i = 0; i < m->models.count; i++) {
        fill_row(&out->models[i], m, i, unseen);
        out->models[i].weight = weights[i];
    }
    fill_row(&out->mixture, m, m->models.count, unseen);
    out->mixture.weight = 1;
    nm_free(m->context, unseen);
    return NEUME_OK;
}

/* Benchmark files say what to learn the baselines from; MIDI files do not. */
static void add_baselines(neume_mixture *out, const mixing *m) {
    const neume_corpus *inputs = m->readings[0].inputs;
    const neume_codec *codec = m->readings[0].codec;
    nm_bl88_counts train = {0}, test = {0};
    for (size_t i = 0; i < inputs->train_count; i++) {
        const nm_piece *piece = &inputs->train[i];
        if (!piece->is_given)
            return;
        if (piece->split == NEUME_SPLIT_TRAIN)
            nm_bl88_count(&train, codec, &piece->sequence);
        if (is_scored(m, piece))
            nm_bl88_count(&test, codec, &piece->sequence);
    }
    out->baselines = nm_bl88_baselines(&train, &test);
    out->has_baselines = true;
}

static neume_status evaluate(neume_mixture *out, mixing *m, neume_error *error) {
    neume_status status = load(m, error);
    const bool is_bl88 = m->options->protocol == NEUME_PROTOCOL_BL88;
    for (unsigned r = 0; r < m->reading_count && !status && is_bl88; r++)
        out->left_out = cut(m, &m->readings[r]);
    if (!status)
        status = choose_parts(&out->weights_from, m, error);
    if (!status)
        status = score(m, &m->scored, error);
    if (!status)
        status = score(m, &m->valid, error);
    if (!status)
        status = fill(out, m, error);
    if (!status && is_bl88)
        add_baselines(out, m);
    return status;
}

static void part_clear(part *of, neume_context *context) {
    nm_free(context, of->mixed);
    nm_free(context, of->table.nats);
    nm_units_clear(&of->units);
    for (unsigned r = 0; r < MAX_READINGS; r++)
        nm_free(context, of->pieces[r]);
}

neume_status neume_mixture_evaluate(neume_mixture *out, neume_context *context, neume_models models,
                                    const neume_mixture_options *options, neume_error *error) {
    mixing m = {.context = context, .models = models, .options = options};
    *out = (neume_mixture){.model_count = models.count};
    neume_status status = nm_models_check(models, options->protocol, error);
    if (!status)
        status = evaluate(out, &m, error);
    part_clear(&m.valid, context);
    part_clear(&m.scored, context);
    out->files = m.readings[0].inputs;
    out->valid_files = m.readings[0].valid_from;
    for (unsigned r = 1; r < MAX_READINGS; r++) {
        neume_corpus_free(m.readings[r].inputs);
        neume_corpus_free(m.readings[r].valid_from);
    }
    return status;
}

void neume_mixture_clear(neume_mixture *mixture) {
    neume_corpus_free(mixture->files);
    neume_corpus_free(mixture->valid_files);
    mixture->files = mixture->valid_files = NULL;
}
