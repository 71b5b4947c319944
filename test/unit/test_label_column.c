/* SPDX-License-Identifier: ISC */
/* What becomes of a piece's label: batches, training, composing. */
#include "music_case.h"
#include "trainings.h"

#include "learn/batch.h"
#include "learn/composer.h"
#include "learn/scorer.h"

#include <math.h>

/* Pieces of style "a", "b" and none take turns. */
static void label_pieces(nm_piece *pieces, size_t count) {
    static const char *const folders[] = {"a", "b", ""};
    for (size_t i = 0; i < count; i++)
        pieces[i].folder = folders[i % 3];
}

static void label_corpus(neume_corpus *corpus) {
    label_pieces(corpus->train, corpus->train_count);
    label_pieces(corpus->valid, corpus->valid_count);
    assert_int_equal(nm_labels_collect(&corpus->labels, corpus->context, corpus->train,
                                       corpus->train_count, NULL),
                     NEUME_OK);
    assert_int_equal(corpus->labels.count, 2);
    nm_labels_tell(&corpus->labels, corpus->train, corpus->train_count);
    nm_labels_tell(&corpus->labels, corpus->valid, corpus->valid_count);
}

static const uint8_t *const no_masks[NEUME_MAX_STREAMS];

static nm_batcher *batcher_of(const neume_corpus *corpus, size_t B, uint64_t seed, bool endless) {
    const nm_batcher_options options = {.codec = corpus->codec,
                                        .pieces = corpus->train,
                                        .piece_count = corpus->train_count,
                                        .B = B,
                                        .T = 5,
                                        .is_endless = endless,
                                        .seed = seed,
                                        .has_labels = true,
                                        .masks = no_masks};
    nm_batcher *batcher;
    assert_int_equal(nm_batcher_new(&batcher, corpus->context, &options), NEUME_OK);
    return batcher;
}

static neume_corpus *labelled_music(neume_context *context, const char *preset) {
    const music_plan plan = music_plan_of(preset);
    neume_corpus *corpus = music_corpus(context, &plan);
    label_corpus(corpus);
    return corpus;
}

static void likelihoods_are_told_every_label(void **state) {
    neume_corpus *corpus = labelled_music(*state, "streams");
    const unsigned columns = nm_row_columns(corpus->codec, true);
    assert_int_equal(columns, nm_row_columns(corpus->codec, false) + 1);
    nm_batcher *batcher = batcher_of(corpus, 2, 1, false);
    nm_batch batch;
    while (nm_batcher_next(batcher, &batch))
        for (size_t i = 0; i < 2 * batch.T; i++) {
            const uint32_t piece = nm_batcher_pieces(batcher)[i];
            assert_int_equal(batch.inputs[i * columns + columns - 1],
                             batch.valid[i] ? corpus->train[piece].label : 0);
        }
    nm_batcher_free(batcher);
    neume_corpus_free(corpus);
}

enum { EPOCHS = 400, PIECES = 9 };

/* What each piece was told in each of its epochs. */
typedef struct told_table {
    uint8_t label[EPOCHS][PIECES];
    size_t begun[PIECES];
} told_table;

static void fill_table(told_table *table, const neume_corpus *corpus, size_t B, uint64_t seed) {
    const unsigned columns = nm_row_columns(corpus->codec, true);
    nm_batcher *batcher = batcher_of(corpus, B, seed, true);
    nm_batch batch;
    *table = (told_table){.begun = {0}};
    while (nm_batcher_epochs(batcher) < EPOCHS && nm_batcher_next(batcher, &batch))
        for (size_t i = 0; i < B * batch.T; i++) {
            const uint32_t piece = nm_batcher_pieces(batcher)[i];
            const uint32_t label = batch.inputs[i * columns + columns - 1];
            table->begun[piece] += batch.reset[i];
            if (B == 1 && table->begun[piece] <= EPOCHS && !batch.reset[i]) /* one for the piece */
                assert_int_equal(table->label[table->begun[piece] - 1][piece], label);
            if (table->begun[piece] <= EPOCHS)
                table->label[table->begun[piece] - 1][piece] = (uint8_t)label;
            assert_true(label == 0 || label == corpus->train[piece].label);
        }
    nm_batcher_free(batcher);
}

