/* SPDX-License-Identifier: ISC */
/* Codec "event": its words, its grammar, and decoding of any words. */
#include "test_codec_event.h"

#include "base/rng.h"
#include "midi_compare.h"

#include <math.h>

static neume_sequence parse(const fixture *f, const char *text) {
    neume_sequence words;
    neume_error error = {0};
    if (neume_codec_parse(&words, f->codec, text, &error))
        fail_msg("%s", error.line);
    return words;
}

static void the_vocabulary_is_fixed_and_parses(void **state) {
    (void)state;
    static const struct {
        uint32_t grid, count;
        neume_timing timing;
    } of[] = {{12, 662, NEUME_TIMING_METRICAL},
              {1, 510, NEUME_TIMING_METRICAL},
              {48, 1094, NEUME_TIMING_METRICAL},
              {12, 622, NEUME_TIMING_PERFORMANCE}};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        neume_codec_options options = event_options();
        options.grid = of[i].grid;
        options.timing = of[i].timing;
        fixture f = open_codec(options);
        assert_int_equal(neume_codec_word_count(f.codec, 0), of[i].count);
        for (uint32_t w = 0; w < of[i].count; w++) {
            neume_sequence word = parse(&f, neume_codec_word(f.codec, 0, w));
            assert_int_equal(word.words[0], w);
            neume_sequence_clear(f.context, &word);
        }
        close_fixture(&f);
    }
}

static void other_words_and_grids_are_refused(void **state) {
    (void)state;
    fixture f = open_codec(event_options());
    neume_sequence words;
    neume_error error = {0};
    assert_int_equal(neume_codec_parse(&words, f.codec, "Bar Pitch_128", &error), NEUME_BAD_USAGE);
    assert_string_equal(error.line, "word \"Pitch_128\": expected a word such as Bar, Position_0, "
                                    "Program_0, Pitch_60, Velocity_66, Duration_12");
    neume_codec_options options = event_options();
    options.grid = 49;
    neume_codec *codec;
    assert_int_equal(neume_codec_new(&codec, f.context, &options, &error), NEUME_BAD_USAGE);
    assert_string_equal(error.line, "a grid of 49 cells a quarter: codec event expected 1 to 48");
    close_fixture(&f);
}

/* The state after some words. */
static uint32_t state_after(const fixture *f, const char *text) {
    neume_sequence words = parse(f, text);
    const nm_grammar *grammar = nm_codec_grammar(f->codec);
    uint32_t at = 0;
    assert_grammatical(f->codec, &words);
    for (size_t i = 0; i < words.step_count; i++)
        at = nm_grammar_next(grammar, at, grammar->word_class[0][words.words[i]]);
    neume_sequence_clear(f->context, &words);
    return at;
}

/* What may come after `text`: by the first words of each family, one after the other. */
static void assert_follow(const fixture *f, const uint8_t *masks, const char *text,
                          const char *expected) {
    const uint32_t count = neume_codec_word_count(f->codec, 0);
    const uint32_t rule = nm_codec_grammar(f->codec)->rule[state_after(f, text)];
    const uint8_t *mask = masks + (size_t)rule * count;
    char found[1024] = "", last[64] = "";
    for (uint32_t w = 0; w < count; w++) {
        const char *word = neume_codec_word(f->codec, 0, w);
        const size_t size = strcspn(word, "_");
        if (!mask[w] || (strncmp(word, last, size) == 0 && last[size] == '\0' && w > 1 &&
                         strcmp(word, "Program_Drums") != 0 && strchr(word, '+') == NULL))
            continue;
        snprintf(last, sizeof last, "%.*s", (int)size, word);
        if (*found)
            strcat(found, " ");
        strcat(found, word);
    }
    if (strcmp(found, expected) != 0)
        fail_msg("after \"%s\": %s", text, found);
}

