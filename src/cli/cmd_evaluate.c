/* SPDX-License-Identifier: ISC */
/* neume evaluate: the likelihood of pieces under models and their mixture, beside baselines. */
#include "cli/evaluate.h"

#include <stdlib.h>

/* The first two in the order of neume_protocol. */
typedef enum protocol_choice { PROTOCOL_STEPS, PROTOCOL_BL88, PROTOCOL_CROPS } protocol_choice;

/* In the order of neume_split, from its second on. */
typedef enum split_choice { SPLIT_TRAIN, SPLIT_VALID, SPLIT_TEST } split_choice;

typedef struct evaluate_settings {
    nm_general general;
    protocol_choice protocol;
    split_choice split;
    bool calibrated, classify;
    int transpose;
    uint64_t seed;
    const char *valid_from;
    neume_precision precision;
    neume_midi_read_options reading;
    neume_context_options machine;
} evaluate_settings;

/* The operands that are no models, in their order. */
typedef struct input_list {
    const char **paths;
    size_t count;
} input_list;

/* By content: a model, or what holds a model's training and so is refused as one. */
static bool is_model(neume_context *context, const char *path) {
    neume_file_kind kind;
    neume_error unused;
    return neume_file_kind_of(&kind, context, path, &unused) == NEUME_OK &&
           (kind == NEUME_KIND_MODEL || kind == NEUME_KIND_CHECKPOINT);
}

/* Where none is a model, the first was meant as one: loading it says what is wrong. */
static neume_status sort_operands(nm_findings *f, input_list *inputs, neume_context *context,
                                  const nm_arguments *arguments, neume_error *error) {
    for (size_t i = 0; i < arguments->operand_count; i++) {
        const char *path = arguments->operands[i];
        if (!is_model(context, path))
            inputs->paths[inputs->count++] = path;
        else if (f->count < NEUME_MAX_MODELS)
            f->subjects[f->count++].path = path;
        else
            return nm_report_fail(error, NEUME_BAD_USAGE, "%s: one model too many, expected %d",
                                  path, NEUME_MAX_MODELS);
    }
    if (f->count == 0) {
        f->subjects[f->count++].path = inputs->paths[0];
        inputs->paths++;
        inputs->count--;
    }
    if (inputs->count == 0)
        return nm_report_fail(error, NEUME_BAD_USAGE,
                              "missing INPUT: all that is given are models, expected MIDI files, "
                              "folders or benchmark files too");
    return NEUME_OK;
}

static neume_status load_models(nm_findings *f, neume_context *context, neume_error *error) {
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < f->count && !status; i++)
        status = neume_model_load(&f->subjects[i].model, context, f->subjects[i].path, error);
    return status;
}

static neume_evaluate_options evaluate_options(const evaluate_settings *s,
                                               const input_list *inputs) {
    neume_evaluate_options options = neume_evaluate_options_default();
    options.reading = s->reading;
    options.inputs = (neume_inputs){inputs->paths, inputs->count};
    options.split = NEUME_SPLIT_TRAIN + (neume_split)s->split;
    options.transpose = s->transpose;
    options.precision = s->precision;
    return options;
}

static neume_status evaluate_mixture(nm_findings *f, neume_context *context,
                                     const evaluate_settings *s, const input_list *inputs,
                                     neume_error *error) {
    const neume_model *models[NEUME_MAX_MODELS];
    neume_mixture_options options = neume_mixture_options_default();
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < f->count; i++)
        models[i] = f->subjects[i].model;
    options.pieces = evaluate_options(s, inputs);
    options.protocol = f->protocol;
    options.valid_from = (neume_inputs){&s->valid_from, s->valid_from ? 1 : 0};
    for (unsigned t = 0; t < (f->is_calibrated ? NM_TEMPERATURES : 1U) && !status; t++) {
        options.pieces.calibrated = t == NM_CALIBRATED;
        status = neume_mixture_evaluate(&f->mixtures[t], context, (neume_models){models, f->count},
                                        &options, error);
    }
    if (f->mixtures[NM_PLAIN].files)
        nm_cli_print_unused(f->mixtures[NM_PLAIN].files, "");
    if (f->mixtures[NM_PLAIN].valid_files)
        nm_cli_print_unused(f->mixtures[NM_PLAIN].valid_files, "");
    return status;
}

static neume_status evaluate_alone(nm_findings *f, neume_context *context,
                                   const evaluate_settings *s, const input_list *inputs,
                                   neume_error *error) {
    neume_evaluate_options options = evaluate_options(s, inputs);
    neume_status status = NEUME_OK;
    for (unsigned t = 0; t < (f->is_calibrated ? NM_TEMPERATURES : 1U); t++)
        for (size_t i = 0; i < f->count && !status; i++) {
            options.calibrated = t == NM_CALIBRATED;
            status = neume_evaluate(&f->evaluations[t][i], context, f->subjects[i].model, &options,
                                    error);
        }
    if (!f->has_mixture && f->evaluations[NM_PLAIN][0].files)
        nm_cli_print_unused(f->evaluations[NM_PLAIN][0].files, "");
    return status;
}

