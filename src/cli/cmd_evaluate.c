/* SPDX-License-Identifier: ISC */
/* neume evaluate: the likelihood of pieces under a model, beside baselines. */
#include "cli/cli.h"

#include <math.h>

typedef struct evaluate_settings {
    nm_general general;
    neume_midi_read_options reading;
    neume_context_options machine;
} evaluate_settings;

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

static json_t *evaluation_json(const neume_evaluation *e, const neume_model *model,
                               const char *path) {
    json_t *report = json_pack("{s:o, s:s, s:s}", "model", nm_report_json_text(path), "preset",
                               neume_model_preset(model), "step_unit",
                               neume_codec_step_unit(neume_model_codec(model)));
    json_t *all = likelihood_json(&e->all);
    json_t *splits =
        json_pack("{s:o, s:o, s:o}", "trained", likelihood_json(&e->trained), "validated",
                  likelihood_json(&e->validated), "unseen", likelihood_json(&e->unseen));
    if (json_object_update(report, all) || json_object_set_new(report, "splits", splits)) {
        json_decref(report);
        report = NULL;
    }
    json_decref(all);
    return report;
}

static void print_column_titles(const char *unit) {
    printf("%-12s %7s %9s  %10s %9s %9s %9s  %8s %8s\n", "", "pieces", "steps", "this model",
           "trigram", "unigram", "uniform", "accuracy", "unknown");
    printf("%-12s %7s %9s  nats a %s\n", "", "", "", unit);
}

static void print_row(const char *name, const neume_likelihood *l) {
    char steps[NM_REPORT_TEXT];
    if (l->piece_count == 0)
        return;
    printf("%-12s %7zu %9s  %10.3f %9.3f %9.3f %9.3f  %6.1f %% %6.2f %%\n", name, l->piece_count,
           nm_report_count(steps, l->step_count), l->nats_per_step, l->trigram, l->unigram,
           l->uniform, 100 * l->accuracy, 100 * l->unknown_share);
}

/* The one figure to look at: pieces that neither shaped the model nor chose it. */
static void print_judgement(const neume_evaluation *e) {
    const neume_likelihood *l = &e->unseen;
    if (l->piece_count == 0) {
        puts("All of these pieces took part in its training: the figures say nothing about new "
             "music.");
        return;
    }
    printf("On pieces that it never saw it is %s.\n",
           l->nats_per_step >= l->unigram   ? "no better than the unigram baseline"
           : l->nats_per_step >= l->trigram ? "better than the unigram, not than the trigram"
                                            : "better than the trigram baseline");
    printf("A note costs it %.3f nats.\n", l->nats_per_note);
}

static void print_evaluation(const neume_evaluation *e, const neume_model *model,
                             const char *path) {
    printf("%s%s%s, preset %s\n", nm_report_style(stdout, NM_STYLE_BOLD), path,
           nm_report_style(stdout, NM_STYLE_PLAIN), neume_model_preset(model));
    print_column_titles(neume_codec_step_unit(neume_model_codec(model)));
    print_row("all", &e->all);
    print_row("trained on", &e->trained);
    print_row("validated on", &e->validated);
    print_row("never seen", &e->unseen);
    print_judgement(e);
}

/* A second model would be taken for input. */
static neume_status check_inputs(neume_context *context, const nm_arguments *arguments,
                                 neume_error *error) {
    for (size_t i = 1; i < arguments->operand_count; i++) {
        neume_file_kind kind;
        neume_error unused;
        if (neume_file_kind_of(&kind, context, arguments->operands[i], &unused) == NEUME_OK &&
            kind == NEUME_KIND_MODEL)
            return nm_report_fail(error, NEUME_BAD_USAGE,
                                  "%s: is a second model, expected MIDI files and folders",
                                  arguments->operands[i]);
    }
    return NEUME_OK;
}

static neume_status evaluate(const evaluate_settings *s, neume_context *context,
                             const nm_arguments *arguments, neume_error *error) {
    const char *path = arguments->operands[0];
    neume_model *model;
    neume_status status = check_inputs(context, arguments, error);
    if (!status)
        status = neume_model_load(&model, context, path, error);
    if (status)
        return status;
    neume_evaluate_options options = neume_evaluate_options_default();
    options.reading = s->reading;
    options.inputs = (neume_inputs){arguments->operands + 1, arguments->operand_count - 1};
    neume_evaluation evaluation = {0};
    status = neume_evaluate(&evaluation, context, model, &options, error);
    if (evaluation.files)
        nm_cli_print_unused(evaluation.files, "");
    if (!status && s->general.json)
        status = nm_report_json(stdout, evaluation_json(&evaluation, model, path), error);
    else if (!status)
        print_evaluation(&evaluation, model, path);
    neume_evaluation_clear(&evaluation);
    neume_model_free(model);
    return status;
}

static neume_status init(void *settings, const nm_arguments *arguments, neume_error *error) {
    (void)arguments;
    (void)error;
    evaluate_settings *s = settings;
    *s = (evaluate_settings){.reading = neume_midi_read_options_default(),
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

static const nm_opt_group groups[] = {
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
    NULL,
};

const nm_command nm_command_evaluate = {
    .name = "evaluate",
    .summary = "likelihood and accuracy of pieces under a model, beside baselines",
    .synopsis = "MODEL INPUT... [options]",
    .description =
        "Computes how likely MODEL finds the pieces of the MIDI files at and below each INPUT: "
        "nats a step, exactly, each piece from its beginning, beside uniform, unigram and "
        "interpolated Kneser-Ney trigram baselines that were counted on the pieces it trained on. "
        "Lower is better.\n"
        "Pieces that it trained on, that it was chosen by and that it never saw are told apart.",
    .examples = examples,
    .options = &table,
    .settings_size = sizeof(evaluate_settings),
    .least_operands = 2,
    .most_operands = SIZE_MAX,
    .missing = "MODEL or INPUT",
    .init = init,
    .run = run,
};
