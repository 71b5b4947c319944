/* SPDX-License-Identifier: ISC */
/* Side features and head maps of codec "frame", against a slow reference that is given the frames
 * as lists and no words. */
#include "test_codec_frame.h"

#include "base/rng.h"
#include "learn/benchmark.h"

enum { END = 128, BOS = 129, FEATURES = 16, MAX_FRAMES = 512 };

static fixture closed_codec(neume_order order) {
    fixture f = open_codec(frame_options(2, order));
    nm_codec_set_shifts(f.codec, -6, 6);
    close_vocabulary(&f, NULL);
    return f;
}

/* A piece as the reference sees it: ascending numbers, 127 minus the MIDI number where frames are
 * said from the top, moved by k semitones. */
typedef struct frame_lists {
    int notes[MAX_FRAMES][NM_PITCHES], counts[MAX_FRAMES], frame_count;
    bool is_descending;
    int k;
} frame_lists;

static void make_piece(frame_lists *p, const nm_roll *roll, bool is_descending, int k) {
    *p = (frame_lists){.is_descending = is_descending, .k = k};
    assert_true(roll->frame_count <= MAX_FRAMES);
    p->frame_count = (int)roll->frame_count;
    for (int t = 0; t < p->frame_count; t++)
        for (int number = 0; number < NM_PITCHES; number++) {
            const int pitch = (is_descending ? 127 - number : number) - k;
            if (pitch >= 0 && pitch < NM_PITCHES &&
                nm_pitch_set_has(&roll->frames[t], (unsigned)pitch))
                p->notes[t][p->counts[t]++] = number;
        }
}

/* v(t, j): the j-th note of frame t. */
static int voice(const frame_lists *p, int t, int j) {
    if (t < 0)
        return BOS;
    return j >= 0 && j < p->counts[t] ? p->notes[t][j] : END;
}

static int interval(int p, int q) {
    if (p >= END || q >= END)
        return 49;
    return (p - q < -24 ? -24 : p - q > 24 ? 24 : p - q) + 24;
}

static int degree(const frame_lists *p, int number) {
    if (number >= END)
        return 12;
    return ((p->is_descending ? 127 - number : number) - p->k + 120) % 12;
}

static void reference(const frame_lists *p, int t, int j, int features[FEATURES], int contexts[4]) {
    const int last = j ? p->notes[t][j - 1] : END, first = j ? p->notes[t][0] : END;
    const int v1 = voice(p, t - 1, j), v2 = voice(p, t - 2, j), below = voice(p, t - 1, j - 1);
    const int values[FEATURES] = {j < 7 ? j : 7,
                                  t % 4,
                                  t % 8,
                                  t % 16,
                                  t % 32,
                                  v1,
                                  voice(p, t - 1, j + 1),
                                  below,
                                  v2,
                                  interval(last, below),
                                  interval(v1, last),
                                  interval(v1, v2),
                                  interval(last, first),
                                  degree(p, last),
                                  degree(p, v1),
                                  degree(p, v2)};
    memcpy(features, values, sizeof values);
    contexts[0] = 0;
    contexts[1] = v1 < END ? v1 : END;
    contexts[2] = last;
    contexts[3] = (p->k + 120) % 12;
}

/* Follows the words of a piece; before each of them all is as the reference says. Returns how many
 * words there were. */
static size_t compare_piece(const fixture *f, const frame_lists *p) {
    nm_tracker tracker;
    size_t count = 0;
    nm_codec_track_begin(f->codec, &tracker, p->k);
    for (int t = 0; t < p->frame_count; t++)
        for (int j = 0; j <= p->counts[t]; j++, count++) {
            uint32_t features[FEATURES], contexts[4];
            int expected[FEATURES], expected_contexts[4];
            reference(p, t, j, expected, expected_contexts);
            nm_codec_read_side(f->codec, &tracker, features, contexts);
            for (int i = 0; i < FEATURES; i++) {
                if ((int)features[i] != expected[i])
                    fail_msg("frame %d, note %d: feature %d is %u, expected %d", t, j, i,
                             features[i], expected[i]);
                assert_true(features[i] < nm_codec_feature_size(f->codec, (unsigned)i));
            }
            for (int i = 0; i < 4; i++)
                assert_int_equal(contexts[i], expected_contexts[i]);
            const uint32_t word = j < p->counts[t] ? 3 + (uint32_t)p->notes[t][j] : 2;
            nm_codec_track(f->codec, &tracker, &word);
        }
    return count;
}

