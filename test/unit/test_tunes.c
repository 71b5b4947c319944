/* SPDX-License-Identifier: ISC */
/* The demo tunes' compiler: what bad ABC text is told, and what good text sounds like. That it
 * agrees with another ABC program on every tune is shown by test/tunes/compare.py. */
#include "test.h"

#include <neume/score.h>
#include <string.h>
#include <tunes/tune.h>

#define HEADER "X:1\nT:Test\nM:4/4\nL:1/8\nQ:1/4=120\nK:G\n"

/* Parses and plays; "" where that succeeds, else "line:column: message". The caller frees the
 * score. */
static void play(const char *text, neume_context *context, neume_score **score, char message[300]) {
    abc_tune tune;
    tune_error error = {0};
    *score = NULL;
    message[0] = '\0';
    const bool is_read = tune_parse(&tune, text, strlen(text), &error);
    if (!is_read || tune_to_score(score, context, &tune, &error))
        snprintf(message, 300, "%u:%u: %s", error.place.line, error.place.column, error.text);
    tune_clear(&tune);
}

/* Where and why, for each way to be wrong. */
static const struct {
    const char *text, *message;
} bad_texts[] = {
    {"", "0:1: the text ends in the header, expected the field K:"},
    {"T:Test\n", "1:1: the text starts with T:, expected X:"},
    {"X:1\nW:la la\n", "2:1: the field W: is unknown, expected one of XTCORNSZMLQK or V"},
    {"X:1\nCDEF|\n", "2:1: music stands before the field K:, expected a header field"},
    {"X:1\nT:Test\nK:G\n", "3:1: the header ends without the field M:, expected it before K:"},
    {"X:1\nM:3/5\n", "2:3: no fraction of a whole note, expected one such as 3/4"},
    {"X:1\nM:4\n", "2:3: no fraction of a whole note, expected one such as 3/4"},
    {"X:1\nL:0/8\n", "2:3: no fraction of a whole note, expected one such as 3/4"},
    {"X:1\nL:1/8 x\n", "2:6: ' ' stands after the field L:, expected its end"},
    {"X:1\nQ:120\n", "2:3: no fraction of a whole note, expected one such as 3/4"},
    {"X:1\nQ:1/4=900\n", "2:3: no tempo, expected one such as 1/4=120, from 20 to 400"},
    {"X:1\nQ:1/4=9999\n", "2:7: the number is too large, expected at most 999"},
    {"X:1\nT:t\nM:4/4\nL:1/8\nQ:1/4=100\nK:H\n",
     "6:3: no key, expected one such as G, Bb, F#m or Ador"},
    {"X:1\nT:t\nM:4/4\nL:1/8\nQ:1/4=100\nK:Gx\n",
     "6:4: the mode 'x' is unknown, expected maj, m, min, dor, mix, phr, lyd or aeo"},
    {"X:1\nT:t\nM:4/4\nL:1/8\nQ:1/4=100\nK:B#\n",
     "6:3: the key has more than seven sharps or flats"},
    {HEADER, "6:4: the text ends, expected notes"},
    {HEADER "X:2\n", "7:1: a second tune starts, expected one tune a file"},
    {HEADER "M:3/4\n", "7:1: the field M: stands after K:, expected V: or notes"},
    {"X:1\nV:a\n", "2:1: the field V: stands in the header, expected it after K:"},
    {HEADER "V:a b\n", "7:4: ' ' in a voice's name, expected letters and digits"},
    {HEADER "V:\n", "7:3: the voice's name has 0 letters, expected 1 to 31"},
    {HEADER "V:a\nc8|\nV:b\n", "9:3: voice 'b' has no bars"},
    {HEADER "c8|c4", "7:6: the line ends inside a bar, expected a bar line"},
    {HEADER "c8|c4|c8|\n", "7:4: the bar lasts 2 quarters, expected 4"},
    {HEADER "c8|c9|\n", "7:4: the bar lasts 4.5 quarters, expected 4"},
    {HEADER "c2|c8|c8|]\n", "7:7: the bar lasts 4 quarters, expected 3"},
    {HEADER "|:c2|c8:|c8|]\n", "7:3: the bar lasts 1 quarters, expected 4"},
    {HEADER "c2 h|\n",
     "7:4: 'h' is no note, expected A to G, a to g, z, Z, '[', '(3' or a bar line"},
    {HEADER "c7^|\n",
     "7:4: '|' is no note, expected A to G, a to g, z, Z, '[', '(3' or a bar line"},
    {HEADER "c7_", "7:4: the line ends, expected a note"},
    {HEADER "^^^c8|\n", "7:4: more than two sharps or flats before a note"},
    {HEADER "c,,,,,,,8|\n", "7:1: the note is out of MIDI's range"},
    {HEADER "c'''''8|\n", "7:1: the note is out of MIDI's range"},
    {HEADER "^c4 C4|\n", "7:6: an accidental stands before this letter in another octave of "
                         "the bar, expected one here too"},
    {HEADER "c0|\n", "7:3: the note is too short or has no length"},
    {HEADER "c/7|\n", "7:4: the note is too short or has no length"},
    {HEADER "c99|\n", "7:4: the length is out of range, expected 64 to 1/64 units"},
    {HEADER "[ce8|\n",
     "7:4: '8' is no note, expected A to G, a to g, z, Z, '[', '(3' or a bar line"},
    {HEADER "[]8|\n", "7:1: the chord is empty, expected notes"},
    {HEADER "[cc]8|\n", "7:3: the note stands twice in the chord"},
    {HEADER "[CEGcega]8|\n", "7:8: the chord has too many notes, expected at most 6"},
    {HEADER "z4-z4|\n", "7:3: a tie after a rest, expected it after a note"},
    {HEADER "c4-d4|\n", "7:4: the tie before leads to no note of its pitch, expected it here"},
    {HEADER "d8|c8-|]\n", "7:4: a tie leads out of the last bar, expected a note after it"},
    {HEADER "(ab)|\n", "7:1: no slur or other tuplet is known, expected '(3' and three notes"},
    {HEADER "(3ab|\n", "7:5: the bar ends inside a triplet, expected 1 more notes"},
    {HEADER "c7 d>|\n", "7:6: the bar ends after '>' or '<', expected a note"},
    {HEADER "c8:|\n", "7:3: ':|' closes a repeat, expected '|:' before it"},
    {HEADER "|:c8|:c8:|\n", "7:5: '|:' stands inside a repeat, expected ':|' before it"},
    {HEADER "|:c8|]\n", "7:7: the text ends inside a repeat, expected ':|'"},
    {HEADER "c8|:|c8|\n", "7:3: the bar line '|:|' is unknown, expected one of | || |] |: :| ::"},
    {HEADER "c8|1 c8|]\n", "7:4: a first ending outside of a repeat, expected '|:' before it"},
    {HEADER "|:c8|2 c8:|\n", "7:6: ending 2, expected 1, or 2 after the ':|' of a first"},
    {HEADER "|:c8|1 c8:|c8|]\n", "7:12: the first ending is over, expected '2' after ':|'"},
    {HEADER "|:c8|1 c8||c8:|\n", "7:10: '||' stands in the first ending, expected ':|2'"},
    {HEADER "c4 Z|\n", "7:4: 'Z' stands inside a bar, expected it after a bar line"},
    {HEADER "Zc|\n", "7:2: 'c' stands after 'Z', expected a bar line"},
    {HEADER "V:a\nc8|\nV:b\nc8|c8|\n",
     "10:4: voice 'b' ends after 8 quarters, expected 4 as the first voice"},
};