static void the_grammar_allows_what_the_codec_writes_and_little_more(void **state) {
    (void)state;
    fixture f = closed_codec(event_options());
    uint8_t *masks = nm_codec_masks(f.context, f.codec, 0);
    const char *const group = "Pitch_0 Program_0 Program_Drums Pedal_Off";
    char text[256];
    assert_follow(&f, masks, "", "Bar");
    assert_follow(&f, masks, "Bar", "Bar TimeSig_1/1 Position_0");
    assert_follow(&f, masks, "Bar TimeSig_3/4", "Bar Position_0");
    snprintf(text, sizeof text, "%s Tempo_20", group);
    assert_follow(&f, masks, "Bar Position_5", text);
    snprintf(text, sizeof text, "<end> %s Bar Position_6", group);
    assert_follow(&f, masks, "Bar Position_5 Tempo_120", text);
    assert_follow(&f, masks, "Bar Position_5 Program_3", "Pitch_0 Pedal_Off");
    assert_follow(&f, masks, "Bar Position_5 Program_Drums", "PitchDrum_0");
    assert_follow(&f, masks, "Bar Position_5 Pedal_Off",
                  "<end> Pitch_0 Program_0 Program_Drums Pedal_On Bar Position_6");
    const char *const on = "<end> Pitch_0 Program_0 Program_Drums Bar Position_6";
    assert_follow(&f, masks, "Bar Position_5 Pedal_On", on);
    assert_follow(&f, masks, "Bar Position_5 Pitch_60", "Velocity_2");
    assert_follow(&f, masks, "Bar Position_5 Pitch_60 Velocity_2", "Duration_1 Duration_48+");
    assert_follow(&f, masks, "Bar Position_5 Pitch_60 Velocity_2 Duration_48+",
                  "Duration_1 Duration_48+");
    assert_follow(&f, masks, "Bar Position_5 Pitch_60 Velocity_2 Duration_48", on);
    assert_follow(&f, masks, "Bar Position_5 Program_Drums PitchDrum_36", "Velocity_2");
    const char *const drums = "Bar Position_5 Program_Drums PitchDrum_36 Velocity_2";
    assert_follow(&f, masks, drums, "<end> PitchDrum_0 Bar Position_6");
    snprintf(text, sizeof text, "%s Position_7", drums);
    assert_follow(&f, masks, text, "PitchDrum_0 Program_0 Tempo_20");
    assert_follow(&f, masks, "Bar Position_47 Pitch_60 Velocity_2 Duration_48",
                  "<end> Pitch_0 Program_0 Program_Drums Bar");
    assert_follow(&f, masks, "Bar TimeSig_5/16 Bar Position_14 Pedal_On",
                  "<end> Pitch_0 Program_0 Program_Drums Bar");
    assert_follow(&f, masks, "Bar TimeSig_8/4 Bar Position_94 Pedal_On <end>", "<end>");
    nm_free(f.context, masks);
    close_fixture(&f);
}

static void the_grammar_of_performances_shifts_the_longest_first(void **state) {
    (void)state;
    fixture f = closed_codec(performance());
    uint8_t *masks = nm_codec_masks(f.context, f.codec, 0);
    const char *const group = "Pitch_0 Program_0 Program_Drums Pedal_Off";
    char text[256];
    snprintf(text, sizeof text, "%s TimeShift_1", group);
    assert_follow(&f, masks, "", text);
    assert_follow(&f, masks, "TimeShift_100", text);
    assert_follow(&f, masks, "TimeShift_100 TimeShift_3", group);
    assert_follow(&f, masks, "Pedal_On Pitch_60 Velocity_2 Duration_100+ Duration_5",
                  "<end> Pitch_0 Program_0 Program_Drums TimeShift_1");
    assert_follow(&f, masks, "Program_Drums PitchDrum_36 Velocity_2 TimeShift_100",
                  "PitchDrum_0 Program_0 TimeShift_1");
    nm_free(f.context, masks);
    close_fixture(&f);
}

