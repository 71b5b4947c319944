/* SPDX-License-Identifier: ISC */
#include "learn/run_init.h"

#include "base/error.h"
#include "base/ranks.h"
#include "learn/freeze.h"
#include "learn/metadata.h"
#include "learn/run_ranks.h"
#include "learn/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const nm_params *params_of(const nm_run *run) {
    return nm_model_params(run->model);
}

/* Statistics follow the batches, not a gradient: those that are frozen are put back. */
static neume_status keep_statistics(nm_run *run, neume_error *error) {
    if (run->frozen.count == 0 || run->options.network.norm != NEUME_NORM_BATCH)
        return NEUME_OK;
    run->kept = nm_params_block_new(params_of(run), run->context);
    return run->kept ? NEUME_OK : nm_fail_memory(error, "frozen layers");
}

neume_status nm_run_prepare_init(nm_run *run, neume_error *error) {
    const neume_model *init = run->corpus->init;
    const char *names = run->options.freeze;
    if (!init && names)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "freeze %.64s: training starts from no model, expected one to keep it of",
                       names);
    run->frozen = nm_frozen_on(run->context);
    neume_status status = init ? nm_inherit_check(run->model, init, error) : NEUME_OK;
    if (!status && names)
        status = nm_freeze(&run->frozen, run->model, init, names, error);
    return status ? status : keep_statistics(run, error);
}

void nm_run_first_weights(nm_run *run) {
    const neume_model *init = run->corpus->init;
    nm_network_init_weights(&run->model->network, run->model->weights, run->options.seed);
    if (init)
        nm_inherit_weights(run->model, init, (const uint64_t *const *)run->corpus->word_counts);
    if (run->kept)
        memcpy(run->kept, run->model->weights, params_of(run)->size * sizeof(real));
}

void nm_run_take_statistics(const nm_run *run, real *weights, real share) {
    nm_network_take_statistics(&run->network, weights, share);
    if (run->kept)
        nm_frozen_copy(&run->frozen, weights, run->kept);
}

static json_t *frozen_json(const nm_run *run) {
    return run->options.freeze ? nm_freeze_json(params_of(run), run->options.freeze) : json_array();
}

json_t *nm_run_init_json(const nm_run *run) {
    char hash[17];
    if (!run->corpus->init)
        return json_null();
    snprintf(hash, sizeof hash, "%016" PRIx64, neume_model_hash(run->corpus->init));
    return json_pack("{s:s, s:o}", "hash", hash, "frozen", frozen_json(run));
}

json_t *nm_run_settings_json(const nm_run *run) {
    const unsigned ranks = nm_rank_count(run->context);
    json_t *object = nm_settings_json(&run->options);
    const bool is_whole =
        object && (!run->options.freeze || nm_json_put(object, "frozen", frozen_json(run))) &&
        (ranks == 1 || nm_json_put(object, "ranks", nm_json_count(ranks)));
    if (is_whole)
        return object;
    json_decref(object);
    return NULL;
}

neume_status nm_run_tell_first_loss(nm_run *run, neume_error *error) {
    const size_t count = run->corpus->valid_count;
    nm_score_sums total = {0};
    if (!run->corpus->init || !run->scorer)
        return NEUME_OK;
    const neume_status status = nm_run_score(run, run->model->weights, error);
    if (status)
        return status;
    for (size_t i = 0; i < count; i++)
        nm_score_sums_add(&total, &run->valid_sums[i]);
    nm_log(run->context, NEUME_LOG_INFO,
           "init: held-out loss before the first update: %.3f nats a step",
           nm_score_nats(&total) / (double)total.steps);
    return NEUME_OK;
}
