/* SPDX-License-Identifier: ISC */
/* What the commands are made of, and what they share. */
#ifndef NM_CLI_CLI_H
#define NM_CLI_CLI_H

#include "cli/opt.h"
#include "cli/report.h"

#include <neume/neume.h>

/* A command: its settings start as `init` leaves them, take what the command line says, and go to
 * `run`. */
typedef struct nm_command {
    const char *name;
    const char *summary;         /* a line */
    const char *synopsis;        /* "INPUT... -o MODEL [options]" */
    const char *description;     /* paragraphs, a line each */
    const char *const *examples; /* "command line", "what it does", ..., NULL */
    const nm_opt_table *options;
    size_t settings_size;
    size_t least_operands, most_operands;
    const char *missing; /* the operand that is missing below least_operands */
    neume_status (*init)(void *settings, const nm_arguments *arguments, neume_error *error);
    neume_status (*run)(void *settings, const nm_arguments *arguments, neume_error *error);
} nm_command;

/* All commands in the order of the help, NULL at the end. */
extern const nm_command *const nm_commands[];
extern const nm_command nm_command_train, nm_command_generate, nm_command_evaluate, nm_command_info,
    nm_command_tokens, nm_command_plot, nm_command_bench;

/* NULL where there is none of this name. */
const nm_command *nm_command_find(const char *name);

/* The documented exit codes, for help and man pages: {code, meaning}, {NULL, NULL} at the end. */
typedef struct nm_exit_code {
    const char *code, *meaning;
} nm_exit_code;
extern const nm_exit_code nm_exit_codes[];

/* A default as help shows it, into `out` [size]; settings as `init` left them. */
void nm_help_default(char *out, size_t size, const nm_opt_group *group, const nm_opt *option,
                     const void *settings);

/* Writes help to `stream`; of a command with the defaults that `arguments` (or NULL) choose by
 * their preset. */
void nm_help_print(FILE *stream);
neume_status nm_help_print_command(FILE *stream, const nm_command *command,
                                   const nm_arguments *arguments, neume_error *error);

/* The settings of a command as they start; the caller frees. */
neume_status nm_command_settings(void **out, const nm_command *command,
                                 const nm_arguments *arguments, neume_error *error);

/* What most commands have; the first member of their settings. */
typedef struct nm_general {
    bool help;
    bool json;
} nm_general;

extern const nm_opt nm_help_options[1], nm_json_options[1];
#define NM_HELP_GROUP                                                                              \
    { "Help", nm_help_options, 1, 0 }
#define NM_JSON_GROUP                                                                              \
    { "Report", nm_json_options, 1, 0 }

/* Options over neume_midi_read_options, neume_codec_options, neume_context_options. */
extern const nm_opt nm_reading_options[3], nm_codec_choice_options[12], nm_machine_options[2];

/* Of --precision, in the order of neume_precision. */
extern const char *const nm_precision_choices[5];

/* A context that prints what the library logs, from `level` on, to standard error. */
neume_status nm_cli_context(neume_context **out, neume_context_options options,
                            neume_log_level level, neume_error *error);

/* The settings of the preset that the command line names, or, where `arguments` is NULL or names
 * none, of the first. Fails with NEUME_BAD_USAGE: "--preset GIVEN: expected events, ...". */
neume_status nm_cli_preset(neume_train_options *train, neume_corpus_options *corpus,
                           const nm_arguments *arguments, neume_error *error);

/* A MIDI file, or standard input for "-". */
neume_status nm_cli_load_midi(neume_score **out, neume_context *context, const char *path,
                              const neume_midi_read_options *reading, neume_error *error);

/* All of standard input, or of the file at `path`, at most 64 MiB; the caller frees. Fails with
 * NEUME_BAD_INPUT. */
neume_status nm_cli_read_all(char **out, size_t *size, const char *path, neume_error *error);

/* Whether a file at `path` can be made: its folder is there and may be written to. NULL and "-" are
 * fine. Fails with NEUME_CANNOT_WRITE, or NEUME_BAD_USAGE for a folder. */
neume_status nm_cli_check_output(const char *path, neume_error *error);

/* Makes the folder at `path`, where there is none. Fails with NEUME_CANNOT_WRITE. */
neume_status nm_cli_make_folder(const char *path, neume_error *error);

/* Says on standard error which files were skipped or duplicate, and why: the first ten; of the
 * others how many, and `where` to find them. */
void nm_cli_print_unused(const neume_corpus *corpus, const char *where);

#endif
