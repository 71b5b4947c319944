/* SPDX-License-Identifier: ISC */
/* Help on a terminal, from the tables. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 80, INDENT = 30 };

const nm_exit_code nm_exit_codes[] = {
    {"0", "done"},
    {"1", "failed while running"},
    {"2", "wrong usage"},
    {"3", "no usable input"},
    {"4", "a missing, bad or foreign model file"},
    {"5", "a file could not be written"},
    {"130", "interrupted, after saving"},
    {NULL, NULL},
};

const nm_command *nm_command_find(const char *name) {
    for (size_t i = 0; nm_commands[i]; i++)
        if (strcmp(nm_commands[i]->name, name) == 0)
            return nm_commands[i];
    return NULL;
}

neume_status nm_command_settings(void **out, const nm_command *command,
                                 const nm_arguments *arguments, neume_error *error) {
    *out = calloc(1, command->settings_size);
    if (!*out)
        return nm_report_fail(error, NEUME_NO_MEMORY, "settings: out of memory");
    const neume_status status = command->init(*out, arguments, error);
    if (status) {
        free(*out);
        *out = NULL;
    }
    return status;
}

void nm_help_default(char *out, size_t size, const nm_opt_group *group, const nm_opt *option,
                     const void *settings) {
    const size_t offset = option->default_offset ? option->default_offset : option->offset;
    const char *field = (const char *)settings + group->base + offset;
    if (option->default_text)
        snprintf(out, size, "%s", option->default_text);
    else
        nm_opt_format(out, size, option, field);
}

/* The words of `text`, filled to lines of WIDTH; all but the first line are indented. */
static void print_wrapped(FILE *stream, const char *text, int indent) {
    int column = indent;
    while (*text) {
        const int length = (int)strcspn(text, " ");
        if (column > indent && column + 1 + length > WIDTH) {
            fprintf(stream, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', stream);
            column++;
        }
        fprintf(stream, "%.*s", length, text);
        column += length;
        text += length;
        text += strspn(text, " ");
    }
    fputc('\n', stream);
}

static void print_option(FILE *stream, const nm_opt_group *group, const nm_opt *option,
                         const void *settings) {
    char value[128], line[256], text[1024], shown[128];
    nm_opt_value_name(value, sizeof value, option);
    char letter[8] = "    ";
    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    const int used = snprintf(line, sizeof line, "  %s--%s%s%s", letter, option->name,
                              value[0] ? " " : "", value);
    nm_help_default(shown, sizeof shown, group, option, settings);
    snprintf(text, sizeof text, "%s (default: %s)", option->help, shown);
    if (used < INDENT - 1)
        fprintf(stream, "%-*s", INDENT, line);
    else
        fprintf(stream, "%s\n%*s", line, INDENT, "");
    print_wrapped(stream, strcmp(option->name, "help") ? text : option->help, INDENT);
}

static void print_groups(FILE *stream, const nm_command *command, const void *settings) {
    for (size_t g = 0; g < command->options->count; g++) {
        const nm_opt_group *group = &command->options->groups[g];
        fprintf(stream, "\n%s\n", group->title);
        for (size_t i = 0; i < group->count; i++)
            print_option(stream, group, &group->options[i], settings);
    }
}

static void print_examples(FILE *stream, const char *const *examples) {
    fputs("\nExamples\n", stream);
    for (size_t i = 0; examples[i]; i += 2) {
        fprintf(stream, "  %s\n      ", examples[i]);
        print_wrapped(stream, examples[i + 1], 6);
    }
}

neume_status nm_help_print_command(FILE *stream, const nm_command *command,
                                   const nm_arguments *arguments, neume_error *error) {
    void *settings = NULL;
    neume_status status = nm_command_settings(&settings, command, arguments, error);
    if (status)
        return status;
    fprintf(stream, "Usage: neume %s %s\n\n", command->name, command->synopsis);
    for (const char *line = command->description; *line;) {
        char paragraph[2048];
        const size_t length = strcspn(line, "\n");
        snprintf(paragraph, sizeof paragraph, "%.*s", (int)length, line);
        print_wrapped(stream, paragraph, 0);
        line += length + (line[length] == '\n');
    }
    print_groups(stream, command, settings);
    print_examples(stream, command->examples);
    free(settings);
    return NEUME_OK;
}

void nm_help_print(FILE *stream) {
    fputs("Usage: neume COMMAND [options]\n\n"
          "neume learns music from MIDI files and writes new music.\n\nCommands\n",
          stream);
    for (size_t i = 0; nm_commands[i]; i++) {
        fprintf(stream, "  %-12s", nm_commands[i]->name);
        print_wrapped(stream, nm_commands[i]->summary, 14);
    }
    fputs("\nneume COMMAND --help says more about each; neume --version tells the version.\n"
          "\nExit codes\n",
          stream);
    for (const nm_exit_code *row = nm_exit_codes; row->code; row++)
        fprintf(stream, "  %-12s%s\n", row->code, row->meaning);
}
