/* SPDX-License-Identifier: ISC */
/* What precision weights are read at. */
#include "base/error.h"
#include "base/pool.h"
#include "learn/model.h"

/* Fewer weights stay in a core's cache, or multiply too few numbers: there is nothing to be gained.
 * Those of a biaxial network meet all keys of all songs, so that not reading them but arithmetic
 * takes the time: whole numbers are faster there only with an instruction for them. */
enum { FEWEST_WEIGHTS = 1 << 18, FEWEST_OF_ROLLS = 1 << 16 };

static bool is_faster_in_whole_numbers(const neume_model *model, const neume_context *context) {
    const size_t count = nm_model_params(model)->size;
    if (context->isa == NEUME_ISA_C)
        return false;
    if (!model->network.is_biaxial)
        return count >= FEWEST_WEIGHTS;
    return count >= FEWEST_OF_ROLLS && context->isa == NEUME_ISA_AVX512 && nm_cpu_has_byte_sums();
}

neume_precision neume_model_precision(const neume_model *model, const neume_context *context,
                                      neume_precision asked) {
    if (asked != NEUME_PRECISION_AUTO)
        return asked;
    return is_faster_in_whole_numbers(model, context) ? NEUME_PRECISION_INT8 : NEUME_PRECISION_FP32;
}

const char *neume_precision_name(neume_precision precision) {
    static const char *const names[] = {"auto", "fp32", "bf16", "int8"};
    return names[precision];
}

neume_status nm_model_precision(nm_precision *out, const neume_model *model,
                                const neume_context *context, neume_precision asked,
                                neume_error *error) {
    static const nm_precision precisions[] = {[NEUME_PRECISION_FP32] = NM_FP32,
                                              [NEUME_PRECISION_BF16] = NM_BF16,
                                              [NEUME_PRECISION_INT8] = NM_INT8};
    if (asked > NEUME_PRECISION_INT8)
        return nm_fail(error, NEUME_BAD_USAGE, "precision: expected auto, fp32, bf16 or int8");
    *out = precisions[neume_model_precision(model, context, asked)];
    return NEUME_OK;
}