static void tells_of_bad_text_where_and_why(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    for (size_t i = 0; i < sizeof bad_texts / sizeof *bad_texts; i++) {
        char message[300];
        neume_score *score;
        play(bad_texts[i].text, context, &score, message);
        neume_score_free(score);
        assert_string_equal(message, bad_texts[i].message);
    }
    neume_context_free(context);
}

/* The notes as "voice:start+duration=pitch", in twelfths of a quarter. */
static void list_notes(const neume_score *score, char *out, size_t size) {
    size_t count, used = 0;
    const neume_note *notes = neume_score_notes(score, &count);
    const unsigned unit = TUNE_QUARTER_TICKS / 12;
    out[0] = '\0';
    for (size_t n = 0; n < count && used < size; n++)
        used += (size_t)snprintf(out + used, size - used, "%s%u:%u+%u=%u", n ? " " : "",
                                 notes[n].track - 1u, (unsigned)notes[n].start_ticks / unit,
                                 (unsigned)notes[n].duration_ticks / unit, notes[n].pitch);
}

static void plays_what_is_written(void **state) {
    (void)state;
    /* Times in twelfths of a quarter. */
    static const struct {
        const char *what, *text, *notes;
    } cases[] = {
        {"octaves and the key", HEADER "C,Ff'z5|\n", "0:0+6=48 0:6+6=66 0:12+6=90"},
        {"accidentals to the bar's end", HEADER "=F4F4|F8|\n", "0:0+24=65 0:24+24=65 0:48+48=66"},
        {"lengths", HEADER "c/c//c3/2c7/4c4|\n",
         "0:0+3=72 0:3+1=72 0:4+9=72 0:13+10=72 0:24+24=72"},
        {"broken rhythms", HEADER "c>d e2<f2 z2|\n", "0:0+9=72 0:9+3=74 0:12+6=76 0:18+18=78"},
        {"a triplet", HEADER "(3cde z6|\n", "0:0+4=72 0:4+4=74 0:8+4=76"},
        {"a chord and ties", HEADER "[CE]8-|[CE]4[CG]4|\n",
         "0:0+72=60 0:0+72=64 0:72+24=60 0:72+24=67"},
        {"a repeat with an upbeat", HEADER "|:c2|d8|e6:|\n",
         "0:0+12=72 0:12+48=74 0:60+36=76 0:96+12=72 0:108+48=74 0:156+36=76"},
        {"two endings", HEADER "|:c8|1 d8:|2 e8||f8|]\n",
         "0:0+48=72 0:48+48=74 0:96+48=72 0:144+48=76 0:192+48=78"},
        {"endings in brackets", HEADER "|:c8| [1 d8:| [2 e8|]\n",
         "0:0+48=72 0:48+48=74 0:96+48=72 0:144+48=76"},
        {"two repeats back to back", HEADER "|:c8::d8:|\n",
         "0:0+48=72 0:48+48=72 0:96+48=74 0:144+48=74"},
        {"bars of rest, and voices in turn", HEADER "V:a\nZ2|\nV:b\nc8|\nV:a\nd8|\nV:b\nZ|e8|\n",
         "1:0+48=72 0:96+48=74 1:96+48=76"},
        {"comments and a mode",
         "X:1\nT:t % no\nM:C|\nL:1/4\nQ:1/2=60\nK:Ador\n% all\nf4| % F sharp\n", "0:0+48=78"},
    };
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char message[300], notes[400];
        neume_score *score;
        play(cases[i].text, context, &score, message);
        if (!score)
            fail_msg("%s: %s", cases[i].what, message);
        list_notes(score, notes, sizeof notes);
        neume_score_free(score);
        assert_string_equal(notes, cases[i].notes);
    }
    neume_context_free(context);
}

