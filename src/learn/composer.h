/* SPDX-License-Identifier: ISC */
/* The words of songs, composed side by side as the rows of one run of the network; what becomes of
 * them is neume_generate's (song.c). Rolls are composed by roll_composer.h. */
#ifndef NM_LEARN_COMPOSER_H
#define NM_LEARN_COMPOSER_H

#include "learn/length.h"
#include "learn/model.h"
#include "learn/row.h"

#include <neume/generate.h>

/* What is to be composed. Borrowed: as long as the composer. */
typedef struct nm_composer_plan {
    neume_sampling sampling;
    uint64_t seed;
    size_t step_count;            /* the most steps of a song, the primer not counted; at least 1 */
    nm_length length;             /* a song ends where it is reached; none: by step_count alone */
    nm_precision precision;       /* of the weights */
    bool allow_ending;            /* <end> may be drawn, and ends a song */
    const uint32_t *primer;       /* [primer_count, words of a step] */
    const uint32_t *primer_given; /* of rolls, [primer_count]; else NULL */
    size_t primer_count;
    bool has_label;                  /* it is told a mixture of the model's labels */
    double shares[NEUME_MAX_LABELS]; /* of the labels in it; their sum is 1 */
} nm_composer_plan;

/* A song in words. */
typedef struct nm_composed {
    uint32_t *words;      /* [primer_count + step_count, words of a step], the primer first */
    uint32_t *given;      /* of rolls, [primer_count + step_count]; else NULL */
    size_t step_count;    /* composed, with <end> where it was drawn */
    bool has_ended;       /* and it was */
    bool is_cut;          /* step_count came before the length */
    nm_codec_clock begin; /* where its primer ends */
    double end_quarters;  /* where its length does, from the begin of the primer; 0: not reached */
    double log_probability;
} nm_composed;

typedef struct nm_composer nm_composer;

/* Room for `row_count` songs at a time. */
neume_status nm_composer_new(nm_composer **out, neume_context *context, const neume_model *model,
                             const nm_composer_plan *plan, size_t row_count);
void nm_composer_free(nm_composer *composer);

/* Composes songs first .. first + row_count - 1. A song depends on model, plan and its number
 * alone, never on its company or the number of threads: its k-th word, counted through
 * the streams, is drawn with nm_random_uniform(seed, NM_PURPOSE_SAMPLE, k, number). */
neume_status nm_composer_run(nm_composer *composer, uint64_t first, neume_error *error);

/* A song of the last run. Borrowed: until the next. */
nm_composed nm_composer_song(const nm_composer *composer, size_t row);

/* Whether steps [count,S] end in a loop: the last quarter, but at least 16 steps, repeats a run of
 * 1 to 8 steps from its beginning to its end. Fewer than 16 steps are no loop. */
bool nm_is_loop(const uint32_t *words, size_t count, unsigned streams);

#endif
