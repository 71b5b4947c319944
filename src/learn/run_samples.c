/* SPDX-License-Identifier: ISC */
#include "learn/run_samples.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

#include <neume/generate.h>
#include <neume/midi.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The weights that would be saved, in the place of those that are trained. */
static neume_status view_of(neume_model *out, const nm_run *run) {
    const real *weights = nm_run_weights(run);
    *out = *run->model;
    out->weights = (real *)(uintptr_t)weights;
    return nm_model_hash_weights(&out->hash, run->model, weights);
}

static neume_status compose(const nm_run *run, const char *path, neume_error *error) {
    neume_generate_options options = neume_generate_options_default();
    neume_model view;
    neume_song song = {.score = NULL};
    options.seed = run->options.seed;
    options.length_steps = 0;
    options.seconds = NM_SAMPLE_SECONDS;
    if (view_of(&view, run))
        return nm_fail_memory(error, path);
    neume_status status = neume_generate(&song, run->context, &view, &options, error);
    if (!status)
        status = neume_midi_save(path, run->context, song.score, error);
    neume_song_clear(&song);
    return status;
}

neume_status nm_run_samples_write(const nm_run *run, uint64_t before, neume_error *error) {
    const neume_train_options *options = &run->options;
    const uint64_t epoch = nm_run_epochs(run), every = options->sample_epochs;
    if (every == 0 || epoch / every == before / every)
        return NEUME_OK;
    const size_t size = strlen(options->samples) + sizeof "e18446744073709551615.mid";
    char *path = nm_alloc(run->context, size, 1);
    if (!path)
        return nm_fail_memory(error, options->samples);
    snprintf(path, size, "%se%04" PRIu64 ".mid", options->samples, epoch);
    nm_file_remove_unfinished(path);
    const neume_status status = compose(run, path, error);
    nm_free(run->context, path);
    return status;
}
