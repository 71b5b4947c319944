/* SPDX-License-Identifier: ISC */
/* Which elements of a network the names of layers hold. */
#include "heir_case.h"

#include "learn/freeze.h"

static const heir_music few_words = {"word", {"C4 D4 E4 C4 <end>", "G4 E4 D4 <end>"}};
static const heir_music more_words = {"word", {"A4 C4 D4 B4 <end>"}};
static const neume_network_options network = {
    .embed = 5, .layers = {6, 7}, .layer_count = 2, .trunk = 4};

static bool is_frozen(const nm_frozen *frozen, size_t i) {
    for (size_t r = 0; r < frozen->count; r++)
        if (i >= frozen->ranges[r].begin && i < frozen->ranges[r].end)
            return true;
    return false;
}

/* Whether all elements of a tensor are frozen, or none. */
static bool is_all(const heir_case *c, const nm_frozen *frozen, const char *name, bool expected) {
    const nm_param *param = nm_params_find(nm_model_params(c->child), name);
    for (size_t i = 0; i < param->rows * param->columns; i++)
        if (is_frozen(frozen, param->offset + i) != expected)
            return false;
    return true;
}

/* The tensors that names choose, with spaces between. */
static const char *chosen(const heir_case *c, const char *names) {
    static char text[512];
    size_t used = 0, index;
    json_t *array = nm_freeze_json(nm_model_params(c->child), names), *name;
    text[0] = '\0';
    json_array_foreach(array, index, name) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", index ? " " : "",
                                 json_string_value(name));
    }
    json_decref(array);
    return text;
}

static void names_are_tensors_or_what_stands_before_a_dot(void **state) {
    (void)state;
    heir_case c = heir_case_new(&few_words, &few_words, &network);
    assert_string_equal(chosen(&c, "embed"), "embed.weight");
    assert_string_equal(chosen(&c, "embed.weight"), "embed.weight");
    assert_string_equal(chosen(&c, "lstm.0"), "lstm.0.weight_ih lstm.0.weight_hh lstm.0.bias");
    assert_string_equal(chosen(&c, "*.bias"), "lstm.0.bias lstm.1.bias trunk.bias head.0.bias");
    assert_string_equal(chosen(&c, "lstm.?.w*_hh"), "lstm.0.weight_hh lstm.1.weight_hh");
    assert_string_equal(chosen(&c, "trunk,embed"), "embed.weight trunk.weight trunk.bias");
    assert_string_equal(chosen(&c, "em"), "");
    assert_string_equal(chosen(&c, "weight"), "");
    heir_case_clear(&c);
}

static void layers_are_held_whole_where_no_word_is_new(void **state) {
    (void)state;
    heir_case c = heir_case_new(&few_words, &few_words, &network);
    nm_frozen frozen = nm_frozen_on(c.context);
    assert_int_equal(nm_freeze(&frozen, c.child, c.parent, "embed,head", NULL), NEUME_OK);
    assert_true(is_all(&c, &frozen, "embed.weight", true));
    assert_true(is_all(&c, &frozen, "head.0.weight", true));
    assert_true(is_all(&c, &frozen, "head.0.bias", true));
    assert_true(is_all(&c, &frozen, "lstm.0.weight_ih", false));
    assert_true(is_all(&c, &frozen, "trunk.bias", false));
    nm_frozen_clear(&frozen);
    heir_case_clear(&c);
}

/* Rows of the embedding: <end> <unk> C4 D4 E4 G4, then A4 B4, then the begin input. */
static void new_words_learn_all_the_same(void **state) {
    (void)state;
    heir_case c = heir_case_new(&few_words, &more_words, &network);
    nm_frozen frozen = nm_frozen_on(c.context);
    assert_int_equal(nm_freeze(&frozen, c.child, c.parent, "embed,head.0.bias", NULL), NEUME_OK);
    const nm_param *embed = nm_params_find(nm_model_params(c.child), "embed.weight");
    const nm_param *bias = nm_params_find(nm_model_params(c.child), "head.0.bias");
    assert_int_equal(embed->rows, 9);
    for (size_t i = 0; i < 9 * embed->columns; i++) {
        const size_t row = i / embed->columns;
        assert_int_equal(is_frozen(&frozen, embed->offset + i), row != 6 && row != 7);
    }
    for (size_t word = 0; word < 8; word++)
        assert_int_equal(is_frozen(&frozen, bias->offset + word), word < 6);
    nm_frozen_clear(&frozen);
    heir_case_clear(&c);
}

static void a_name_that_nothing_has_is_refused_with_what_there_is(void **state) {
    (void)state;
    heir_case c = heir_case_new(&few_words, &more_words, &network);
    nm_frozen frozen = nm_frozen_on(c.context);
    neume_error error = {0};
    assert_int_equal(nm_freeze(&frozen, c.child, c.parent, "embed,heads", &error), NEUME_BAD_USAGE);
    assert_string_equal(error.line,
                        "freeze heads: no layer or tensor is called so, expected some of embed, "
                        "lstm.0, lstm.1, trunk, head.0");
    assert_int_equal(nm_freeze(&frozen, c.child, c.parent, "embed,,lstm", &error), NEUME_BAD_USAGE);
    assert_int_equal(frozen.count, 0);
    heir_case_clear(&c);
}

static void something_must_be_left_to_train(void **state) {
    (void)state;
    heir_case c = heir_case_new(&few_words, &few_words, &network);
    heir_case grown = heir_case_new(&few_words, &more_words, &network);
    nm_frozen frozen = nm_frozen_on(c.context);
    neume_error error = {0};
    assert_int_equal(nm_freeze(&frozen, c.child, c.parent, "*", &error), NEUME_BAD_USAGE);
    assert_string_equal(error.line,
                        "freeze *: all of the network, expected something left to train");
    assert_int_equal(frozen.count, 0);
    assert_int_equal(nm_freeze(&frozen, grown.child, grown.parent, "*", &error), NEUME_OK);
    nm_frozen_clear(&frozen);
    heir_case_clear(&grown);
    heir_case_clear(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_tensors_or_what_stands_before_a_dot),
        cmocka_unit_test(layers_are_held_whole_where_no_word_is_new),
        cmocka_unit_test(new_words_learn_all_the_same),
        cmocka_unit_test(a_name_that_nothing_has_is_refused_with_what_there_is),
        cmocka_unit_test(something_must_be_left_to_train),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
