/* SPDX-License-Identifier: ISC */
/* What a model that starts from another says before it has learnt anything: what the other says. */
#include "heir_case.h"

#include "learn/network_run.h"

#include <math.h>

static const heir_music few_words = {"word", {"C4 D4 E4 C4 <end>", "G4 E4 D4 <end>"}};
static const heir_music more_words = {"word", {"A4 C4 D4 B4 B4 B4 <end>", "E4 F4 A4 <end>"}};
static const heir_music few_events = {
    "stream",
    {"C4 0 1/2 p0 <end> <end> <end> <end>", "D4 1/2 1/2 p0 E4 1/2 1 p0 <end> <end> <end> <end>"}};
static const heir_music more_events = {
    "stream",
    {"C4 0 1/3 p7 <end> <end> <end> <end>", "F4 1/2 1/2 p0 A4 1 1 p7 <end> <end> <end> <end>"}};

static const neume_network_options plain = {
    .embed = 5, .layers = {6, 7}, .layer_count = 2, .trunk = 4};
static const neume_network_options one_hot = {.layers = {6}, .layer_count = 1};
static const neume_network_options tied = {
    .embed = 6, .layers = {6}, .layer_count = 1, .tied = true};
static const neume_network_options branches = {.embed = 5,
                                               .branch = 4,
                                               .layers = {6},
                                               .layer_count = 1,
                                               .trunk = 5,
                                               .head = 6,
                                               .norm = NEUME_NORM_LAYER};
static const neume_network_options bare_heads = {.embed = 5, .layers = {6}, .layer_count = 1};

static const struct {
    const char *name;
    const heir_music *before, *after;
    const neume_network_options *network;
} cases[] = {{"plain", &few_words, &more_words, &plain},
             {"one-hot", &few_words, &more_words, &one_hot},
             {"tied", &few_words, &more_words, &tied},
             {"branches", &few_events, &more_events, &branches},
             {"heads without a dense layer", &few_events, &more_events, &bare_heads}};

enum { CASES = sizeof cases / sizeof *cases, MOST_WORDS = 64, COLUMNS = NEUME_MAX_STREAMS + 1 };

/* A network that says one word after the other. */
typedef struct speaker {
    const neume_model *model;
    nm_network_run run;
} speaker;

static speaker speaker_on(neume_context *context, const neume_model *model) {
    speaker s = {.model = model};
    const nm_run_options options = {.max_T = 1, .max_B = 1};
    assert_int_equal(nm_network_run_init(&s.run, context, &model->network, &options, NULL),
                     NEUME_OK);
    nm_network_pack(&s.run, model->weights);
    return s;
}

/* The begin inputs, or a step of words; with a label's number where there are labels. */
static void hear(const speaker *s, const uint32_t *words, uint32_t label) {
    const neume_codec *codec = s->model->codec;
    const unsigned streams = neume_codec_stream_count(codec);
    uint32_t inputs[COLUMNS];
    const uint8_t reset = words == NULL;
    for (unsigned i = 0; i < streams; i++)
        inputs[i] = words ? words[i] : neume_codec_word_count(codec, i);
    inputs[streams] = label;
    nm_stack_step(s->run.stack, inputs, &reset);
}

/* Logits of a stream, with the words of a step for those below. */
static void ask(const speaker *s, unsigned stream, const uint32_t *chosen, real *logits) {
    const uint32_t none[4] = {0};
    const uint32_t V = neume_codec_word_count(s->model->codec, stream);
    assert_true(V <= MOST_WORDS);
    memcpy(logits, nm_stack_logits(s->run.stack, stream, chosen, none), V * sizeof *logits);
}

/* After a step, the child's logits of the words that both have are the parent's; of those that are
 * new, that of <unk> and ln of a weight, 1 in the mean. */