/* Which positions are allowed in bars of any length, on grids of any fineness. */
static void positions_ascend_within_the_bar(void **state) {
    (void)state;
    static const uint32_t grids[] = {1, 2, 4, 7, 12};
    for (size_t g = 0; g < sizeof grids / sizeof *grids; g++) {
        neume_codec_options options = event_options();
        options.grid = grids[g];
        fixture f = closed_codec(options);
        uint8_t *masks = nm_codec_masks(f.context, f.codec, 0);
        const uint32_t first = neume_codec_find(f.codec, 0, "Position_0");
        for (uint32_t n = 1; n <= 8; n++)
            for (uint32_t at = 0; at < n * grids[g]; at++) {
                char text[64];
                snprintf(text, sizeof text, "Bar TimeSig_%u/4 Position_%u Pedal_On", n, at);
                const uint32_t rule = nm_codec_grammar(f.codec)->rule[state_after(&f, text)];
                const uint8_t *mask = masks + (size_t)rule * neume_codec_word_count(f.codec, 0);
                for (uint32_t p = 0; p < 8 * grids[g]; p++)
                    assert_int_equal(mask[first + p], p > at && p < n * grids[g]);
            }
        nm_free(f.context, masks);
        close_fixture(&f);
    }
}

static void masks_are_small(void **state) {
    (void)state;
    neume_codec_options options = event_options();
    fixture f = closed_codec(options);
    assert_true((size_t)nm_codec_grammar(f.codec)->rule_count *
                    neume_codec_word_count(f.codec, 0) <=
                5 << 20);
    close_fixture(&f);
}

/* As many Duration_48+ as the longest note has, 64 quarters, and no more. */
static void notes_cannot_be_held_for_ever(void **state) {
    (void)state;
    fixture f = closed_codec(event_options());
    static const char *const words[] = {"Bar", "Position_0", "Pitch_60", "Velocity_66"};
    const uint32_t more = neume_codec_find(f.codec, 0, "Duration_48+");
    const nm_grammar *grammar = nm_codec_grammar(f.codec);
    uint32_t at = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        at = nm_grammar_next(grammar, at,
                             grammar->word_class[0][neume_codec_find(f.codec, 0, words[i])]);
    unsigned count = 0;
    while (nm_grammar_allowed(grammar, at)[grammar->word_class[0][more]]) {
        at = nm_grammar_next(grammar, at, grammar->word_class[0][more]);
        assert_true(count++ < 15);
    }
    assert_int_equal(count, 15);
    close_fixture(&f);
}

