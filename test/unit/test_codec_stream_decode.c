/* SPDX-License-Identifier: ISC */
/* Codec "stream" back to scores and MIDI files. */
#include "test_codec_stream.h"

#include "base/rng.h"
#include "midi_compare.h"

static void assert_note(const neume_note *note, neume_note expected) {
    assert_int_equal(note->start_ticks, expected.start_ticks);
    assert_int_equal(note->duration_ticks, expected.duration_ticks);
    assert_int_equal(note->pitch, expected.pitch);
    assert_int_equal(note->program, expected.program);
    assert_int_equal(note->velocity, 80);
}

static void decodes_what_is_unknown_as_silence_no_gap_a_quarter_and_program_0(void **state) {
    (void)state;
    fixture f = open_codec(stream_options());
    neume_sequence sequence;
    neume_score *score;
    assert_int_equal(neume_codec_parse(&sequence, f.codec,
                                       "E2 1 1/3 p40 <unk> 1/2 2 p5 10.2.5 <unk> <unk> <unk> "
                                       "C4 <end> <end> <end> <end> 1 1/24 p1 4 1/24 1/24 p40 ",
                                       NULL),
                     NEUME_OK);
    assert_int_equal(sequence.note_count, 7);
    assert_int_equal(neume_codec_decode(&score, f.codec, &sequence), NEUME_OK);
    const neume_note expected[] = {note_of(480, 160, 40, 40), note_of(720, 480, 60, 0),
                                   note_of(720, 480, 62, 0),  note_of(720, 480, 65, 0),
                                   note_of(720, 480, 70, 0),  note_of(1220, 20, 64, 40),
                                   note_of(1220, 20, 76, 40)};
    size_t count;
    const neume_note *notes = neume_score_notes(score, &count);
    assert_int_equal(count, 7);
    for (size_t i = 0; i < 7; i++)
        assert_note(&notes[i], expected[i]);
    assert_int_equal(neume_score_tempos(score, &count)->microseconds_per_quarter, 500000);
    assert_int_equal(neume_score_time_signatures(score, &count)->numerator, 4);
    assert_int_equal(neume_score_ticks_per_quarter(score), 480);
    neume_score_free(score);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void each_program_has_its_track_and_one_of_15_channels(void **state) {
    (void)state;
    fixture f = open_codec(stream_options());
    neume_note notes[128];
    for (unsigned i = 0; i < 128; i++)
        notes[i] = note_of(480 * (uint64_t)i, 480, 60, (uint8_t)((i * 37 + 5) % 128));
    neume_sequence sequence = encode_notes(&f, notes, 128), again;
    neume_score *score;
    assert_int_equal(neume_codec_decode(&score, f.codec, &sequence), NEUME_OK);
    size_t count;
    const neume_note *decoded = neume_score_notes(score, &count);
    assert_int_equal(count, 128);
    for (unsigned i = 0; i < 128; i++) {
        assert_note(&decoded[i], notes[i]);
        assert_int_equal(decoded[i].track, i);
        assert_int_equal(decoded[i].channel, i % 15 < 9 ? i % 15 : i % 15 + 1);
    }
    assert_int_equal(neume_codec_encode(&again, f.codec, score, NULL), NEUME_OK);
    assert_memory_equal(sequence.words, again.words,
                        sequence.step_count * STREAMS * sizeof *sequence.words);
    neume_score_free(score);
    neume_sequence_clear(f.context, &sequence);
    neume_sequence_clear(f.context, &again);
    close_fixture(&f);
}

/* Many programs, chords and long overlapping notes on the grid: with true pitches and one length a
 * chord, encoding and decoding gives every note again. */
static void what_lies_on_the_grid_comes_back_note_for_note(void **state) {
    (void)state;
    enum { EVENTS = 2000 };
    neume_codec_options options = stream_options();
    options.voicing = NEUME_VOICING_PITCHES;
    fixture f = open_codec(options);
    neume_note *notes = nm_alloc(f.context, 2 * EVENTS, sizeof *notes);
    for (uint64_t i = 0; i < EVENTS; i++) {
        const nm_random r = nm_random_at(3, NM_PURPOSE_TEST, 1, i);
        const uint64_t start = i / 4 * 160 + 20 * (i / 4 % 3), length = 20 + r.word[0] % 100 * 20;
        const uint8_t program = (uint8_t)(r.word[1] % 32 * 4 + i % 4);
        notes[2 * i] = note_of(start, length, (uint8_t)(r.word[2] % 60), program);
        notes[2 * i + 1] = note_of(start, length, (uint8_t)(60 + r.word[3] % 60), program);
    }
    neume_sequence sequence = encode_notes(&f, notes, (size_t)2 * EVENTS);
    assert_int_equal(sequence.note_count, 2 * EVENTS);
    assert_int_equal(sequence.step_count, EVENTS + 1);
    neume_score *score;
    assert_int_equal(neume_codec_decode(&score, f.codec, &sequence), NEUME_OK);
    size_t count, found = 0;
    const neume_note *decoded = neume_score_notes(score, &count);
    assert_int_equal(count, 2 * EVENTS);
    for (size_t i = 0; i < count; i++)
        for (size_t j = i / 8 * 8; j < i / 8 * 8 + 8; j++)
            found += decoded[i].start_ticks == notes[j].start_ticks &&
                     decoded[i].duration_ticks == notes[j].duration_ticks &&
                     decoded[i].pitch == notes[j].pitch && decoded[i].program == notes[j].program;
    assert_int_equal(found, 2 * EVENTS);
    neume_score_free(score);
    nm_free(f.context, notes);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

/* A piece as the encoder writes it, of `cells` onsets at random distances. */
static neume_sequence random_piece(const fixture *f, uint64_t seed) {
    enum { NOTES = 3000 };
    const uint32_t grid = neume_codec_options_of(f->codec)->grid;
    neume_note *notes = nm_alloc(f->context, NOTES, sizeof *notes);
    uint64_t cell = 0;
    for (uint64_t i = 0; i < NOTES; i++) {
        const nm_random r = nm_random_at(seed, NM_PURPOSE_TEST, 1, i);
        cell += r.word[0] % 3 ? 0 : r.word[1] % (80 * grid);
        notes[i] = note_of(cell * 1000, r.word[2] % (70 * grid) * 1000 + r.word[1] % 1000,
                           (uint8_t)(r.word[3] % 128), (uint8_t)(r.word[3] >> 8 & 127));
    }
    neume_score *score = score_of(f, notes, NOTES);
    neume_score_set_ticks_per_quarter(score, grid * 1000);
    neume_sequence sequence;
    assert_int_equal(neume_codec_encode(&sequence, f->codec, score, NULL), NEUME_OK);
    neume_score_free(score);
    nm_free(f->context, notes);
    return sequence;
}

static void assert_identity(const fixture *f, const neume_sequence *sequence) {
    neume_score *score;
    neume_sequence again;
    assert_int_equal(neume_codec_decode(&score, f->codec, sequence), NEUME_OK);
    assert_int_equal(neume_codec_encode(&again, f->codec, score, NULL), NEUME_OK);
    assert_int_equal(again.step_count, sequence->step_count);
    assert_memory_equal(again.words, sequence->words,
                        sequence->step_count * STREAMS * sizeof *sequence->words);
    assert_int_equal(again.note_count, sequence->note_count);
    assert_int_equal(again.omission_count, 0);
    neume_sequence_clear(f->context, &again);
    neume_score_free(score);
}

static void the_example_of_the_documentation_comes_back(void **state) {
    (void)state;
    fixture f = open_codec(stream_options());
    neume_sequence sequence;
    assert_int_equal(neume_codec_parse(&sequence, f.codec,
                                       "0.4.7 0 1 p0    C3 0 3/2 p42    E4 3/2 1/2 p0    "
                                       "<end> <end> <end> <end>",
                                       NULL),
                     NEUME_OK);
    assert_identity(&f, &sequence);
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

static void decoding_random_pieces_and_encoding_them_gives_the_words_again(void **state) {
    (void)state;
    static const uint32_t grids[] = {1, 4, 7, 24, 96, 239, 241, 479, 480};
    for (size_t i = 0; i < sizeof grids / sizeof *grids; i++) {
        neume_codec_options options = stream_options();
        options.grid = grids[i];
        options.voicing = i % 2 ? NEUME_VOICING_PITCHES : NEUME_VOICING_CLASSES;
        fixture f = open_codec(options);
        neume_sequence sequence = random_piece(&f, i);
        assert_identity(&f, &sequence);
        close_vocabulary(&f, &sequence);
        assert_grammatical(f.codec, &sequence);
        assert_identity(&f, &sequence);
        neume_sequence_clear(f.context, &sequence);
        close_fixture(&f);
    }
}

/* The notes as a MIDI file can say them: of those that begin together on a key of a channel one, as
 * long as the longest; and none sounds on when its key is struck again. Returns how many are left.
 */
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
            if (distance > 0 && before->duration_ticks > distance)
                before->duration_ticks = distance;
        }
        if (is_new)
            out[kept++] = notes[i];
    }
    return kept;
}

