/* SPDX-License-Identifier: ISC */
#ifndef NM_TEST_FUNCTIONS_PROBE_H
#define NM_TEST_FUNCTIONS_PROBE_H

enum { FUNCTION_VALUES = 4096 };

typedef struct function_values {
    float x[FUNCTION_VALUES], exp[FUNCTION_VALUES], sigmoid[FUNCTION_VALUES], tanh[FUNCTION_VALUES];
} function_values;

void functions_probe_baseline(function_values *values);
void functions_probe_avx2(function_values *values);
void functions_probe_avx512(function_values *values);

#endif
