/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "music/chord.h"

#include <string.h>

static const char *const names[NM_PITCHES] = {
    "C-1", "C#-1", "D-1", "E--1", "En-1", "F-1", "F#-1", "G-1", "G#-1", "A-1", "B--1", "Bn-1",
    "C0",  "C#0",  "D0",  "E-0",  "E0",   "F0",  "F#0",  "G0",  "G#0",  "A0",  "B-0",  "B0",
    "C1",  "C#1",  "D1",  "E-1",  "E1",   "F1",  "F#1",  "G1",  "G#1",  "A1",  "B-1",  "B1",
    "C2",  "C#2",  "D2",  "E-2",  "E2",   "F2",  "F#2",  "G2",  "G#2",  "A2",  "B-2",  "B2",
    "C3",  "C#3",  "D3",  "E-3",  "E3",   "F3",  "F#3",  "G3",  "G#3",  "A3",  "B-3",  "B3",
    "C4",  "C#4",  "D4",  "E-4",  "E4",   "F4",  "F#4",  "G4",  "G#4",  "A4",  "B-4",  "B4",
    "C5",  "C#5",  "D5",  "E-5",  "E5",   "F5",  "F#5",  "G5",  "G#5",  "A5",  "B-5",  "B5",
    "C6",  "C#6",  "D6",  "E-6",  "E6",   "F6",  "F#6",  "G6",  "G#6",  "A6",  "B-6",  "B6",
    "C7",  "C#7",  "D7",  "E-7",  "E7",   "F7",  "F#7",  "G7",  "G#7",  "A7",  "B-7",  "B7",
    "C8",  "C#8",  "D8",  "E-8",  "E8",   "F8",  "F#8",  "G8",  "G#8",  "A8",  "B-8",  "B8",
    "C9",  "C#9",  "D9",  "E-9",  "E9",   "F9",  "F#9",  "G9",
};

static void spells_and_reads_all_128_pitches(void **state) {
    (void)state;
    for (unsigned pitch = 0; pitch < NM_PITCHES; pitch++) {
        char text[NM_PITCH_TEXT_SIZE];
        nm_pitch_spell(text, pitch);
        assert_string_equal(text, names[pitch]);
        for (unsigned other = 0; other < pitch; other++)
            assert_string_not_equal(text, names[other]);
        nm_pitch_set set, expected = {{0}};
        nm_pitch_set_add(&expected, pitch);
        assert_true(nm_chord_read(&set, text));
        assert_memory_equal(&set, &expected, sizeof set);
    }
}

static void refuses_what_is_no_word(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",    "H4",   "E",   "4E",    "E-",    "E--", "e4",   "Eb4",  "E-10",   "C10",
        "G#9", "C-2",  "E4.", ".E4",   "E4..G", "12",  "4.12", "4.",   ".4",     "4..9",
        "-1",  "1.-1", "4.A", "<end>", "E4 ",   " E4", "004",  "4.E4", "E4.4",   "D#4",
        "G-4", "Bn4",  "En4", "E-4-",  "C\n4",  "0x1", "1,5",  "C4/",  "C4.C4x",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nm_pitch_set set;
        if (nm_chord_read(&set, bad[i]))
            fail_msg("\"%s\" was read", bad[i]);
    }
}

/* Pitches as a text of numbers, lowest first, and the word of a chord. */
typedef struct example {
    const char *pitches, *word;
} example;

static nm_pitch_set set_of(const char *pitches) {
    nm_pitch_set set = {{0}};
    for (char *end; *pitches; pitches = end)
        nm_pitch_set_add(&set, (unsigned)strtoul(pitches, &end, 10));
    return set;
}

/* music21 documents: C E- G 037; C E G 047; D F# A 269; B-4 D5 F5 [10, 2, 5]; G#2 A2 D3 G3
 * [7, 8, 9, 2]; G3 D4 A-4 A4 C5 E5 [7, 8, 9, 0, 2, 4]; E#3 A3 C#4 [1, 5, 9]; B5 G4 D5 E-5 D6
 * [11, 2, 3, 7]. The others follow from Forte's table of set classes, which music21 uses; the last
 * ones are those where Rahn's rule gives another rotation. */
