/* SPDX-License-Identifier: ISC */
#include "base/rng.h"

#include <math.h>

/* One round: (c0, c1, c2, c3) -> (hi(M1 c2) ^ c1 ^ k0, lo(M1 c2), hi(M0 c0) ^ c3 ^ k1, lo(M0 c0)).
 */
static void philox_round(uint32_t c[4], uint32_t k0, uint32_t k1) {
    const uint64_t p0 = (uint64_t)0xD2511F53u * c[0];
    const uint64_t p1 = (uint64_t)0xCD9E8D57u * c[2];
    const uint32_t c1 = c[1], c3 = c[3];
    c[0] = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c[1] = (uint32_t)p1;
    c[2] = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c[3] = (uint32_t)p0;
}

/* Key: the seed. Counter: index (64 bits), update (56 bits), purpose (8 bits). */
nm_random nm_random_at(uint64_t seed, nm_purpose purpose, uint64_t update, uint64_t index) {
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    nm_random out = {{(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)update,
                      (uint32_t)(update >> 32 & 0xFFFFFF) | (uint32_t)purpose << 24}};
    for (int round = 0; round < 10; round++) {
        philox_round(out.word, k0, k1);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return out;
}

static double unit(uint32_t high, uint32_t low) {
    return (double)(((uint64_t)high << 32 | low) >> 11) * 0x1p-53;
}

double nm_random_uniform(uint64_t seed, nm_purpose purpose, uint64_t update, uint64_t index) {
    const nm_random r = nm_random_at(seed, purpose, update, index);
    return unit(r.word[0], r.word[1]);
}

/* z = sqrt(-2 ln u) cos(2 pi v), with u in (0, 1]. */
double nm_random_normal(uint64_t seed, nm_purpose purpose, uint64_t update, uint64_t index) {
    const nm_random r = nm_random_at(seed, purpose, update, index);
    const double u = 1.0 - unit(r.word[0], r.word[1]), v = unit(r.word[2], r.word[3]);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

void nm_random_shuffle(uint32_t *order, size_t count, uint64_t seed, nm_purpose purpose,
                       uint64_t update) {
    for (size_t i = 0; i < count; i++)
        order[i] = (uint32_t)i;
    for (size_t i = count; i > 1; i--) {
        const size_t j = (size_t)(nm_random_uniform(seed, purpose, update, i) * (double)i);
        const uint32_t kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}
