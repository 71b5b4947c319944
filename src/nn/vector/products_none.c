/* SPDX-License-Identifier: ISC */
/* A build without products of fewer bits. */
#include "nn/vector/probes.h"
#include "nn/vector/tables.h"

const nm_ops *const nm_product_tables[NM_PRODUCTS_BF16 + 1];

const nm_probe *const nm_product_probes[NM_PRODUCTS_BF16 + 1];
