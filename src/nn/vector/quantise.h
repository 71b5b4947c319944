/* SPDX-License-Identifier: ISC */
/* Floats to bf16 and to whole numbers, a vector at a time: what nn/narrow.h says, bit for bit, of
 * numbers that are finite. */
#ifndef NM_NN_VECTOR_QUANTISE_H
#define NM_NN_VECTOR_QUANTISE_H

#include "nn/narrow.h"
#include "nn/vector/simd.h"

typedef uint8_t bytes __attribute__((vector_size(LANES), may_alias));
typedef uint16_t shorts __attribute__((vector_size(LANES * sizeof(uint16_t)), may_alias));

/* The largest magnitude of a row, by its bits: so a NaN is larger than all. */
INLINE float largest_of(const float *row, size_t count) {
    int32_t lane[LANES], largest = 0;
    ivec most = {0};
    for (size_t k = 0; k < count; k += LANES) {
        const ivec bits = (ivec)load_part(row + k, lanes_below(k, count)) & 0x7fffffff;
        const ivec is_more = bits > most;
        most = (is_more & bits) | (~is_more & most);
    }
    memcpy(lane, &most, sizeof lane);
    for (size_t i = 0; i < LANES; i++)
        largest = lane[i] > largest ? lane[i] : largest;
    float magnitude;
    memcpy(&magnitude, &largest, sizeof magnitude);
    return magnitude;
}

/* q. Adding 1.5 * 2^23 rounds to a whole number, to even, which then stands in the low bits. */
INLINE ivec quantised(vec x, nm_quantum quantum) {
    vec scaled = x * quantum.inverse;
    PIN(scaled);
    return (ivec)(scaled + 12582912.0f) - 0x4b400000;
}

INLINE bytes low_bytes(ivec x) {
    return __builtin_convertvector(x & 255, bytes);
}

INLINE shorts bf16_of(vec x) {
    const uvec bits = (uvec)x;
    const ivec is_nan = x != x;
    const uvec rounded = bits + 0x7fff + (bits >> 16 & 1);
    const uvec kept = bits | 0x400000;
    return __builtin_convertvector((((uvec)is_nan & kept) | (~(uvec)is_nan & rounded)) >> 16,
                                   shorts);
}

#endif
