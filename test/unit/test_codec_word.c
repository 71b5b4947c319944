/* SPDX-License-Identifier: ISC */
#include "test_codec.h"

#include "base/rng.h"
#include "music/chord.h"

static void a_note_is_its_name_and_a_chord_its_classes(void **state) {
    (void)state;
    fixture f = open_codec(neume_codec_options_default());
    const neume_note notes[] = {note_at(0, 64),   note_at(480, 61), note_at(480, 65),
                                note_at(480, 78), note_at(960, 52), note_at(960, 64),
                                note_at(5000, 70)};
    neume_sequence sequence = encode_notes(&f, notes, 7);
    assert_string_equal(text_of(&f, &sequence), "E4 1.5.6 4 B-4 <end>");
    assert_int_equal(sequence.note_count, 7);
    assert_int_equal(sequence.omission_count, 0);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void leaves_out_and_counts_what_it_cannot_say(void **state) {
    (void)state;
    neume_codec_options options = neume_codec_options_default();
    options.track = 1;
    options.program = 40;
    fixture f = open_codec(options);
    neume_note notes[9];
    for (int i = 0; i < 9; i++) {
        notes[i] = note_at(0, 60);
        notes[i].track = 1;
        notes[i].program = 40;
    }
    notes[0].channel = 9;
    notes[1].track = 0;
    notes[2].program = 0;
    notes[3].program = 41;
    notes[5].port = 1;   /* pitch 60 once more */
    notes[6].pitch = 72; /* its class once more, in a chord */
    notes[7].pitch = 64;
    notes[8].pitch = 62;
    notes[8].start_ticks = 480;
    neume_sequence sequence = encode_notes(&f, notes, 9);
    assert_string_equal(text_of(&f, &sequence), "0.4 D4 <end>");
    assert_int_equal(omitted(&sequence, "drums"), 1);
    assert_int_equal(omitted(&sequence, "other-tracks"), 1);
    assert_int_equal(omitted(&sequence, "other-programs"), 2);
    assert_int_equal(omitted(&sequence, "unisons"), 1);
    assert_int_equal(omitted(&sequence, "doublings"), 1);
    assert_int_equal(sequence.note_count, 3);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void a_score_without_a_note_to_say_gives_no_steps(void **state) {
    (void)state;
    fixture f = open_codec(neume_codec_options_default());
    neume_note drum = note_at(0, 36);
    drum.channel = 9;
    neume_sequence sequence = encode_notes(&f, &drum, 1);
    assert_int_equal(sequence.step_count, 0);
    assert_int_equal(omitted(&sequence, "drums"), 1);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

/* At 480 ticks a quarter a cell of 1/12 is 40 ticks: 20 goes up to the second cell, 19 stays. */
static void onsets_in_one_cell_are_one_word_and_halves_go_up(void **state) {
    (void)state;
    fixture f = open_codec(neume_codec_options_default());
    const neume_note notes[] = {note_at(0, 60),  note_at(19, 64),  note_at(20, 62), note_at(59, 65),
                                note_at(60, 67), note_at(120, 69), note_at(240, 71)};
    neume_sequence sequence = encode_notes(&f, notes, 7);
    assert_string_equal(text_of(&f, &sequence), "0.4 2.5 G4 A4 B4 <end>");
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void a_run_of_sixteenths_stays_a_run_at_any_resolution(void **state) {
    (void)state;
    static const uint32_t resolutions[] = {1, 4, 7, 96, 120, 480, 1024, 32767};
    fixture f = open_codec(neume_codec_options_default());
    for (size_t r = 0; r < sizeof resolutions / sizeof *resolutions; r++) {
        neume_score *score;
        neume_sequence sequence;
        assert_int_equal(neume_score_new(&score, f.context), NEUME_OK);
        neume_score_set_ticks_per_quarter(score, resolutions[r]);
        for (uint64_t i = 0; i < 16; i++) {
            neume_note note = note_at((i * resolutions[r] + 2) / 4, (uint8_t)(60 + i));
            assert_int_equal(neume_score_add_note(score, &note), NEUME_OK);
        }
        assert_int_equal(neume_codec_encode(&sequence, f.codec, score, NULL), NEUME_OK);
        assert_int_equal(sequence.step_count, (resolutions[r] == 1 ? 5 : 16) + 1);
        neume_sequence_clear(f.context, &sequence);
        neume_score_free(score);
    }
    close_fixture(&f);
}

static void takes_any_ticks_and_resolution(void **state) {
    (void)state;
    fixture f = open_codec(neume_codec_options_default());
    static const uint32_t resolutions[] = {0, 1, UINT32_MAX};
    for (int r = 0; r < 3; r++) {
        const neume_note notes[] = {note_at(0, 60), note_at(UINT64_MAX, 61),
                                    note_at(UINT64_MAX - 1, 62)};
        neume_score *score = score_of(&f, notes, 3);
        neume_score_set_ticks_per_quarter(score, resolutions[r]);
        neume_sequence sequence;
        assert_int_equal(neume_codec_encode(&sequence, f.codec, score, NULL), NEUME_OK);
        assert_true(sequence.step_count >= 2);
        neume_sequence_clear(f.context, &sequence);
        neume_score_free(score);
    }
    close_fixture(&f);
}

static void true_pitches_are_kept_on_request(void **state) {
    (void)state;
    neume_codec_options options = neume_codec_options_default();
    options.voicing = NEUME_VOICING_PITCHES;
    fixture f = open_codec(options);
    const neume_note notes[] = {note_at(0, 67), note_at(0, 60), note_at(0, 72), note_at(480, 64)};
    neume_sequence sequence = encode_notes(&f, notes, 4);
    assert_string_equal(text_of(&f, &sequence), "C4.G4.C5 E4 <end>");
    assert_int_equal(sequence.note_count, 4);
    assert_int_equal(sequence.omission_count, 0);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void assert_notes(const neume_score *score, const neume_note *expected, size_t count) {
    size_t found;
    const neume_note *notes = neume_score_notes(score, &found);
    assert_int_equal(found, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(notes[i].start_ticks, expected[i].start_ticks);
        assert_int_equal(notes[i].duration_ticks, 240);
        assert_int_equal(notes[i].pitch, expected[i].pitch);
        assert_int_equal(notes[i].velocity, 80);
    }
}

static void decodes_half_a_quarter_apart_and_upward_from_c4(void **state) {
    (void)state;
    fixture f = open_codec(neume_codec_options_default());
    neume_sequence sequence;
    neume_score *score;
    assert_int_equal(neume_codec_parse(&sequence, f.codec, " E2\t10.2.5\n4 <unk> C-1 <end> ", NULL),
                     NEUME_OK);
    assert_int_equal(sequence.step_count, 6);
    assert_int_equal(sequence.note_count, 7);
    assert_int_equal(neume_codec_decode(&score, f.codec, &sequence), NEUME_OK);
    const neume_note expected[] = {note_at(0, 40),   note_at(240, 62), note_at(240, 65),
                                   note_at(240, 70), note_at(480, 64), note_at(480, 76),
                                   note_at(960, 0)};
    assert_notes(score, expected, 7);
    size_t count;
    assert_int_equal(neume_score_tempos(score, &count)->microseconds_per_quarter, 500000);
    assert_int_equal(neume_score_time_signatures(score, &count)->numerator, 4);
    assert_int_equal(neume_score_ticks_per_quarter(score), 480);
    neume_score_free(score);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

/* Encodes what a sequence decodes to and compares; `sequence` is without <end>. */
static void assert_identity(const fixture *f, const neume_sequence *sequence) {
    neume_score *score;
    neume_sequence again;
    assert_int_equal(neume_codec_decode(&score, f->codec, sequence), NEUME_OK);
    assert_int_equal(neume_codec_encode(&again, f->codec, score, NULL), NEUME_OK);
    assert_int_equal(again.step_count, sequence->step_count + 1);
    assert_memory_equal(again.words, sequence->words,
                        sequence->step_count * sizeof *sequence->words);
    assert_int_equal(again.words[sequence->step_count], NM_WORD_END);
    assert_int_equal(again.note_count, sequence->note_count);
    assert_int_equal(again.omission_count, 0);
    neume_sequence_clear(f->context, &again);
    neume_score_free(score);
}

/* A random note, or a chord of up to 6 pitches, in quarter `cell`. */
static size_t random_chord(neume_note *notes, uint64_t cell) {
    const nm_random r = nm_random_at(3, NM_PURPOSE_TEST, 1, cell);
    const size_t count = 1 + r.word[0] % 6;
    for (size_t i = 0; i < count; i++)
        notes[i] = note_at(480 * cell,
                           (uint8_t)(nm_random_at(3, NM_PURPOSE_TEST, 2 + i, cell).word[0] % 128));
    return count;
}

static void random_words_survive_decoding_with(neume_codec_options options) {
    fixture f = open_codec(options);
    enum { CHORDS = 3000 };
    neume_note *notes = nm_alloc(f.context, 6 * CHORDS, sizeof *notes);
    size_t count = 0;
    for (uint64_t cell = 0; cell < CHORDS; cell++)
        count += random_chord(notes + count, cell);
    neume_sequence sequence = encode_notes(&f, notes, count);
    assert_int_equal(sequence.step_count, CHORDS + 1);
    sequence.step_count--;
    assert_identity(&f, &sequence);
    close_vocabulary(&f, &sequence);
    assert_identity(&f, &sequence);
    neume_sequence_clear(f.context, &sequence);
    nm_free(f.context, notes);
    close_fixture(&f);
}

static void decoding_random_words_and_encoding_them_gives_the_words_again(void **state) {
    (void)state;
    neume_codec_options options = neume_codec_options_default();
    random_words_survive_decoding_with(options);
    options.voicing = NEUME_VOICING_PITCHES;
    random_words_survive_decoding_with(options);
    options.spacing_quarters = 1.0 / 12;
    random_words_survive_decoding_with(options);
    options.spacing_quarters = 0.3141592;
    random_words_survive_decoding_with(options);
    options.grid = 7;
    options.spacing_quarters = 69.0 / 480;
    random_words_survive_decoding_with(options);
    options.grid = 960;
    options.spacing_quarters = 1.0 / 480;
    random_words_survive_decoding_with(options);
    options.spacing_quarters = 64;
    random_words_survive_decoding_with(options);
}

static void decoding_is_total(void **state) {
    (void)state;
    fixture f = open_codec(neume_codec_options_default());
    neume_sequence sequence;
    assert_int_equal(neume_codec_parse(&sequence, f.codec, "C4 E4 0.4.7 4 11 G9 C-1 1.5.6", NULL),
                     NEUME_OK);
    close_vocabulary(&f, &sequence);
    const uint32_t word_count = neume_codec_word_count(f.codec, 0);
    for (uint64_t i = 0; i < 100000; i++) {
        const nm_random r = nm_random_at(5, NM_PURPOSE_TEST, 0, i);
        sequence.step_count = r.word[0] % 9;
        for (size_t step = 0; step < sequence.step_count; step++)
            sequence.words[step] = (r.word[1] >> 4 * step) % (word_count + i % 2);
        neume_score *score;
        assert_int_equal(neume_codec_decode(&score, f.codec, &sequence), NEUME_OK);
        neume_score_free(score);
    }
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

enum { PAIRS = 128 * 127 / 2 };

/* Two pitches and, where there is one, the third two octaves above the lower. */
typedef struct pairs {
    neume_note notes[6 * PAIRS];
    nm_pitch_set chords[PAIRS];
    size_t note_count, third_count;
} pairs;

static void strike(pairs *all, size_t chord, unsigned pitch) {
    nm_pitch_set_add(&all->chords[chord], pitch);
    for (unsigned again = 0; again < 2; again++)
        all->notes[all->note_count++] = note_at(480 * (2 * chord + again), (uint8_t)pitch);
}

static void strike_all(pairs *all) {
    size_t chord = 0;
    for (unsigned high = 1; high < 128; high++)
        for (unsigned low = 0; low < high; low++, chord++) {
            strike(all, chord, low);
            strike(all, chord, high);
            if (low + 24 < 128 && low + 24 != high) {
                strike(all, chord, low + 24);
                all->third_count += 2;
            }
        }
}

/* Far more chords than an encoding remembers, each twice. */
static void assert_own_words(const pairs *all, neume_voicing voicing, size_t doublings) {
    neume_codec_options options = neume_codec_options_default();
    options.voicing = voicing;
    fixture f = open_codec(options);
    neume_sequence sequence = encode_notes(&f, all->notes, all->note_count);
    assert_int_equal(sequence.step_count, 2 * PAIRS + 1);
    for (size_t i = 0; i < 2 * PAIRS; i++) {
        char text[NM_CHORD_TEXT_SIZE];
        nm_chord_spell(text, &all->chords[i / 2], voicing);
        assert_string_equal(neume_codec_word(f.codec, 0, sequence.words[i]), text);
    }
    assert_int_equal(omitted(&sequence, "doublings"), doublings);
    assert_int_equal(sequence.note_count, all->note_count - doublings);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void every_chord_has_its_own_word(void **state) {
    (void)state;
    static pairs all;
    strike_all(&all);
    assert_own_words(&all, NEUME_VOICING_CLASSES, all.third_count);
    assert_own_words(&all, NEUME_VOICING_PITCHES, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_note_is_its_name_and_a_chord_its_classes),
        cmocka_unit_test(leaves_out_and_counts_what_it_cannot_say),
        cmocka_unit_test(a_score_without_a_note_to_say_gives_no_steps),
        cmocka_unit_test(onsets_in_one_cell_are_one_word_and_halves_go_up),
        cmocka_unit_test(a_run_of_sixteenths_stays_a_run_at_any_resolution),
        cmocka_unit_test(takes_any_ticks_and_resolution),
        cmocka_unit_test(true_pitches_are_kept_on_request),
        cmocka_unit_test(decodes_half_a_quarter_apart_and_upward_from_c4),
        cmocka_unit_test(decoding_random_words_and_encoding_them_gives_the_words_again),
        cmocka_unit_test(decoding_is_total),
        cmocka_unit_test(every_chord_has_its_own_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
