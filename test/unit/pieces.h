/* SPDX-License-Identifier: ISC */
/* Made-up pieces in the words of a small closed codec, for tests of likelihoods and models. */
#ifndef NM_TEST_PIECES_H
#define NM_TEST_PIECES_H

#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "learn/corpus.h"

#include <string.h>

enum { TEST_WORDS = 11 }; /* <end>, <unk> and nine notes */

/* A closed codec "word" that knows C4 to D5. */
static inline neume_codec *test_codec(neume_context *context) {
    const neume_codec_options options = neume_codec_options_default();
    neume_codec *codec = NULL;
    neume_sequence sequence = {0};
    uint64_t counts[TEST_WORDS];
    uint32_t remap[TEST_WORDS];
    for (size_t w = 0; w < TEST_WORDS; w++)
        counts[w] = 1;
    assert_int_equal(neume_codec_new(&codec, context, &options, NULL), NEUME_OK);
    assert_int_equal(neume_codec_parse(&sequence, codec, "C4 D4 E4 F4 G4 A4 B4 C5 D5", NULL),
                     NEUME_OK);
    assert_int_equal(neume_codec_word_count(codec, 0), TEST_WORDS);
    assert_int_equal(
        nm_codec_close(codec, (const uint64_t *const[]){counts}, (uint32_t *const[]){remap}),
        NEUME_OK);
    neume_sequence_clear(context, &sequence);
    return codec;
}

/* `count` pieces of 1 to `most` words, one in eight of them <unk>, and <end>. */
static inline nm_piece *test_pieces(neume_context *context, size_t count, size_t most) {
    nm_piece *pieces = nm_alloc(context, count, sizeof *pieces);
    for (size_t p = 0; p < count; p++) {
        const size_t length =
            2 + (size_t)(nm_random_uniform(3, NM_PURPOSE_TEST, p, 0) * (double)most);
        uint32_t *words = nm_alloc(context, length, sizeof *words);
        for (size_t i = 0; i + 1 < length; i++) {
            const double x = nm_random_uniform(3, NM_PURPOSE_TEST, p, i + 1);
            words[i] = x < 0.125 ? NM_WORD_UNKNOWN : 2 + (uint32_t)(x * (TEST_WORDS - 2));
        }
        words[length - 1] = NM_WORD_END;
        pieces[p] =
            (nm_piece){{.words = words, .step_count = length, .width = 1, .note_count = 2 * length},
                       .hash = p + 1};
    }
    return pieces;
}

static inline void test_pieces_free(neume_context *context, nm_piece *pieces, size_t count) {
    for (size_t p = 0; p < count; p++)
        neume_sequence_clear(context, &pieces[p].sequence);
    nm_free(context, pieces);
}

#endif
