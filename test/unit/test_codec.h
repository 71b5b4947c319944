/* SPDX-License-Identifier: ISC */
/* What the tests of codecs share. */
#ifndef NM_TEST_CODEC_H
#define NM_TEST_CODEC_H

#include "test.h"

#include "base/mem.h"
#include "music/codec.h"

#include <string.h>

/* What most tests need: a context and an open codec. */
typedef struct fixture {
    neume_context *context;
    neume_codec *codec;
} fixture;

static inline fixture open_codec(neume_codec_options options) {
    fixture f = {.context = test_context(1, NEUME_ISA_C, NULL)};
    neume_error error = {0};
    if (neume_codec_new(&f.codec, f.context, &options, &error))
        fail_msg("%s", error.line);
    return f;
}

/* Quarters that a word takes by itself. */
static inline double word_quarters(const neume_codec *codec, unsigned stream, uint32_t word) {
    nm_codec_clock clock;
    nm_codec_clock_begin(&clock, codec, 0);
    nm_codec_clock_say(&clock, stream, word);
    return clock.quarters;
}

static inline void close_fixture(fixture *f) {
    neume_codec_free(f->codec);
    neume_context_free(f->context);
}

/* Closes an open codec over all the words that it has; the ids of the sequence, which may be NULL,
 * follow. */
static inline void close_vocabulary(const fixture *f, neume_sequence *sequence) {
    const unsigned streams = neume_codec_stream_count(f->codec);
    uint64_t *counts[NEUME_MAX_STREAMS];
    uint32_t *remap[NEUME_MAX_STREAMS];
    for (unsigned s = 0; s < streams; s++) {
        const uint32_t count = neume_codec_word_count(f->codec, s);
        counts[s] = nm_alloc(f->context, count, sizeof *counts[s]);
        remap[s] = nm_alloc(f->context, count, sizeof *remap[s]);
        for (uint32_t i = 0; i < count; i++)
            counts[s][i] = 1;
    }
    assert_int_equal(nm_codec_close(f->codec, (const uint64_t *const *)counts, remap), NEUME_OK);
    for (size_t i = 0; sequence && i < sequence->step_count * streams; i++)
        sequence->words[i] = remap[i % streams][sequence->words[i]];
    for (unsigned s = 0; s < streams; s++) {
        nm_free(f->context, counts[s]);
        nm_free(f->context, remap[s]);
    }
}

/* Walks the grammar of a closed codec: every word is allowed where it stands. */
static inline void assert_grammatical(const neume_codec *codec, const neume_sequence *sequence) {
    const nm_grammar *grammar = nm_codec_grammar(codec);
    uint32_t at = 0;
    for (size_t i = 0; i < sequence->step_count * sequence->width; i++) {
        const unsigned stream = (unsigned)(i % sequence->width);
        assert_int_equal(grammar->stream[at], stream);
        const uint32_t class = grammar->word_class[stream][sequence->words[i]];
        if (!nm_grammar_allowed(grammar, at)[class])
            fail_msg("word %zu (%s) is not allowed in state %u", i,
                     neume_codec_word(codec, stream, sequence->words[i]), at);
        at = nm_grammar_next(grammar, at, class);
    }
}

static inline neume_note note_at(uint64_t start, uint8_t pitch) {
    return (neume_note){.start_ticks = start, .duration_ticks = 10, .pitch = pitch, .velocity = 64};
}

static inline neume_score *score_of(const fixture *f, const neume_note *notes, size_t count) {
    neume_score *score;
    assert_int_equal(neume_score_new(&score, f->context), NEUME_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(neume_score_add_note(score, &notes[i]), NEUME_OK);
    assert_int_equal(neume_score_sort(score), NEUME_OK);
    return score;
}

static inline uint64_t omitted(const neume_sequence *sequence, const char *what) {
    for (unsigned i = 0; i < sequence->omission_count; i++)
        if (strcmp(sequence->omissions[i].what, what) == 0)
            return sequence->omissions[i].count;
    return 0;
}

/* The words of a sequence with spaces between. */
static inline const char *text_of(const fixture *f, const neume_sequence *sequence) {
    static char text[4096];
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < sequence->step_count * sequence->width; i++)
        used += (size_t)snprintf(
            text + used, sizeof text - used, "%s%s", i ? " " : "",
            neume_codec_word(f->codec, (unsigned)(i % sequence->width), sequence->words[i]));
    return text;
}

static inline neume_sequence encode_notes(const fixture *f, const neume_note *notes, size_t count) {
    neume_sequence sequence;
    neume_score *score = score_of(f, notes, count);
    assert_int_equal(neume_codec_encode(&sequence, f->codec, score, NULL), NEUME_OK);
    neume_score_free(score);
    return sequence;
}

#endif
