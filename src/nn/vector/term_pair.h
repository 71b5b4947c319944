/* SPDX-License-Identifier: ISC */
/* Terms of two numbers of 16 bits, neighbours of the depth, the earlier in the low bits. A term
 * takes the place of a float. */
#ifndef NM_NN_VECTOR_TERM_PAIR_H
#define NM_NN_VECTOR_TERM_PAIR_H

#include "nn/vector/simd.h"

#if defined(NM_ISA_AVX512)

typedef uint32_t terms __attribute__((vector_size(64), may_alias));
typedef uint32_t terms_unaligned __attribute__((vector_size(64), aligned(4), may_alias));

#define NM_TERMS_ARE_PAIRS

/* Numbers of the depth. */
enum { TERM = 2 };

/* The turn in which k stands. */
INLINE size_t turn_of(size_t k) {
    return k / 2;
}

INLINE terms load_terms(const float *from) {
    return *(const terms_unaligned *)from;
}

INLINE void store_terms(float *to, terms x) {
    *(terms_unaligned *)to = x;
}

/* 2 LANES floats in order. */
typedef struct vec_pair {
    vec low, high;
} vec_pair;

/* The first `count`; zeros above. */
INLINE vec_pair load_pair(const float *from, size_t count) {
    const size_t low = count < LANES ? count : LANES;
    return (vec_pair){load_part(from, low),
                      count > LANES ? load_part(from + LANES, count - LANES) : (vec){0}};
}

/* How many of the 2 LANES columns from `column` on are below `columns`. */
INLINE size_t pair_below(size_t column, size_t columns) {
    if (column + 2 * LANES <= columns)
        return 2 * LANES;
    return column < columns ? columns - column : 0;
}

#endif

#endif
