/* SPDX-License-Identifier: ISC */
/* The report of neume evaluate for people. */
#include "cli/evaluate.h"

#include <string.h>

static void print_title(const nm_subject *subject) {
    char count[NM_REPORT_TEXT];
    printf("%s%s%s, preset %s, %s parameters\n", nm_report_style(stdout, NM_STYLE_BOLD),
           subject->path, nm_report_style(stdout, NM_STYLE_PLAIN),
           neume_model_preset(subject->model),
           nm_report_count(count, neume_model_parameter_count(subject->model)));
}

static void print_column_titles(const char *unit) {
    printf("%-12s %7s %9s  %10s %9s %9s %9s  %8s %8s\n", "", "pieces", "steps", "this model",
           "trigram", "unigram", "uniform", "accuracy", "unknown");
    printf("%-12s %7s %9s  nats %s %s\n", "", "", "", nm_report_article(unit), unit);
}

static void print_row(const char *name, const neume_likelihood *l) {
    char steps[NM_REPORT_TEXT];
    if (l->piece_count == 0)
        return;
    printf("%-12s %7zu %9s  %10.3f %9.3f %9.3f %9.3f  %6.1f %% %6.2f %%\n", name, l->piece_count,
           nm_report_count(steps, l->step_count), l->nats_per_step, l->trigram, l->unigram,
           l->uniform, 100 * l->accuracy, 100 * l->unknown_share);
}