static neume_status classify(nm_findings *f, neume_context *context, const evaluate_settings *s,
                             const input_list *inputs, neume_error *error) {
    neume_evaluate_options options = evaluate_options(s, inputs);
    options.calibrated = s->calibrated;
    f->is_classified = true;
    if (f->count > 1 || s->protocol != PROTOCOL_STEPS)
        return nm_report_fail(error, NEUME_BAD_USAGE, "--classify: expected %s",
                              f->count > 1 ? "one model" : "--protocol steps");
    neume_status status = load_models(f, context, error);
    if (!status)
        status = neume_classify(&f->classification, context, f->subjects[0].model, &options, error);
    if (f->classification.files)
        nm_cli_print_unused(f->classification.files, "");
    return status;
}

static neume_status crop(nm_findings *f, neume_context *context, const evaluate_settings *s,
                         const input_list *inputs, neume_error *error) {
    neume_crops_options options = neume_crops_options_default();
    options.pieces = evaluate_options(s, inputs);
    options.seed = f->seed = s->seed;
    f->are_crops = true;
    f->is_calibrated = s->calibrated;
    if (f->count > 1 || s->valid_from)
        return nm_report_fail(error, NEUME_BAD_USAGE, "--protocol crops: expected %s",
                              f->count > 1 ? "one model" : "no --valid-from");
    neume_status status = load_models(f, context, error);
    for (unsigned t = 0; t < (s->calibrated ? NM_TEMPERATURES : 1U) && !status; t++) {
        options.pieces.calibrated = t == NM_CALIBRATED;
        status = neume_crops_evaluate(&f->crops[t], context, f->subjects[0].model, &options, error);
    }
    if (f->crops[NM_PLAIN].files)
        nm_cli_print_unused(f->crops[NM_PLAIN].files, "");
    return status;
}

static neume_status find(nm_findings *f, neume_context *context, const evaluate_settings *s,
                         const input_list *inputs, neume_error *error) {
    f->protocol = (neume_protocol)s->protocol;
    f->split = NEUME_SPLIT_TRAIN + (neume_split)s->split;
    f->is_calibrated = s->calibrated;
    f->has_mixture = f->protocol == NEUME_PROTOCOL_BL88 || f->count > 1;
    f->has_evaluations = f->protocol == NEUME_PROTOCOL_STEPS || s->general.json;
    if (s->valid_from && f->count == 1)
        return nm_report_fail(error, NEUME_BAD_USAGE,
                              "--valid-from: gives a mixture its weights, expected several models");
    neume_status status = load_models(f, context, error);
    if (!status && f->has_mixture)
        status = evaluate_mixture(f, context, s, inputs, error);
    if (!status && f->has_evaluations)
        status = evaluate_alone(f, context, s, inputs, error);
    return status;
}

static void findings_clear(nm_findings *f, neume_context *context) {
    neume_classification_clear(context, &f->classification);
    for (unsigned t = 0; t < NM_TEMPERATURES; t++) {
        neume_mixture_clear(&f->mixtures[t]);
        neume_crops_clear(&f->crops[t]);
        for (size_t i = 0; i < f->count; i++)
            neume_evaluation_clear(&f->evaluations[t][i]);
    }
    for (size_t i = 0; i < f->count; i++)
        neume_model_free(f->subjects[i].model);
}

static neume_status evaluate(const evaluate_settings *s, neume_context *context,
                             const nm_arguments *arguments, neume_error *error) {
    const char **paths = calloc(arguments->operand_count, sizeof *paths);
    nm_findings *f = calloc(1, sizeof *f);
    input_list inputs = {paths, 0};
    neume_status status =
        paths && f ? NEUME_OK : nm_report_fail(error, NEUME_NO_MEMORY, "evaluation: out of memory");
    if (!status) {
        f->transpose = s->transpose;
        status = sort_operands(f, &inputs, context, arguments, error);
    }
    if (!status)
        status = (s->classify                     ? classify
                  : s->protocol == PROTOCOL_CROPS ? crop
                                                  : find)(f, context, s, &inputs, error);
    if (!status && s->general.json)
        status = nm_report_json(stdout, nm_findings_json(f), error);
    else if (!status)
        nm_findings_print(f);
    if (f)
        findings_clear(f, context);
    free(f);
    free(paths);
    return status;
}

static neume_status init(void *settings, const nm_arguments *arguments, neume_error *error) {
    (void)arguments;
    (void)error;
    evaluate_settings *s = settings;
    *s = (evaluate_settings){.split = SPLIT_TEST,
                             .seed = 1,
                             .precision = NEUME_PRECISION_FP32,
                             .reading = neume_midi_read_options_default(),
                             .machine = neume_context_options_default()};
    return NEUME_OK;
}

static neume_status run(void *settings, const nm_arguments *arguments, neume_error *error) {
    const evaluate_settings *s = settings;
    neume_context *context;
    neume_status status = nm_cli_context(&context, s->machine, NEUME_LOG_WARNING, error);
    if (!status)
        status = evaluate(s, context, arguments, error);
    neume_context_free(context);
    return status;
}

