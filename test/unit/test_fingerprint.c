/* SPDX-License-Identifier: ISC */
/* What fingerprints take for the same notes, and what not. */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "learn/families.h"

#include <neume/corpus.h>

#include <math.h>
#include <string.h>

/* How a copy differs from its original. */
typedef struct change {
    int semitones;
    double stretch;
    unsigned missing; /* of a hundred notes, so many are left out */
    uint8_t velocity, program;
    uint32_t ticks_per_quarter; /* of 480 */
} change;

static const change AS_IT_WAS = {0, 1, 0, 80, 0, 480};

static neume_score *new_score(neume_context *context, uint32_t ticks_per_quarter) {
    neume_score *score = NULL;
    assert_int_equal(neume_score_new(&score, context), NEUME_OK);
    neume_score_set_ticks_per_quarter(score, ticks_per_quarter);
    return score;
}

static nm_fingerprint print_of(neume_context *context, neume_score *score) {
    nm_fingerprint print;
    assert_int_equal(neume_score_sort(score), NEUME_OK);
    assert_int_equal(nm_fingerprint_of_score(&print, context, score), NEUME_OK);
    neume_score_free(score);
    return print;
}

static uint32_t draw(uint64_t seed, uint64_t at, uint32_t below) {
    return nm_random_at(seed, NM_PURPOSE_TEST, 0, at).word[0] % below;
}

/* A tune of `count` notes in eighths and quarters over chords and drums, changed. */
static nm_fingerprint tune(neume_context *context, uint64_t seed, unsigned count, change by) {
    neume_score *score = new_score(context, by.ticks_per_quarter);
    const double scale = by.stretch * by.ticks_per_quarter / 480;
    uint64_t at = 0;
    for (unsigned i = 0; i < count; i++, at += 240 * (1 + draw(seed, 3 * i + 1, 2))) {
        const bool is_drum = i % 5 == 4;
        const neume_note note = {
            .start_ticks = (uint64_t)llround((double)at * scale),
            .duration_ticks = 200,
            .channel = is_drum ? 9 : 0,
            .pitch = (uint8_t)(50 + draw(seed, 3 * i, 20) + (unsigned)(is_drum ? 0 : by.semitones)),
            .velocity = by.velocity,
            .program = by.program};
        if (draw(seed, 3 * i + 2, 100) < by.missing)
            continue;
        assert_int_equal(neume_score_add_note(score, &note), NEUME_OK);
    }
    return print_of(context, score);
}

static void hears_the_same_notes_in_other_keys_tempos_and_sounds(void **state) {
    static const change changes[] = {{7, 1, 0, 80, 0, 480},       {-12, 1, 0, 30, 0, 480},
                                     {0, 1.07, 0, 80, 0, 480},    {3, 2, 0, 80, 0, 480},
                                     {0, 1 / 3.0, 0, 80, 0, 480}, {0, 1, 0, 80, 0, 96},
                                     {1, 0.9, 0, 127, 40, 1024}};
    for (uint64_t seed = 0; seed < 20; seed++) {
        const nm_fingerprint one = tune(*state, seed, 300, AS_IT_WAS);
        for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
            const nm_fingerprint other = tune(*state, seed, 300, changes[i]);
            assert_true(nm_fingerprint_likeness(&one, &other) >= NM_FAMILY_LIKENESS);
        }
    }
}

static void some_notes_more_change_a_little_of_it(void **state) {
    change few = AS_IT_WAS, many = AS_IT_WAS;
    double with_few = 0, with_many = 0;
    few.missing = 1;
    many.missing = 30;
    for (uint64_t seed = 0; seed < 20; seed++) {
        const nm_fingerprint one = tune(*state, seed, 300, AS_IT_WAS);
        const nm_fingerprint near = tune(*state, seed, 300, few);
        const nm_fingerprint far = tune(*state, seed, 300, many);
        with_few += nm_fingerprint_likeness(&one, &near) / 20;
        with_many += nm_fingerprint_likeness(&one, &far) / 20;
    }
    assert_true(with_few > 0.8 && with_few < 1);
    assert_true(with_many < 0.3);
}

static void tells_other_notes_and_other_rhythms_apart(void **state) {
    for (uint64_t seed = 0; seed < 50; seed++) {
        const nm_fingerprint one = tune(*state, seed, 300, AS_IT_WAS);
        const nm_fingerprint other = tune(*state, seed + 100, 300, AS_IT_WAS);
        assert_true(nm_fingerprint_likeness(&one, &other) < 0.2);
    }
}

/* A scale up and down, over and over: twice as often is not the same piece. */
static nm_fingerprint scale_of(neume_context *context, unsigned count) {
    neume_score *score = new_score(context, 480);
    for (unsigned i = 0; i < count; i++) {
        const neume_note note = {.start_ticks = 480 * (uint64_t)i,
                                 .duration_ticks = 480,
                                 .pitch = (uint8_t)(60 + (i % 14 < 7 ? i % 14 : 14 - i % 14)),
                                 .velocity = 80};
        assert_int_equal(neume_score_add_note(score, &note), NEUME_OK);
    }
    return print_of(context, score);
}

