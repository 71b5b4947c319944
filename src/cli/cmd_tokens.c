/* SPDX-License-Identifier: ISC */
/* neume tokens: the words of a file, and words back to MIDI. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

typedef struct token_settings {
    nm_general general;
    neume_midi_read_options reading;
    neume_codec_options codec;
    const char *preset;
    const char *output;
    bool decode;
} token_settings;

static neume_status print_words(const neume_codec *codec, const neume_sequence *sequence) {
    char text[NEUME_MAX_STEP_TEXT];
    for (size_t step = 0; step < sequence->step_count; step++) {
        (void)neume_codec_write_step(codec, sequence->words + step * sequence->width, text,
                                     sizeof text);
        puts(text);
    }
    return NEUME_OK;
}

/* What the words do not say is said on standard error. */
static void print_omissions(const neume_sequence *sequence) {
    for (unsigned i = 0; i < sequence->omission_count; i++) {
        char line[128];
        snprintf(line, sizeof line, "left out %s: %llu", sequence->omissions[i].what,
                 (unsigned long long)sequence->omissions[i].count);
        nm_report_line("tokens", line);
    }
}

static neume_status encode(const token_settings *settings, neume_context *context,
                           neume_codec *codec, const char *path, neume_error *error) {
    neume_score *score;
    neume_status status = nm_cli_load_midi(&score, context, path, &settings->reading, error);
    if (status)
        return status;
    neume_sequence sequence = {0};
    status = neume_codec_encode(&sequence, codec, score, error);
    if (!status && sequence.step_count == 0)
        status =
            nm_report_fail(error, NEUME_BAD_INPUT, "%s: no notes that the preset can say", path);
    if (!status)
        status = print_words(codec, &sequence);
    print_omissions(&sequence);
    neume_sequence_clear(context, &sequence);
    neume_score_free(score);
    return status;
}

static neume_status decode(const token_settings *settings, neume_context *context,
                           neume_codec *codec, const char *path, neume_error *error) {
    char *text;
    size_t size;
    neume_status status = nm_cli_read_all(&text, &size, path, error);
    if (status)
        return status;
    neume_sequence sequence = {0};
    neume_score *score = NULL;
    status = strlen(text) == size ? neume_codec_parse(&sequence, codec, text, error)
                                  : nm_report_fail(error, NEUME_BAD_INPUT,
                                                   "%s: a NUL byte, expected words as text", path);
    if (status == NEUME_BAD_USAGE)
        status = error->status = NEUME_BAD_INPUT;
    if (!status)
        status = neume_codec_decode(&score, codec, &sequence);
    if (!status)
        status = neume_midi_save(settings->output, context, score, error);
    neume_score_free(score);
    neume_sequence_clear(context, &sequence);
    free(text);
    return status;
}

static neume_status init(void *settings, const nm_arguments *arguments, neume_error *error) {
    token_settings *s = settings;
    neume_train_options unused;
    neume_corpus_options corpus = neume_corpus_options_default();
    *s = (token_settings){.reading = neume_midi_read_options_default()};
    const neume_status status = nm_cli_preset(&unused, &corpus, arguments, error);
    s->codec = corpus.codec;
    s->preset = status ? NULL : unused.preset;
    return status;
}

static neume_status check(const token_settings *s, neume_error *error) {
    if (s->decode && !s->output)
        return nm_report_fail(error, NEUME_BAD_USAGE,
                              "missing --output, expected the MIDI file that --decode is to write");
    if (!s->decode && s->output)
        return nm_report_fail(error, NEUME_BAD_USAGE,
                              "--output goes with --decode; words go to standard output");
    return NEUME_OK;
}

static neume_status run(void *settings, const nm_arguments *arguments, neume_error *error) {
    const token_settings *s = settings;
    neume_status status = check(s, error);
    if (status)
        return status;
    neume_context_options options = neume_context_options_default();
    options.thread_count = 1;
    neume_context *context;
    status = nm_cli_context(&context, options, NEUME_LOG_WARNING, error);
    if (status)
        return status;
    neume_codec *codec;
    status = neume_codec_new(&codec, context, &s->codec, error);
    if (!status)
        status = (s->decode ? decode : encode)(s, context, codec, arguments->operands[0], error);
    neume_codec_free(codec);
    neume_context_free(context);
    return status;
}

static const nm_opt token_options[] = {
    {.name = "preset",
     .kind = NM_OPT_TEXT,
     NM_OPT_FIELD(token_settings, preset),
     .value = "NAME",
     .help = "whose words: events, chords, jazz, streams, intervals, frames, biaxial"},
    {.name = "decode",
     .kind = NM_OPT_FLAG,
     NM_OPT_FIELD(token_settings, decode),
     .help = "read words from FILE and write them as MIDI to the output"},
    {.name = "output",
     .letter = 'o',
     .kind = NM_OPT_TEXT,
     NM_OPT_FIELD(token_settings, output),
     .value = "FILE",
     .help = "where --decode writes; - is standard output"},
};

static const nm_opt decode_options[] = {
    {.name = "spacing",
     .kind = NM_OPT_REAL,
     NM_OPT_FIELD(neume_codec_options, spacing_quarters),
     .value = "QUARTERS",
     .low = 0,
     .is_above_low = true,
     .high = 64,
     .help = "from one decoded word to the next, in quarter notes"},
};

static const nm_opt_group groups[] = {
    {"Words", token_options, NM_OPT_COUNT(token_options), 0},
    {"Reading", nm_reading_options, NM_OPT_COUNT(nm_reading_options),
     offsetof(token_settings, reading)},
    {"Codec", nm_codec_choice_options, NM_OPT_COUNT(nm_codec_choice_options),
     offsetof(token_settings, codec)},
    {"Decoding", decode_options, NM_OPT_COUNT(decode_options), offsetof(token_settings, codec)},
    NM_HELP_GROUP,
};

static const nm_opt_table table = {groups, NM_OPT_COUNT(groups)};

static const char *const examples[] = {
    "neume tokens song.mid --preset chords",
    "the words of a song, one to a line",
    "neume tokens song.mid --preset chords | sort | uniq -c | sort -rn | head",
    "its commonest words",
    "echo 'C4 E4 G4 0.4.7' | neume tokens - --preset chords --decode -o words.mid",
    "words to MIDI",
    NULL,
};

const nm_command nm_command_tokens = {
    .name = "tokens",
    .summary = "the words of a file; with --decode back to MIDI",
    .synopsis = "FILE [--preset NAME] [options]",
    .description =
        "Writes the words that a preset makes of the MIDI file FILE to standard output, one step "
        "to a line: what a network of this preset sees of the file. What the words cannot say is "
        "counted on standard error.\n"
        "With --decode it reads words from FILE, separated by white space, and writes a MIDI file. "
        "- as FILE is standard input.",
    .examples = examples,
    .options = &table,
    .settings_size = sizeof(token_settings),
    .least_operands = 1,
    .most_operands = 1,
    .missing = "FILE",
    .init = init,
    .run = run,
};
