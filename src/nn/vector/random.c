/* SPDX-License-Identifier: ISC */
/* The random numbers of base/rng.h, LANES draws side by side. */
#include "nn/vector/kernels.h"

/* The counters of LANES draws, and what becomes of them: word i of each. */
typedef struct draws {
    uvec word[4];
} draws;

typedef struct halves {
    uvec high, low;
} halves;

/* Of factor x, lane by lane, 64 bits: two vectors of half as many lanes. */
INLINE halves multiply(uint32_t factor, uvec x) {
    const wide_vec low_half = (wide_vec){0} + 0xFFFFFFFFu, by = (wide_vec){0} + factor;
    const wide_vec even = multiply_low_halves((wide_vec)x, by);
    const wide_vec odd = multiply_low_halves((wide_vec)x >> 32, by);
    return (halves){.high = (uvec)((even >> 32) | (odd & ~low_half)),
                    .low = (uvec)((even & low_half) | (odd << 32))};
}

/* As in rng.c. */
INLINE void philox_round(draws *d, uint32_t k0, uint32_t k1) {
    const halves p0 = multiply(0xD2511F53u, d->word[0]), p1 = multiply(0xCD9E8D57u, d->word[2]);
    d->word[0] = p1.high ^ d->word[1] ^ k0;
    d->word[1] = p1.low;
    d->word[2] = p0.high ^ d->word[3] ^ k1;
    d->word[3] = p0.low;
}

INLINE draws draw_lanes(const nm_draw *draw, uint64_t first) {
    uint32_t k0 = (uint32_t)draw->seed, k1 = (uint32_t)(draw->seed >> 32);
    draws d;
    for (size_t lane = 0; lane < LANES; lane++) {
        d.word[0][lane] = (uint32_t)(first + lane);
        d.word[1][lane] = (uint32_t)((first + lane) >> 32);
    }
    d.word[2] = (uint32_t)draw->update - (uvec){0};
    d.word[3] =
        ((uint32_t)(draw->update >> 32 & 0xFFFFFF) | (uint32_t)draw->purpose << 24) - (uvec){0};
    for (int round = 0; round < 10; round++) {
        philox_round(&d, k0, k1);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return d;
}

void nm_random_draws(uint32_t (*words)[4], const nm_draw *draw, uint64_t first, size_t count) {
    for (size_t i = 0; i < count; i += LANES) {
        const draws d = draw_lanes(draw, first + i);
        const size_t lanes = count - i < LANES ? count - i : LANES;
        for (size_t lane = 0; lane < lanes; lane++)
            for (size_t w = 0; w < 4; w++)
                words[i + lane][w] = d.word[w][lane];
    }
}