static void counts_how_often_things_come(void **state) {
    const nm_fingerprint once = scale_of(*state, 200), twice = scale_of(*state, 400);
    assert_true(nm_fingerprint_likeness(&once, &once) == 1);
    assert_true(nm_fingerprint_likeness(&once, &twice) < 0.7);
}

static void what_is_too_short_is_like_nothing(void **state) {
    const nm_fingerprint none = print_of(*state, new_score(*state, 480));
    const nm_fingerprint few = tune(*state, 1, 8, AS_IT_WAS);
    assert_true(nm_fingerprint_likeness(&none, &none) == 0);
    assert_true(nm_fingerprint_likeness(&few, &few) == 0);
}

static void families_are_found_among_many(void **state) {
    enum { TUNES = 40, COPIES = 5, ALL = TUNES * COPIES };
    static nm_fingerprint prints[ALL];
    size_t first[ALL];
    for (unsigned i = 0; i < ALL; i++) {
        change by = AS_IT_WAS;
        by.semitones = (int)(i / TUNES);
        by.stretch = 1 + 0.05 * by.semitones;
        prints[i] = tune(*state, i % TUNES, 200, by);
    }
    assert_int_equal(nm_families_find(first, *state, prints, ALL), NEUME_OK);
    for (size_t i = 0; i < ALL; i++)
        assert_int_equal(first[i], i % TUNES);
}

static neume_status find_and_free(neume_context *context, void *data) {
    (void)data;
    const nm_fingerprint prints[2] = {{{1, 2, 3}}, {{1, 2, 3}}};
    size_t first[2];
    nm_fingerprint print;
    neume_score *score = NULL;
    const neume_note note = {.pitch = 60, .velocity = 1};
    neume_status status = neume_score_new(&score, context);
    if (!status)
        status = neume_score_add_note(score, &note);
    if (!status)
        status = nm_fingerprint_of_score(&print, context, score);
    neume_score_free(score);
    return status ? status : nm_families_find(first, context, prints, 2);
}

/* Chords and drums, gaps of 1 to 128 ticks, the next octave of gaps as likely as this one. */
static nm_fingerprint clusters(neume_context *context, uint64_t seed) {
    neume_score *score = new_score(context, 480);
    uint64_t at = 0;
    for (unsigned i = 0; i < 600; i++) {
        const uint32_t gap = 1 + draw(seed, 3 * i, 1u << draw(seed, 3 * i + 1, 8));
        at += draw(seed, 3 * i + 2, 3) ? gap : 0;
        const neume_note note = {.start_ticks = at,
                                 .duration_ticks = 1,
                                 .channel = i % 7 ? 0 : 9,
                                 .pitch = (uint8_t)(40 + gap % 50),
                                 .velocity = 1};
        assert_int_equal(neume_score_add_note(score, &note), NEUME_OK);
    }
    return print_of(context, score);
}

/* Caches keep prints. */
static void of_the_same_notes_it_is_always_the_same(void **state) {
    uint64_t sum = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        const nm_fingerprint print = clusters(*state, seed);
        for (size_t i = 0; i < NM_FINGERPRINT_BINS; i++)
            sum = 31 * sum + print.bins[i];
    }
    assert_int_equal(sum, UINT64_C(0x772223CDFC0846DC));
}

static void survives_failing_allocations(void **state) {
    (void)state;
    test_each_allocation_failing(find_and_free, NULL);
}

/* Real tunes: of the Bach chorales no two are alike, and all are like themselves in another key,
 * a little slower. */
static void knows_real_music_apart(void **state) {
    const char *shared = test_shared();
    if (!shared)
        skip();
    char path[4096];
    const char *const paths[] = {path};
    neume_files *files = NULL;
    snprintf(path, sizeof path, "%s/data/jsb-chorales", shared);
    assert_int_equal(neume_files_find(&files, *state, (neume_inputs){paths, 1}, NULL), NEUME_OK);
    enum { MOST = 1000 };
    static nm_fingerprint prints[MOST];
    size_t count = 0, first[MOST];
    for (size_t i = 0; i < neume_files_count(files); i++) {
        neume_score *score = NULL;
        if (neume_midi_load(&score, *state, neume_files_path(files, i), NULL, NULL))
            continue;
        assert_int_equal(nm_fingerprint_of_score(&prints[count++], *state, score), NEUME_OK);
        assert_int_equal(neume_score_transpose(score, 2), 0);
        assert_int_equal(nm_fingerprint_of_score(&prints[count++], *state, score), NEUME_OK);
        neume_score_free(score);
    }
    assert_true(count > 700);
    assert_int_equal(nm_families_find(first, *state, prints, count), NEUME_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(first[i], i - i % 2);
    neume_files_free(files);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hears_the_same_notes_in_other_keys_tempos_and_sounds),
        cmocka_unit_test(some_notes_more_change_a_little_of_it),
        cmocka_unit_test(tells_other_notes_and_other_rhythms_apart),
        cmocka_unit_test(counts_how_often_things_come),
        cmocka_unit_test(what_is_too_short_is_like_nothing),
        cmocka_unit_test(families_are_found_among_many),
        cmocka_unit_test(of_the_same_notes_it_is_always_the_same),
        cmocka_unit_test(survives_failing_allocations),
        cmocka_unit_test(knows_real_music_apart),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
