/* SPDX-License-Identifier: ISC */
/* The parts of a run's report that look outside of the run: the command, the files, the machine. */
#include "cli/run_folder.h"

#include <string.h>
#include <sys/utsname.h>
#include <time.h>

enum { FILES_SHOWN = 20 }; /* of each status; report.json has all */

void nm_run_report_code(FILE *stream, const char *text) {
    fputc('`', stream);
    for (; *text; text++) {
        if (*text == '|')
            fputs("\\|", stream);
        else if (*text == '`')
            fputc('\'', stream);
        else
            fputc((unsigned char)*text < ' ' || *text == 127 ? '?' : *text, stream);
    }
    fputc('`', stream);
}

void nm_run_report_word(FILE *stream, const char *word) {
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./,:=+-@%";
    if (*word && word[strspn(word, plain)] == '\0') {
        fputs(word, stream);
        return;
    }
    fputc('\'', stream);
    for (; *word; word++)
        if (*word == '\'')
            fputs("'\\''", stream);
        else
            fputc(*word, stream);
    fputc('\'', stream);
}

/* Options that say how to begin are left out where `more` says how to go on. */
static bool is_kept(const nm_opt_match *match, const char *more) {
    const char *name = match->option->name;
    return !*more || (strcmp(name, "force") != 0 && strcmp(name, "resume") != 0);
}

void nm_run_report_command(FILE *stream, const nm_run_account *it, const char *more) {
    const nm_arguments *arguments = it->arguments;
    fputs("neume train", stream);
    for (size_t i = 0; i < arguments->operand_count; i++) {
        fputc(' ', stream);
        nm_run_report_word(stream, arguments->operands[i]);
    }
    for (size_t i = 0; i < arguments->match_count; i++) {
        const nm_opt_match *match = &arguments->matches[i];
        if (!is_kept(match, more))
            continue;
        fprintf(stream, " --%s", match->option->name);
        if (match->text) {
            fputc(' ', stream);
            nm_run_report_word(stream, match->text);
        }
    }
    fprintf(stream, "%s\n", more);
}

/* The files of one status, with the reasons. */
static void print_files(FILE *stream, const neume_corpus *corpus, neume_file_status status) {
    size_t count = 0;
    for (size_t i = 0; i < neume_corpus_file_count(corpus); i++) {
        const neume_corpus_file *file = neume_corpus_file_at(corpus, i);
        if (file->status != status || count++ >= FILES_SHOWN)
            continue;
        fprintf(stream, "| %s | ", neume_file_status_name(status));
        nm_run_report_code(stream, file->path);
        fputs(" | ", stream);
        nm_run_report_code(stream, file->reason);
        fputs(" |\n", stream);
    }
    if (count > FILES_SHOWN)
        fprintf(stream, "| %s | and %zu more: report.json | |\n", neume_file_status_name(status),
                count - FILES_SHOWN);
}

static void print_split(FILE *stream, const nm_run_account *it, const neume_corpus_counts *c) {
    char steps[NM_REPORT_TEXT];
    const char *unit = neume_codec_step_unit(neume_corpus_codec(it->corpus));
    fprintf(stream, "%zu piece%s of %s %ss to train on, ", c->train_pieces,
            c->train_pieces == 1 ? "" : "s", nm_report_count(steps, c->train_steps), unit);
    if (c->valid_pieces)
        fprintf(stream, "%zu of %s held out.\n\n", c->valid_pieces,
                nm_report_count(steps, c->valid_steps));
    else
        fputs("none held out.\n\n", stream);
}

void nm_run_report_data(FILE *stream, const nm_run_account *it) {
    static const neume_file_status told[] = {NEUME_FILE_SKIPPED, NEUME_FILE_DUPLICATE,
                                             NEUME_FILE_REPAIRED};
    const neume_corpus_counts c = neume_corpus_count(it->corpus);
    fprintf(stream,
            "## Data\n\n| seen | clean | repaired | skipped | duplicate | other files |\n"
            "| ---: | ---: | ---: | ---: | ---: | ---: |\n"
            "| %zu | %zu | %zu | %zu | %zu | %zu |\n\n",
            c.seen, c.clean, c.repaired, c.skipped, c.duplicate, c.other);
    print_split(stream, it, &c);
    if (c.skipped + c.duplicate + c.repaired == 0)
        return;
    fputs("| | file | why |\n| --- | --- | --- |\n", stream);
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        print_files(stream, it->corpus, told[i]);
    fputs("\nEvery file is accounted for in ", stream);
    nm_run_report_code(stream, it->settings->report);
    fputs(".\n\n", stream);
}

/* "model name : Intel(R) ..." of the first processor, or the architecture. */
static void print_processor(FILE *stream) {
    char line[256], *colon;
    FILE *file = fopen("/proc/cpuinfo", "re");
    bool is_found = false;
    while (file && !is_found && fgets(line, sizeof line, file)) {
        colon = strchr(line, ':');
        is_found = colon && strncmp(line, "model name", 10) == 0;
        if (is_found)
            fprintf(stream, "%.*s", (int)strcspn(colon + 1, "\n"), colon + 1);
    }
    if (file)
        fclose(file);
    struct utsname about;
    if (!is_found && uname(&about) == 0)
        fprintf(stream, " %s", about.machine);
}

void nm_run_report_machine(FILE *stream, const nm_run_account *it) {
    char duration[NM_REPORT_TEXT], date[64] = "";
    const time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local))
        strftime(date, sizeof date, "%Y-%m-%d %H:%M", &local);
    fputs("## Machine and time\n\n|  |  |\n| --- | --- |\n| processor |", stream);
    print_processor(stream);
    fprintf(stream, " |\n| kernels | %s, %u thread%s |\n| time | %s |\n",
            neume_context_isa_name(it->context), neume_context_thread_count(it->context),
            neume_context_thread_count(it->context) == 1 ? "" : "s",
            nm_report_duration(duration, it->result->seconds));
    if (it->result->updates && it->result->seconds > 0)
        fprintf(stream, "| an update | %s |\n",
                nm_report_duration(duration, it->result->seconds / (double)it->result->updates));
    fprintf(stream, "| ended | %s |\n\n", date);
}
