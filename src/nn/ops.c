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

static bool has_products(nm_products products) {
    return products == NM_PRODUCTS_FP32   ? nm_cpu_has_byte_tiles()
           : products == NM_PRODUCTS_FP16 ? nm_cpu_has_halves()
                                          : nm_cpu_has_tiles();
}

const nm_ops *nm_ops_at(const neume_context *context, nm_products products) {
    if (context->isa == NEUME_ISA_AVX512 && nm_product_tables[products] && has_products(products))
        return nm_product_tables[products];
    return products == NM_PRODUCTS_FP32 ? nm_ops_for(context->isa) : NULL;
}
