/* SPDX-License-Identifier: ISC */
/* A term is what a lane multiplies in one turn of the depth: here two halves, neighbours of the
 * depth, the earlier in the low bits. A term takes the place of a float.
 *
 * Of two vectors of a panel, 2 LANES columns, one has the terms of the even columns and the next
 * those of the odd: two vectors of sums then become 2 LANES columns in order by one blend. */
#ifndef NM_NN_VECTOR_TERM_HALF_H
#define NM_NN_VECTOR_TERM_HALF_H

#include "nn/vector/simd.h"

#if defined(NM_ISA_AVX512FP16)

#include <immintrin.h>

__extension__ typedef _Float16 hvec __attribute__((vector_size(64), may_alias));
typedef uint32_t terms __attribute__((vector_size(64), may_alias));
typedef uint32_t terms_unaligned __attribute__((vector_size(64), aligned(4), may_alias));

/* Numbers of the depth. */
enum { TERM = 2 };

/* Floats of a gradient's tile before its terms: what takes their columns' scales back. */
enum { TILE_MORE = TILE_ROWS };

INLINE size_t turns_of(size_t depth) {
    return (depth + 1) / 2;
}

/* In which k stands. */
INLINE size_t turn_of(size_t k) {
    return k / 2;
}

INLINE terms load_terms(const float *from) {
    return *(const terms_unaligned *)from;
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

INLINE void store_terms(float *to, terms x) {
    *(terms_unaligned *)to = x;
}

/* 2 LANES floats in order become LANES terms: neighbours of a row. */
INLINE terms terms_of(vec low, vec high) {
    const __m256h a = _mm512_cvtxps_ph((__m512)low), b = _mm512_cvtxps_ph((__m512)high);
    return (terms)_mm512_inserti64x4(_mm512_castsi256_si512((__m256i)a), (__m256i)b, 1);
}

/* The first `count` of 2 LANES floats, times `scale`; zeros above. */
INLINE terms load_as_terms(const float *from, size_t count, vec scale) {
    const size_t low = count < LANES ? count : LANES;
    const vec above = count > LANES ? load_part(from + LANES, count - LANES) : (vec){0};
    return terms_of(load_part(from, low) * scale, above * scale);
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

#endif

#endif