static void pitches_move_to_other_keys_and_drums_do_not(void **state) {
    (void)state;
    fixture f = open_codec(event_options());
    nm_codec_set_shifts(f.codec, -6, 5);
    close_vocabulary(&f, NULL);
    static const char *const pairs[][2] = {{"Pitch_60", "Pitch_65"},
                                           {"Pitch_122", "Pitch_127"},
                                           {"Pitch_123", NULL},
                                           {"PitchDrum_36", "PitchDrum_36"},
                                           {"Program_60", "Program_60"},
                                           {"Bar", "Bar"},
                                           {"Velocity_66", "Velocity_66"},
                                           {"<end>", "<end>"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const uint32_t word = neume_codec_find(f.codec, 0, pairs[i][0]);
        const uint32_t moved = nm_codec_shifted(f.codec, 0, word, 5);
        if (pairs[i][1])
            assert_string_equal(neume_codec_word(f.codec, 0, moved), pairs[i][1]);
        else
            assert_int_equal(moved, NEUME_NO_WORD);
    }
    close_fixture(&f);
}

/* The clock behind words. */
static nm_codec_clock clock_after(const fixture *f, const char *text, double tempo) {
    neume_sequence words = parse(f, text);
    nm_codec_clock clock;
    nm_codec_clock_begin(&clock, f->codec, tempo);
    for (size_t i = 0; i < words.step_count; i++)
        nm_codec_clock_say(&clock, 0, words.words[i]);
    neume_sequence_clear(f->context, &words);
    return clock;
}

static void assert_clock(const fixture *f, const char *text, double quarters, double bars,
                         double seconds) {
    const nm_codec_clock clock = clock_after(f, text, 0);
    assert_true(fabs(clock.quarters - quarters) < 1e-9);
    assert_true(fabs(nm_codec_clock_bars(&clock) - bars) < 1e-9);
    assert_true(fabs(clock.seconds - seconds) < 1e-4); /* tempos are whole microseconds */
}

static void the_clock_follows_bars_positions_metres_and_tempos(void **state) {
    (void)state;
    fixture f = closed_codec(event_options());
    assert_clock(&f, "", 0, 0, 0);
    assert_clock(&f, "Bar", 0, 0, 0);
    assert_clock(&f, "Bar Bar", 4, 1, 2);
    assert_clock(&f, "Bar Position_12 Pedal_On", 1, 0.25, 0.5);
    assert_clock(&f, "Bar Position_12 Pedal_On Bar", 4, 1, 2);
    assert_clock(&f, "Bar TimeSig_3/4 Bar Position_18 Pedal_On", 4.5, 1.5, 2.25);
    assert_clock(&f, "Bar TimeSig_5/16 Bar TimeSig_8/4 Bar", 9.25, 2, 4.625);
    assert_clock(&f, "Bar Position_24 Tempo_60 Position_36 Tempo_240 Bar", 4, 1, 1 + 1 + 0.25);
    const nm_codec_clock own = clock_after(&f, "Bar Position_24 Tempo_60 Bar", 240);
    assert_true(own.seconds == 1);
    close_fixture(&f);
    f = closed_codec(performance());
    assert_clock(&f, "TimeShift_25 Pitch_60", 0.5, 0.125, 0.25);
    assert_clock(&f, "TimeShift_100 TimeShift_100 TimeShift_100 Pitch_60", 6, 1.5, 3);
    close_fixture(&f);
}

/* The notes as a MIDI file can say them, see midi_write.h. */
static size_t clean(neume_note *out, const neume_note *notes, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_new = true;
        for (size_t j = 0; j < kept; j++) {
            neume_note *before = &out[j];
            if (before->channel != notes[i].channel || before->pitch != notes[i].pitch)
                continue;
            const uint64_t distance = notes[i].start_ticks - before->start_ticks;
            is_new = is_new && distance > 0;
            if (distance == 0 && before->duration_ticks < notes[i].duration_ticks)
                before->duration_ticks = notes[i].duration_ticks;
            if (distance == 0 && before->velocity < notes[i].velocity)
                before->velocity = notes[i].velocity;
            if (distance > 0 && before->duration_ticks > distance)
                before->duration_ticks = distance;
        }
        if (is_new)
            out[kept++] = notes[i];
    }
    return kept;
}

static void assert_midi_says(const fixture *f, const neume_score *score) {
    neume_note expected[256];
    size_t count, found, controls, read_controls;
    const neume_note *notes = neume_score_notes(score, &count);
    assert_true(count <= 256);
    count = clean(expected, notes, count);
    neume_score *again = rewritten(f->context, score);
    notes = neume_score_notes(again, &found);
    assert_int_equal(found, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(notes[i].start_ticks, expected[i].start_ticks);
        assert_int_equal(notes[i].duration_ticks, expected[i].duration_ticks);
        assert_int_equal(notes[i].pitch, expected[i].pitch);
        assert_int_equal(notes[i].velocity, expected[i].velocity);
        assert_int_equal(notes[i].channel, expected[i].channel);
        assert_int_equal(notes[i].program, expected[i].program);
    }
    (void)neume_score_controls(score, &controls);
    (void)neume_score_controls(again, &read_controls);
    assert_int_equal(controls, read_controls);
    assert_same_globals(score, again);
    neume_score_free(again);
}

/* Any words: decoded, they are music that a MIDI file says, and what it says survives. */
static void check_words(const fixture *f, const neume_sequence *words) {
    neume_score *score;
    assert_int_equal(neume_codec_decode(&score, f->codec, words), NEUME_OK);
    assert_midi_says(f, score);
    neume_sequence again = survive(f, score);
    neume_score_free(score);
    neume_sequence_clear(f->context, &again);
}

