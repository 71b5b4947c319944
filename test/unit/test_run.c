/* SPDX-License-Identifier: ISC */
#include "learn/run.h"

#include "music_sessions.h"

static void *count_calls(void *data, void *block, size_t size) {
    ++*(size_t *)data;
    return realloc(block, size);
}

/* Several pieces of music go by meanwhile, and rows begin new ones. */
static void no_update_but_the_first_allocates(void **state) {
    (void)state;
    for (size_t i = 0; i < OPENINGS; i++) {
        session it;
        nm_run run;
        size_t calls = 0;
        openings[i](&it, 2, NEUME_ISA_AUTO);
        assert_int_equal(nm_run_init(&run, it.context, it.corpus, &it.options, NULL), NEUME_OK);
        run.state.planned = 100;
        assert_int_equal(nm_run_update(&run, NULL), NEUME_OK);
        const neume_allocator kept = it.context->allocator;
        it.context->allocator = (neume_allocator){count_calls, &calls};
        for (int update = 0; update < 90; update++)
            assert_int_equal(nm_run_update(&run, NULL), NEUME_OK);
        it.context->allocator = kept;
        assert_true(nm_run_epochs(&run) >= 1);
        assert_int_equal(calls, 0);
        nm_run_clear(&run);
        close_session(&it);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_update_but_the_first_allocates)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
