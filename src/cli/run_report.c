/* SPDX-License-Identifier: ISC */
/* The report of a run, in Markdown: how good the model is first, then how it came to be. */
#include "cli/run_folder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void print_end(FILE *stream, const nm_run_account *it) {
    char updates[NM_REPORT_TEXT], time[NM_REPORT_TEXT];
    const neume_train_result *r = it->result;
    static const char *const ends[] = {"It ended as planned", "It ended with its time limit",
                                       "It ended because the validation no longer improved",
                                       "It ended because the training loss was reached",
                                       "It was complete already"};
    if (it->status) {
        fputs("**It is not over:** ", stream);
        nm_run_report_code(stream, it->reason);
    } else {
        fputs(ends[r->end], stream);
    }
    fprintf(stream, ", after %llu epoch%s, %s updates, %s.", (unsigned long long)r->epochs,
            r->epochs == 1 ? "" : "s", nm_report_count(updates, r->updates),
            nm_report_duration(time, r->seconds));
    if (r->best_update && r->best_update != r->updates)
        fprintf(stream, " The best model is that of update %s.",
                nm_report_count(updates, r->best_update));
    if (r->skipped)
        fprintf(stream, " %s updates were left out: their loss or gradient was not finite.",
                nm_report_count(updates, r->skipped));
    fputs("\n\n", stream);
}

static void print_loss(FILE *stream, const char *name, double loss, const char *note) {
    if (isfinite(loss))
        fprintf(stream, "| %s | %.3f | %s |\n", name, loss, note);
}

static void print_training_alone(FILE *stream, const nm_run_account *it, const char *unit) {
    const double loss = it->result->train_loss;
    if (neume_corpus_count(it->corpus).valid_pieces)
        fputs("There was no validation yet.", stream);
    else
        fputs("No piece was held out: nothing tells how well it does on music that it has not "
              "seen.",
              stream);
    if (isfinite(loss))
        fprintf(stream, " Its training loss is %.3f nats %s %s.", loss, nm_report_article(unit),
                unit);
    fputs("\n\n", stream);
}

static void print_losses(FILE *stream, const nm_run_account *it) {
    const neume_train_result *r = it->result;
    const neume_codec *codec = neume_corpus_codec(it->corpus);
    const char *unit = neume_codec_step_unit(codec);
    const size_t pieces = neume_corpus_count(it->corpus).valid_pieces;
    char accuracy[64], temperature[64];
    if (pieces == 0 || !isfinite(r->valid_loss)) {
        print_training_alone(stream, it, unit);
        return;
    }
    snprintf(accuracy, sizeof accuracy, "accuracy %.1f %%, training loss %.3f",
             100 * r->valid_accuracy, r->train_loss);
    snprintf(temperature, sizeof temperature, "at temperature %.3f", r->temperature);
    fprintf(stream,
            "Held-out loss, nats %s %s, on %zu piece%s that it did not train on:\n\n"
            "| | nats | |\n| --- | ---: | --- |\n",
            nm_report_article(unit), unit, pieces, pieces == 1 ? "" : "s");
    print_loss(stream, "**this model**", r->valid_loss, accuracy);
    print_loss(stream, "this model, calibrated", r->calibrated_loss, temperature);
    print_loss(stream, "trigram", r->trigram, "interpolated Kneser-Ney");
    print_loss(stream, "unigram", r->unigram, "how common each is");
    print_loss(stream, "uniform", r->uniform, "nothing known");
    fprintf(stream, "\n%s\n\n", nm_train_judgement(r, neume_codec_word_count(codec, 0) > 0));
}

static void print_curves(FILE *stream, const nm_run_account *it, const nm_run_story *story) {
    fputs("## Curves\n\n", stream);
    if (story->has_curves)
        fputs(
            "![Losses over updates](curves.svg)\n\nThe same as [PNG](curves.png); the numbers are "
            "in ",
            stream);
    else
        fputs("None: there was no validation yet, or this neume was built without pictures. The "
              "numbers are in ",
              stream);
    nm_run_report_code(stream, it->settings->train.log);
    fputs(".\n\n", stream);
}