static void features_of_real_chorales_are_those_of_the_reference(void **state) {
    (void)state;
    const char *folder = test_shared();
    if (!folder)
        skip();
    char path[4096];
    static frame_lists p;
    snprintf(path, sizeof path, "%s/data/benchmarks/jsb-chorales.json", folder);
    for (int order = 0; order < 2; order++) {
        fixture f = closed_codec((neume_order)order);
        nm_benchmark *set;
        size_t words = 0;
        assert_int_equal(nm_benchmark_load(&set, f.context, path, NULL), NEUME_OK);
        for (size_t i = 0; i < 20; i++) {
            make_piece(&p, nm_benchmark_roll(set, NEUME_SPLIT_TRAIN, i), order, (int)(i % 12) - 5);
            words += compare_piece(&f, &p);
        }
        assert_true(words > 5000);
        nm_benchmark_free(set);
        close_fixture(&f);
    }
}

/* Up to 128 notes a frame, silence, leaps. */
static void random_roll(nm_roll *roll, uint64_t seed) {
    for (size_t t = 0; t < roll->frame_count; t++) {
        const nm_random r = nm_random_at(seed, NM_PURPOSE_TEST, t, 0);
        const uint64_t more = r.word[2] % 8 == 0 ? UINT64_MAX : 0;
        for (unsigned i = 0; i < 2; i++) {
            const nm_random bits = nm_random_at(seed, NM_PURPOSE_TEST, t, 1 + i);
            const uint64_t sparse =
                ((uint64_t)(bits.word[0] & bits.word[1]) << 32) | (bits.word[2] & bits.word[3]);
            roll->frames[t].bits[i] = r.word[3] % 5 ? sparse & ((uint64_t)r.word[i] << 20) : more;
        }
    }
}

static void features_of_any_frames_are_those_of_the_reference(void **state) {
    (void)state;
    static nm_pitch_set frames[MAX_FRAMES];
    static frame_lists p;
    nm_roll roll = {.frames = frames, .frame_count = 100};
    for (int seed = 0; seed < 20; seed++) {
        fixture f = closed_codec((neume_order)(seed % 2));
        random_roll(&roll, (uint64_t)seed);
        make_piece(&p, &roll, seed % 2, seed % 11 - 5);
        assert_true(compare_piece(&f, &p) > 100);
        close_fixture(&f);
    }
}

static void degrees_stay_when_a_piece_is_moved(void **state) {
    (void)state;
    for (int order = 0; order < 2; order++)
        for (int shift = -6; shift <= 6; shift++) {
            fixture f = closed_codec((neume_order)order);
            neume_sequence piece;
            assert_int_equal(neume_codec_parse(&piece, f.codec,
                                               order ? "67 64 60 . 65 62 . . 71 60 48 ."
                                                     : "60 64 67 . 62 65 . . 48 60 71 .",
                                               NULL),
                             NEUME_OK);
            nm_tracker here, there;
            nm_codec_track_begin(f.codec, &here, 0);
            nm_codec_track_begin(f.codec, &there, shift);
            for (size_t i = 0; i < piece.step_count; i++) {
                uint32_t features[2][FEATURES], contexts[2][4];
                const uint32_t moved = nm_codec_shifted(f.codec, 0, piece.words[i], shift);
                nm_codec_read_side(f.codec, &here, features[0], contexts[0]);
                nm_codec_read_side(f.codec, &there, features[1], contexts[1]);
                assert_memory_equal(features[0], features[1], 5 * sizeof **features);
                assert_memory_equal(features[0] + 9, features[1] + 9, 7 * sizeof **features);
                assert_int_equal(contexts[1][3], (shift + 12) % 12);
                nm_codec_track(f.codec, &here, &piece.words[i]);
                nm_codec_track(f.codec, &there, &moved);
            }
            neume_sequence_clear(f.context, &piece);
            close_fixture(&f);
        }
}

