/* SPDX-License-Identifier: ISC */
/* What the processor can do. */
#include "base/context.h"
#include "base/pool.h"

#include <sched.h>

#if defined(__x86_64__)

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

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

/* Intel SDM, CPUID: leaf 7, which the compilers' own tests do not know everywhere. */
enum {
    EDX_AMX_BF16 = 1 << 22,
    EDX_AVX512_FP16 = 1 << 23,
    EDX_AMX_TILE = 1 << 24,
    EDX_AMX_INT8 = 1 << 25
};

static bool has_features(unsigned edx) {
    unsigned a, b, c, d;
    return has_vectors(NEUME_ISA_AVX512) && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
           (d & edx) == edx;
}

bool nm_cpu_has_halves(void) {
    return has_features(EDX_AVX512_FP16);
}

/* Linux, Documentation/arch/x86/xstate.rst: a process asks for the registers before it uses them.
 * Older kernels do not know the question. */
static bool may_use_tiles(void) {
    enum { ASK = 0x1023, TILE_DATA = 18 };
    return syscall(SYS_arch_prctl, ASK, TILE_DATA) == 0;
}

bool nm_cpu_has_tiles(void) {
    return has_features(EDX_AMX_BF16 | EDX_AMX_TILE) && __builtin_cpu_supports("avx512bf16") &&
           may_use_tiles();
}

bool nm_cpu_has_byte_tiles(void) {
    return has_features(EDX_AMX_INT8 | EDX_AMX_TILE) && may_use_tiles();
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

bool nm_cpu_has_tiles(void) {
    return false;
}

bool nm_cpu_has_byte_tiles(void) {
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
