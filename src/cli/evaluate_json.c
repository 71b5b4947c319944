/* SPDX-License-Identifier: ISC */
/* The report of neume evaluate as JSON. */
#include "cli/evaluate.h"

static json_t *likelihood_json(const neume_likelihood *l) {
    return json_pack(
        "{s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}}", "pieces",
        (json_int_t)l->piece_count, "steps", (json_int_t)l->step_count, "notes",
        (json_int_t)l->note_count, "nats_per_step", nm_report_json_number(l->nats_per_step),
        "nats_per_note", nm_report_json_number(l->nats_per_note), "accuracy",
        nm_report_json_number(l->accuracy), "unknown_share",
        nm_report_json_number(l->unknown_share), "baselines", "uniform",
        nm_report_json_number(l->uniform), "unigram", nm_report_json_number(l->unigram), "trigram",
        nm_report_json_number(l->trigram));
}

static json_t *units_json(const neume_unit_likelihood *l) {
    return json_pack("{s:I, s:I, s:o, s:o, s:o}", "pieces", (json_int_t)l->piece_count, "units",
                     (json_int_t)l->unit_count, "micro", nm_report_json_number(l->micro),
                     "micro_without_first", nm_report_json_number(l->micro_without_first),
                     "mean_of_sequences", nm_report_json_number(l->mean_of_sequences));
}

static json_t *key_baselines_json(const neume_key_baselines *b) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "half", nm_report_json_number(b->half), "density",
                     nm_report_json_number(b->density), "key", nm_report_json_number(b->key),
                     "key_given_last", nm_report_json_number(b->key_given_last), "repeat_accuracy",
                     nm_report_json_number(b->repeat_accuracy));
}

/* Puts the members of `more` into `object`, or into its member `key` where that is not NULL, and
 * takes `more` over; false for want of memory. */
static bool add(json_t *object, const char *key, json_t *more) {
    json_t *inner = key ? json_object_get(object, key) : object;
    const bool is_done = more && (inner ? json_object_update(inner, more) == 0
                                        : json_object_set(object, key, more) == 0);
    json_decref(more);
    return is_done;
}

static bool add_streams(json_t *object, const neume_likelihood *l, const neume_codec *codec) {
    json_t *streams = l->stream_count > 1 ? json_object() : NULL;
    for (unsigned s = 0; streams && s < l->stream_count; s++)
        if (json_object_set_new(streams, neume_codec_stream_name(codec, s),
                                json_pack("{s:o, s:o}", "nats_per_step",
                                          nm_report_json_number(l->stream_nats[s]), "accuracy",
                                          nm_report_json_number(l->stream_accuracies[s]))))
            return false;
    return l->stream_count <= 1 || add(object, "streams", streams);
}

static bool add_evaluation(json_t *object, const neume_evaluation *e, const neume_codec *codec) {
    json_t *splits =
        json_pack("{s:o, s:o, s:o}", "trained", likelihood_json(&e->trained), "validated",
                  likelihood_json(&e->validated), "unseen", likelihood_json(&e->unseen));
    return add(object, NULL, likelihood_json(&e->all)) && add(object, "splits", splits) &&
           add_streams(object, &e->all, codec);
}

/* A row of a mixture; `valid` and `unseen` only where there is something in them. */
static bool add_row(json_t *object, const neume_mixture_row *row) {
    return add(object, NULL, units_json(&row->all)) &&
           add(object, "unseen", units_json(&row->unseen)) &&
           (row->valid.piece_count == 0 || add(object, "valid", units_json(&row->valid)));
}

/* What is known of a model at one temperature. */
static bool add_found(json_t *object, const nm_findings *f, size_t at, unsigned temperature) {
    const neume_codec *codec = neume_model_codec(f->subjects[at].model);
    const neume_mixture *mixture = &f->mixtures[temperature];
    if (f->has_evaluations && !add_evaluation(object, &f->evaluations[temperature][at], codec))
        return false;
    if (!f->has_mixture)
        return true;
    return add_row(object, &mixture->models[at]) &&
           (f->count == 1 ||
            add(object, NULL, json_pack("{s:f}", "weight", mixture->models[at].weight))) &&
           (!mixture->has_baselines ||
            add(object, "baselines", key_baselines_json(&mixture->baselines)));
}

