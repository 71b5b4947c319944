/* SPDX-License-Identifier: ISC */
/* exp, sigmoid and tanh of a vector. No number gives a NaN or an infinity, no infinity a NaN; a NaN
 * gives a NaN. Errors, tested: exp 2e-7 of itself on -80..80 (0 below, constant above), sigmoid
 * 1.2e-7, tanh 1.8e-7 and 3e-7 of itself. */
#ifndef NM_NN_VECTOR_FUNCTIONS_H
#define NM_NN_VECTOR_FUNCTIONS_H

#include "nn/vector/simd.h"

/* e^x = scale (1 + rest). */
typedef struct exp_parts {
    vec scale, rest;
} exp_parts;

/* x = n ln 2 + r with n whole, |r| <= ln 2 / 2;  scale = 2^n;  rest = e^r - 1 = r + r² s(r), with
 * s of degree 4 fitted to least relative error of e^r: 3.1e-9. Adding 1.5 * 2^23 rounds to a whole
 * number, which then stands in the low bits. ln 2 is taken off in two parts, the first short enough
 * for exact products. For x in -87..88. */
INLINE exp_parts split_exp(vec x) {
    const float rounder = 12582912.0f;
    const vec shifted = x * 1.44269504f + rounder;
    const vec n = shifted - rounder;
    const vec r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    vec s = r * 1.381458394e-3f + 8.368723935e-3f;
    s = s * r + 4.166838873e-2f;
    s = s * r + 1.666652057e-1f;
    s = s * r + 4.999999344e-1f;
    const uvec exponent = ((uvec)shifted << 23) + 0x3f800000u;
    return (exp_parts){(vec)exponent, (r * r) * s + r};
}

/* 0 below -80: what is smaller would soon become denormal, and slow. */
INLINE vec exp_of(vec x) {
    const exp_parts e = split_exp(clamp(x, -80.0f, 80.0f));
    return choose(x < -80.0f, broadcast(0), e.scale * e.rest + e.scale);
}

/* 1 / (1 + e^-x), e^-x = 2^n 2^f with n whole, |f| <= 1/2, and 2^f = 1 + f q(f), q of degree 4
 * fitted to least relative error of 2^f: 9.2e-8, of which at most a quarter is left in the end. */
INLINE vec sigmoid_of(vec x) {
    const float rounder = 12582912.0f, negative_log2_e = -1.44269504f;
    x = clamp(x, -80.0f, 80.0f);
    const vec shifted = x * negative_log2_e + rounder;
    const vec f = x * negative_log2_e - (shifted - rounder);
    vec q = f * 1.32647273e-3f + 9.67151299e-3f;
    q = q * f + 5.55073358e-2f;
    q = q * f + 2.40222424e-1f;
    q = q * f + 6.93147004e-1f;
    const uvec exponent = ((uvec)shifted << 23) + 0x3f800000u;
    return 1.0f / ((vec)exponent * (q * f + 1.0f) + 1.0f);
}

/* (e^2x - 1) / (e^2x + 1), from e^2x - 1, which is exact near 0 where n is 0. */
INLINE vec tanh_of(vec x) {
    const exp_parts e = split_exp(clamp(x * 2.0f, -30.0f, 30.0f));
    const vec less_one = e.scale * e.rest + (e.scale - 1.0f);
    return less_one / (less_one + 2.0f);
}

#endif
