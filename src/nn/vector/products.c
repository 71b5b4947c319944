/* SPDX-License-Identifier: ISC */
/* A build with products of fewer bits. */
#include "nn/vector/probes.h"
#include "nn/vector/tables.h"

extern const nm_ops nm_ops_avx512tall, nm_ops_avx512fp16, nm_ops_avx512amx;

const nm_ops *const nm_product_tables[NM_PRODUCTS_BF16 + 1] = {
    [NM_PRODUCTS_FP32] = &nm_ops_avx512tall,
    [NM_PRODUCTS_FP16] = &nm_ops_avx512fp16,
    [NM_PRODUCTS_BF16] = &nm_ops_avx512amx,
};

extern const nm_probe nm_probe_avx512tall, nm_probe_avx512fp16, nm_probe_avx512amx;

const nm_probe *const nm_product_probes[NM_PRODUCTS_BF16 + 1] = {
    [NM_PRODUCTS_FP32] = &nm_probe_avx512tall,
    [NM_PRODUCTS_FP16] = &nm_probe_avx512fp16,
    [NM_PRODUCTS_BF16] = &nm_probe_avx512amx,
};