static void walk(const fixture *f, const uint8_t *masks, neume_sequence *out, uint64_t seed) {
    const uint32_t count = neume_codec_word_count(f->codec, 0);
    const nm_grammar *grammar = nm_codec_grammar(f->codec);
    uint32_t at = 0;
    out->step_count = 0;
    for (uint64_t draw = 0; out->step_count < 200; draw++) {
        const nm_random r = nm_random_at(seed, NM_PURPOSE_TEST, 1, draw);
        const uint32_t word = r.word[0] % count;
        if (!masks[(size_t)grammar->rule[at] * count + word] ||
            (word == NM_WORD_END && r.word[1] % 64))
            continue;
        out->words[out->step_count++] = word;
        at = nm_grammar_next(grammar, at, grammar->word_class[0][word]);
        if (word == NM_WORD_END)
            break;
    }
}

static neume_codec_options options_of(uint64_t i) {
    static const uint32_t grids[] = {12, 1, 7, 48, 13};
    neume_codec_options options = i % 6 == 5 ? performance() : event_options();
    options.grid = i % 6 < 5 ? grids[i % 6] : 12;
    return options;
}

static void what_the_grammar_allows_is_music(void **state) {
    (void)state;
    uint32_t words[200];
    for (uint64_t i = 0; i < 6; i++) {
        fixture f = closed_codec(options_of(i));
        uint8_t *masks = nm_codec_masks(f.context, f.codec, 0);
        for (uint64_t seed = 0; seed < 200; seed++) {
            neume_sequence sequence = {.words = words, .width = 1};
            walk(&f, masks, &sequence, seed);
            assert_grammatical(f.codec, &sequence);
            check_words(&f, &sequence);
        }
        nm_free(f.context, masks);
        close_fixture(&f);
    }
}

static void decoding_is_total(void **state) {
    (void)state;
    uint32_t words[100];
    for (uint64_t i = 0; i < 6; i++) {
        fixture f = closed_codec(options_of(i));
        for (uint64_t seed = 0; seed < 1000; seed++) {
            neume_sequence sequence = {.words = words, .width = 1, .step_count = 1 + seed % 100};
            for (size_t w = 0; w < sequence.step_count; w++)
                words[w] = 1 + nm_random_at(seed, NM_PURPOSE_TEST, w, i).word[0] %
                                   (neume_codec_word_count(f.codec, 0) - 1);
            check_words(&f, &sequence);
        }
        close_fixture(&f);
    }
}

static void keep_line(void *data, neume_log_level level, const char *line) {
    (void)level;
    snprintf(data, 256, "%s", line);
}

/* 20 programs on 15 channels: the last five share those that have been silent longest. */
static void more_programs_than_channels_share_them_and_it_is_said(void **state) {
    (void)state;
    char line[256] = "";
    neume_context_options context = neume_context_options_default();
    context.thread_count = 1;
    context.log = keep_line;
    context.log_data = line;
    fixture f;
    neume_codec_options options = event_options();
    assert_int_equal(neume_context_new(&f.context, &context, NULL), NEUME_OK);
    assert_int_equal(neume_codec_new(&f.codec, f.context, &options, NULL), NEUME_OK);
    neume_score *score = new_score(&f), *decoded;
    for (uint8_t program = 0; program < 20; program++)
        add_note_of(score, program * UINT64_C(480), 60, program);
    add_note_of(score, 14 * QUARTER, 61, 0); /* this channel is in use again */
    assert_int_equal(neume_score_sort(score), NEUME_OK);
    neume_sequence words = survive(&f, score);
    assert_int_equal(neume_codec_decode(&decoded, f.codec, &words), NEUME_OK);
    size_t count;
    const neume_note *notes = neume_score_notes(decoded, &count);
    assert_int_equal(count, 21);
    for (size_t i = 0; i < count; i++) {
        const unsigned program = notes[i].program;
        const unsigned of = program < 15 ? program : program - 14;
        assert_int_equal(notes[i].track, program);
        assert_int_equal(notes[i].channel, of + (of >= DRUM_CHANNEL));
    }
    assert_string_equal(line, "20 instruments share 15 channels");
    assert_midi_says(&f, decoded);
    neume_score_free(score);
    neume_score_free(decoded);
    neume_sequence_clear(f.context, &words);
    close_fixture(&f);
}