static const char *const protocols[] = {"steps", "bl88", "crops", NULL};
static const char *const splits[] = {"train", "valid", "test", NULL};

static const nm_opt protocol_options[] = {
    {.name = "protocol",
     .kind = NM_OPT_CHOICE,
     NM_OPT_FIELD(evaluate_settings, protocol),
     .choices = protocols,
     .help =
         "what is counted: every step that the codec says; or, for presets of frames, all "
         "frames of a piano's 88 keys, as published for the four benchmark sets; or, for models "
         "of piano rolls, a random crop of 256 steps of each piece, scaled to 88 keys"},
    {.name = "split",
     .kind = NM_OPT_CHOICE,
     NM_OPT_FIELD(evaluate_settings, split),
     .choices = splits,
     .help = "which part of benchmark files is evaluated"},
    {.name = "transpose",
     .kind = NM_OPT_KEY,
     NM_OPT_FIELD(evaluate_settings, transpose),
     .value = "N",
     .help = "semitones, -48 to 48, by which every piece is moved before it is read; drums stay, "
             "and notes that would leave MIDI's range are left out and counted; a moved piece "
             "counts as never seen"},
    {.name = "seed",
     .kind = NM_OPT_UNSIGNED,
     NM_OPT_FIELD(evaluate_settings, seed),
     .value = "N",
     .help = "where the crops of --protocol crops begin: the same seed, the same crops"},
    {.name = "calibrated",
     .kind = NM_OPT_FLAG,
     NM_OPT_FIELD(evaluate_settings, calibrated),
     .help = "also at the softmax temperature that made each model's validation pieces likeliest"},
    {.name = "precision",
     .kind = NM_OPT_CHOICE,
     NM_OPT_FIELD(evaluate_settings, precision),
     .choices = nm_precision_choices,
     .help = "how wide the models' weights are while they are used, as of neume generate"},
    {.name = "classify",
     .kind = NM_OPT_FLAG,
     NM_OPT_FIELD(evaluate_settings, classify),
     .help = "instead: under which of its labels a model trained with --labels finds each piece "
             "likeliest, beside the folder that the piece lies in"},
    {.name = "valid-from",
     .kind = NM_OPT_TEXT,
     NM_OPT_FIELD(evaluate_settings, valid_from),
     .value = "DIR",
     .default_text = "valid parts, or pieces that all models validated on",
     .help = "the weights of a mixture are those that make the pieces of this folder likeliest"},
};

static const nm_opt_group groups[] = {
    {"Protocol", protocol_options, NM_OPT_COUNT(protocol_options), 0},
    {"Reading", nm_reading_options, NM_OPT_COUNT(nm_reading_options),
     offsetof(evaluate_settings, reading)},
    {"Machine", nm_machine_options, NM_OPT_COUNT(nm_machine_options),
     offsetof(evaluate_settings, machine)},
    NM_JSON_GROUP,
    NM_HELP_GROUP,
};

static const nm_opt_table table = {groups, NM_OPT_COUNT(groups)};

static const char *const examples[] = {
    "neume evaluate songs.neume test/",
    "how likely the model finds the pieces below test/, beside the baselines",
    "neume evaluate up.neume jsb-chorales.json --protocol bl88 --calibrated",
    "nats a frame of the test part, as papers print them",
    "neume evaluate up.neume down.neume jsb-chorales.json --protocol bl88",
    "the same of two models and of their mixture",
    "neume evaluate rolls.neume test/ --protocol crops --seed 2",
    "a piano roll model on a crop of 256 steps of each piece, as its paper reports it",
    "neume evaluate songs.neume test/ --transpose 2",
    "the same pieces a tone higher: what absolute pitch is to the model",
    "neume evaluate styles.neume celtic/ jazz/ --classify",
    "which style the model takes each piece for, beside its folder",
    NULL,
};

const nm_command nm_command_evaluate = {
    .name = "evaluate",
    .summary = "likelihood and accuracy of pieces under models, beside baselines",
    .synopsis = "MODEL... INPUT... [options]",
    .description =
        "Computes how likely MODEL finds the pieces of the MIDI files at and below each INPUT: "
        "nats a step, exactly, each piece from its beginning, beside uniform, unigram and "
        "interpolated Kneser-Ney trigram baselines that were counted on the pieces it trained on "
        "(of "
        "piano rolls: what each key does, and what it does behind its last two steps). "
        "Lower is better. What is a model and what an input is told by content, in any order; an "
        "INPUT may also be a benchmark file for models of frames.\n"
        "Pieces that it trained on, that it was chosen by and that it never saw are told apart.\n"
        "Several models are evaluated each alone and as a mixture: the likelihood of a step (of a "
        "frame, for models of frames) is the weighted mean of theirs. The weights are those that "
        "make validation pieces likeliest.\n"
        "With --classify the style of each piece is guessed: the label under which it is "
        "likeliest, "
        "all labels alike beforehand, whatever their share of the training pieces was.",
    .examples = examples,
    .options = &table,
    .settings_size = sizeof(evaluate_settings),
    .least_operands = 2,
    .most_operands = SIZE_MAX,
    .missing = "MODEL or INPUT",
    .init = init,
    .run = run,
};
