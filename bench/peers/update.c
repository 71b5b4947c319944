/* SPDX-License-Identifier: ISC */
/* Whole updates of training as the trainer makes them, from batches of words to the optimiser: E =
 * H, V words drawn evenly, no noise, AdamW, the gradient's norm clipped. Usage: update THREADS T B
 * H L V */
#include "measure.h"
#include "rounds.h"

#include "base/mem.h"
#include "base/rng.h"
#include "learn/corpus_split.h"
#include "learn/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE_WORDS = 4000, WORD_ROOM = 16, SPECIAL_WORDS = 2 /* <end>, <unk> */ };

static void must(neume_status status, const neume_error *error) {
    if (!status)
        return;
    fprintf(stderr, "%s\n", error->line);
    exit(1);
}

/* The index-th word, of 576: two pitches as codec "word" writes them. */
static void spell_word(char *out, uint32_t index) {
    static const char *const names[] = {"C",  "C#", "D",  "E-", "E",  "F",
                                        "F#", "G",  "G#", "A",  "B-", "B"};
    snprintf(out, WORD_ROOM, "%s3.%s%u", names[index / 48 % 12], names[index % 12],
             4 + index % 48 / 12);
}

/* Words drawn evenly, after each of them once, so that the vocabulary has all. */
static neume_status add_piece(neume_corpus *corpus, uint32_t V, char *text, neume_error *error) {
    char *end = text;
    for (uint32_t i = 0; i < PIECE_WORDS; i++) {
        const uint32_t drawn = nm_random_at(1, NM_PURPOSE_TEST, corpus->train_count, i).word[0];
        spell_word(end, i < V - SPECIAL_WORDS ? i : drawn % (V - SPECIAL_WORDS));
        end += strlen(end);
        *end++ = ' ';
    }
    memcpy(end, "<end>", sizeof "<end>");
    nm_piece *piece = &corpus->train[corpus->train_count++];
    piece->hash = corpus->train_count;
    return neume_codec_parse(&piece->sequence, corpus->codec, text, error);
}

static neume_corpus *corpus_new(neume_context *context, uint32_t B, uint32_t V) {
    neume_codec_options options = neume_codec_options_default();
    options.voicing = NEUME_VOICING_PITCHES;
    neume_corpus *corpus = nm_alloc(context, 1, sizeof *corpus);
    char *text = nm_alloc(context, PIECE_WORDS + 1, WORD_ROOM);
    neume_error error = {.line = "update: the words cannot be made"};
    neume_status status = corpus && text ? NEUME_OK : NEUME_NO_MEMORY;
    if (!status) {
        *corpus = (neume_corpus){.context = context, .owns_codec = true};
        corpus->train = nm_alloc(context, B, sizeof *corpus->train);
        status = neume_codec_new(&corpus->codec, context, &options, &error);
    }
    for (uint32_t b = 0; !status && corpus->train && b < B; b++)
        status = add_piece(corpus, V, text, &error);
    nm_free(context, text);
    must(status ? status : nm_corpus_close(corpus), &error);
    const uint32_t words = neume_codec_word_count(corpus->codec, 0);
    if (words != V) {
        fprintf(stderr, "update: %u words, expected %u\n", words, V);
        exit(1);
    }
    return corpus;
}

static neume_train_options options_of(uint32_t T, uint32_t B, uint32_t H, unsigned layers) {
    neume_train_options options;
    neume_corpus_options corpus;
    neume_error error;
    must(neume_train_options_preset(&options, &corpus, "chords", &error), &error);
    options.network = (neume_network_options){.embed = H, .layer_count = layers};
    for (unsigned l = 0; l < layers && l < NEUME_MAX_LAYERS; l++)
        options.network.layers[l] = H;
    options.regularisation = (neume_regularisation){0};
    options.schedule = NEUME_SCHEDULE_CONSTANT;
    options.learning_rate = 1e-4;
    options.warmup = 0;
    options.ema = 0;
    options.batch = B;
    options.steps = T;
    options.max_updates = UINT64_MAX;
    return options;
}

static void update(void *data) {
    neume_error error;
    must(nm_run_update(data, &error), &error);
}

int main(int argc, char **argv) {
    if (argc != 7) {
        fprintf(stderr, "usage: update THREADS T B H L V\n");
        return 2;
    }
    const unsigned threads = (unsigned)atoi(argv[1]);
    const uint32_t T = (uint32_t)atoi(argv[2]), B = (uint32_t)atoi(argv[3]);
    const neume_train_options options =
        options_of(T, B, (uint32_t)atoi(argv[4]), (unsigned)atoi(argv[5]));
    neume_context *context = bench_context(threads, NEUME_ISA_AUTO);
    neume_corpus *corpus = corpus_new(context, B, (uint32_t)atoi(argv[6]));
    static nm_run run;
    neume_error error;
    must(nm_run_init(&run, context, corpus, &options, &error), &error);
    run.state.planned = 1; /* the learning rate is constant */
    char shape[64];
    snprintf(shape, sizeof shape, "%s, %s, %s, %s; V %s", argv[2], argv[3], argv[4], argv[5],
             argv[6]);
    bench_serve(&(bench_rounds){.what = "update",
                                .peer = "neume",
                                .shape = shape,
                                .unit = "tokens/s",
                                .threads = threads,
                                .units = (double)T * B,
                                .body = update,
                                .data = &run});
    nm_run_clear(&run);
    neume_corpus_free(corpus);
    neume_context_free(context);
    return 0;
}
