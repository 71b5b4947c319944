/* SPDX-License-Identifier: ISC */
/* Draws: each is a stream of its own of (seed, number of the draw). */
#include "check.h"

#include "base/rng.h"

size_t check_draw(check *c, size_t below) {
    return nm_random_at(c->seed, NM_PURPOSE_TEST, c->draws++, 0).word[0] % below;
}

bool check_chance(check *c, double probability) {
    return nm_random_uniform(c->seed, NM_PURPOSE_TEST, c->draws++, 0) < probability;
}

const float *check_inputs(check *c, const char *name, size_t count, float size) {
    float *block = check_floats(c, name, count, ANYWHERE);
    for (size_t i = 0; i < count; i += 4) {
        const nm_random random = nm_random_at(c->seed, NM_PURPOSE_TEST, c->draws, i);
        for (size_t j = i; j < i + 4 && j < count; j++)
            block[j] = size * ((float)(random.word[j - i] >> 8) * 0x1p-23f - 1);
    }
    c->draws++;
    check_freeze(c, block);
    return block;
}

const uint32_t *check_words(check *c, const char *name, size_t count, size_t below) {
    uint32_t *block = check_bytes(c, name, count, sizeof *block, ANYWHERE);
    for (size_t i = 0; i < count; i++)
        block[i] = nm_random_at(c->seed, NM_PURPOSE_TEST, c->draws, i).word[0] % (uint32_t)below;
    c->draws++;
    check_freeze(c, block);
    return block;
}

const uint8_t *check_flags(check *c, const char *name, size_t count, double probability) {
    uint8_t *block = check_bytes(c, name, count, sizeof *block, ANYWHERE);
    for (size_t i = 0; i < count; i++)
        block[i] = nm_random_uniform(c->seed, NM_PURPOSE_TEST, c->draws, i) < probability;
    c->draws++;
    check_freeze(c, block);
    return block;
}

/* Vectors of 4, 8 and 16 floats, tiles of 3 to 6 rows, panels of 4 vectors, pieces of 256 or 512
 * positions and blocks of a depth of 1024: their ends and what lies beside them; and primes. */
static const size_t edges[] = {1,   2,   3,   4,   5,    6,    7,    8,   9,   11,  12,
                               13,  15,  16,  17,  18,   19,   31,   32,  33,  63,  64,
                               65,  89,  127, 128, 129,  191,  192,  193, 255, 256, 257,
                               400, 511, 512, 513, 1023, 1024, 1025, 1030};
enum { EDGES = sizeof edges / sizeof *edges, SMALL = 20 };

static size_t draw_size(check *c, size_t most) {
    size_t size = most;
    if (check_chance(c, 0.7))
        size = edges[check_draw(c, EDGES)];
    return size < most ? size : 1 + check_draw(c, most);
}

bool check_sizes(check *c, size_t index, size_t *sizes, size_t dimensions, size_t most) {
    const bool is_edge = index < dimensions * EDGES;
    if (!is_edge && index >= dimensions * EDGES + c->cases)
        return false;
    const size_t first = is_edge ? index % dimensions : check_draw(c, dimensions);
    sizes[first] = is_edge ? edges[index / dimensions] : draw_size(c, edges[EDGES - 1]);
    size_t product = sizes[first];
    for (size_t i = 1; i < dimensions; i++) {
        const size_t left = most / product + 1;
        const size_t limit = is_edge && left > SMALL ? SMALL : left;
        size_t *size = &sizes[(first + i) % dimensions];
        *size = draw_size(c, limit < edges[EDGES - 1] ? limit : edges[EDGES - 1]);
        product *= *size;
    }
    return true;
}
