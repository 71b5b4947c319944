/* SPDX-License-Identifier: ISC */
/* The parts of `neume generate`: its settings and its primer. */
#ifndef NM_CLI_GENERATE_H
#define NM_CLI_GENERATE_H

#include "cli/cli.h"

typedef struct generate_settings {
    nm_general general;
    neume_generate_options generate;
    neume_context_options machine;
    const char *output;
    const char *seed;       /* its text; NULL: random */
    const char *label;      /* NAME[:WEIGHT],...; NULL: none */
    const char *instrument; /* name or number; NULL: the codec's */
    const char *primer;     /* a MIDI file; or NULL, as the next two */
    const char *primer_notes, *primer_words;
    nm_opt_range primer_bars; /* 0, 0: all */
    bool is_quiet;
} generate_settings;

/* The options of generate, in groups over generate_settings. */
extern const nm_opt_table nm_generate_table;

/* The primer in the words of the model's codec; step_count 0 where none is asked for. Cleared by
 * the caller, also after failure. */
neume_status nm_primer_make(neume_sequence *out, neume_context *context, neume_codec *codec,
                            const generate_settings *settings, neume_error *error);

/* The styles of --label. */
typedef struct nm_label_mixture {
    char *text; /* owned; the names are in it */
    neume_label_weight weights[NEUME_MAX_LABELS];
    size_t count;
} nm_label_mixture;

/* Takes the text apart by the model's labels; that they are its labels is for neume_generate to
 * see. Cleared by the caller, also after failure. */
neume_status nm_label_parse(nm_label_mixture *out, const neume_model *model, const char *text,
                            neume_error *error);
void nm_label_clear(nm_label_mixture *mixture);

#endif
