/* SPDX-License-Identifier: ISC */
/* Squares of SIDE by SIDE floats, turned in registers. */
#ifndef NM_NN_VECTOR_TURN_H
#define NM_NN_VECTOR_TURN_H

#include "nn/vector/square.h"

#if defined(NM_ISA_AVX512)

enum { SIDE = LANES };

/* to[c][r] = from[r][c]; rows of both lie their strides apart. */
INLINE void turn_square(float *to, size_t to_stride, const float *from, size_t from_stride) {
    square s;
    UNROLL for (size_t i = 0; i < SIDE; i++) s.row[i] = (uvec)load(from + i * from_stride);
    s = transpose(s);
    UNROLL for (size_t i = 0; i < SIDE; i++) store(to + i * to_stride, (vec)s.row[i]);
}

#else

enum { SIDE = 4 };
typedef float quad __attribute__((vector_size(SIDE * sizeof(float)), aligned(4), may_alias));

INLINE void turn_square(float *to, size_t to_stride, const float *from, size_t from_stride) {
    const quad a = *(const quad *)from, b = *(const quad *)(from + from_stride),
               c = *(const quad *)(from + 2 * from_stride),
               d = *(const quad *)(from + 3 * from_stride);
    const quad ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5),
               ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7),
               cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5),
               cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(quad *)to = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
    *(quad *)(to + to_stride) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
    *(quad *)(to + 2 * to_stride) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
    *(quad *)(to + 3 * to_stride) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

#endif

#endif
