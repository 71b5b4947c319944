/* SPDX-License-Identifier: ISC */
/* What is said of a training's data and of its result. */
#include "cli/train.h"

#include <math.h>
#include <string.h>

static json_t *file_json(const neume_corpus_file *file) {
    return json_pack(
        "{s:o, s:s, s:o, s:o, s:o*, s:I, s:I, s:s}", "file", nm_report_json_text(file->path),
        "status", neume_file_status_name(file->status), "reason", nm_report_json_text(file->reason),
        "offset", file->has_offset ? json_integer((json_int_t)file->offset) : json_null(), "alike",
        file->alike[0] ? nm_report_json_text(file->alike) : NULL, "notes",
        (json_int_t)file->note_count, "steps", (json_int_t)file->step_count, "split",
        neume_split_name(file->split));
}

static json_t *counts_json(const neume_corpus *corpus) {
    const neume_corpus_counts c = neume_corpus_count(corpus);
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o*}", "seen", (json_int_t)c.seen, "clean",
                     (json_int_t)c.clean, "repaired", (json_int_t)c.repaired, "skipped",
                     (json_int_t)c.skipped, "duplicate", (json_int_t)c.duplicate, "other",
                     (json_int_t)c.other, "alike",
                     c.alike ? json_integer((json_int_t)c.alike) : NULL);
}

json_t *nm_train_report_json(const neume_corpus *corpus) {
    json_t *report = counts_json(corpus), *files = json_array();
    int failed = 0;
    for (size_t i = 0; i < neume_corpus_file_count(corpus) && !failed; i++)
        failed = json_array_append_new(files, file_json(neume_corpus_file_at(corpus, i)));
    if (json_object_set_new(report, "files", files) || failed) {
        json_decref(report);
        return NULL;
    }
    return report;
}

static void print_labels(FILE *stream, const neume_corpus *corpus) {
    const size_t count = neume_corpus_label_count(corpus);
    for (size_t i = 0; i < count; i++) {
        const neume_corpus_label label = neume_corpus_label_at(corpus, i);
        fprintf(stream, "%s%s (%zu)%s",
                i            ? ", "
                : count == 1 ? "1 label: "
                             : "Labels: ",
                label.name, label.train_pieces, i + 1 == count ? "\n" : "");
    }
}

static bool has_words(const neume_codec *codec) {
    return neume_codec_word_count(codec, 0) > 0;
}

static void print_vocabulary(FILE *stream, const neume_codec *codec) {
    const neume_pitch_range keys = neume_codec_options_of(codec)->pitch_range;
    char words[NM_REPORT_TEXT];
    if (has_words(codec))
        fprintf(stream, ", vocabulary of %s\n",
                nm_report_count(words, neume_codec_word_count(codec, 0)));
    else
        fprintf(stream, ", keys %u to %u\n", keys.low, keys.high);
}

void nm_train_print_corpus(FILE *stream, const neume_corpus *corpus) {
    const neume_corpus_counts c = neume_corpus_count(corpus);
    const char *unit = neume_codec_step_unit(neume_corpus_codec(corpus));
    char steps[NM_REPORT_TEXT];
    fprintf(stream, "%zu MIDI file%s: %zu clean, %zu repaired, %zu skipped, %zu duplicate", c.seen,
            c.seen == 1 ? "" : "s", c.clean, c.repaired, c.skipped, c.duplicate);
    if (c.other)
        fprintf(stream, "; %zu other file%s", c.other, c.other == 1 ? "" : "s");
    fputc('\n', stream);
    if (c.alike)
        fprintf(stream, "%zu of them %s the same notes as another, in other keys or tempos\n",
                c.alike, c.alike == 1 ? "has" : "have");
    nm_cli_print_unused(corpus, ": see --report");
    if (c.train_pieces == 0)
        return;
    fprintf(stream, "%zu piece%s of %s %ss to train on", c.train_pieces,
            c.train_pieces == 1 ? "" : "s", nm_report_count(steps, c.train_steps), unit);
    if (c.valid_pieces)
        fprintf(stream, ", %zu of %s held out", c.valid_pieces,
                nm_report_count(steps, c.valid_steps));
    else
        fprintf(stream, ", none held out");
    print_vocabulary(stream, neume_corpus_codec(corpus));
    print_labels(stream, corpus);
}

static const char *end_name(neume_train_end end) {
    static const char *const names[] = {"as planned", "time limit", "no better validation",
                                        "loss reached", "was complete already"};
    return names[end];
}

const char *nm_train_judgement(const neume_train_result *r, bool has_words) {
    static const char *const judgements[][2] = {
        {"It is no better than the unigram baseline, which knows how common each key is and no "
         "more:\ngive it more time, more music or another --lr.",
         "It is no better than the unigram baseline, which knows how common each word is and no "
         "more:\ngive it more time, more music or another --lr."},
        {"It is better than the unigram baseline, not than the trigram, which sees the last two "
         "steps of a key:\nmore time or more music should help.",
         "It is better than the unigram baseline, not than the trigram, which sees the last two "
         "words:\nmore time or more music should help."},
        {"It is better than the trigram baseline: it makes use of more than the last two steps of "
         "a key.",
         "It is better than the trigram baseline: it makes use of more than the last two words."}};
    if (r->valid_loss >= r->unigram)
        return judgements[0][has_words];
    return judgements[r->valid_loss >= r->trigram ? 1 : 2][has_words];
}

