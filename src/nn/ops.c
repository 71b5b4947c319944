/* SPDX-License-Identifier: ISC */
#include "nn/vector/tables.h"

/* The vector kernels compute in float; those of x86-64 are in its builds alone. */
static const nm_ops *const tables[NEUME_ISA_AVX512 + 1] = {
    [NEUME_ISA_C] = &nm_ops_c,
#if !defined(NM_DOUBLE)
    [NEUME_ISA_BASELINE] = &nm_ops_baseline,
#if defined(__x86_64__)
    [NEUME_ISA_AVX2] = &nm_ops_avx2,
    [NEUME_ISA_AVX512] = &nm_ops_avx512,
#endif
#endif
};

const nm_ops *nm_ops_for(neume_isa isa) {
    return tables[isa];
}

const nm_ops *nm_ops_of(const neume_context *context) {
    const nm_ops *ops = nm_ops_for(context->isa);
    return ops ? ops : &nm_ops_c;
}

const nm_ops *nm_ops_half_of(const neume_context *context) {
    return context->isa == NEUME_ISA_AVX512 && nm_cpu_has_halves() ? nm_ops_half : NULL;
}

const nm_ops *nm_ops_at(const neume_context *context, bool is_half) {
    return is_half ? nm_ops_half_of(context) : nm_ops_of(context);
}
