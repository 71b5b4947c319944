/* SPDX-License-Identifier: ISC */
/* Writes the man pages and the shell completion from the tables: neume-docs man [COMMAND] |
 * neume-docs bash. */
#include "cli/cli.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Text for roff: no hyphenation of dashes, no control lines. */
static void put_roff(const char *text) {
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
    for (; *text; text++) {
        if (*text == '-')
            fputs("\\-", stdout);
        else if (*text == '\\')
            fputs("\\e", stdout);
        else
            putchar(*text);
        if (*text == '\n' && (text[1] == '.' || text[1] == '\''))
            fputs("\\&", stdout);
    }
}

static void put_header(const char *command) {
    printf(".\\\" Made from the option tables of neume; changes belong there.\n.TH \"NEUME");
    if (command)
        putchar('-');
    for (const char *c = command ? command : ""; *c; c++)
        putchar(toupper((unsigned char)*c));
    printf("\" 1 \"\" \"neume " NEUME_VERSION "\" \"neume\"\n.SH NAME\n");
}

static void put_paragraphs(const char *text) {
    for (; *text; text += *text == '\n') {
        char line[2048];
        const size_t length = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)length, text);
        text += length;
        if (line[0]) {
            fputs(".PP\n", stdout);
            put_roff(line);
            putchar('\n');
        }
    }
}

static void put_option(const nm_opt_group *group, const nm_opt *option, const void *settings) {
    char text[128];
    fputs(".TP\n", stdout);
    if (option->letter)
        printf("\\fB\\-%c\\fR, ", option->letter);
    fputs("\\fB\\-\\-", stdout);
    put_roff(option->name);
    fputs("\\fR", stdout);
    nm_opt_value_name(text, sizeof text, option);
    if (text[0]) {
        fputs(" \\fI", stdout);
        put_roff(text);
        fputs("\\fR", stdout);
    }
    putchar('\n');
    put_roff(option->help);
    if (strcmp(option->name, "help") != 0) {
        nm_help_default(text, sizeof text, group, option, settings);
        fputs("\n(default: ", stdout);
        put_roff(text);
        putchar(')');
    }
    putchar('\n');
}

static void put_exit_codes(void) {
    fputs(".SH EXIT STATUS\n", stdout);
    for (const nm_exit_code *row = nm_exit_codes; row->code; row++)
        printf(".TP\n\\fB%s\\fR\n%s\n", row->code, row->meaning);
}

static void put_examples(const char *const *examples) {
    fputs(".SH EXAMPLES\n", stdout);
    for (size_t i = 0; examples[i]; i += 2) {
        fputs(".TP\n\\fB", stdout);
        put_roff(examples[i]);
        fputs("\\fR\n", stdout);
        put_roff(examples[i + 1]);
        putchar('\n');
    }
}

static void put_command_page(const nm_command *command, const void *settings) {
    put_header(command->name);
    printf("neume\\-%s \\- ", command->name);
    put_roff(command->summary);
    printf("\n.SH SYNOPSIS\n\\fBneume %s\\fR ", command->name);
    put_roff(command->synopsis);
    fputs("\n.SH DESCRIPTION\n", stdout);
    put_paragraphs(command->description);
    fputs(".SH OPTIONS\n", stdout);
    for (size_t g = 0; g < command->options->count; g++) {
        printf(".SS %s\n", command->options->groups[g].title);
        for (size_t i = 0; i < command->options->groups[g].count; i++)
            put_option(&command->options->groups[g], &command->options->groups[g].options[i],
                       settings);
    }
    put_exit_codes();
    put_examples(command->examples);
    fputs(".SH SEE ALSO\n.BR neume (1)\n", stdout);
}

static void put_main_page(void) {
    put_header(NULL);
    fputs("neume \\- learns music from MIDI files and writes new music\n.SH SYNOPSIS\n"
          "\\fBneume\\fR \\fICOMMAND\\fR [options]\n.SH DESCRIPTION\n"
          "neume parses folders of MIDI files, trains a recurrent network on them and composes new "
          "MIDI files with it.\n.SH COMMANDS\n",
          stdout);
    for (size_t i = 0; nm_commands[i]; i++) {
        printf(".TP\n\\fBneume\\-%s\\fR(1)\n", nm_commands[i]->name);
        put_roff(nm_commands[i]->summary);
        putchar('\n');
    }
    put_exit_codes();
    fputs(".SH ENVIRONMENT\n.TP\n\\fBNO_COLOR\\fR\nif set and not empty, no colours on a "
          "terminal\n.SH SEE ALSO\n",
          stdout);
    for (size_t i = 0; nm_commands[i]; i++)
        printf(".BR neume\\-%s (1)%s\n", nm_commands[i]->name, nm_commands[i + 1] ? "," : "");
}

static void put_bash_command(const nm_command *command) {
    printf("    %s)\n        case \"$previous\" in\n", command->name);
    fputs("        ", stdout);
    char value[128];
    for (size_t g = 0; g < command->options->count; g++)
        for (size_t i = 0; i < command->options->groups[g].count; i++) {
            const nm_opt *option = &command->options->groups[g].options[i];
            if (option->kind != NM_OPT_CHOICE)
                continue;
            nm_opt_value_name(value, sizeof value, option);
            for (char *c = value; *c; c++)
                if (*c == '|')
                    *c = ' ';
            printf("--%s) words='%s' ;;\n        ", option->name, value);
        }
    fputs("*) words='", stdout);
    for (size_t g = 0; g < command->options->count; g++)
        for (size_t i = 0; i < command->options->groups[g].count; i++)
            printf("--%s ", command->options->groups[g].options[i].name);
    fputs("' ;;\n        esac ;;\n", stdout);
}

/* Options after a dash, choices after their option, files otherwise. */
static void put_bash(void) {
    fputs("# Made from the option tables of neume; changes belong there.\n"
          "_neume() {\n"
          "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
          "    local words=\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "        COMPREPLY=($(compgen -W '",
          stdout);
    for (size_t i = 0; nm_commands[i]; i++)
        printf("%s ", nm_commands[i]->name);
    fputs("help --help --version' -- \"$current\"))\n"
          "        return\n"
          "    fi\n"
          "    case \"${COMP_WORDS[1]}\" in\n",
          stdout);
    for (size_t i = 0; nm_commands[i]; i++)
        put_bash_command(nm_commands[i]);
    fputs("    help) words='", stdout);
    for (size_t i = 0; nm_commands[i]; i++)
        printf("%s ", nm_commands[i]->name);
    fputs("' ;;\n"
          "    esac\n"
          "    case \"$words\" in\n"
          "    --*) [ \"${current#-}\" = \"$current\" ] && words= ;;\n"
          "    esac\n"
          "    [ -n \"$words\" ] && COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
          "}\n"
          "complete -o default -o bashdefault -F _neume neume\n",
          stdout);
}

static int put_man(const char *name) {
    const nm_command *command = name ? nm_command_find(name) : NULL;
    if (!name) {
        put_main_page();
        return 0;
    }
    neume_error error;
    void *settings = NULL;
    if (!command || nm_command_settings(&settings, command, NULL, &error))
        return 1;
    put_command_page(command, settings);
    free(settings);
    return 0;
}

int main(int argc, char **argv) {
    if (argc >= 2 && strcmp(argv[1], "man") == 0)
        return put_man(argc > 2 ? argv[2] : NULL);
    if (argc == 2 && strcmp(argv[1], "bash") == 0) {
        put_bash();
        return 0;
    }
    fputs("usage: neume-docs man [COMMAND] | neume-docs bash\n", stderr);
    return 2;
}
