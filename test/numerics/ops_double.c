/* SPDX-License-Identifier: ISC */
#include "ops_double.h"

const nm_ops *test_ops = &nm_ops_c;

const nm_ops *nm_ops_for(neume_isa isa) {
    return isa == NEUME_ISA_C ? test_ops : NULL;
}

const nm_ops *nm_ops_of(const neume_context *context) {
    (void)context;
    return test_ops;
}

const nm_ops *nm_ops_at(const neume_context *context, nm_products products) {
    (void)products;
    return nm_ops_of(context);
}