static void accents_the_bar_and_its_beats(void **state) {
    (void)state;
    static const char text[] =
        "X:1\nT:t\nM:6/8\nL:1/8\nQ:3/8=60\nK:C\nV:a\nc|ccc ccc|cc cc c|\nV:b\nz|c6|z5|\n";
    static const uint8_t expected[] = {78, 92, 82, 78, 78, 84, 78, 78, 92, 78, 78, 84, 78};
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    char message[300];
    neume_score *score;
    play(text, context, &score, message);
    assert_string_equal(message, "");
    size_t count;
    const neume_note *notes = neume_score_notes(score, &count);
    assert_int_equal(count, sizeof expected);
    for (size_t n = 0; n < count; n++)
        assert_int_equal(notes[n].velocity, expected[n]);
    neume_score_free(score);
    neume_context_free(context);
}

static void says_title_tempo_metre_and_key(void **state) {
    (void)state;
    static const char text[] =
        "X:1\nT:Waltz\nT:Another name\nC:Anon\nM:3/4\nL:1/4\nQ:3/4=60\nK:Dm\nV:top\nc3|\n";
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    char message[300];
    neume_score *score;
    size_t count;
    play(text, context, &score, message);
    assert_string_equal(message, "");
    assert_int_equal(neume_score_tempos(score, &count)->microseconds_per_quarter, 333333);
    assert_int_equal(neume_score_time_signatures(score, &count)->numerator, 3);
    assert_int_equal(neume_score_key_signatures(score, &count)->sharps, -1);
    assert_true(neume_score_key_signatures(score, &count)->is_minor);
    const neume_text *texts = neume_score_texts(score, &count);
    assert_int_equal(count, 3);
    assert_memory_equal(texts[0].bytes, "Waltz", 5);
    assert_memory_equal(texts[1].bytes, "Anon", 4);
    assert_memory_equal(texts[2].bytes, "Waltz, top", 10);
    neume_score_free(score);
    neume_context_free(context);
}

static neume_status play_with(neume_context *context, void *text) {
    char message[300];
    neume_score *score;
    play(text, context, &score, message);
    if (!score)
        assert_string_equal(message, "0:0: out of memory");
    neume_score_free(score);
    return score ? NEUME_OK : NEUME_NO_MEMORY;
}

static void leaves_nothing_behind_without_memory(void **state) {
    (void)state;
    char text[] = HEADER "[CEG]4c4-|c8|\n";
    test_each_allocation_failing(play_with, text);
}

/* Every prefix of a tune is read to its end or refused; none crashes. */
static void survives_every_truncation(void **state) {
    (void)state;
    static const char text[] = HEADER "V:a\n|:c>d (3efg [CE]4-|1 [CE]8:|2 z/ z15/2|]\nV:b\nZ4|]\n";
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    for (size_t size = 0; size < sizeof text; size++) {
        char copy[sizeof text], message[300];
        snprintf(copy, size + 1, "%s", text);
        neume_score *score;
        play(copy, context, &score, message);
        assert_true(score || message[0]);
        neume_score_free(score);
    }
    neume_context_free(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_of_bad_text_where_and_why),
        cmocka_unit_test(plays_what_is_written),
        cmocka_unit_test(accents_the_bar_and_its_beats),
        cmocka_unit_test(says_title_tempo_metre_and_key),
        cmocka_unit_test(leaves_nothing_behind_without_memory),
        cmocka_unit_test(survives_every_truncation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
