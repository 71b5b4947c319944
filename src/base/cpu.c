/* SPDX-License-Identifier: ISC */
/* What the processor can do. */
#include "base/context.h"
#include "base/pool.h"

#include <sched.h>

#if defined(__x86_64__)

#include <cpuid.h>

static bool has_vectors(neume_isa isa) {
    if (isa == NEUME_ISA_AVX2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return isa == NEUME_ISA_AVX512 && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw");
}

bool nm_cpu_has_byte_sums(void) {
    return has_vectors(NEUME_ISA_AVX512) && __builtin_cpu_supports("avx512vnni");
}

/* Intel SDM, CPUID: leaf 7, EDX bit 23. The compilers' own test does not know it everywhere. */
bool nm_cpu_has_halves(void) {
    unsigned a, b, c, d;
    return has_vectors(NEUME_ISA_AVX512) && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
           (d >> 23 & 1);
}

void nm_cpu_relax(void) {
    __builtin_ia32_pause();
}

#else

static bool has_vectors(neume_isa isa) {
    (void)isa;
    return false;
}

bool nm_cpu_has_byte_sums(void) {
    return false;
}

bool nm_cpu_has_halves(void) {
    return false;
}

void nm_cpu_relax(void) {}

#endif

bool nm_isa_is_available(neume_isa isa) {
    return isa == NEUME_ISA_C || isa == NEUME_ISA_BASELINE || has_vectors(isa);
}

unsigned nm_cpu_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) < 1)
        return 1;
    return (unsigned)CPU_COUNT(&set);
}
