/* SPDX-License-Identifier: ISC */
/* Numbers as narrow as a precision says (ops.h): what all tables must do alike. */
#ifndef NM_NN_NARROW_H
#define NM_NN_NARROW_H

#include "nn/ops.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The upper half of the float that is nearest to x among those whose lower half is 0; of two the
 * even one. A NaN stays one. */
static inline uint16_t nm_bf16_of(real x) {
    const float number = (float)x;
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    if (number != number)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* x ~ scale q, q = round(x inverse), for a row whose largest magnitude is m: scale = m / 127,
 * inverse = 127 / m. A row of numbers below 1e-30 is taken for zeros. A NaN or an infinity in the
 * row makes its scale one. */
typedef struct nm_quantum {
    real scale, inverse;
} nm_quantum;

static inline double nm_weight_bytes(nm_precision precision) {
    return precision == NM_INT8 ? 1 : precision == NM_BF16 ? 2 : 4;
}

/* Of a matrix or a layer so deep: NM_INT8 no deeper than sums fit. */
static inline nm_precision nm_precision_for(nm_precision precision, size_t depth) {
    return precision == NM_INT8 && depth > NM_INT8_DEPTH ? NM_BF16 : precision;
}

static inline nm_quantum nm_quantum_of(real largest) {
    return (nm_quantum){largest / 127, largest < (real)1e-30 ? 0 : 127 / largest};
}

static inline int8_t nm_quantise(real x, nm_quantum quantum) {
    return (int8_t)nm_lrint(x * quantum.inverse);
}

/* A NaN is larger than all. */
static inline real nm_largest(const real *row, size_t count) {
    real largest = 0;
    for (size_t p = 0; p < count; p++) {
        const real magnitude = row[p] < 0 ? -row[p] : row[p];
        if (largest == largest && !(magnitude <= largest))
            largest = magnitude;
    }
    return largest;
}

#endif
