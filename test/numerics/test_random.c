/* SPDX-License-Identifier: ISC */
/* The random draws of each operation table are those of base/rng.h, bit for bit. */
#include "ops_check.h"

enum { MOST = 70 };

static void check_draws(const nm_ops *ops, nm_pool *pool) {
    (void)pool;
    const nm_draw draw = {
        .seed = 0x123456789ABCDEFu, .update = 0xFEDCBA98765u, .purpose = NM_PURPOSE_WEIGHT_DROP};
    const uint64_t first = 0xFFFFFFF0u; /* the index passes 32 bits */
    for (size_t count = 0; count < MOST; count++) {
        uint32_t words[MOST + 1][4] = {{0}};
        ops->random_draws(words, &draw, first, count);
        for (size_t i = 0; i < count; i++) {
            const nm_random wanted = nm_random_at(draw.seed, draw.purpose, draw.update, first + i);
            assert_memory_equal(words[i], wanted.word, sizeof wanted.word);
        }
        for (size_t w = 0; w < 4; w++)
            assert_int_equal(words[count][w], 0);
    }
}

static void every_table_draws_the_same_numbers(void **state) {
    (void)state;
    for_each_table(check_draws);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_table_draws_the_same_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
