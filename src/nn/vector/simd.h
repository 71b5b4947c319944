/* SPDX-License-Identifier: ISC */
/* The vector of one instruction set, in the compiler's vector extensions. Each source of this
 * folder is compiled once for each instruction set; nm_ names that cross files get its suffix. */
#ifndef NM_NN_VECTOR_SIMD_H
#define NM_NN_VECTOR_SIMD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

/* LANES floats a vector. TILE_ROWS x 4 sums, with as many factors as they need, fill the registers.
 */
#if defined(NM_ISA_AVX512AMX)
#define NM_ISA avx512amx
enum { LANES = 16, TILE_ROWS = 32, HAS_PREFETCH = 1 };
#elif defined(NM_ISA_AVX512FP16)
#define NM_ISA avx512fp16
enum { LANES = 16, TILE_ROWS = 6, HAS_PREFETCH = 1 };
#elif defined(NM_ISA_AVX512)
#define NM_ISA avx512
enum { LANES = 16, TILE_ROWS = 6, HAS_PREFETCH = 1 };
#elif defined(NM_ISA_AVX2)
#define NM_ISA avx2
enum { LANES = 8, TILE_ROWS = 3, HAS_PREFETCH = 0 };
#elif defined(__aarch64__) /* NEON, with fused multiply-adds and 32 registers */
#define NM_ISA baseline
enum { LANES = 4, TILE_ROWS = 6, HAS_PREFETCH = 0 };
#else
#define NM_ISA baseline
enum { LANES = 4, TILE_ROWS = 3, HAS_PREFETCH = 0 };
#endif

/* Columns of a panel. */
enum { VECTORS = 4, PANEL = VECTORS * LANES };

#define NM_PASTE(name, isa) name##_##isa
#define NM_EXPAND(name, isa) NM_PASTE(name, isa)
#define NM_FOR_ISA(name) NM_EXPAND(name, NM_ISA)

#define INLINE static inline __attribute__((always_inline))

/* Before a loop over registers: all of it must be unrolled, lest the registers become memory. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* Keeps a vector in its register: gcc would else load it again for every product. A product that
 * was pinned is rounded before it is added to. */
#if defined(__x86_64__)
#define PIN(x) __asm__("" : "+v"(x))
#elif defined(__aarch64__)
#define PIN(x) __asm__("" : "+w"(x))
#else
#define PIN(x) (void)(x)
#endif

/* Makes what is loaded from `pointer` wait for x: clang would else load all columns at once, which
 * with 24 sums are more than 32 registers (65 % of peak instead of 84). With 16 registers it would
 * do harm (53 % instead of 83). */
#if defined(NM_ISA_AVX512)
#define LOAD_AFTER(pointer, x) __asm__("" : "+r"(pointer) : "v"(x))
#else
#define LOAD_AFTER(pointer, x) (void)(x)
#endif

typedef float vec __attribute__((vector_size(LANES * sizeof(float)), may_alias));
typedef float vec_unaligned
    __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(LANES * sizeof(int32_t)), may_alias));
typedef uint32_t uvec __attribute__((vector_size(LANES * sizeof(uint32_t)), may_alias));

typedef uint64_t wide_vec __attribute__((vector_size(LANES * sizeof(uint32_t)), may_alias));

/* Of each 64 bits the low halves' product: one instruction of x86 that gcc does not find. */
#if defined(NM_ISA_AVX512)
#define MULTIPLY_LOW_HALVES(a, b) (wide_vec) _mm512_mul_epu32((__m512i)(a), (__m512i)(b))
#elif defined(NM_ISA_AVX2)
#define MULTIPLY_LOW_HALVES(a, b) (wide_vec) _mm256_mul_epu32((__m256i)(a), (__m256i)(b))
#elif defined(__x86_64__)
#define MULTIPLY_LOW_HALVES(a, b) (wide_vec) _mm_mul_epu32((__m128i)(a), (__m128i)(b))
#else
#define MULTIPLY_LOW_HALVES(a, b) (((a)&0xFFFFFFFFu) * ((b)&0xFFFFFFFFu))
#endif

INLINE wide_vec multiply_low_halves(wide_vec a, wide_vec b) {
    return MULTIPLY_LOW_HALVES(a, b);
}

INLINE vec broadcast(float x) {
    return x - (vec){0};
}

INLINE vec load(const float *from) {
    return *(const vec_unaligned *)from;
}

INLINE void store(float *to, vec x) {
    *(vec_unaligned *)to = x;
}

/* How many of the LANES columns from `column` on are below `columns`. */
INLINE size_t lanes_below(size_t column, size_t columns) {
    if (column + LANES <= columns)
        return LANES;
    return column < columns ? columns - column : 0;
}

/* The first `count` lanes; zeros above. */
INLINE vec load_part(const float *from, size_t count) {
    if (count == LANES)
        return load(from);
    vec x = {0};
    memcpy(&x, from, count * sizeof *from);
    return x;
}

INLINE void store_part(float *to, vec x, size_t count) {
    if (count == LANES)
        store(to, x);
    else
        memcpy(to, &x, count * sizeof *to);
}

/* Fetches a piece of a row that is as wide as a panel into the first-level cache. */
INLINE void fetch_panel_row(const float *row) {
    enum { FLOATS_A_LINE = 16 };
    for (size_t i = 0; i < PANEL; i += FLOATS_A_LINE)
        __builtin_prefetch(row + i, 0, 3);
}

/* Lane by lane: where ? yes : no, `where` being all ones or zeros. */
INLINE vec choose(ivec where, vec yes, vec no) {
    return (vec)((where & (ivec)yes) | (~where & (ivec)no));
}

/* sum + x y, rounded once where the instruction set can. Told, not left to the compiler: what it
 * fuses in a tile of one height it may not fuse in another (clang does so where it checks bounds),
 * and a row's numbers would depend on how many rows are beside it. */
#if defined(NM_ISA_AVX512)
INLINE vec add_product(vec sum, vec x, vec y) {
    return (vec)_mm512_fmadd_ps((__m512)x, (__m512)y, (__m512)sum);
}
#elif defined(NM_ISA_AVX2)
INLINE vec add_product(vec sum, vec x, vec y) {
    return (vec)_mm256_fmadd_ps((__m256)x, (__m256)y, (__m256)sum);
}
#elif defined(__aarch64__)
INLINE vec add_product(vec sum, vec x, vec y) {
    return (vec)vfmaq_f32((float32x4_t)sum, (float32x4_t)x, (float32x4_t)y);
}
#else
INLINE vec add_product(vec sum, vec x, vec y) {
    return sum + x * y;
}
#endif

/* Where a number is NaN, the second one. */
#if defined(NM_ISA_AVX512)
INLINE vec larger_of(vec x, vec y) {
    return (vec)_mm512_max_ps((__m512)x, (__m512)y);
}
INLINE vec smaller_of(vec x, vec y) {
    return (vec)_mm512_min_ps((__m512)x, (__m512)y);
}
#elif defined(NM_ISA_AVX2)
INLINE vec larger_of(vec x, vec y) {
    return (vec)_mm256_max_ps((__m256)x, (__m256)y);
}
INLINE vec smaller_of(vec x, vec y) {
    return (vec)_mm256_min_ps((__m256)x, (__m256)y);
}
#else
INLINE vec larger_of(vec x, vec y) {
    return choose(x > y, x, y);
}
INLINE vec smaller_of(vec x, vec y) {
    return choose(x < y, x, y);
}
#endif

/* A NaN passes. */
INLINE vec clamp(vec x, float low, float high) {
    return smaller_of(broadcast(high), larger_of(broadcast(low), x));
}

#endif
