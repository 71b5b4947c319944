/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "music/vocabulary.h"

#include <string.h>

static void add_numbers(nm_vocabulary *words, uint32_t first, uint32_t end, uint32_t step) {
    for (uint32_t i = first; i < end; i++) {
        char text[16];
        snprintf(text, sizeof text, "w%u", i * step % 1009);
        assert_int_equal(nm_vocabulary_add(words, text), i);
        assert_int_equal(nm_vocabulary_add(words, text), i);
        assert_string_equal(words->texts[i], text);
    }
}

static void ids_follow_the_order_of_adding(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    nm_vocabulary words = nm_vocabulary_on(context);
    assert_int_equal(nm_vocabulary_find(&words, "w0"), UINT32_MAX);
    add_numbers(&words, 0, 1000, 1);
    assert_int_equal(nm_vocabulary_find(&words, "w999"), 999);
    assert_int_equal(nm_vocabulary_find(&words, "w1000"), UINT32_MAX);
    assert_int_equal(nm_vocabulary_find(&words, ""), UINT32_MAX);
    nm_vocabulary_clear(&words);
    assert_int_equal(nm_vocabulary_find(&words, "w0"), UINT32_MAX);
    neume_context_free(context);
}

/* What was forgotten comes back in another order, at every size. */
static void forgets_the_last_words_without_a_trace(void **state) {
    (void)state;
    neume_context *context = test_context(1, NEUME_ISA_C, NULL);
    for (uint32_t kept = 0; kept < 200; kept += 7) {
        nm_vocabulary words = nm_vocabulary_on(context);
        add_numbers(&words, 0, 200, 1);
        nm_vocabulary_truncate(&words, kept);
        assert_int_equal(words.count, kept);
        assert_int_equal(nm_vocabulary_find(&words, "w199"), UINT32_MAX);
        for (uint32_t i = kept; i < 200; i++) {
            char text[16];
            snprintf(text, sizeof text, "w%u", 199 + kept - i);
            assert_int_equal(nm_vocabulary_add(&words, text), i);
        }
        for (uint32_t i = 0; i < 200; i++)
            assert_int_equal(nm_vocabulary_find(&words, words.texts[i]), i);
        nm_vocabulary_clear(&words);
    }
    neume_context_free(context);
}

static neume_status add_some(neume_context *context, void *data) {
    (void)data;
    nm_vocabulary words = nm_vocabulary_on(context);
    bool is_added = true;
    for (char text[] = "a"; text[0] <= 'z' && is_added; text[0]++)
        is_added = nm_vocabulary_add(&words, text) != UINT32_MAX;
    nm_vocabulary_clear(&words);
    return is_added ? NEUME_OK : NEUME_NO_MEMORY;
}

static void survives_every_failing_allocation(void **state) {
    (void)state;
    test_each_allocation_failing(add_some, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_follow_the_order_of_adding),
        cmocka_unit_test(forgets_the_last_words_without_a_trace),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
