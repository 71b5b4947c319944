/* SPDX-License-Identifier: ISC */
#include "folder.h"
#include "near.h"
#include "roll_case.h"

#include "learn/scorer.h"

#include <neume/crops.h>
#include <neume/midi.h>

/* Models of rolls, and MIDI files: of about 24, 24 and 800 cells. */
typedef struct crop_case {
    roll_case rolls;
    test_folder folder;
} crop_case;

static crop_case open_case(neume_onsets onsets) {
    static const unsigned chords[] = {3, 3, 200};
    crop_case c = {.rolls = roll_case_new(onsets, 48, 71)};
    c.folder = test_folder_new(c.rolls.context);
    for (unsigned i = 0; i < 3; i++) {
        char name[] = {(char)('a' + i), 0};
        neume_score *score = music_score(c.rolls.context, 300 + i, chords[i]);
        assert_int_equal(neume_midi_save(test_path(&c.folder, name), c.rolls.context, score, NULL),
                         NEUME_OK);
        neume_score_free(score);
    }
    return c;
}

static void close_case(crop_case *c) {
    test_folder_remove(&c->folder);
    roll_case_clear(&c->rolls);
}

static neume_status evaluate(neume_crops *out, const crop_case *c, uint64_t seed,
                             neume_error *error) {
    const char *path = c->folder.path;
    neume_crops_options options = neume_crops_options_default();
    options.seed = seed;
    options.pieces.inputs = (neume_inputs){&path, 1};
    return neume_crops_evaluate(out, c->rolls.context, c->rolls.model, &options, error);
}

static double nats_of_seed(const crop_case *c, uint64_t seed) {
    neume_crops crops;
    assert_int_equal(evaluate(&crops, c, seed, NULL), NEUME_OK);
    assert_int_equal(crops.all.piece_count, 1);
    assert_int_equal(crops.all.short_count, 2);
    assert_int_equal(crops.unseen.piece_count, 1);
    assert_int_equal(crops.unseen.short_count, 2);
    assert_int_equal(crops.key_count, 24);
    assert_true(crops.unseen.nats_per_step == crops.all.nats_per_step);
    assert_true(isnan(crops.trained.nats_per_step) && isnan(crops.validated.nats_per_step));
    const double nats = crops.all.nats_per_step;
    neume_crops_clear(&crops);
    return nats;
}

/* What the long piece would cost from `start` on, scored as a piece; nothing is held at its begin.
 */
static double nats_from(const crop_case *c, const nm_piece *whole, size_t start) {
    const unsigned width = whole->sequence.width;
    neume_sequence part = {.width = width, .step_count = NEUME_CROP_STEPS};
    uint32_t words[NEUME_CROP_STEPS * 8];
    nm_scorer *scorer;
    nm_score_sums sums;
    memcpy(words, whole->sequence.words + start * width,
           (size_t)NEUME_CROP_STEPS * width * sizeof *words);
    for (unsigned w = 4; w < width; w++)
        words[w] = words[w - 4];
    part.words = words;
    part.given = whole->sequence.given + start;
    assert_int_equal(nm_scorer_new(&scorer, c->rolls.context, &c->rolls.model->network,
                                   c->rolls.model->codec, NULL),
                     NEUME_OK);
    assert_int_equal(nm_scorer_run(scorer, c->rolls.model->weights,
                                   &(const nm_piece){.sequence = part}, 1, &sums),
                     NEUME_OK);
    nm_scorer_free(scorer);
    return nm_score_nats(&sums) / NEUME_CROP_STEPS * 88 / 24;
}

static void a_crop_is_256_steps_of_its_piece_from_zero_state_scaled_to_88_keys(void **state) {
    (void)state;
    for (neume_onsets onsets = NEUME_ONSETS_KEEP; onsets <= NEUME_ONSETS_DROP; onsets++) {
        crop_case c = open_case(onsets);
        neume_evaluate_options options = neume_evaluate_options_default();
        const char *path = c.folder.path;
        neume_corpus *corpus;
        options.inputs = (neume_inputs){&path, 1};
        assert_int_equal(
            nm_corpus_load_as_given(&corpus, c.rolls.context, c.rolls.model->codec, &options, NULL),
            NEUME_OK);
        const nm_piece *whole = &corpus->train[2];
        const size_t places = whole->sequence.step_count - NEUME_CROP_STEPS + 1;
        assert_true(places > 100);
        double first = 0;
        for (uint64_t seed = 1; seed <= 4; seed++) {
            const double u = nm_random_uniform(seed, NM_PURPOSE_CROP, 0, 2);
            const double nats = nats_of_seed(&c, seed);
            assert_near(nats, nats_from(&c, whole, (size_t)(u * (double)places)), 1e-9);
            assert_true(nats != first);
            first = nats;
        }
        assert_true(nats_of_seed(&c, 4) == first);
        neume_corpus_free(corpus);
        close_case(&c);
    }
}

static void refuses_models_without_rolls_and_pieces_that_are_all_too_short(void **state) {
    (void)state;
    crop_case c = open_case(NEUME_ONSETS_KEEP);
    neume_crops crops;
    neume_error error = {0};
    unlink(test_path(&c.folder, "c"));
    assert_int_equal(evaluate(&crops, &c, 1, &error), NEUME_BAD_INPUT);
    assert_string_equal(error.line, "none of 2 pieces has 256 steps, as a crop has");
    assert_non_null(crops.files);
    neume_crops_clear(&crops);
    unlink(test_path(&c.folder, "a"));
    unlink(test_path(&c.folder, "b"));
    assert_int_equal(evaluate(&crops, &c, 1, &error), NEUME_BAD_INPUT);
    assert_string_equal(error.line, "no file below the inputs: expected MIDI files");
    neume_crops_clear(&crops);
    const music_plan plan = music_plan_of("chords");
    neume_corpus *corpus = music_corpus(c.rolls.context, &plan);
    neume_model *model;
    const neume_network_options network = {.embed = 2, .layers = {3}, .layer_count = 1};
    assert_int_equal(nm_model_new(&model, corpus, "chords", &network, NULL), NEUME_OK);
    const neume_crops_options options = neume_crops_options_default();
    assert_int_equal(neume_crops_evaluate(&crops, c.rolls.context, model, &options, &error),
                     NEUME_BAD_USAGE);
    assert_string_equal(error.line, "protocol crops: the model is of codec word, expected roll");
    assert_null(crops.files);
    neume_model_free(model);
    neume_corpus_free(corpus);
    close_case(&c);
}

static neume_status evaluate_and_clear(neume_context *context, void *data) {
    const crop_case *c = data;
    const char *path = c->folder.path;
    neume_crops_options options = neume_crops_options_default();
    neume_crops crops;
    options.pieces.inputs = (neume_inputs){&path, 1};
    neume_context *own = c->rolls.model->context;
    c->rolls.model->context = context;
    const neume_status status =
        neume_crops_evaluate(&crops, context, c->rolls.model, &options, NULL);
    c->rolls.model->context = own;
    neume_crops_clear(&crops);
    return status;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    crop_case c = open_case(NEUME_ONSETS_DROP);
    test_each_allocation_failing(evaluate_and_clear, &c);
    close_case(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crop_is_256_steps_of_its_piece_from_zero_state_scaled_to_88_keys),
        cmocka_unit_test(refuses_models_without_rolls_and_pieces_that_are_all_too_short),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