static void a_tenth_of_the_labels_is_kept_back_in_training(void **state) {
    static told_table table;
    neume_corpus *corpus = labelled_music(*state, "chords");
    size_t hidden = 0, labelled = 0;
    fill_table(&table, corpus, 1, 1);
    for (size_t e = 0; e < EPOCHS; e++)
        for (size_t p = 0; p < PIECES; p++) {
            labelled += corpus->train[p].label > 0;
            hidden += corpus->train[p].label > 0 && table.label[e][p] == 0;
        }
    assert_true(fabs((double)hidden / (double)labelled - 0.1) < 0.015);
    neume_corpus_free(corpus);
}

static void what_is_kept_back_is_a_function_of_seed_epoch_and_piece(void **state) {
    static told_table one, three, other;
    neume_corpus *corpus = labelled_music(*state, "chords");
    fill_table(&one, corpus, 1, 1);
    fill_table(&three, corpus, 3, 1);
    fill_table(&other, corpus, 1, 2);
    assert_memory_equal(one.label, three.label, sizeof one.label - PIECES);
    assert_memory_not_equal(one.label, other.label, sizeof one.label);
    neume_corpus_free(corpus);
}

static void a_restored_batcher_tells_the_same(void **state) {
    neume_corpus *corpus = labelled_music(*state, "chords");
    const size_t size = 3 * 5 * nm_row_columns(corpus->codec, true) * sizeof(uint32_t);
    for (unsigned before = 0; before < 40; before++) {
        nm_batcher *batcher = batcher_of(corpus, 3, 4, true),
                   *other = batcher_of(corpus, 3, 4, true);
        nm_batch batch, again;
        for (unsigned i = 0; i < before; i++)
            assert_true(nm_batcher_next(batcher, &batch));
        assert_true(nm_batcher_restore(other, nm_batcher_rows(batcher),
                                       nm_batcher_row_count(batcher), nm_batcher_queue(batcher)));
        assert_true(nm_batcher_next(batcher, &batch) && nm_batcher_next(other, &again));
        assert_memory_equal(batch.inputs, again.inputs, size);
        nm_batcher_free(batcher);
        nm_batcher_free(other);
    }
    neume_corpus_free(corpus);
}

static void open_labelled(session *it, unsigned threads) {
    open_session(it, threads, NEUME_ISA_C);
    label_corpus(it->corpus);
}

static void a_resumed_training_with_labels_is_the_same_to_the_bit(void **state) {
    (void)state;
    session whole, parts;
    open_labelled(&whole, 1);
    open_labelled(&parts, 2);
    train_well(&whole);
    parts.seen.stop_after = 9;
    assert_int_equal(train(&parts), NEUME_INTERRUPTED);
    parts.seen.stop_after = 0;
    parts.options.resume = true;
    train_well(&parts);
    assert_same_run(&whole, &parts);
    close_session(&whole);
    close_session(&parts);
}

static void a_training_does_not_go_on_with_other_labels(void **state) {
    (void)state;
    session it;
    open_labelled(&it, 1);
    it.seen.stop_after = 9;
    assert_int_equal(train(&it), NEUME_INTERRUPTED);
    it.corpus->train[0].label = 2;
    it.options.resume = true;
    assert_int_equal(train(&it), NEUME_BAD_USAGE);
    assert_non_null(strstr(it.error.line, "the corpus has changed"));
    close_session(&it);
}

static void labels_need_an_embedding(void **state) {
    (void)state;
    session it;
    open_labelled(&it, 1);
    it.options.network.embed = 0;
    assert_int_equal(train(&it), NEUME_BAD_USAGE);
    assert_non_null(strstr(it.error.line, "expected an embedding"));
    close_session(&it);
}

