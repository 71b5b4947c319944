/* SPDX-License-Identifier: ISC */
/* A run in a folder of its own, `neume train -o DIR/`: model.neume and what stands beside it, the
 * log, the account of the files, curves, samples, and a report of all that for people. */
#ifndef NM_CLI_RUN_FOLDER_H
#define NM_CLI_RUN_FOLDER_H

#include "cli/train.h"

typedef struct nm_run_folder {
    char *path; /* ends in '/'; NULL: the run has no folder */
    char *model, *log, *report;
    char *samples; /* what the paths of samples begin with, of a run without a folder too */
} nm_run_folder;

/* Where the output is a folder, or its name ends in '/': leads what the settings say of files into
 * it, but for a dry run. The caller clears it after the settings' last use, also after failure. */
neume_status nm_run_folder_settle(nm_run_folder *out, train_settings *settings, neume_error *error);

/* Makes it where there is none. Fails with NEUME_CANNOT_WRITE. */
neume_status nm_run_folder_make(const nm_run_folder *folder, neume_error *error);
void nm_run_folder_clear(nm_run_folder *folder);

/* "PATH/name" of the folder; the caller frees. NULL: no memory. */
char *nm_run_folder_name(const nm_run_folder *folder, const char *name);

/* A run that has ended. */
typedef struct nm_run_account {
    const nm_run_folder *folder;
    const train_settings *settings;
    const nm_arguments *arguments;
    neume_context *context;
    const neume_corpus *corpus;
    const neume_train_result *result;
    uint64_t planned_updates;
    neume_status status; /* how it ended */
    const char *reason;  /* why, where it failed */
} nm_run_account;

/* Draws curves.svg and curves.png, composes samples/example-1.mid ... and writes report.md. Without
 * libneume-media there are no curves, and the report says so. */
neume_status nm_run_account_write(const nm_run_account *account, neume_error *error);

/* Whether all of that was made after the run's last checkpoint, by a run that is complete. */
bool nm_run_account_is_whole(const nm_run_folder *folder);

enum { NM_EXAMPLES = 3, NM_EXAMPLE_SECONDS = 30 };

/* What was composed. */
typedef struct nm_example {
    char name[32]; /* in the folder */
    uint64_t seed;
    size_t notes;
    double seconds;
} nm_example;

/* What the report tells beside the account. */
typedef struct nm_run_story {
    nm_example examples[NM_EXAMPLES];
    size_t example_count;
    const char *why_no_examples; /* NULL: there are */
    bool has_curves;
    size_t parameters;   /* 0: there is no model */
    json_t *description; /* of the model; NULL: there is none */
} nm_run_story;

/* Writes the report as Markdown to `stream`. */
void nm_run_report_print(FILE *stream, const nm_run_account *account, const nm_run_story *story);

/* Its parts about the command, the files and the machine. */
void nm_run_report_command(FILE *stream, const nm_run_account *account, const char *more);
void nm_run_report_data(FILE *stream, const nm_run_account *account);
void nm_run_report_machine(FILE *stream, const nm_run_account *account);

/* Text in a table as code: no bar, backquote or control character in it ends the cell or the code.
 */
void nm_run_report_code(FILE *stream, const char *text);

/* A word of a command line as a shell reads it. */
void nm_run_report_word(FILE *stream, const char *word);

#endif
