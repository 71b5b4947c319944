/* SPDX-License-Identifier: ISC */
/* The micro-kernel of weights in whole numbers: a lane holds those of four turns of the depth. Sums
 * are exact, so that all variants give the same. */
#include "nn/vector/narrow.h"
#include "nn/vector/tile_sizes.h"

enum { AHEAD = 12 }; /* turns, of four lines or fewer: measured, 24 and 48 were slower */

/* add_products: sum + the four products of each lane; `bytes` are without sign and the same four
 * for all lanes, w has signs. */
#if defined(__AVX512VNNI__)

#undef nm_tile_of_int8
#define nm_tile_of_int8 nm_tile_of_int8_avx512vnni
INLINE ivec add_products(ivec sum, uint32_t bytes, ivec w) {
    return (ivec)_mm512_dpbusd_epi32((__m512i)sum, _mm512_set1_epi32((int)bytes), (__m512i)w);
}

#else

typedef int16_t halves __attribute__((vector_size(LANES * sizeof(int32_t)), may_alias));

/* Sums of neighbouring products of halves, one for each lane. */
#if defined(NM_ISA_AVX512)
INLINE ivec sum_pairs(halves a, halves b) {
    return (ivec)_mm512_madd_epi16((__m512i)a, (__m512i)b);
}
#elif defined(NM_ISA_AVX2)
INLINE ivec sum_pairs(halves a, halves b) {
    return (ivec)_mm256_madd_epi16((__m256i)a, (__m256i)b);
}
#elif defined(__x86_64__)
INLINE ivec sum_pairs(halves a, halves b) {
    return (ivec)_mm_madd_epi16((__m128i)a, (__m128i)b);
}
#else
INLINE ivec sum_pairs(halves a, halves b) {
    const ivec low = ((ivec)a << 16 >> 16) * ((ivec)b << 16 >> 16);
    return low + ((ivec)a >> 16) * ((ivec)b >> 16);
}
#endif

INLINE ivec add_products(ivec sum, uint32_t bytes, ivec w) {
    const uvec none = {0};
    const halves even = (halves)((bytes & 0x00ff00ff) - none);
    const halves odd = (halves)((bytes >> 8 & 0x00ff00ff) - none);
    return sum + sum_pairs((halves)w << 8 >> 8, even) + sum_pairs((halves)w >> 8, odd);
}

#endif

INLINE uint32_t four_bytes(const uint8_t *from) {
    uint32_t bytes;
    memcpy(&bytes, from, sizeof bytes);
    return bytes;
}

/* `size` is constant where it is used. */
INLINE void multiply(int32_t *sums, const nm_tile_size size, nm_byte_rows a, const uint32_t *w,
                     size_t lanes) {
    ivec sum[TILE_ROWS][VECTORS] = {{{0}}};
    const uint8_t *row[TILE_ROWS];
    UNROLL for (unsigned r = 0; r < size.rows; r++) row[r] = a.at + r * a.stride;
    for (size_t g = 0; g < lanes; g++, w += PANEL) {
        UNROLL for (unsigned q = 0; q < size.vectors; q++) {
            ivec column = (ivec)load((const float *)(w + q * LANES));
            PIN(column);
            UNROLL for (unsigned r = 0; r < size.rows; r++) sum[r][q] =
                add_products(sum[r][q], four_bytes(row[r] + 4 * g), column);
            __builtin_prefetch(w + AHEAD * PANEL + q * LANES, 0, 3);
        }
    }
    UNROLL for (unsigned r = 0; r < size.rows; r++) {
        UNROLL for (unsigned q = 0; q < size.vectors; q++)
            memcpy(sums + r * PANEL + q * LANES, &sum[r][q], sizeof(ivec));
    }
}

INLINE void multiply_rows(int32_t *sums, const unsigned rows, unsigned vectors, nm_byte_rows a,
                          const uint32_t *w, size_t lanes) {
    AT_VECTORS(multiply, sums, rows, vectors, a, w, lanes)
}

void nm_tile_of_int8(int32_t *sums, nm_byte_rows a, const uint32_t *w, size_t lanes,
                     unsigned vectors) {
    AT_ROWS(multiply_rows, sums, a.count, vectors, a, w, lanes)
}