static void print_rows(const neume_evaluation *e) {
    print_row("all", &e->all);
    print_row("trained on", &e->trained);
    print_row("validated on", &e->validated);
    print_row("never seen", &e->unseen);
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

static void print_streams(const neume_likelihood *l, const neume_codec *codec) {
    if (l->stream_count < 2)
        return;
    printf("%-12s %9s %9s\n", "all, by part", "nats", "accuracy");
    for (unsigned s = 0; s < l->stream_count; s++)
        printf("%-12s %9.3f %7.1f %%\n", neume_codec_stream_name(codec, s), l->stream_nats[s],
               100 * l->stream_accuracies[s]);
}

static void print_evaluation(const nm_findings *f, size_t at) {
    const nm_subject *subject = &f->subjects[at];
    const neume_evaluation *e = &f->evaluations[NM_PLAIN][at];
    const neume_codec *codec = neume_model_codec(subject->model);
    print_title(subject);
    print_column_titles(neume_codec_step_unit(codec));
    print_rows(e);
    if (f->is_calibrated) {
        printf("calibrated: at its softmax temperature, %.2f\n",
               neume_model_temperature(subject->model));
        print_rows(&f->evaluations[NM_CALIBRATED][at]);
    }
    print_streams(&e->all, codec);
    print_judgement(e);
}

/* The tables of units: a name, a weight, three averages, and what the name is worth. */
static int name_width(const nm_findings *f) {
    size_t width = strlen("one p for each key, given its last state");
    for (size_t i = 0; i < f->count; i++)
        width = strlen(f->subjects[i].path) > width ? strlen(f->subjects[i].path) : width;
    return (int)width;
}

static void print_unit_titles(const nm_findings *f) {
    const bool is_bl88 = f->protocol == NEUME_PROTOCOL_BL88;
    printf("%-*s", name_width(f), "");
    if (f->count > 1)
        printf(" %7s %9s", "weight", "valid");
    printf(" %9s %9s %9s %12s %5s\n", is_bl88 ? "micro" : "all", is_bl88 ? "w/o first" : "unseen",
           "by piece", "parameters", "T");
}

static void print_nats(double nats) {
    if (nats == nats)
        printf(" %9.4f", nats);
    else
        printf(" %9s", "-");
}

static void print_unit_row(const nm_findings *f, const char *name, const neume_mixture_row *row) {
    const bool is_bl88 = f->protocol == NEUME_PROTOCOL_BL88;
    printf("%-*s", name_width(f), name);
    if (f->count > 1) {
        printf(" %7.3f", row->weight);
        print_nats(row->valid.micro);
    }
    print_nats(row->all.micro);
    print_nats(is_bl88 ? row->all.micro_without_first : row->unseen.micro);
    print_nats(row->all.mean_of_sequences);
}

static void print_mixture(const nm_findings *f, unsigned temperature) {
    const neume_mixture *mixture = &f->mixtures[temperature];
    char count[NM_REPORT_TEXT];
    size_t parameters = 0;
    for (size_t i = 0; i < f->count; i++) {
        const nm_subject *subject = &f->subjects[i];
        const size_t own = neume_model_parameter_count(subject->model);
        const double T = temperature == NM_CALIBRATED ? neume_model_temperature(subject->model) : 1;
        print_unit_row(f, subject->path, &mixture->models[i]);
        printf(" %12s %5.2f\n", nm_report_count(count, own), T);
        parameters += own;
    }
    if (f->count == 1)
        return;
    print_unit_row(f, temperature == NM_CALIBRATED ? "mixture, calibrated" : "mixture",
                   &mixture->mixture);
    printf(" %12s\n", nm_report_count(count, parameters));
}

static void print_baseline(const nm_findings *f, const char *name, double nats) {
    printf("%-*s%*s %9.4f\n", name_width(f), name, f->count > 1 ? 18 : 0, "", nats);
}

static void print_baselines(const nm_findings *f) {
    const neume_key_baselines *b = &f->mixtures[NM_PLAIN].baselines;
    if (!f->mixtures[NM_PLAIN].has_baselines)
        return;
    print_baseline(f, "one p for each key, given its last state", b->key_given_last);
    print_baseline(f, "one p for each key", b->key);
    print_baseline(f, "one p for all keys", b->density);
    print_baseline(f, "p = 1/2", b->half);
    printf("Repeating the last frame has an accuracy of %.2f %%.\n", 100 * b->repeat_accuracy);
}

static void print_weights_from(const nm_findings *f) {
    static const char *const sources[] = {[NEUME_WEIGHTS_VALID_FROM] = "the pieces of --valid-from",
                                          [NEUME_WEIGHTS_VALID_PART] = "the valid part",
                                          [NEUME_WEIGHTS_VALIDATED] =
                                              "the pieces that all models validated on"};
    const neume_mixture *mixture = &f->mixtures[NM_PLAIN];
    if (f->count == 1)
        return;
    if (mixture->weights_from == NEUME_WEIGHTS_EQUAL)
        puts("The weights are equal: there is no piece here that all models validated on, nor "
             "--valid-from.");
    else
        printf("The weights are those that make %s likeliest (%zu pieces).\n",
               sources[mixture->weights_from], mixture->mixture.valid.piece_count);
}

static void print_units(const nm_findings *f) {
    const neume_mixture *mixture = &f->mixtures[NM_PLAIN];
    const char *unit = neume_model_unit(f->subjects[0].model);
    char units[NM_REPORT_TEXT], left_out[NM_REPORT_TEXT];
    const bool is_bl88 = f->protocol == NEUME_PROTOCOL_BL88;
    printf("%s, nats %s %s: %zu pieces, %s %ss%s%s\n",
           is_bl88 ? "Protocol BL88-v1" : "Unit by unit", nm_report_article(unit), unit,
           mixture->mixture.all.piece_count,
           nm_report_count(units, mixture->mixture.all.unit_count), unit,
           mixture->has_baselines ? ", split " : "",
           mixture->has_baselines ? neume_split_name(f->split) : "");
    print_unit_titles(f);
    for (unsigned t = 0; t < (f->is_calibrated ? NM_TEMPERATURES : 1U); t++)
        print_mixture(f, t);
    print_baselines(f);
    print_weights_from(f);
    if (mixture->left_out)
        printf("Left out: keys beyond the piano's 88, %s in all frames.\n",
               nm_report_count(left_out, mixture->left_out));
}

static void print_likelihoods(const nm_findings *f) {
    for (size_t i = 0; i < f->count && f->protocol == NEUME_PROTOCOL_STEPS; i++)
        print_evaluation(f, i);
    if (f->has_mixture)
        print_units(f);
}

static void print_transposition(const nm_findings *f) {
    const size_t beyond = neume_corpus_count(nm_findings_files(f)).notes_beyond;
    char count[NM_REPORT_TEXT];
    printf("All pieces were moved by %d semitone%s, and count as never seen", f->transpose,
           f->transpose == 1 || f->transpose == -1 ? "" : "s");
    if (beyond)
        printf("; notes that left MIDI's range: %s", nm_report_count(count, beyond));
    puts(".");
}

void nm_findings_print(const nm_findings *f) {
    if (f->is_classified)
        nm_classification_print(f);
    else if (f->are_crops)
        nm_crops_print(f);
    else
        print_likelihoods(f);
    if (f->transpose)
        print_transposition(f);
}
