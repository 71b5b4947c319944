/* SPDX-License-Identifier: ISC */
/* The functions of a vector, as one instruction set compiles them, for test_functions. */
#include "functions_probe.h"

#include "nn/vector/functions.h"

void NM_FOR_ISA(functions_probe)(function_values *values) {
    for (size_t i = 0; i < FUNCTION_VALUES; i += LANES) {
        const vec x = load(values->x + i);
        store(values->exp + i, exp_of(x));
        store(values->sigmoid + i, sigmoid_of(x));
        store(values->tanh + i, tanh_of(x));
    }
}
