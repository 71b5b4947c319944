/* SPDX-License-Identifier: ISC */
/* A small corpus, small networks and a folder for the files of a run. */
#ifndef NM_TEST_TRAININGS_H
#define NM_TEST_TRAININGS_H

#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "learn/corpus.h"
#include "learn/corpus_split.h"

#include <neume/train.h>

#include <jansson.h>

#include <string.h>
#include <unistd.h>

enum { TRAIN_PIECES = 9, VALID_PIECES = 2 };

/* Scales that begin at different notes and turn round; each piece has a word of its own. */
static inline void spell_piece(char *text, size_t room, unsigned piece) {
    static const char *const notes[] = {"C4", "D4", "E4", "F4", "G4", "A4", "B4", "C5"};
    const unsigned length = 9 + piece * 7 % 20;
    size_t used = 0;
    for (unsigned i = 0; i < length; i++) {
        const unsigned turn = (piece + i) % 14;
        used +=
            (size_t)snprintf(text + used, room - used, "%s ", notes[turn < 8 ? turn : 14 - turn]);
    }
    snprintf(text + used, room - used, "%s%u <end>", piece < 30 ? "C#" : "F#", piece % 9);
}

static inline neume_status add_piece(nm_piece *out, neume_codec *codec, unsigned piece) {
    char text[512];
    spell_piece(text, sizeof text, piece);
    *out = (nm_piece){.hash = piece + 1};
    const neume_status status = neume_codec_parse(&out->sequence, codec, text, NULL);
    out->sequence.note_count = out->sequence.step_count;
    return status;
}

static inline neume_status fill_corpus(neume_corpus *corpus, unsigned train, unsigned valid) {
    neume_context *context = corpus->context;
    const neume_codec_options options = neume_codec_options_default();
    if (neume_codec_new(&corpus->codec, context, &options, NULL) ||
        !(corpus->train = nm_alloc(context, train, sizeof *corpus->train)) ||
        !(corpus->valid = nm_alloc(context, valid, sizeof *corpus->valid)))
        return NEUME_NO_MEMORY;
    for (; corpus->train_count < train; corpus->train_count++)
        if (add_piece(&corpus->train[corpus->train_count], corpus->codec,
                      (unsigned)corpus->train_count))
            return NEUME_NO_MEMORY;
    for (; corpus->valid_count < valid; corpus->valid_count++)
        if (add_piece(&corpus->valid[corpus->valid_count], corpus->codec,
                      30 + (unsigned)corpus->valid_count))
            return NEUME_NO_MEMORY;
    return nm_corpus_close(corpus);
}

static inline neume_corpus *test_corpus(neume_context *context, unsigned train, unsigned valid) {
    neume_corpus *corpus = nm_alloc(context, 1, sizeof *corpus);
    assert_non_null(corpus);
    *corpus = (neume_corpus){.context = context, .owns_codec = true, .found.context = context};
    assert_int_equal(fill_corpus(corpus, train, valid), NEUME_OK);
    return corpus;
}

/* A folder of its own, and names in it. */
typedef struct run_folder {
    char path[32];
    char model[64], last[64], checkpoint[64], log[64];
} run_folder;

/* In memory where the system has that: writing waits for the disk. */
static inline run_folder new_folder(void) {
    run_folder folder = {.path = "/tmp/neume-XXXXXX"};
    if (access("/dev/shm", W_OK) == 0)
        strcpy(folder.path, "/dev/shm/neume-XXXXXX");
    assert_non_null(mkdtemp(folder.path));
    snprintf(folder.model, sizeof folder.model, "%s/m.neume", folder.path);
    snprintf(folder.last, sizeof folder.last, "%s/m.last.neume", folder.path);
    snprintf(folder.checkpoint, sizeof folder.checkpoint, "%s/m.neume.ckpt", folder.path);
    snprintf(folder.log, sizeof folder.log, "%s/log.jsonl", folder.path);
    return folder;
}

static inline void remove_folder(const run_folder *folder) {
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder->path);
    assert_int_equal(system(command), 0);
}

