/* SPDX-License-Identifier: ISC */
#include "nn/ops.h"

const nm_ops *nm_ops_for(neume_isa isa) {
    return isa == NEUME_ISA_C ? &nm_ops_c : NULL;
}

const nm_ops *nm_ops_of(const neume_context *context) {
    const nm_ops *ops = nm_ops_for(context->isa);
    return ops ? ops : &nm_ops_c;
}
