/* SPDX-License-Identifier: ISC */
/* What a song goes on from: a MIDI file, notes or words. */
#include "cli/generate.h"

#include <math.h>
#include <string.h>

static neume_status load_bars(neume_score **out, neume_context *context,
                              const generate_settings *settings, neume_error *error) {
    neume_score *whole;
    const nm_opt_range bars = settings->primer_bars;
    neume_status status = nm_cli_load_midi(&whole, context, settings->primer, NULL, error);
    if (status || bars.first == 0) {
        *out = whole;
        return status;
    }
    neume_error why;
    status = neume_score_cut_bars(out, whole, bars.first, bars.last, &why);
    if (status)
        nm_report_fail(error, status, "%s: %s", settings->primer, why.line);
    neume_score_free(whole);
    return status;
}

/* A pitch, 0..127, at `*text`, which moves on behind it. */
static bool read_pitch(uint8_t *out, const char **text) {
    unsigned pitch = 0, digits = 0;
    for (; **text >= '0' && **text <= '9' && digits < 4; (*text)++, digits++)
        pitch = 10 * pitch + (unsigned)(**text - '0');
    *out = (uint8_t)pitch;
    return digits > 0 && pitch <= 127;
}

static neume_status fail_notes(const char *text, neume_error *error) {
    return nm_report_fail(error, NEUME_BAD_USAGE,
                          "--primer-notes %s: expected notes from 0 to 127 such as \"60 64 67\", "
                          "chords such as 60+64+67",
                          text);
}

/* "60 64+67": each group of notes begins when the one before it ends. */
static neume_status add_notes(neume_score *score, const char *text, uint64_t duration_ticks,
                              neume_error *error) {
    uint64_t start = 0;
    const char *rest = text + strspn(text, " ,");
    neume_status status = NEUME_OK;
    while (*rest && !status) {
        neume_note note = {.start_ticks = start, .duration_ticks = duration_ticks, .velocity = 80};
        if (!read_pitch(&note.pitch, &rest))
            return fail_notes(text, error);
        status = neume_score_add_note(score, &note);
        if (*rest == '+') {
            rest++;
            if (*rest == '\0')
                return fail_notes(text, error);
            continue;
        }
        const size_t gap = strspn(rest, " ,");
        if (*rest && gap == 0)
            return fail_notes(text, error);
        rest += gap;
        start += duration_ticks;
    }
    return start || status ? status : fail_notes(text, error);
}

static neume_status make_notes(neume_score **out, neume_context *context, const neume_codec *codec,
                               const char *text, neume_error *error) {
    neume_status status = neume_score_new(out, context);
    if (status)
        return nm_report_fail(error, status, "primer: out of memory");
    const double spacing = neume_codec_options_of(codec)->spacing_quarters;
    const double ticks = round(spacing * neume_score_ticks_per_quarter(*out));
    status = add_notes(*out, text, ticks < 1 ? 1 : (uint64_t)ticks, error);
    if (!status)
        status = neume_score_sort(*out);
    return status;
}

/* Says how much of the primer the model cannot read. */
static void warn_of_unknown(const neume_codec *codec, const neume_sequence *primer) {
    size_t unknown = 0;
    for (size_t i = 0; i < primer->step_count * primer->width; i++) {
        const uint32_t word = neume_codec_find(codec, (unsigned)(i % primer->width), "<unk>");
        unknown += word != NEUME_NO_WORD && primer->words[i] == word;
    }
    char line[128];
    snprintf(line, sizeof line, "%zu of the primer's %zu words are not in the model's vocabulary",
             unknown, primer->step_count * primer->width);
    if (unknown)
        nm_report_line("generate", line);
}

/* The same of rolls, which have no words: keys that its network does not see. */
static void warn_of_far_keys(const neume_codec *codec, const neume_sequence *primer) {
    const neume_pitch_range keys = neume_codec_options_of(codec)->pitch_range;
    char line[128];
    for (unsigned i = 0; i < primer->omission_count; i++) {
        if (strcmp(primer->omissions[i].what, "beyond-pitch-range") != 0)
            continue;
        snprintf(line, sizeof line,
                 "%llu of the primer's notes are beyond the model's keys %u to %u",
                 (unsigned long long)primer->omissions[i].count, keys.low, keys.high);
        nm_report_line("generate", line);
    }
}

static neume_status encode(neume_sequence *out, neume_context *context, neume_codec *codec,
                           const generate_settings *settings, neume_error *error) {
    neume_score *score = NULL;
    neume_status status = settings->primer
                              ? load_bars(&score, context, settings, error)
                              : make_notes(&score, context, codec, settings->primer_notes, error);
    if (!status)
        status = neume_codec_encode(out, codec, score, error);
    neume_score_free(score);
    if (!status && out->note_count == 0)
        status = nm_report_fail(error, NEUME_BAD_INPUT, "%s: no notes that the model can say",
                                settings->primer ? settings->primer : "--primer-notes");
    if (!status && neume_codec_word_count(codec, 0) > 0)
        warn_of_unknown(codec, out);
    else if (!status)
        warn_of_far_keys(codec, out);
    return status;
}

neume_status nm_primer_make(neume_sequence *out, neume_context *context, neume_codec *codec,
                            const generate_settings *settings, neume_error *error) {
    *out = (neume_sequence){0};
    if (settings->primer || settings->primer_notes)
        return encode(out, context, codec, settings, error);
    if (!settings->primer_words)
        return NEUME_OK;
    neume_error why = {0};
    neume_status status = neume_codec_parse(out, codec, settings->primer_words, &why);
    if (status)
        nm_report_fail(error, status, "--primer-words: %s", why.line);
    return status;
}