static void print_examples(FILE *stream, const nm_run_account *it, const nm_run_story *story) {
    char time[NM_REPORT_TEXT];
    fputs("## Music\n\n", stream);
    if (story->why_no_examples)
        fprintf(stream, "No examples: %s.\n", story->why_no_examples);
    else
        fprintf(stream,
                "Composed by the best model, as `neume generate -n %d --seconds %d --seed %llu` "
                "does:\n\n| file | length | notes | seed |\n| --- | ---: | ---: | ---: |\n",
                NM_EXAMPLES, NM_EXAMPLE_SECONDS, (unsigned long long)it->settings->train.seed);
    for (size_t i = 0; i < story->example_count; i++) {
        const nm_example *example = &story->examples[i];
        fprintf(stream, "| [%s](%s) | %s | %zu | %llu, song %zu |\n", example->name, example->name,
                nm_report_duration(time, example->seconds), example->notes,
                (unsigned long long)example->seed, i + 1);
    }
    const unsigned long long every = it->settings->train.sample_epochs;
    if (every)
        fprintf(stream,
                "\nOn the way, every %llu epoch%s, one of seed %llu: `samples/e%04llu.mid` and so "
                "on.\n",
                every, every == 1 ? "" : "s", (unsigned long long)it->settings->train.seed, every);
    fputc('\n', stream);
}

/* A row a value, objects within objects as "a.b". */
static void print_values(FILE *stream, const char *prefix, const json_t *object) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        char name[128];
        snprintf(name, sizeof name, "%s%s%s", prefix, prefix[0] ? "." : "", key);
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
        fprintf(stream, "| %s | ", name);
        nm_run_report_code(stream, text ? text : "");
        fputs(" |\n", stream);
        free(text);
    }
}

static void print_model(FILE *stream, const nm_run_story *story) {
    char count[NM_REPORT_TEXT], size[NM_REPORT_TEXT];
    const json_t *of = story->description;
    if (!of)
        return;
    fprintf(stream,
            "## Network and training\n\n%s parameters, %s; preset %s.\n\n"
            "| | |\n| --- | --- |\n",
            nm_report_count(count, story->parameters),
            nm_report_size(size, 4.0 * (double)story->parameters),
            json_string_value(json_object_get(of, "preset")));
    print_values(stream, "network", json_object_get(of, "network"));
    print_values(stream, "training", json_object_get(json_object_get(of, "training"), "settings"));
    fputc('\n', stream);
}

static void print_next(FILE *stream, const nm_run_account *it) {
    fputs("## How to go on\n\n```sh\n", stream);
    fputs("neume generate ", stream);
    nm_run_report_word(stream, it->folder->model);
    fputs(" -o song.mid\n", stream);
    nm_run_report_command(stream, it, " --resume");
    fputs("neume plot ", stream);
    nm_run_report_word(stream, it->settings->train.log);
    fputs(" -o curves.pdf\nneume evaluate ", stream);
    nm_run_report_word(stream, it->folder->model);
    fputs(" OTHER-MUSIC/\n```\n", stream);
    if (!it->status)
        fputs("\n`--resume` goes on where it has more to do: say more `--epochs`, `--max-updates` "
              "or a longer `--time-limit`.\n",
              stream);
}

void nm_run_report_print(FILE *stream, const nm_run_account *it, const nm_run_story *story) {
    fputs("# ", stream);
    nm_run_report_code(stream, it->folder->path);
    fprintf(stream, ": a training run of neume %s\n\n", NEUME_VERSION);
    print_end(stream, it);
    print_losses(stream, it);
    print_curves(stream, it, story);
    print_examples(stream, it, story);
    fputs("## What was asked\n\n```sh\n", stream);
    nm_run_report_command(stream, it, "");
    fputs("```\n\n", stream);
    nm_run_report_data(stream, it);
    print_model(stream, story);
    nm_run_report_machine(stream, it);
    print_next(stream, it);
}