/* A model of "streams" with labels and strong weights. */
typedef struct song_case {
    neume_context *context;
    neume_corpus *corpus;
    neume_model *model;
} song_case;

static song_case open_songs(const char *preset) {
    song_case c = {.context = test_context(1, NEUME_ISA_C, NULL)};
    const neume_network_options network = {.embed = 9,
                                           .branch = strcmp(preset, "streams") == 0 ? 6 : 0,
                                           .layers = {16},
                                           .layer_count = 1};
    c.corpus = labelled_music(c.context, preset);
    assert_int_equal(nm_model_new(&c.model, c.corpus, preset, &network, NULL), NEUME_OK);
    const nm_params *params = nm_model_params(c.model);
    nm_stack_init_weights(&c.model->network.stack, c.model->weights, 7);
    for (size_t p = 0; p < params->count; p++)
        for (size_t i = 0; i < params->table[p].rows * params->table[p].columns; i++)
            c.model->weights[params->table[p].offset + i] *= 4;
    return c;
}

static void close_songs(song_case *c) {
    neume_model_free(c->model);
    neume_corpus_free(c->corpus);
    neume_context_free(c->context);
}

enum { STEPS = 30 };

static nm_composer *compose(const song_case *c, const nm_composer_plan *plan) {
    nm_composer *composer;
    assert_int_equal(nm_composer_new(&composer, c->context, c->model, plan, 2), NEUME_OK);
    assert_int_equal(nm_composer_run(composer, 0, NULL), NEUME_OK);
    return composer;
}

static nm_composer_plan plan_of(bool has_label, double a, double b) {
    return (nm_composer_plan){.sampling = neume_sampling_default(),
                              .seed = 5,
                              .step_count = STEPS,
                              .has_label = has_label,
                              .shares = {a, b}};
}

/* What a song costs a model that is told this label. */
static double nats_of(const song_case *c, const nm_composed *song, uint32_t label) {
    const unsigned width = neume_codec_width(c->corpus->codec);
    const nm_piece piece = {
        .sequence = {.words = song->words, .step_count = song->step_count, .width = width},
        .label = label};
    nm_scorer *scorer;
    nm_score_sums sums;
    assert_int_equal(nm_scorer_new(&scorer, c->context, &c->model->network, c->model->codec, NULL),
                     NEUME_OK);
    assert_int_equal(nm_scorer_run(scorer, c->model->weights, &piece, 1, &sums), NEUME_OK);
    nm_scorer_free(scorer);
    return nm_score_nats(&sums);
}

static void a_mixture_of_one_label_is_that_label(const char *preset) {
    song_case c = open_songs(preset);
    for (uint32_t told = 0; told <= 2; told++) {
        const nm_composer_plan plan = plan_of(told > 0, told == 1, told == 2);
        nm_composer *composer = compose(&c, &plan);
        const nm_composed song = nm_composer_song(composer, 1);
        for (uint32_t label = 0; label <= 2; label++) {
            const double apart = fabs(nats_of(&c, &song, label) + song.log_probability);
            assert_true(label == told ? apart < 1e-3 : apart > 1e-2);
        }
        nm_composer_free(composer);
    }
    close_songs(&c);
}

static void a_mixture_of_one_label_is_that_label_with_branches_and_without(void **state) {
    (void)state;
    a_mixture_of_one_label_is_that_label("streams");
    a_mixture_of_one_label_is_that_label("chords");
    a_mixture_of_one_label_is_that_label("frames");
}

static void a_mixture_of_two_labels_is_neither(void **state) {
    (void)state;
    song_case c = open_songs("streams");
    const nm_composer_plan plan = plan_of(true, 0.5, 0.5);
    nm_composer *composer = compose(&c, &plan), *again = compose(&c, &plan);
    const nm_composed song = nm_composer_song(composer, 1), same = nm_composer_song(again, 1);
    assert_memory_equal(song.words, same.words,
                        STEPS * neume_codec_width(c.corpus->codec) * sizeof *song.words);
    for (uint32_t label = 0; label <= 2; label++)
        assert_true(fabs(nats_of(&c, &song, label) + song.log_probability) > 1e-2);
    nm_composer_free(again);
    nm_composer_free(composer);
    close_songs(&c);
}

