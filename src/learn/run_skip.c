/* SPDX-License-Identifier: ISC */
/* Updates whose loss or gradient is not finite. */
#include "learn/run.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

neume_status nm_run_make_carried(nm_run *run, neume_error *error) {
    size_t count;
    if (run->options.on_not_finite == NEUME_ON_NOT_FINITE_STOP)
        return NEUME_OK;
    (void)nm_network_state(&run->network, &count);
    run->carried = nm_alloc(run->context, count, sizeof *run->carried);
    return run->carried ? NEUME_OK : nm_fail_memory(error, "state before an update");
}

void nm_run_keep_carried(nm_run *run) {
    size_t count;
    const real *state = nm_network_state(&run->network, &count);
    if (run->carried)
        memcpy(run->carried, state, count * sizeof *state);
}

neume_status nm_run_fail_not_finite(uint64_t update, const char *what, neume_error *error) {
    return nm_fail(error, NEUME_NOT_FINITE,
                   "training: the %s is not finite at update %llu: try a lower learning rate or "
                   "stronger clipping",
                   what, (unsigned long long)update);
}

static neume_status fail_in_row(const nm_run *run, const char *what, neume_error *error) {
    return nm_fail(
        error, NEUME_NOT_FINITE,
        "training: the %s is not finite at update %llu, after %llu skipped in a row: try "
        "a lower learning rate or stronger clipping",
        what, (unsigned long long)run->state.update + 1,
        (unsigned long long)run->state.skipped_in_row);
}

/* Of many skipped updates the first few are told one by one, then those whose count doubles. */
static void tell_skip(const nm_run *run, const char *what) {
    enum { TOLD_EACH = 8 };
    const uint64_t count = run->state.skipped;
    if (count <= TOLD_EACH || (count & (count - 1)) == 0)
        nm_log(run->context, NEUME_LOG_WARNING,
               "training: the %s is not finite at update %llu: skipped, %llu so far", what,
               (unsigned long long)run->state.update, (unsigned long long)count);
}

static void skip(nm_run *run, const char *what) {
    size_t count;
    real *state = nm_network_state(&run->network, &count);
    memcpy(state, run->carried, count * sizeof *state);
    run->state.update++;
    run->state.skipped++;
    run->state.skipped_in_row++;
    tell_skip(run, what);
}

neume_status nm_run_refuse_update(nm_run *run, const char *what, neume_error *error) {
    const nm_run_state *state = &run->state;
    memset(run->gradient, 0, nm_model_params(run->model)->size * sizeof(real)); /* no step will */
    if (!run->carried)
        return nm_run_fail_not_finite(state->update + 1, what, error);
    if (state->skipped_in_row >= run->options.most_skips)
        return fail_in_row(run, what, error);
    skip(run, what);
    return NEUME_OK;
}
