/* SPDX-License-Identifier: ISC */
/* random_draws: the numbers of base/rng.h, bit for bit; also where the index passes 32 bits. */
#include "operation.h"

static void check_case(check *c, size_t count) {
    const nm_draw draw = {.seed = check_draw(c, UINT32_MAX) * (uint64_t)check_draw(c, UINT32_MAX),
                          .update = check_draw(c, UINT32_MAX) * (uint64_t)check_draw(c, UINT32_MAX),
                          .purpose = NM_PURPOSE_WEIGHT_DROP};
    const uint64_t first = check_chance(c, 0.5) ? UINT32_MAX - check_draw(c, count + 1) : 0;
    check_begin(c, "%zu draws from %llu on", count, (unsigned long long)first);
    uint32_t(*words)[4] = check_bytes(c, "words", 4 * count, sizeof(uint32_t), ANYWHERE);
    c->ops->random_draws(words, &draw, first, count);
    for (size_t i = 0; i < count; i++) {
        const nm_random wanted = nm_random_at(draw.seed, draw.purpose, draw.update, first + i);
        check_same(c, "a draw", words[i], wanted.word, sizeof wanted.word);
    }
    check_end(c);
}

static void check_random_draws(check *c) {
    check_case(c, 0);
    size_t count;
    for (size_t i = 0; check_sizes(c, i, &count, 1, 2000); i++)
        check_case(c, count);
}

static void prepare(timing *t) {
    t->call = timing_zeros(t, t->size[0], 4 * sizeof(uint32_t));
}

static void run(void *data) {
    timing *t = data;
    t->ops->random_draws(t->call, &(nm_draw){.seed = 1, .purpose = NM_PURPOSE_TEST}, 0, t->size[0]);
}

static const size_t shapes[][TIMING_SIZES] = {{4096, 1, 1}};

const operation random_draws_operation = {.name = "random_draws",
                                          .check = check_random_draws,
                                          .letters = {"N"},
                                          .shapes = shapes,
                                          .shape_count = sizeof shapes / sizeof *shapes,
                                          .prepare = prepare,
                                          .run = run};
