/* SPDX-License-Identifier: ISC */
#include "cli/opt.h"

#include "cli/report.h"

#include <stdlib.h>
#include <string.h>

typedef struct scan {
    nm_arguments *out;
    const nm_opt_table *table;
    char **argv;
    int argc, next; /* the argument to be looked at next */
    neume_error *error;
} scan;

enum { MAX_WORD = 63 };

unsigned nm_opt_distance(const char *a, const char *b) {
    const size_t a_length = strlen(a), b_length = strlen(b);
    unsigned row[MAX_WORD + 1];
    if (a_length > MAX_WORD || b_length > MAX_WORD)
        return MAX_WORD;
    for (size_t j = 0; j <= b_length; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= a_length; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            const unsigned changed = diagonal + (a[i - 1] != b[j - 1]);
            const unsigned one_less = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = changed < one_less ? changed : one_less;
        }
    }
    return row[b_length];
}

bool nm_opt_is_near(const char *word, unsigned distance) {
    return distance <= 1 + strlen(word) / 4;
}

static const char *nearest(const scan *s, const char *name) {
    const char *best = NULL;
    unsigned best_distance = MAX_WORD;
    for (size_t g = 0; g < s->table->count; g++)
        for (size_t i = 0; i < s->table->groups[g].count; i++) {
            const unsigned distance = nm_opt_distance(name, s->table->groups[g].options[i].name);
            if (distance < best_distance) {
                best_distance = distance;
                best = s->table->groups[g].options[i].name;
            }
        }
    return nm_opt_is_near(name, best_distance) ? best : NULL;
}

static neume_status add_match(scan *s, const nm_opt *option, size_t base, const char *text) {
    nm_arguments *out = s->out;
    if (out->match_count == out->match_capacity) {
        const size_t capacity = out->match_capacity ? 2 * out->match_capacity : 16;
        nm_opt_match *grown = realloc(out->matches, capacity * sizeof *grown);
        if (!grown)
            return nm_report_fail(s->error, NEUME_NO_MEMORY, "command line: out of memory");
        out->matches = grown;
        out->match_capacity = capacity;
    }
    out->matches[out->match_count++] = (nm_opt_match){option, base, text};
    return NEUME_OK;
}

/* The option of this name, or the only one that begins with it; `*ambiguous` gets a second one. */
static const nm_opt *find_long(const scan *s, const char *name, size_t length, size_t *base,
                               const nm_opt **ambiguous) {
    const nm_opt *found = NULL;
    *ambiguous = NULL;
    for (size_t g = 0; g < s->table->count; g++)
        for (size_t i = 0; i < s->table->groups[g].count; i++) {
            const nm_opt *option = &s->table->groups[g].options[i];
            if (strncmp(option->name, name, length) != 0)
                continue;
            const bool is_exact = option->name[length] == '\0';
            if (found && !is_exact) {
                *ambiguous = *ambiguous ? *ambiguous : option;
                continue;
            }
            found = option;
            *base = s->table->groups[g].base;
            if (is_exact) {
                *ambiguous = NULL;
                return found;
            }
        }
    return found;
}

static neume_status fail_unknown(const scan *s, const char *name) {
    const char *near = nearest(s, name);
    if (near)
        return nm_report_fail(s->error, NEUME_BAD_USAGE, "unknown option --%s; did you mean --%s?",
                              name, near);
    return nm_report_fail(s->error, NEUME_BAD_USAGE, "unknown option --%s; see --help", name);
}

/* The value after a long option's "=", or the next argument. */
static neume_status take_value(scan *s, const nm_opt *option, const char **text) {
    if (*text)
        return NEUME_OK;
    if (s->next >= s->argc) {
        char expected[NM_OPT_EXPECTED];
        nm_opt_expect(expected, option);
        return nm_report_fail(s->error, NEUME_BAD_USAGE, "--%s: missing value, expected %s",
                              option->name, expected);
    }
    *text = s->argv[s->next++];
    return NEUME_OK;
}