static void settings_and_vocabulary_make_the_same_codec_again(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 6; i++) {
        neume_codec_options options = options_of(i);
        options.drums = i % 2 ? NEUME_DRUMS_DROP : NEUME_DRUMS_KEEP;
        fixture f = closed_codec(options);
        char *settings = nm_codec_settings(f.codec);
        nm_buffer words = nm_buffer_on(f.context);
        neume_codec *again;
        neume_error error = {0};
        assert_int_equal(nm_codec_vocabulary(f.codec, &words), NEUME_OK);
        if (nm_codec_restore(&again, f.context, settings, (neume_bytes){words.data, words.size},
                             &error))
            fail_msg("%s", error.line);
        assert_int_equal(neume_codec_options_of(again)->timing, options.timing);
        assert_int_equal(neume_codec_options_of(again)->drums, options.drums);
        assert_int_equal(neume_codec_word_count(again, 0), neume_codec_word_count(f.codec, 0));
        neume_codec_free(again);
        nm_buffer_clear(&words);
        nm_free(f.context, settings);
        close_fixture(&f);
    }
}

static neume_status whole_life(neume_context *context, void *data) {
    const neume_codec_options *options = data;
    neume_codec *codec = NULL;
    neume_score *score = NULL;
    neume_sequence parsed = {0}, encoded = {0};
    uint64_t counts[1200];
    uint32_t remap[1200];
    neume_status status = neume_codec_new(&codec, context, options, NULL);
    const char *const text =
        options->timing == NEUME_TIMING_METRICAL
            ? "Bar TimeSig_3/4 Position_0 Tempo_60 Program_5 Pedal_On Pitch_60 Velocity_2 "
              "Duration_3 Program_Drums PitchDrum_36 Velocity_2 <end>"
            : "Program_5 Pedal_On Pitch_60 Velocity_2 Duration_5 TimeShift_3 Pitch_60 Velocity_2 "
              "Duration_5 <end>";
    if (!status)
        status = neume_codec_parse(&parsed, codec, text, NULL);
    if (!status)
        status = neume_codec_decode(&score, codec, &parsed);
    if (!status)
        status = nm_codec_close(codec, (const uint64_t *const[]){counts}, (uint32_t *[]){remap});
    if (!status)
        status = neume_codec_encode(&encoded, codec, score, NULL);
    if (!status)
        assert_int_equal(encoded.step_count, parsed.step_count);
    neume_score_free(score);
    neume_sequence_clear(context, &parsed);
    neume_sequence_clear(context, &encoded);
    neume_codec_free(codec);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    neume_codec_options options = event_options();
    options.grid = 1; /* few words, and so few allocations */
    test_each_allocation_failing(whole_life, &options);
    options = performance();
    test_each_allocation_failing(whole_life, &options);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vocabulary_is_fixed_and_parses),
        cmocka_unit_test(other_words_and_grids_are_refused),
        cmocka_unit_test(the_grammar_allows_what_the_codec_writes_and_little_more),
        cmocka_unit_test(the_grammar_of_performances_shifts_the_longest_first),
        cmocka_unit_test(positions_ascend_within_the_bar),
        cmocka_unit_test(masks_are_small),
        cmocka_unit_test(notes_cannot_be_held_for_ever),
        cmocka_unit_test(pitches_move_to_other_keys_and_drums_do_not),
        cmocka_unit_test(the_clock_follows_bars_positions_metres_and_tempos),
        cmocka_unit_test(what_the_grammar_allows_is_music),
        cmocka_unit_test(decoding_is_total),
        cmocka_unit_test(more_programs_than_channels_share_them_and_it_is_said),
        cmocka_unit_test(settings_and_vocabulary_make_the_same_codec_again),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