static const example examples[] = {
    {"60 63 67", "0.3.7"},
    {"60 64 67", "0.4.7"},
    {"62 66 69", "2.6.9"},
    {"70 74 77", "10.2.5"},
    {"44 45 50 55", "7.8.9.2"},
    {"55 62 68 69 72 76", "7.8.9.0.2.4"},
    {"53 57 61", "1.5.9"},
    {"67 74 75 83 86", "11.2.3.7"},
    {"61 65 66", "1.5.6"},
    {"64 69", "4.9"},
    {"57 64", "4.9"},
    {"60 72", "0"},
    {"47 59 71", "11"},
    {"60 66", "0.6"},
    {"66 72", "0.6"},
    {"59 60", "11.0"},
    {"60 71", "11.0"},
    {"55 59 62 65", "11.2.5.7"},
    {"60 64 67 70", "4.7.10.0"},
    {"60 64 67 71", "11.0.4.7"},
    {"57 60 64 67", "4.7.9.0"},
    {"60 63 67 70", "7.10.0.3"},
    {"59 62 65 69", "9.11.2.5"},
    {"60 63 66 69", "0.3.6.9"},
    {"62 65 68 71", "2.5.8.11"},
    {"60 62 64 66 68 70", "0.2.4.6.8.10"},
    {"61 63 65 67 69 71", "1.3.5.7.9.11"},
    {"60 64 68", "0.4.8"},
    {"63 67 71", "3.7.11"},
    {"60 62 64 67 69", "0.2.4.7.9"},
    {"60 62 64 65 67 69 71", "11.0.2.4.5.7.9"},
    {"60 61 66 67", "0.1.6.7"},
    {"60 62 66 68", "0.2.6.8"},
    {"60 65 67", "5.7.0"},
    {"62 67 72 77 82", "10.0.2.5.7"},
    {"60 61 62 63 64 65 66 67 68 69 70 71", "0.1.2.3.4.5.6.7.8.9.10.11"},
    {"60 61 63 67 68", "0.1.3.7.8"},
    {"60 61 65 67 68", "0.1.5.7.8"},
    {"60 61 65 66 68", "5.6.8.0.1"},
    {"60 62 63 67 68", "7.8.0.2.3"},
    {"60 61 63 65 68 69", "0.1.3.5.8.9"},
    {"60 61 63 66 68 69", "0.1.3.6.8.9"},
    {"60 61 62 64 67 68 69", "0.1.2.4.7.8.9"},
    {"60 61 62 63 65 68 69", "0.1.2.3.5.8.9"},
};

static void spells_chords_in_music21s_normal_order(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const nm_pitch_set set = set_of(examples[i].pitches);
        char text[NM_CHORD_TEXT_SIZE];
        nm_chord_spell(text, &set, NEUME_VOICING_CLASSES);
        assert_string_equal(text, examples[i].word);
    }
}

static void spells_true_pitches_on_request(void **state) {
    (void)state;
    const nm_pitch_set set = set_of("4 60 63 67 127");
    char text[NM_CHORD_TEXT_SIZE];
    nm_chord_spell(text, &set, NEUME_VOICING_PITCHES);
    assert_string_equal(text, "En-1.C4.E-4.G4.G9");
    nm_pitch_set all = {{UINT64_MAX, UINT64_MAX}}, read;
    nm_chord_spell(text, &all, NEUME_VOICING_PITCHES);
    assert_true(nm_chord_read(&read, text));
    assert_memory_equal(&read, &all, sizeof all);
}

/* The definition, on lists of numbers: of all rotations of the ascending classes the least by
 * (span, second - first, third - first, ..., first class). */