static void assert_alike(const heir_case *c, const speaker *parent, const speaker *child,
                         const uint32_t *parents_step, const uint32_t *step) {
    for (unsigned s = 0; s < neume_codec_stream_count(c->parent->codec); s++) {
        real old[MOST_WORDS], new[MOST_WORDS];
        double sum = 0;
        const uint32_t known = neume_codec_word_count(c->parent->codec, s);
        const uint32_t all = neume_codec_word_count(c->child->codec, s);
        ask(parent, s, parents_step, old);
        ask(child, s, step, new);
        for (uint32_t w = 0; w < known; w++)
            assert_true(fabsf(old[w] - new[w]) < 1e-6f);
        for (uint32_t w = known; w < all; w++)
            sum += exp((double)new[w] - (double)new[NM_WORD_UNKNOWN]);
        assert_true(fabs(sum - (all - known)) < 1e-4);
    }
}

/* The parent's id of a word of the child. */
static uint32_t id_for_parent(const heir_case *c, unsigned stream, uint32_t word) {
    return word < neume_codec_word_count(c->parent->codec, stream) ? word : NM_WORD_UNKNOWN;
}

static void a_child_says_what_its_parent_says_and_hears_new_words_as_unknown_ones(void **state) {
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        heir_case c = heir_case_new(cases[i].before, cases[i].after, cases[i].network);
        speaker parent = speaker_on(c.context, c.parent), child = speaker_on(c.context, c.child);
        uint32_t step[NEUME_MAX_STREAMS] = {0}, parents_step[NEUME_MAX_STREAMS] = {0};
        hear(&parent, NULL, 0);
        hear(&child, NULL, 0);
        for (uint32_t t = 0; t < 30; t++) {
            for (unsigned s = 0; s < neume_codec_stream_count(c.child->codec); s++) {
                const nm_random random = nm_random_at(1, NM_PURPOSE_TEST, t, s);
                step[s] = random.word[0] % neume_codec_word_count(c.child->codec, s);
                parents_step[s] = id_for_parent(&c, s, step[s]);
            }
            assert_alike(&c, &parent, &child, parents_step, step);
            hear(&parent, parents_step, 0);
            hear(&child, step, 0);
        }
        nm_network_run_clear(&parent.run);
        nm_network_run_clear(&child.run);
        heir_case_clear(&c);
    }
}

static void the_bias_of_a_new_word_is_by_its_count(void **state) {
    (void)state;
    heir_case c = heir_case_new(&few_words, &more_words, &plain);
    const size_t bias = nm_params_find(nm_model_params(c.child), "head.0.bias")->offset;
    const double unknown = c.child->weights[bias + NM_WORD_UNKNOWN];
    static const struct {
        const char *word;
        double count;
    } expected[] = {{"A4", 2}, {"B4", 3}, {"F4", 1}};
    for (size_t i = 0; i < 3; i++) {
        const uint32_t word = neume_codec_find(c.child->codec, 0, expected[i].word);
        assert_true(word >= neume_codec_word_count(c.parent->codec, 0));
        const double difference = (double)c.child->weights[bias + word] - unknown;
        assert_true(fabs(difference - log((1 + expected[i].count) / 3)) < 1e-5);
    }
    heir_case_clear(&c);
}

static const heir_music two_styles = {"word", {"folk: C4 D4 <end>", "jazz: E4 C4 <end>"}};
static const heir_music other_styles = {"word", {"blues: A4 C4 <end>", "jazz: D4 C4 <end>"}};

/* Whether both say the same after a word, told these labels. */
static bool are_alike_with(const heir_case *c, uint32_t parents_label, uint32_t label) {
    const uint32_t word = neume_codec_find(c->parent->codec, 0, "C4");
    speaker parent = speaker_on(c->context, c->parent), child = speaker_on(c->context, c->child);
    real old[MOST_WORDS], new[MOST_WORDS];
    double difference = 0;
    hear(&parent, NULL, parents_label);
    hear(&parent, &word, parents_label);
    hear(&child, NULL, label);
    hear(&child, &word, label);
    ask(&parent, 0, &word, old);
    ask(&child, 0, &word, new);
    for (uint32_t w = 0; w < neume_codec_word_count(c->parent->codec, 0); w++)
        difference = fmax(difference, fabs((double)old[w] - (double)new[w]));
    nm_network_run_clear(&parent.run);
    nm_network_run_clear(&child.run);
    return difference < 1e-6;
}