static void assert_midi_says(const fixture *f, const neume_score *score) {
    enum { MOST_NOTES = 128 };
    neume_note expected[MOST_NOTES];
    size_t count, found;
    const neume_note *notes = neume_score_notes(score, &count);
    assert_true(count <= MOST_NOTES);
    count = clean(expected, notes, count);
    neume_score *again = rewritten(f->context, score);
    notes = neume_score_notes(again, &found);
    assert_int_equal(found, count);
    for (size_t i = 0; i < count; i++) {
        assert_note(&notes[i], expected[i]);
        assert_int_equal(notes[i].channel, expected[i].channel);
    }
    assert_same_globals(score, again);
    neume_score_free(again);
}

static void decoding_is_total_and_midi_files_say_what_it_gives(void **state) {
    (void)state;
    fixture f = open_codec(stream_options());
    neume_sequence sequence;
    assert_int_equal(neume_codec_parse(&sequence, f.codec,
                                       "C4 0 1/24 p0 0.4 1/24 1/3 p1 4 1 64 p127 G9 64 1 p9 "
                                       "C-1 3/2 11/24 p40 0.4.7 1/3 2 p41 E4 2 3 p42",
                                       NULL),
                     NEUME_OK);
    close_vocabulary(&f, &sequence);
    for (uint64_t i = 0; i < 100000; i++) {
        sequence.step_count = 1 + i % 7;
        for (size_t w = 0; w < sequence.step_count * STREAMS; w++)
            sequence.words[w] = nm_random_at(5, NM_PURPOSE_TEST, w, i).word[0] %
                                neume_codec_word_count(f.codec, (unsigned)(w % STREAMS));
        neume_score *score;
        assert_int_equal(neume_codec_decode(&score, f.codec, &sequence), NEUME_OK);
        assert_midi_says(&f, score);
        neume_score_free(score);
    }
    neume_sequence_clear(f.context, &sequence);
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_what_is_unknown_as_silence_no_gap_a_quarter_and_program_0),
        cmocka_unit_test(each_program_has_its_track_and_one_of_15_channels),
        cmocka_unit_test(what_lies_on_the_grid_comes_back_note_for_note),
        cmocka_unit_test(the_example_of_the_documentation_comes_back),
        cmocka_unit_test(decoding_random_pieces_and_encoding_them_gives_the_words_again),
        cmocka_unit_test(decoding_is_total_and_midi_files_say_what_it_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