/* A network that trains in milliseconds. */
static inline neume_train_options small_options(const run_folder *folder) {
    neume_train_options options;
    neume_corpus_options corpus;
    assert_int_equal(neume_train_options_preset(&options, &corpus, "chords", NULL), NEUME_OK);
    options.network =
        (neume_network_options){.embed = 5, .layers = {12, 8}, .layer_count = 2, .trunk = 6};
    options.regularisation = (neume_regularisation){.dropout = 0.25f};
    options.batch = 4;
    options.steps = 7;
    options.max_updates = 20;
    options.output = folder->model;
    options.log = folder->log;
    return options;
}

/* A file's bytes. */
static inline nm_buffer bytes_of(neume_context *context, const char *path) {
    nm_buffer bytes = nm_buffer_on(context);
    neume_error error;
    if (nm_file_read(&bytes, path, (size_t)1 << 30, &error))
        fail_msg("%s", error.line);
    return bytes;
}

static inline bool is_same_file(neume_context *context, const char *a, const char *b) {
    nm_buffer of_a = bytes_of(context, a), of_b = bytes_of(context, b);
    const bool is_same = of_a.size == of_b.size && memcmp(of_a.data, of_b.data, of_a.size) == 0;
    nm_buffer_clear(&of_a);
    nm_buffer_clear(&of_b);
    return is_same;
}

/* Training on nine pieces, watched; the same corpus for all tests. */
typedef struct watch {
    uint64_t stop_after; /* updates; 0: never */
    uint64_t updates, validations;
    neume_train_progress last;
} watch;

static inline void note_progress(void *data, const neume_train_progress *progress) {
    watch *seen = data;
    seen->updates += !progress->is_validation;
    seen->validations += progress->is_validation;
    seen->last = *progress;
}

static inline bool is_enough(void *data) {
    const watch *seen = data;
    return seen->stop_after && seen->last.update >= seen->stop_after;
}

typedef struct session {
    neume_context *context;
    neume_corpus *corpus;
    run_folder folder;
    neume_train_options options;
    neume_train_result result;
    neume_error error;
    watch seen;
} session;

static inline void open_session(session *it, unsigned threads, neume_isa isa) {
    *it = (session){.context = test_context(threads, isa, NULL), .folder = new_folder()};
    it->corpus = test_corpus(it->context, TRAIN_PIECES, VALID_PIECES);
    it->options = small_options(&it->folder);
}

static inline void close_session(session *it) {
    neume_corpus_free(it->corpus);
    neume_context_free(it->context);
    remove_folder(&it->folder);
}

static inline neume_status train(session *it) {
    it->seen.updates = it->seen.validations = 0;
    it->options.observer = (neume_train_observer){note_progress, is_enough, &it->seen};
    return neume_train(&it->result, it->context, it->corpus, &it->options, &it->error);
}

static inline void train_well(session *it) {
    if (train(it))
        fail_msg("%s", it->error.line);
}

/* The log as an array of objects. */
static inline json_t *log_of(const session *it) {
    nm_buffer bytes = bytes_of(it->context, it->folder.log);
    json_t *lines = json_array();
    const char *at = (const char *)bytes.data, *end = at + bytes.size;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        assert_non_null(stop);
        json_t *line = json_loadb(at, (size_t)(stop - at), 0, NULL);
        assert_non_null(line);
        json_array_append_new(lines, line);
        at = stop + 1;
    }
    nm_buffer_clear(&bytes);
    return lines;
}

/* The log without what a clock says. */
static inline json_t *timeless_log(const session *it) {
    json_t *lines = log_of(it);
    size_t index;
    json_t *line;
    json_array_foreach(lines, index, line) {
        assert_int_equal(json_object_del(line, "seconds"), 0);
        assert_int_equal(json_object_del(line, "steps_per_second"), 0);
    }
    return lines;
}

static inline void assert_same_run(const session *a, const session *b) {
    assert_true(is_same_file(a->context, a->folder.model, b->folder.model));
    assert_true(is_same_file(a->context, a->folder.last, b->folder.last));
    json_t *log_a = timeless_log(a), *log_b = timeless_log(b);
    assert_true(json_equal(log_a, log_b));
    json_decref(log_a);
    json_decref(log_b);
    assert_int_equal(a->result.updates, b->result.updates);
    assert_int_equal(a->result.best_update, b->result.best_update);
    assert_true(a->result.valid_loss == b->result.valid_loss);
    assert_true(a->result.temperature == b->result.temperature);
}

#endif
