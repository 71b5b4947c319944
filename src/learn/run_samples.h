/* SPDX-License-Identifier: ISC */
/* What a model sounds like while it is trained: a song after so many epochs. Songs change nothing
 * of a run: what is random in them follows from the seed and the place in the song alone. */
#ifndef NM_LEARN_RUN_SAMPLES_H
#define NM_LEARN_RUN_SAMPLES_H

#include "learn/run.h"

/* Seconds of a song. */
enum { NM_SAMPLE_SECONDS = 30 };

/* After a validation: where epochs have passed a multiple of options.sample_epochs since the one
 * before, when they were `before`, writes the song that `neume generate` would compose with the
 * model that would be saved, --seconds 30 and the run's seed. Fails with NEUME_CANNOT_WRITE. */
neume_status nm_run_samples_write(const nm_run *run, uint64_t before, neume_error *error);

#endif