static void labels_keep_their_meaning_whatever_their_number(void **state) {
    (void)state;
    heir_case c = heir_case_new(&two_styles, &other_styles, &plain);
    assert_int_equal(neume_model_label_count(c.child), 3);
    assert_string_equal(neume_model_label(c.child, 0), "blues");
    assert_true(are_alike_with(&c, 0, 0));
    assert_true(are_alike_with(&c, 1, 2)); /* folk */
    assert_true(are_alike_with(&c, 2, 3)); /* jazz */
    assert_true(are_alike_with(&c, 0, 1)); /* blues is new */
    assert_false(are_alike_with(&c, 1, 3));
    heir_case_clear(&c);
}

static void labels_may_come_to_a_model_that_has_none(void **state) {
    (void)state;
    heir_case c = heir_case_new(&few_words, &two_styles, &plain);
    assert_int_equal(neume_model_label_count(c.child), 2);
    for (uint32_t label = 0; label <= 2; label++)
        assert_true(are_alike_with(&c, 0, label));
    heir_case_clear(&c);
}

static void a_fixed_vocabulary_and_its_maps_are_copied_whole(void **state) {
    (void)state;
    static const heir_music one = {"event", {"Bar TimeSig_4/4 Position_0 Tempo_120 <end>"}};
    const neume_network_options network = {.embed = 4, .layers = {5}, .layer_count = 1};
    heir_case c = heir_case_new(&one, &one, &network);
    const size_t size = nm_model_params(c.parent)->size;
    assert_int_equal(nm_model_params(c.child)->size, size);
    assert_memory_equal(c.child->weights, c.parent->weights, size * sizeof(real));
    heir_case_clear(&c);
}

static void expect_refusal(const heir_case *c, const neume_model *parent, const char *line) {
    neume_error error = {0};
    assert_int_equal(nm_inherit_check(c->child, parent, &error), NEUME_BAD_USAGE);
    assert_string_equal(error.line, line);
}

static void refuses_another_network_another_preset_and_other_words(void **state) {
    (void)state;
    heir_case c = heir_case_new(&few_words, &more_words, &plain);
    neume_network_options wider = plain;
    wider.layers[1] = 8;
    neume_model *other = heir_model(c.parents_corpus, &wider);
    expect_refusal(&c, other,
                   "network: not that of the model that training starts from, expected the same "
                   "layers");
    neume_model_free(other);
    c.parent->preset[0] = 'C';
    expect_refusal(&c, c.parent,
                   "preset chords: the model that training starts from is of preset Chords, "
                   "expected the same");
    c.parent->preset[0] = 'c';
    const heir_music music = {"word", {"F4 <end>"}};
    neume_corpus *corpus = heir_corpus(c.context, &music, NULL);
    other = heir_model(corpus, &plain);
    expect_refusal(&c, other,
                   "vocabulary: it does not begin with the words of the model that training starts "
                   "from");
    neume_model_free(other);
    heir_corpus_free(corpus);
    heir_case_clear(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_says_what_its_parent_says_and_hears_new_words_as_unknown_ones),
        cmocka_unit_test(the_bias_of_a_new_word_is_by_its_count),
        cmocka_unit_test(labels_keep_their_meaning_whatever_their_number),
        cmocka_unit_test(labels_may_come_to_a_model_that_has_none),
        cmocka_unit_test(a_fixed_vocabulary_and_its_maps_are_copied_whole),
        cmocka_unit_test(refuses_another_network_another_preset_and_other_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
