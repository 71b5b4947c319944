/* SPDX-License-Identifier: ISC */
/* A term is what is multiplied in one turn of the depth: here two numbers of bfloat16, floats
 * rounded to 8 bits. Tile registers (AMX) take SIDE rows, columns and turns at once, so every depth
 * is filled up with zeros to whole squares. */
#ifndef NM_NN_VECTOR_TERM_AMX_H
#define NM_NN_VECTOR_TERM_AMX_H

#include "nn/vector/term_pair.h"

#if defined(NM_ISA_AVX512AMX)

enum { SIDE = LANES, TILE_MORE = 0, BEFORE_ROW = 0, ROW_STEP = SIDE };

INLINE size_t turns_of(size_t depth) {
    return (depth + TERM * SIDE - 1) / (TERM * SIDE) * SIDE;
}

/* Terms of neighbours of a row. */
INLINE terms terms_of(vec_pair x) {
    return (terms)_mm512_cvtne2ps_pbh((__m512)x.high, (__m512)x.low);
}

/* LANES terms of a row from k on; zeros beyond its end. */
INLINE uvec terms_at(const float *row, size_t k, size_t size) {
    return terms_of(load_pair(row + k, pair_below(k, size)));
}

/* Those of LANES columns, from a row and from the next. */
INLINE terms merge(vec row, vec next) {
    const __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)row)),
                  high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)next));
    return (terms)low | ((terms)high << 16);
}

/* Of 2 LANES columns, in the order of a panel. */
INLINE void store_columns(float *to, vec_pair row, vec_pair next) {
    store_terms(to, merge(row.low, next.low));
    store_terms(to + LANES, merge(row.high, next.high));
}

/* The column whose term lies there in a panel's turn. */
INLINE size_t column_at(size_t slot) {
    return slot;
}

/* Row k of a panel, its columns from q LANES on. */
INLINE vec load_packed(const float *panel, size_t k, size_t q) {
    const terms both = load_terms(panel + turn_of(k) * PANEL + q * LANES);
    return k % 2 ? (vec)(both & 0xffff0000u) : (vec)(both << 16);
}

/* A row's terms. */
INLINE void feed_row(float *to, const float *row, size_t size) {
    for (size_t k = 0; k < size; k += TERM * LANES, to += LANES)
        store_terms(to, terms_at(row, k, size));
}

#endif

#endif
