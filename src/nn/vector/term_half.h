/* SPDX-License-Identifier: ISC */
/* A term is what a lane multiplies in one turn of the depth: here two halves. Each row is scaled by
 * a power of two of its own, so that gradients of any size keep their bits and no sum overflows.
 *
 * Of two vectors of a panel, 2 LANES columns, one has the terms of the even columns and the next
 * those of the odd: two vectors of sums then become 2 LANES columns in order by one blend. */
#ifndef NM_NN_VECTOR_TERM_HALF_H
#define NM_NN_VECTOR_TERM_HALF_H

#include "nn/vector/term_pair.h"

#if defined(NM_ISA_AVX512FP16)

__extension__ typedef _Float16 hvec __attribute__((vector_size(64), may_alias));

/* Floats of a gradient's tile before its terms: what takes their columns' scales back. */
enum { TILE_MORE = TILE_ROWS, ROW_STEP = 1 };

INLINE size_t turns_of(size_t depth) {
    return (depth + 1) / 2;
}

INLINE hvec broadcast_term(const float *from) {
    uint32_t term;
    memcpy(&term, from, sizeof term);
    return (hvec)((terms){0} + term);
}

/* sum + x y, rounded once, as add_product. */
INLINE hvec add_half_product(hvec sum, hvec x, hvec y) {
    return (hvec)_mm512_fmadd_ph((__m512h)x, (__m512h)y, (__m512h)sum);
}

/* Terms of neighbours of a row. */
INLINE terms terms_of(vec_pair x) {
    const __m256h a = _mm512_cvtxps_ph((__m512)x.low), b = _mm512_cvtxps_ph((__m512)x.high);
    return (terms)_mm512_inserti64x4(_mm512_castsi256_si512((__m256i)a), (__m256i)b, 1);
}

/* LANES terms of a row from k on; zeros beyond its end. */
INLINE uvec terms_at(const float *row, size_t k, size_t size) {
    return terms_of(load_pair(row + k, pair_below(k, size)));
}

/* Halves in the order of columns, LANES of them: the first where q is even, else the others. */
INLINE vec widen(terms halves, size_t q) {
    const __m512i x = (__m512i)halves;
    return (vec)_mm512_cvtxph_ps(
        (__m256h)(q % 2 ? _mm512_extracti64x4_epi64(x, 1) : _mm512_castsi512_si256(x)));
}

/* Low halves of the even columns' terms and of the odd columns', in the order of columns. */
INLINE terms merge_low(terms even, terms odd) {
    return (even & 0xffffu) | (odd << 16);
}

INLINE terms merge_high(terms even, terms odd) {
    return (even >> 16) | (odd & 0xffff0000u);
}

/* Terms of 2 LANES columns, from a row and from the next, in the order of a panel. */
INLINE void store_columns(float *to, vec_pair row, vec_pair next) {
    const terms a = terms_of(row), b = terms_of(next);
    store_terms(to, merge_low(a, b));
    store_terms(to + LANES, merge_high(a, b));
}

/* The column whose term lies there in a panel's turn. */
INLINE size_t column_at(size_t slot) {
    const size_t pair = slot / (2 * LANES), rest = slot % (2 * LANES);
    return pair * 2 * LANES + rest % LANES * 2 + rest / LANES;
}

/* Row k of a panel, its columns from q LANES on. */
INLINE vec load_packed(const float *panel, size_t k, size_t q) {
    const float *at = panel + k / 2 * PANEL + q / 2 * 2 * LANES;
    const terms even = load_terms(at), odd = load_terms(at + LANES);
    return widen(k % 2 ? merge_high(even, odd) : merge_low(even, odd), q);
}

/* Magnitudes as whole numbers: in the same order, a NaN above all. */
INLINE ivec larger_magnitude(ivec most, vec x) {
    const ivec magnitude = (ivec)x & 0x7fffffff;
    return (ivec)choose(magnitude > most, (vec)magnitude, (vec)most);
}

/* A power of two that brings the largest magnitude to 8..16, as far as there is one, and the one
 * that takes it back. 64 products with weights up to 64 then are below the largest half, and what
 * is above 2^-18 of the largest keeps all its bits. */
typedef struct scales {
    vec there, back;
} scales;

INLINE scales scales_for(ivec most) {
    const ivec exponent = most >> 23, least = (ivec){0} + 4;
    const ivec e = (ivec)choose(exponent > least, (vec)exponent, (vec)least);
    return (scales){(vec)((257 - e) << 23), (vec)((e - 3) << 23)};
}

INLINE scales scales_of_row(const float *row, size_t size) {
    ivec most = {0};
    for (size_t k = 0; k < size; k += LANES)
        most = larger_magnitude(most, load_part(row + k, lanes_below(k, size)));
    int32_t all[LANES], highest = 0;
    memcpy(all, &most, sizeof all);
    for (size_t i = 0; i < LANES; i++)
        highest = all[i] > highest ? all[i] : highest;
    return scales_for((ivec){0} + highest);
}

/* A row's terms, at `to`, and before them what takes its scale back. */
enum { BEFORE_ROW = 1 };

INLINE void feed_row(float *to, const float *row, size_t size) {
    const scales scale = scales_of_row(row, size);
    to[-1] = scale.back[0];
    for (size_t k = 0; k < size; k += 2 * LANES) {
        const size_t count = pair_below(k, size);
        vec_pair x = load_pair(row + k, count);
        x.low *= scale.there;
        x.high *= scale.there;
        store_part(to + k / 2, (vec)terms_of(x), turns_of(count));
    }
}

#endif

#endif