static json_t *model_json(const nm_findings *f, size_t at) {
    const nm_subject *subject = &f->subjects[at];
    json_t *object =
        json_pack("{s:o, s:s, s:s, s:I, s:f}", "model", nm_report_json_text(subject->path),
                  "preset", neume_model_preset(subject->model), "step_unit",
                  neume_codec_step_unit(neume_model_codec(subject->model)), "parameters",
                  (json_int_t)neume_model_parameter_count(subject->model), "temperature",
                  neume_model_temperature(subject->model));
    json_t *calibrated = f->is_calibrated ? json_object() : NULL;
    const bool is_whole =
        object && add_found(object, f, at, NM_PLAIN) &&
        (!f->is_calibrated || (calibrated && add_found(calibrated, f, at, NM_CALIBRATED) &&
                               add(object, "calibrated", json_incref(calibrated))));
    json_decref(calibrated);
    if (is_whole)
        return object;
    json_decref(object);
    return NULL;
}

static const char *name_of(neume_weights_from from) {
    static const char *const names[] = {"equal", "valid_from", "valid_part", "validated"};
    return names[from];
}

static bool add_mixture(json_t *object, const neume_mixture *mixture) {
    json_t *weights = json_array();
    for (size_t i = 0; i < mixture->model_count; i++)
        if (json_array_append_new(weights, json_real(mixture->models[i].weight))) {
            json_decref(weights);
            return false;
        }
    return add(object, "weights", weights) &&
           add(object, NULL, json_pack("{s:s}", "weights_from", name_of(mixture->weights_from))) &&
           add_row(object, &mixture->mixture) &&
           (!mixture->has_baselines ||
            add(object, "baselines", key_baselines_json(&mixture->baselines)));
}

static json_t *models_json(const nm_findings *f) {
    json_t *models = json_array();
    for (size_t i = 0; models && i < f->count; i++)
        if (json_array_append_new(models, model_json(f, i))) {
            json_decref(models);
            models = NULL;
        }
    return models;
}

static json_t *mixture_json(const nm_findings *f) {
    size_t parameters = 0;
    for (size_t i = 0; i < f->count; i++)
        parameters += neume_model_parameter_count(f->subjects[i].model);
    json_t *object =
        json_pack("{s:o, s:s, s:s, s:I}", "models", models_json(f), "step_unit",
                  neume_codec_step_unit(neume_model_codec(f->subjects[0].model)), "unit",
                  neume_model_unit(f->subjects[0].model), "parameters", (json_int_t)parameters);
    json_t *calibrated = f->is_calibrated ? json_object() : NULL;
    const bool is_whole =
        object && add_mixture(object, &f->mixtures[NM_PLAIN]) &&
        (!f->is_calibrated || (calibrated && add_mixture(calibrated, &f->mixtures[NM_CALIBRATED]) &&
                               add(object, "calibrated", json_incref(calibrated))));
    json_decref(calibrated);
    if (is_whole)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *likelihoods_json(const nm_findings *f) {
    const bool is_bl88 = f->protocol == NEUME_PROTOCOL_BL88;
    json_t *object = f->count > 1 ? mixture_json(f) : model_json(f, 0);
    json_t *protocol = json_pack("{s:s}", "protocol", is_bl88 ? "bl88" : "steps");
    json_t *left_out =
        is_bl88 ? json_pack("{s:I}", "left_out", (json_int_t)f->mixtures[NM_PLAIN].left_out)
                : json_object();
    const bool has_protocol = add(object, NULL, protocol);
    if (add(object, NULL, left_out) && has_protocol)
        return object;
    json_decref(object);
    return NULL;
}

const neume_corpus *nm_findings_files(const nm_findings *f) {
    return f->is_classified ? f->classification.files
           : f->are_crops   ? f->crops[NM_PLAIN].files
           : f->has_mixture ? f->mixtures[NM_PLAIN].files
                            : f->evaluations[NM_PLAIN][0].files;
}

json_t *nm_findings_json(const nm_findings *f) {
    json_t *object = f->is_classified ? nm_classification_json(f)
                     : f->are_crops   ? nm_crops_json(f)
                                      : likelihoods_json(f);
    const size_t beyond = neume_corpus_count(nm_findings_files(f)).notes_beyond;
    json_t *moved =
        json_pack("{s:i, s:I}", "transpose", f->transpose, "notes_beyond", (json_int_t)beyond);
    if (add(object, NULL, moved))
        return object;
    json_decref(object);
    return NULL;
}
