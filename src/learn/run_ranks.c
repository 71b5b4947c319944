/* SPDX-License-Identifier: ISC */
#include "learn/run_ranks.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/ranks.h"

#include <math.h>
#include <string.h>
#include <xxhash.h>

static const nm_params *params_of(const nm_run *run) {
    return nm_model_params(run->model);
}

static bool is_shared(const nm_run *run) {
    return nm_rank_count(run->context) > 1;
}

size_t nm_run_first_row(const nm_run *run) {
    return (size_t)nm_rank(run->context) * run->options.batch;
}

size_t nm_run_row_count(const nm_run *run) {
    return (size_t)nm_rank_count(run->context) * run->options.batch;
}

double nm_run_rate_factor(const nm_run *run) {
    const double count = nm_rank_count(run->context);
    switch (run->options.rates.scaling) {
    case NEUME_RATE_SCALING_LINEAR:
        return count;
    case NEUME_RATE_SCALING_SQRT:
        return sqrt(count);
    case NEUME_RATE_SCALING_NONE:
        break;
    }
    return 1;
}

neume_status nm_run_clock(double *out, const nm_run *run, neume_error *error) {
    *out = nm_clock();
    return nm_ranks_broadcast(run->context, 0, out, sizeof *out, error);
}

neume_status nm_run_check_ranks(const nm_run *run, neume_error *error) {
    bool has_kernels = true;
    neume_status status = nm_corpus_compare(run->corpus, error);
    if (!status)
        status = nm_ranks_compare(&has_kernels, run->context, run->context->isa, error);
    if (status)
        return status;
    if (!has_kernels)
        status = nm_fail(error, NEUME_BAD_USAGE,
                         "its kernels are %s, not those of rank 0: choose the same with --isa",
                         neume_context_isa_name(run->context));
    return nm_ranks_agree(run->context, status, error);
}

neume_status nm_run_compare_weights(const nm_run *run, neume_error *error) {
    bool is_same;
    if (!is_shared(run))
        return NEUME_OK;
    neume_status status = nm_ranks_compare(
        &is_same, run->context,
        XXH3_64bits(run->model->weights, params_of(run)->size * sizeof(real)), error);
    if (status)
        return status;
    if (!is_same)
        status = nm_fail(error, NEUME_FAILED,
                         "its weights are not those of rank 0 after update %llu: --deterministic "
                         "sums gradients in one order",
                         (unsigned long long)run->state.update);
    return nm_ranks_agree(run->context, status, error);
}

/* "norm.mean", "head.0.norm.variance": what follows the batches, not a gradient. */
static bool is_statistic(const nm_param *param) {
    const char *last = strrchr(param->name, '.');
    return last && (strcmp(last, ".mean") == 0 || strcmp(last, ".variance") == 0);
}

/* Copies statistics from a block to a list of them, or back. */
static size_t list_statistics(const nm_params *params, real *list, real *block, bool back) {
    size_t count = 0;
    for (size_t p = 0; p < params->count; p++) {
        const nm_param *param = &params->table[p];
        if (!is_statistic(param))
            continue;
        if (list && back)
            memcpy(block + param->offset, list + count, param->columns * sizeof *list);
        else if (list)
            memcpy(list + count, block + param->offset, param->columns * sizeof *list);
        count += param->columns;
    }
    return count;
}

neume_status nm_run_make_sharing(nm_run *run, neume_error *error) {
    nm_run_sharing *sharing = &run->sharing;
    sharing->sums = nm_alloc(run->context, nm_rank_count(run->context), sizeof *sharing->sums);
    if (is_shared(run) && run->options.network.norm == NEUME_NORM_BATCH) {
        sharing->statistic_count = list_statistics(params_of(run), NULL, NULL, false);
        sharing->statistics = nm_alloc(run->context, sharing->statistic_count, sizeof(real));
    }
    const bool has_all = sharing->sums && (sharing->statistics || !sharing->statistic_count);
    return has_all ? NEUME_OK : nm_fail_memory(error, "what ranks share");
}

void nm_run_clear_sharing(nm_run *run) {
    nm_run_sharing *sharing = &run->sharing;
    nm_free(run->context, sharing->all);
    nm_free(run->context, sharing->mine);
    nm_free(run->context, sharing->pieces);
    nm_free(run->context, sharing->order);
    nm_free(run->context, sharing->statistics);
    nm_free(run->context, sharing->sums);
    *sharing = (nm_run_sharing){0};
}

/* Small parts wait for those before them: a sum costs as much as its first few kilobytes. */
enum { LEAST_REALS = 16384 };

static void begin_sum(nm_run *run, size_t offset) {
    nm_run_sharing *sharing = &run->sharing;
    nm_ranks_reduce_begin(run->context, run->gradient + offset, sharing->begun_from - offset);
    sharing->begun_from = offset;
}