static neume_status scan_long(scan *s, const char *argument) {
    const char *equals = strchr(argument, '=');
    const size_t length = equals ? (size_t)(equals - argument) : strlen(argument);
    char name[MAX_WORD + 1];
    snprintf(name, sizeof name, "%.*s", (int)(length < MAX_WORD ? length : MAX_WORD), argument);
    size_t base = 0;
    const nm_opt *ambiguous;
    const nm_opt *option = length ? find_long(s, argument, length, &base, &ambiguous) : NULL;
    if (!option)
        return fail_unknown(s, name);
    if (ambiguous)
        return nm_report_fail(s->error, NEUME_BAD_USAGE, "--%s is ambiguous: --%s or --%s", name,
                              option->name, ambiguous->name);
    const char *text = equals ? equals + 1 : NULL;
    if (option->kind == NM_OPT_FLAG && text)
        return nm_report_fail(s->error, NEUME_BAD_USAGE, "--%s takes no value", option->name);
    if (option->kind != NM_OPT_FLAG) {
        neume_status status = take_value(s, option, &text);
        if (status)
            return status;
    }
    return add_match(s, option, base, text);
}

static const nm_opt *find_short(const scan *s, char letter, size_t *base) {
    for (size_t g = 0; g < s->table->count; g++)
        for (size_t i = 0; i < s->table->groups[g].count; i++)
            if (s->table->groups[g].options[i].letter == letter) {
                *base = s->table->groups[g].base;
                return &s->table->groups[g].options[i];
            }
    return NULL;
}

/* -q, -qv, -o FILE, -oFILE */
static neume_status scan_short(scan *s, const char *letters) {
    neume_status status = NEUME_OK;
    for (; *letters && !status; letters++) {
        size_t base = 0;
        const nm_opt *option = find_short(s, *letters, &base);
        if (!option)
            return nm_report_fail(s->error, NEUME_BAD_USAGE, "unknown option -%c; see --help",
                                  *letters);
        if (option->kind != NM_OPT_FLAG) {
            const char *text = letters[1] ? letters + 1 : NULL;
            status = take_value(s, option, &text);
            return status ? status : add_match(s, option, base, text);
        }
        status = add_match(s, option, base, NULL);
    }
    return status;
}

neume_status nm_opt_scan(nm_arguments *out, const nm_opt_table *table, int argc, char **argv,
                         neume_error *error) {
    *out = (nm_arguments){.operands = calloc((size_t)argc + 1, sizeof *out->operands)};
    if (!out->operands)
        return nm_report_fail(error, NEUME_NO_MEMORY, "command line: out of memory");
    scan s = {out, table, argv, argc, 0, error};
    bool has_ended = false;
    neume_status status = NEUME_OK;
    while (s.next < argc && !status) {
        const char *argument = argv[s.next++];
        if (has_ended || argument[0] != '-' || argument[1] == '\0')
            out->operands[out->operand_count++] = argument;
        else if (strcmp(argument, "--") == 0)
            has_ended = true;
        else if (argument[1] == '-')
            status = scan_long(&s, argument + 2);
        else
            status = scan_short(&s, argument + 1);
    }
    return status;
}

void nm_arguments_clear(nm_arguments *arguments) {
    free(arguments->matches);
    free(arguments->operands);
    *arguments = (nm_arguments){0};
}

const char *nm_opt_given(const nm_arguments *arguments, const char *name) {
    const char *given = NULL;
    for (size_t i = 0; i < arguments->match_count; i++)
        if (strcmp(arguments->matches[i].option->name, name) == 0)
            given = arguments->matches[i].text ? arguments->matches[i].text : "";
    return given;
}

neume_status nm_opt_apply(const nm_arguments *arguments, void *settings, neume_error *error) {
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < arguments->match_count && !status; i++) {
        const nm_opt_match *match = &arguments->matches[i];
        char *field = (char *)settings + match->base + match->option->offset;
        status = nm_opt_store(match->option, match->text, field, error);
    }
    return status;
}
