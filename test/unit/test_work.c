/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "nn/work.h"

/* Embedding 3, LSTM 4, LSTM 5, trunk 2, seven words:
 * 16 (3 + 4) + 20 (4 + 5) + 2 5 + 7 2 = 112 + 180 + 10 + 14. */
static void a_stack_uses_each_weight_of_its_products_once(void **state) {
    (void)state;
    const nm_stack_shape shape = {.stream_count = 1,
                                  .vocabulary = {7},
                                  .embed = 3,
                                  .layers = {4, 5},
                                  .layer_count = 2,
                                  .trunk = 2};
    const nm_work work = nm_stack_work(&shape);
    assert_true(work.weights == 316);
    assert_true(work.weights_read == 316);
    assert_true(work.forward == 632);
    assert_true(work.training == 1896);
}

/* 16 4 + 5 4: the seven words of the input are looked up. */
static void one_hot_words_are_looked_up(void **state) {
    (void)state;
    const nm_stack_shape shape = {
        .stream_count = 1, .vocabulary = {5}, .layers = {4}, .layer_count = 1};
    assert_true(nm_stack_work(&shape).weights == 84);
}

/* Branches of 2 for each of two streams, 8 (3 + 2) each; LSTM 4 of both, 16 (4 + 4); heads of 3,
 * 3 4 each, to five and six words. */
static void branches_and_heads_count_for_each_stream(void **state) {
    (void)state;
    const nm_stack_shape shape = {.stream_count = 2,
                                  .vocabulary = {5, 6},
                                  .embed = 3,
                                  .branch = 2,
                                  .layers = {4},
                                  .layer_count = 1,
                                  .head = 3};
    assert_true(nm_stack_work(&shape).weights == 2 * 40 + 128 + 2 * 12 + 15 + 18);
}

/* The outputs of a structured head are those of its maps, 4 + 3. */
static void a_structured_head_is_as_wide_as_its_maps(void **state) {
    (void)state;
    const nm_stack_shape shape = {.stream_count = 1,
                                  .vocabulary = {100},
                                  .embed = 1,
                                  .layers = {2},
                                  .layer_count = 1,
                                  .map_count = 2,
                                  .maps = {{.width = 4}, {.width = 3}}};
    assert_true(nm_stack_work(&shape).weights == 8 * (1 + 2) + 7 * 2);
}

/* Ten keys, two bits. A key is told a window of 3 2, 12 classes, 1: I = 19. Along time 16 (19 + 4),
 * along the keys 8 (4 + 2 + 2), out 2 2; nobody wants the gradient of what a key is told, 16 19. */
static void a_biaxial_network_works_for_each_key(void **state) {
    (void)state;
    const nm_biaxial_shape shape = {.key_count = 10,
                                    .bits = 2,
                                    .window = 3,
                                    .period = 12,
                                    .time_layers = {4},
                                    .time_count = 1,
                                    .note_layers = {2},
                                    .note_count = 1};
    const nm_work work = nm_biaxial_work(&shape);
    assert_true(work.weights == 368 + 64 + 4);
    assert_true(work.forward == 10 * 2 * 436);
    assert_true(work.training == 10 * (6 * 436 - 2 * 304));
    assert_true(work.weights_read == 368 + 10 * 68);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stack_uses_each_weight_of_its_products_once),
        cmocka_unit_test(one_hot_words_are_looked_up),
        cmocka_unit_test(branches_and_heads_count_for_each_stream),
        cmocka_unit_test(a_structured_head_is_as_wide_as_its_maps),
        cmocka_unit_test(a_biaxial_network_works_for_each_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