/* Copies of a tracker that are told other words do not disturb it. */
static void a_tracker_depends_on_the_past_alone_and_takes_any_word(void **state) {
    (void)state;
    fixture f = closed_codec(NEUME_ORDER_ASCENDING);
    nm_tracker one, other;
    memset(&one, 0, sizeof one);
    memset(&other, 0xFF, sizeof other);
    nm_codec_track_begin(f.codec, &one, 3);
    nm_codec_track_begin(f.codec, &other, 3);
    for (uint64_t i = 0; i < 20000; i++) {
        uint32_t features[2][FEATURES], contexts[2][4];
        const nm_random r = nm_random_at(7, NM_PURPOSE_TEST, 0, i);
        const uint32_t word = r.word[0] % 8 == 0 ? NM_FRAME_PERIOD : r.word[1] % 131;
        nm_codec_read_side(f.codec, &one, features[0], contexts[0]);
        nm_tracker copy = one;
        nm_codec_track(f.codec, &copy, &(uint32_t){r.word[2] % 131});
        nm_codec_read_side(f.codec, &other, features[1], contexts[1]);
        assert_memory_equal(features[0], features[1], sizeof *features);
        assert_memory_equal(contexts[0], contexts[1], sizeof *contexts);
        for (unsigned feature = 0; feature < FEATURES; feature++)
            assert_true(features[0][feature] < nm_codec_feature_size(f.codec, feature));
        assert_true(contexts[0][1] <= 128 && contexts[0][2] <= 128 && contexts[0][3] < 12);
        nm_codec_track(f.codec, &one, &word);
        nm_codec_track(f.codec, &other, &word);
    }
    const nm_tracker before = one;
    static const uint32_t say_nothing[] = {NM_WORD_END, NM_WORD_UNKNOWN, NM_FRAME_WORDS,
                                           NEUME_NO_WORD};
    for (size_t i = 0; i < sizeof say_nothing / sizeof *say_nothing; i++)
        nm_codec_track(f.codec, &one, &say_nothing[i]);
    assert_memory_equal(&one, &before, sizeof one);
    close_fixture(&f);
}

/* What train.py's Net.logits looks up for a pitch number; width means none. */
static int expected_output(unsigned map, int context, int number, bool is_descending) {
    if (map == 0)
        return number + 3;
    if (map == 1)
        return context < END ? interval(number, context) : NM_NO_OUTPUT;
    if (map == 2)
        return context < END && number > context ? number - context - 1 : NM_NO_OUTPUT;
    return ((is_descending ? 127 - number : number) - context + 12) % 12;
}

static void maps_say_absolute_voice_chord_and_degree(void **state) {
    (void)state;
    static const uint32_t contexts[] = {1, 129, 129, 12}, widths[] = {131, 49, 127, 12};
    for (int order = 0; order < 2; order++) {
        fixture f = closed_codec((neume_order)order);
        assert_int_equal(nm_codec_map_count(f.codec), 4);
        assert_int_equal(nm_codec_feature_count(f.codec), FEATURES);
        for (unsigned map = 0; map < 4; map++) {
            uint32_t context_count, width;
            uint16_t *table = nm_codec_map(f.context, f.codec, map, &context_count, &width);
            assert_int_equal(context_count, contexts[map]);
            assert_int_equal(width, widths[map]);
            for (uint32_t c = 0; c < context_count; c++)
                for (uint32_t word = 0; word < 131; word++) {
                    const int other = map == 0 ? (int)word : NM_NO_OUTPUT;
                    const int expected =
                        word < 3 ? other : expected_output(map, (int)c, (int)word - 3, order);
                    assert_int_equal(table[c * 131 + word], expected);
                    assert_true(expected == NM_NO_OUTPUT || expected < (int)width);
                }
            nm_free(f.context, table);
        }
        close_fixture(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_of_real_chorales_are_those_of_the_reference),
        cmocka_unit_test(features_of_any_frames_are_those_of_the_reference),
        cmocka_unit_test(degrees_stay_when_a_piece_is_moved),
        cmocka_unit_test(a_tracker_depends_on_the_past_alone_and_takes_any_word),
        cmocka_unit_test(maps_say_absolute_voice_chord_and_degree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