static neume_status generate(neume_song *song, const song_case *c, const neume_label_weight *labels,
                             size_t count) {
    neume_generate_options options = neume_generate_options_default();
    options.length_steps = STEPS;
    options.labels = labels;
    options.label_count = count;
    neume_error error = {0};
    const neume_status status = neume_generate(song, c->context, c->model, &options, &error);
    if (status)
        assert_non_null(strstr(error.line, "label"));
    return status;
}

static const char *text_of(const neume_song *song) {
    static char text[256];
    size_t count;
    const neume_text *texts = neume_score_texts(song->score, &count);
    assert_int_equal(count, 3);
    snprintf(text, sizeof text, "%.*s", (int)texts[2].size_bytes, (const char *)texts[2].bytes);
    return text;
}

static void weights_are_divided_by_their_sum_and_written_into_the_song(void **state) {
    (void)state;
    song_case c = open_songs("streams");
    neume_song a, b;
    assert_int_equal(generate(&a, &c, (const neume_label_weight[]){{"b", 3}, {"a", 1}}, 2),
                     NEUME_OK);
    assert_int_equal(generate(&b, &c, (const neume_label_weight[]){{"a", 4}, {"b", 12}}, 2),
                     NEUME_OK);
    assert_string_equal(text_of(&a), "labels a 0.25, b 0.75");
    assert_true(a.log_probability == b.log_probability);
    neume_song_clear(&a);
    neume_song_clear(&b);
    assert_int_equal(generate(&a, &c, (const neume_label_weight[]){{"b", 7}}, 1), NEUME_OK);
    assert_string_equal(text_of(&a), "label b");
    neume_song_clear(&a);
    close_songs(&c);
}

static void refuses_labels_that_the_model_does_not_know(void **state) {
    (void)state;
    song_case c = open_songs("chords");
    neume_song song;
    static const neume_label_weight bad[] = {{"c", 1},  {"", 1},    {"a", 0},
                                             {"a", -1}, {"a", NAN}, {"a", INFINITY}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(generate(&song, &c, &bad[i], 1), NEUME_BAD_USAGE);
    close_songs(&c);
}

static neume_status compose_mixture(neume_context *context, void *data) {
    const song_case *c = data;
    const nm_composer_plan plan = plan_of(true, 0.5, 0.5);
    nm_composer *composer;
    neume_status status = nm_composer_new(&composer, context, c->model, &plan, 1);
    nm_composer_free(composer);
    return status;
}

static void a_composer_survives_every_failing_allocation(void **state) {
    (void)state;
    song_case c = open_songs("chords");
    test_each_allocation_failing(compose_mixture, &c);
    close_songs(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(likelihoods_are_told_every_label, test_set_up,
                                        test_tear_down),
        cmocka_unit_test_setup_teardown(a_tenth_of_the_labels_is_kept_back_in_training, test_set_up,
                                        test_tear_down),
        cmocka_unit_test_setup_teardown(what_is_kept_back_is_a_function_of_seed_epoch_and_piece,
                                        test_set_up, test_tear_down),
        cmocka_unit_test_setup_teardown(a_restored_batcher_tells_the_same, test_set_up,
                                        test_tear_down),
        cmocka_unit_test(a_resumed_training_with_labels_is_the_same_to_the_bit),
        cmocka_unit_test(a_training_does_not_go_on_with_other_labels),
        cmocka_unit_test(labels_need_an_embedding),
        cmocka_unit_test(a_mixture_of_one_label_is_that_label_with_branches_and_without),
        cmocka_unit_test(a_mixture_of_two_labels_is_neither),
        cmocka_unit_test(weights_are_divided_by_their_sum_and_written_into_the_song),
        cmocka_unit_test(refuses_labels_that_the_model_does_not_know),
        cmocka_unit_test(a_composer_survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
