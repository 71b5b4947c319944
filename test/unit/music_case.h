/* SPDX-License-Identifier: ISC */
/* Made-up music in the words of any codec, as a corpus in memory. */
#ifndef NM_TEST_MUSIC_CASE_H
#define NM_TEST_MUSIC_CASE_H

#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "learn/corpus.h"
#include "learn/corpus_split.h"

#include <neume/train.h>

#include <string.h>

/* Chords of one to three notes on eighths, between C3 and B4, by two instruments; every tenth is
 * struck on the drums. */
static inline neume_score *music_score(neume_context *context, unsigned seed, unsigned chords) {
    neume_score *score;
    uint64_t now = 0;
    assert_int_equal(neume_score_new(&score, context), NEUME_OK);
    for (unsigned i = 0; i < chords; i++) {
        const nm_random r = nm_random_at(seed, NM_PURPOSE_TEST, 1, i);
        const unsigned program = r.word[3] >> 8 & 1;
        now += i ? 240 * (1 + r.word[0] % 3) : 0;
        for (unsigned n = 0; n <= r.word[1] % 3; n++) {
            const neume_note note = {.start_ticks = now,
                                     .duration_ticks = 240 * (1 + r.word[2] % 4),
                                     .pitch = (uint8_t)(48 + (r.word[2] >> 4 << n) % 24),
                                     .velocity = 80,
                                     .program = (uint8_t)(40 * program),
                                     .channel = r.word[3] % 10 == 0 ? 9 : (uint8_t)program};
            assert_int_equal(neume_score_add_note(score, &note), NEUME_OK);
        }
    }
    assert_int_equal(neume_score_sort(score), NEUME_OK);
    return score;
}

/* What a corpus of made-up music is made of. */
typedef struct music_plan {
    neume_codec_options codec;
    neume_shifts shifts;
    unsigned train, valid; /* pieces */
    unsigned chords;       /* of a piece, at least */
} music_plan;

static inline music_plan music_plan_of(const char *preset) {
    neume_train_options options;
    neume_corpus_options corpus = neume_corpus_options_default();
    assert_int_equal(neume_train_options_preset(&options, &corpus, preset, NULL), NEUME_OK);
    return (music_plan){
        .codec = corpus.codec, .shifts = corpus.transpose, .train = 9, .valid = 3, .chords = 12};
}

static inline neume_status music_piece(nm_piece *out, neume_corpus *corpus, unsigned number,
                                       unsigned chords) {
    neume_score *score = music_score(corpus->context, number, chords + number * 7 % 9);
    *out = (nm_piece){.hash = number + 1};
    const neume_status status = neume_codec_encode(&out->sequence, corpus->codec, score, NULL);
    neume_score_free(score);
    return status;
}

/* Validation pieces have numbers of 100 and more. */
static inline neume_corpus *music_corpus(neume_context *context, const music_plan *plan) {
    neume_corpus *corpus = nm_alloc(context, 1, sizeof *corpus);
    *corpus = (neume_corpus){.context = context,
                             .owns_codec = true,
                             .found.context = context,
                             .shifts = plan->shifts,
                             .train = nm_alloc(context, plan->train, sizeof *corpus->train),
                             .valid = nm_alloc(context, plan->valid, sizeof *corpus->valid)};
    assert_int_equal(neume_codec_new(&corpus->codec, context, &plan->codec, NULL), NEUME_OK);
    for (; corpus->train_count < plan->train; corpus->train_count++)
        assert_int_equal(music_piece(&corpus->train[corpus->train_count], corpus,
                                     (unsigned)corpus->train_count, plan->chords),
                         NEUME_OK);
    for (; corpus->valid_count < plan->valid; corpus->valid_count++)
        assert_int_equal(music_piece(&corpus->valid[corpus->valid_count], corpus,
                                     100 + (unsigned)corpus->valid_count, plan->chords),
                         NEUME_OK);
    assert_int_equal(nm_corpus_close(corpus), NEUME_OK);
    return corpus;
}

#endif