static void note_done(void *data, size_t offset) {
    nm_run *run = data;
    if (is_shared(run) && run->sharing.begun_from - offset >= LEAST_REALS)
        begin_sum(run, offset);
}

nm_gradient_watch nm_run_watch_gradient(nm_run *run) {
    return (nm_gradient_watch){note_done, run};
}

static void add_sums(nm_pass_sums *to, const nm_pass_sums *from) {
    to->all += from->all;
    for (unsigned s = 0; s < NEUME_MAX_STREAMS; s++) {
        to->nats[s] += from->nats[s];
        to->correct[s] += from->correct[s];
    }
}

neume_status nm_run_share_update(nm_run *run, nm_pass_sums *sums, neume_error *error) {
    nm_run_sharing *sharing = &run->sharing;
    if (!is_shared(run))
        return NEUME_OK;
    if (sharing->begun_from > 0)
        begin_sum(run, 0);
    neume_status status = nm_ranks_reduce_end(run->context, error);
    sharing->begun_from = params_of(run)->size;
    if (!status)
        status = nm_ranks_gather(run->context, sharing->sums, sums, sizeof *sums, error);
    if (status)
        return status;
    *sums = sharing->sums[0];
    for (unsigned r = 1; r < nm_rank_count(run->context); r++)
        add_sums(sums, &sharing->sums[r]);
    return NEUME_OK;
}

neume_status nm_run_share_statistics(nm_run *run, neume_error *error) {
    const nm_run_sharing *sharing = &run->sharing;
    if (!sharing->statistics)
        return NEUME_OK;
    (void)list_statistics(params_of(run), sharing->statistics, run->model->weights, false);
    nm_ranks_reduce_begin(run->context, sharing->statistics, sharing->statistic_count);
    const neume_status status = nm_ranks_reduce_end(run->context, error);
    for (size_t i = 0; i < sharing->statistic_count; i++)
        sharing->statistics[i] /= (real)nm_rank_count(run->context);
    (void)list_statistics(params_of(run), sharing->statistics, run->model->weights, true);
    if (run->kept)
        nm_frozen_copy(&run->frozen, run->model->weights, run->kept);
    return status;
}

/* Of a network's state of so many rows, those from `first` on. */
typedef struct state_rows {
    real *state;
    size_t rows, first;
} state_rows;

static void copy_rows(const nm_state_parts *parts, const state_rows *to, const state_rows *from,
                      size_t count) {
    real *into = to->state, *of = from->state;
    for (unsigned i = 0; i < parts->count; i++) {
        const size_t width = parts->widths[i];
        memcpy(into + to->first * width, of + from->first * width, count * width * sizeof *of);
        into += to->rows * width;
        of += from->rows * width;
    }
}

/* The ranks' states one after the other, each by way of `passing` [count]. */
static neume_status collect(const nm_run *run, real *all, real *passing, neume_error *error) {
    const nm_state_parts parts = nm_network_state_parts(&run->network);
    const size_t B = run->options.batch;
    size_t count;
    const real *own = nm_network_state(&run->network, &count);
    neume_status status = NEUME_OK;
    for (unsigned r = 0; r < nm_rank_count(run->context) && !status; r++) {
        if (r == nm_rank(run->context))
            memcpy(passing, own, count * sizeof *own);
        status = nm_ranks_broadcast(run->context, r, passing, count * sizeof *own, error);
        if (all)
            copy_rows(&parts, &(state_rows){all, nm_run_row_count(run), r * B},
                      &(state_rows){passing, B, 0}, B);
    }
    return status;
}

neume_status nm_run_gather_carried(nm_run *run, real **out, neume_error *error) {
    const bool is_first = nm_is_first_rank(run->context);
    size_t count;
    (void)nm_network_state(&run->network, &count);
    real *passing = nm_alloc(run->context, count, sizeof *passing);
    *out =
        is_first ? nm_alloc(run->context, count * nm_rank_count(run->context), sizeof **out) : NULL;
    neume_status status =
        passing && (*out || !is_first) ? NEUME_OK : nm_fail_memory(error, "the state of all rows");
    status = nm_ranks_agree(run->context, status, error);
    if (!status)
        status = collect(run, *out, passing, error);
    nm_free(run->context, passing);
    if (status) {
        nm_free(run->context, *out);
        *out = NULL;
    }
    return status;
}

void nm_run_adopt_carried(nm_run *run, const real *carried, size_t row_count) {
    const nm_state_parts parts = nm_network_state_parts(&run->network);
    const size_t B = run->options.batch, place = nm_run_first_row(run);
    const size_t first = place < row_count ? place : row_count, there = row_count - first;
    size_t count;
    real *own = nm_network_state(&run->network, &count);
    memset(own, 0, count * sizeof *own);
    copy_rows(&parts, &(state_rows){own, B, 0},
              &(state_rows){(real *)(uintptr_t)carried, row_count, first}, there < B ? there : B);
}