static void order_by_definition(unsigned *best, const unsigned *classes, unsigned count) {
    bool has_best = false;
    for (unsigned start = 0; start < count; start++) {
        unsigned rotation[12], order = 0;
        for (unsigned i = 0; i < count; i++)
            rotation[i] = classes[(start + i) % count];
        const unsigned span = (rotation[count - 1] + 12 - rotation[0]) % 12;
        const unsigned best_span = (best[count - 1] + 12 - best[0]) % 12;
        if (has_best && span != best_span)
            order = span < best_span ? 1 : 2;
        for (unsigned i = 1; i < count && has_best && !order; i++) {
            const unsigned here = (rotation[i] + 12 - rotation[0]) % 12;
            const unsigned there = (best[i] + 12 - best[0]) % 12;
            order = here < there ? 1 : here > there ? 2 : 0;
        }
        if (!has_best || order == 1 || (!order && rotation[0] < best[0]))
            memcpy(best, rotation, sizeof rotation);
        has_best = true;
    }
}

static void orders_all_4095_sets_as_the_definition_says(void **state) {
    (void)state;
    for (unsigned set = 1; set < 4096; set++) {
        unsigned classes[12], expected[12] = {0}, count = 0;
        for (unsigned class = 0; class < 12; class ++)
            if (set >> class & 1)
                classes[count++] = class;
        order_by_definition(expected, classes, count);
        uint8_t order[NM_PITCH_CLASSES];
        assert_int_equal(nm_normal_order(order, set), count);
        for (unsigned i = 0; i < count; i++)
            assert_int_equal(order[i], expected[i]);
    }
}

/* Every word of classes decodes to pitches from C4 up that are spelt as that word. */
static void reads_back_all_4095_chords_of_classes(void **state) {
    (void)state;
    for (unsigned classes = 1; classes < 4096; classes++) {
        nm_pitch_set set = {{0}}, read;
        for (unsigned class = 0; class < 12; class ++)
            if (classes >> class & 1)
                nm_pitch_set_add(&set, 36 + class);
        if (nm_pitch_set_count(&set) == 1)
            set.bits[0] |= set.bits[0] << 12;
        char text[NM_CHORD_TEXT_SIZE], again[NM_CHORD_TEXT_SIZE];
        nm_chord_spell(text, &set, NEUME_VOICING_CLASSES);
        assert_true(nm_chord_read(&read, text));
        nm_chord_spell(again, &read, NEUME_VOICING_CLASSES);
        assert_string_equal(again, text);
        assert_int_equal(nm_pitch_set_classes(&read), classes);
        assert_int_equal(read.bits[0] & ((UINT64_C(1) << 60) - 1), 0);
    }
}

static void gives_up_its_pitches_from_below_and_from_above(void **state) {
    (void)state;
    for (unsigned step = 1; step < NM_PITCHES; step++) {
        nm_pitch_set up = {{0}}, down = {{0}};
        for (unsigned pitch = step / 2; pitch < NM_PITCHES; pitch += step)
            nm_pitch_set_add(&up, pitch);
        for (unsigned pitch = step / 2; pitch < NM_PITCHES; pitch += step) {
            assert_int_equal(nm_pitch_set_take_lowest(&up), pitch);
            nm_pitch_set_add(&down, pitch);
        }
        assert_true(nm_pitch_set_is_empty(&up));
        for (unsigned left = nm_pitch_set_count(&down); left-- > 0;)
            assert_int_equal(nm_pitch_set_take_highest(&down), step / 2 + left * step);
        assert_true(nm_pitch_set_is_empty(&down));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spells_and_reads_all_128_pitches),
        cmocka_unit_test(refuses_what_is_no_word),
        cmocka_unit_test(spells_chords_in_music21s_normal_order),
        cmocka_unit_test(spells_true_pitches_on_request),
        cmocka_unit_test(orders_all_4095_sets_as_the_definition_says),
        cmocka_unit_test(reads_back_all_4095_chords_of_classes),
        cmocka_unit_test(gives_up_its_pitches_from_below_and_from_above),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
