/* SPDX-License-Identifier: ISC */
#include "nn/batch.h"

#include "base/error.h"

static bool is_share(real value) {
    return value >= 0 && value < 1;
}

static bool is_possible_noise(const nm_noise *noise) {
    return is_share(noise->input_dropout) && is_share(noise->dropout) &&
           is_share(noise->feature_dropout) && is_share(noise->weight_drop) &&
           is_share(noise->label_smoothing) && noise->ar >= 0 && noise->tar >= 0 &&
           isfinite(noise->ar) && isfinite(noise->tar);
}

/* With widths of at most 2^20, and tables of at most 2^33 weights, no sum of products overflows 64
 * bits. */
static bool is_possible_size(const nm_run_options *options) {
    const size_t most = (size_t)1 << 20, most_positions = (size_t)1 << 32;
    return options->max_T >= 1 && options->max_T <= most && options->max_B >= 1 &&
           options->max_B <= most && options->max_T * options->max_B <= most_positions;
}

neume_status nm_run_options_check(const nm_run_options *options, neume_error *error) {
    if (!is_possible_size(options))
        return nm_fail(error, NEUME_BAD_USAGE,
                       "network: %zu steps of %zu rows, expected 1..2^20 of each and at most 2^32 "
                       "positions",
                       options->max_T, options->max_B);
    if (!is_possible_noise(&options->noise))
        return nm_fail(error, NEUME_BAD_USAGE,
                       "network: a dropout, weight-drop or label smoothing out of 0..<1, or an "
                       "activation regularisation below 0");
    if (options->for_training && options->precision != NM_FP32)
        return nm_fail(error, NEUME_BAD_USAGE, "network: narrow weights, expected no training");
    return NEUME_OK;
}