static void print_losses(const neume_train_result *r, const neume_codec *codec, size_t pieces) {
    const char *unit = neume_codec_step_unit(codec);
    if (!isfinite(r->valid_loss) || pieces == 0) {
        puts(
            "No piece was held out: nothing tells how well it does on music that it has not seen.");
        return;
    }
    printf("Held-out loss, nats %s %s, on %zu piece%s that it did not train on:\n",
           nm_report_article(unit), unit, pieces, pieces == 1 ? "" : "s");
    printf("  this model  %7.3f   accuracy %.1f %%\n", r->valid_loss, 100 * r->valid_accuracy);
    if (isfinite(r->calibrated_loss))
        printf("  calibrated  %7.3f   at temperature %.3f\n", r->calibrated_loss, r->temperature);
    printf("  trigram     %7.3f\n  unigram     %7.3f\n  uniform     %7.3f\n", r->trigram,
           r->unigram, r->uniform);
    puts(nm_train_judgement(r, has_words(codec)));
}

/* A timed run's schedule ran over updates that were estimated at its beginning. */
static void print_repetition(const neume_train_result *r, uint64_t planned_updates) {
    printf("The same run without a clock: --max-updates %llu instead of --time-limit",
           (unsigned long long)planned_updates);
    if (r->updates < planned_updates)
        printf(" (the time was up at update %llu)", (unsigned long long)r->updates);
    putchar('\n');
}

void nm_train_print_result(const train_settings *s, const neume_corpus *corpus,
                           const neume_train_result *r, uint64_t planned_updates) {
    char updates[NM_REPORT_TEXT], time[NM_REPORT_TEXT];
    const char *unit = neume_codec_step_unit(neume_corpus_codec(corpus));
    printf("%s%s%s: %llu epoch%s, %s updates in %s (%s)", nm_report_style(stdout, NM_STYLE_BOLD),
           s->train.output, nm_report_style(stdout, NM_STYLE_PLAIN), (unsigned long long)r->epochs,
           r->epochs == 1 ? "" : "s", nm_report_count(updates, r->updates),
           nm_report_duration(time, r->seconds), end_name(r->end));
    if (r->best_update && r->best_update != r->updates)
        printf(", best at update %s", nm_report_count(updates, r->best_update));
    putchar('\n');
    if (r->skipped)
        printf("%s update%s skipped, whose loss or gradient was not finite\n",
               nm_report_count(updates, r->skipped), r->skipped == 1 ? " was" : "s were");
    if (isfinite(r->train_loss))
        printf("Training loss %.3f nats %s %s\n", r->train_loss, nm_report_article(unit), unit);
    print_losses(r, neume_corpus_codec(corpus), neume_corpus_count(corpus).valid_pieces);
    if (s->train.time_limit > 0 && planned_updates)
        print_repetition(r, planned_updates);
    printf("Next: neume generate %s -o song.mid\n", s->train.output);
}

json_t *nm_train_result_json(const train_settings *s, const neume_corpus *corpus,
                             const neume_train_result *r, uint64_t planned_updates) {
    static const char *const ends[] = {"planned", "time", "patience", "until", "already-done"};
    return json_pack(
        "{s:o, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}, "
        "s:o}",
        "model", nm_report_json_text(s->train.output), "preset", s->preset, "end", ends[r->end],
        "epochs", (json_int_t)r->epochs, "updates", (json_int_t)r->updates, "planned_updates",
        (json_int_t)planned_updates, "best_update", (json_int_t)r->best_update, "skipped",
        (json_int_t)r->skipped, "seconds", nm_report_json_number(r->seconds), "train_loss",
        nm_report_json_number(r->train_loss), "valid_loss", nm_report_json_number(r->valid_loss),
        "valid_accuracy", nm_report_json_number(r->valid_accuracy), "temperature",
        nm_report_json_number(r->temperature), "calibrated_loss",
        nm_report_json_number(r->calibrated_loss), "baselines", "uniform",
        nm_report_json_number(r->uniform), "unigram", nm_report_json_number(r->unigram), "trigram",
        nm_report_json_number(r->trigram), "corpus", counts_json(corpus));
}

void nm_train_print_estimate(const neume_train_estimate *e) {
    char parameters[NM_REPORT_TEXT], memory[NM_REPORT_TEXT], model[NM_REPORT_TEXT];
    char updates[NM_REPORT_TEXT], update[NM_REPORT_TEXT], whole[NM_REPORT_TEXT];
    char validation[NM_REPORT_TEXT];
    printf("Model: %s parameters, %s\n", nm_report_count(parameters, e->parameter_count),
           nm_report_size(model, 4.0 * (double)e->parameter_count));
    if (e->frozen_count)
        printf("Frozen: %s parameters\n", nm_report_count(parameters, e->frozen_count));
    printf("Memory: about %s\n", nm_report_size(memory, (double)e->memory_bytes));
    printf("Time: %s updates an epoch, %s an update, %s a validation (measured), about %s in all\n",
           nm_report_count(updates, e->updates_per_epoch),
           nm_report_duration(update, e->seconds_per_update),
           nm_report_duration(validation, e->seconds_per_validation),
           nm_report_duration(whole, e->seconds));
}

json_t *nm_train_estimate_json(const neume_corpus *corpus, const neume_train_estimate *e) {
    return json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:I, s:o, s:o}", "parameters",
                     (json_int_t)e->parameter_count, "frozen", (json_int_t)e->frozen_count,
                     "memory_bytes", (json_int_t)e->memory_bytes, "updates_per_epoch",
                     (json_int_t)e->updates_per_epoch, "seconds_per_update",
                     nm_report_json_number(e->seconds_per_update), "seconds_per_validation",
                     nm_report_json_number(e->seconds_per_validation), "updates",
                     (json_int_t)e->updates, "seconds", nm_report_json_number(e->seconds), "corpus",
                     counts_json(corpus));
}
