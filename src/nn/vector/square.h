/* SPDX-License-Identifier: ISC */
/* Squares of LANES by LANES terms, which are turned in registers. */
#ifndef NM_NN_VECTOR_SQUARE_H
#define NM_NN_VECTOR_SQUARE_H

#include "nn/vector/simd.h"

#if defined(NM_ISA_AVX512)

typedef struct square {
    uvec row[LANES];
} square;

INLINE uvec low_32(uvec a, uvec b) {
    return (uvec)_mm512_unpacklo_epi32((__m512i)a, (__m512i)b);
}

INLINE uvec high_32(uvec a, uvec b) {
    return (uvec)_mm512_unpackhi_epi32((__m512i)a, (__m512i)b);
}

INLINE uvec low_64(uvec a, uvec b) {
    return (uvec)_mm512_unpacklo_epi64((__m512i)a, (__m512i)b);
}

INLINE uvec high_64(uvec a, uvec b) {
    return (uvec)_mm512_unpackhi_epi64((__m512i)a, (__m512i)b);
}

/* Quarters 0 and 2 of both. */
INLINE uvec even_quarters(uvec a, uvec b) {
    return (uvec)_mm512_shuffle_i32x4((__m512i)a, (__m512i)b, 0x88);
}

/* Quarters 1 and 3. */
INLINE uvec odd_quarters(uvec a, uvec b) {
    return (uvec)_mm512_shuffle_i32x4((__m512i)a, (__m512i)b, 0xDD);
}

/* Terms change places with their neighbours, then pairs, each within its quarter; then quarters. */
INLINE square transpose(square s) {
    square t;
    UNROLL for (unsigned i = 0; i < LANES; i += 2) {
        t.row[i] = low_32(s.row[i], s.row[i + 1]);
        t.row[i + 1] = high_32(s.row[i], s.row[i + 1]);
    }
    UNROLL for (unsigned i = 0; i < LANES; i += 4) {
        s.row[i] = low_64(t.row[i], t.row[i + 2]);
        s.row[i + 1] = high_64(t.row[i], t.row[i + 2]);
        s.row[i + 2] = low_64(t.row[i + 1], t.row[i + 3]);
        s.row[i + 3] = high_64(t.row[i + 1], t.row[i + 3]);
    }
    UNROLL for (unsigned i = 0; i < 4; i++) {
        const uvec even = even_quarters(s.row[i], s.row[i + 4]),
                   odd = odd_quarters(s.row[i], s.row[i + 4]),
                   next_even = even_quarters(s.row[i + 8], s.row[i + 12]),
                   next_odd = odd_quarters(s.row[i + 8], s.row[i + 12]);
        t.row[i] = even_quarters(even, next_even);
        t.row[i + 4] = even_quarters(odd, next_odd);
        t.row[i + 8] = odd_quarters(even, next_even);
        t.row[i + 12] = odd_quarters(odd, next_odd);
    }
    return t;
}

#endif

#endif
