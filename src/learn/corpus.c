/* SPDX-License-Identifier: ISC */
#include "learn/corpus.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/ranks.h"
#include "learn/corpus_cache.h"
#include "learn/corpus_init.h"
#include "learn/corpus_read.h"
#include "learn/corpus_split.h"
#include "learn/model.h"

#include <string.h>
#include <xxhash.h>

neume_corpus_options neume_corpus_options_default(void) {
    return (neume_corpus_options){.reading = neume_midi_read_options_default(),
                                  .codec = neume_codec_options_default(),
                                  .valid_fraction = 0.1,
                                  .min_steps = 2,
                                  .max_steps = 1000000};
}

static neume_corpus *corpus_new(neume_context *context) {
    neume_corpus *corpus = nm_alloc(context, 1, sizeof *corpus);
    if (corpus) {
        corpus->context = context;
        corpus->found.context = context;
    }
    return corpus;
}

static void free_pieces(neume_context *context, nm_piece *pieces, size_t count) {
    for (size_t i = 0; i < count; i++)
        nm_piece_clear(&pieces[i], context);
    nm_free(context, pieces);
}

void neume_corpus_free(neume_corpus *corpus) {
    if (!corpus)
        return;
    neume_context *context = corpus->context;
    free_pieces(context, corpus->train, corpus->train_count);
    free_pieces(context, corpus->valid, corpus->valid_count);
    for (size_t i = 0; i < corpus->file_count; i++) {
        nm_free(context, corpus->reasons[i]);
        nm_free(context, corpus->folders[i]);
    }
    nm_free(context, corpus->reasons);
    nm_free(context, corpus->folders);
    nm_free(context, corpus->prints);
    nm_free(context, corpus->origins);
    nm_spool_close(&corpus->spool);
    nm_labels_clear(&corpus->labels, context);
    nm_free(context, corpus->files);
    nm_file_list_clear(&corpus->found);
    if (corpus->owns_codec)
        neume_codec_free(corpus->codec);
    for (unsigned s = 0; s < NEUME_MAX_STREAMS; s++)
        nm_free(context, corpus->word_counts[s]);
    nm_free(context, corpus);
}

static neume_status check_options(const neume_corpus_options *options, neume_error *error) {
    const neume_shifts keys = options->transpose;
    if (keys.low > 0 || keys.low < -NM_MAX_SHIFT || keys.high < 0 || keys.high > NM_MAX_SHIFT)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "transposition by %d..%d semitones: expected -%d..0 and 0..%d", keys.low,
                       keys.high, NM_MAX_SHIFT, NM_MAX_SHIFT);
    if (options->valid_fraction >= 0 && options->valid_fraction <= 1)
        return NEUME_OK;
    return nm_fail(error, NEUME_BAD_USAGE,
                   "share of validation pieces %g: expected a number from 0 to 1",
                   options->valid_fraction);
}

static neume_status make_codec(neume_corpus *corpus, const neume_corpus_options *options,
                               const neume_codec_options *codec, neume_error *error) {
    neume_status status = neume_codec_new(&corpus->codec, corpus->context, codec, error);
    if (!status && corpus->init)
        status = nm_corpus_match_init(corpus, error);
    if (!status && corpus->init)
        status = nm_codec_begin_with(corpus->codec, corpus->init->codec, error);
    if (!status && options->labels != NEUME_LABELS_NONE && nm_codec_is_roll(corpus->codec))
        return nm_fail(error, NEUME_BAD_USAGE,
                       "labels: a piano roll has no labels, expected a codec of words");
    return status;
}

/* A label that neither a training piece nor the model it starts from has is none. */
static neume_status label_pieces(neume_corpus *corpus, const neume_corpus_options *options,
                                 neume_error *error) {
    const bool is_wanted = options->labels != NEUME_LABELS_NONE;
    neume_status status = NEUME_OK;
    if (is_wanted)
        status = nm_labels_collect(&corpus->labels, corpus->context, corpus->train,
                                   corpus->train_count, error);
    if (!status && corpus->init)
        status = nm_labels_add(&corpus->labels, corpus->context, &corpus->init->labels, error);
    if (status || !is_wanted)
        return status;
    nm_labels_tell(&corpus->labels, corpus->train, corpus->train_count);
    nm_labels_tell(&corpus->labels, corpus->valid, corpus->valid_count);
    return status;
}

static neume_status arrange(nm_corpus_reader *reader, const neume_corpus_options *options,
                            size_t first_valid, neume_error *error) {
    if (nm_corpus_split(reader, options, first_valid) || nm_corpus_share_out(reader) ||
        nm_corpus_close(reader->corpus))
        return nm_fail_memory(error, "corpus");
    nm_corpus_tell_known(reader->corpus);
    return label_pieces(reader->corpus, options, error);
}

/* From the cache what it has, from the files what has changed. */
static neume_status read_all(nm_corpus_reader *reader, const neume_corpus_options *options,
                             neume_inputs inputs, neume_error *error) {
    nm_corpus_cache *cache = nm_alloc(reader->corpus->context, 1, sizeof *cache);
    if (!cache)
        return nm_fail_memory(error, "corpus");
    neume_status status = nm_corpus_cache_open(cache, reader, options, inputs);
    if (status)
        nm_fail_memory(error, "cache");
    else
        status = nm_corpus_read(reader, error);
    if (!status)
        nm_corpus_cache_save(cache, reader);
    nm_corpus_cache_close(cache);
    reader->cache = NULL;
    nm_free(reader->corpus->context, cache);
    return status;
}

static neume_status load(neume_corpus **out, neume_context *context,
                         const neume_corpus_options *options, neume_inputs inputs,
                         neume_error *error) {
    size_t first_valid = 0;
    *out = NULL;
    neume_status status = check_options(options, error);
    if (status)
        return status;
    neume_corpus *corpus = corpus_new(context);
    if (!corpus)
        return nm_fail_memory(error, "corpus");
    nm_corpus_reader reader = {.corpus = corpus,
                               .midi = options->reading,
                               .wants_prints = options->near_duplicates != NEUME_NEAR_IGNORE,
                               .min_steps = options->min_steps,
                               .max_steps = options->max_steps};
    corpus->owns_codec = true;
    corpus->shifts = options->transpose;
    corpus->init = options->init;
    neume_codec_options codec = options->codec;
    status = nm_corpus_find(corpus, inputs, options->valid_from, &first_valid, error);
    if (!status)
        status = nm_corpus_fit_grid(&reader, &codec, error);
    if (!status)
        status = make_codec(corpus, options, &codec, error);
    reader.codec = corpus->codec;
    if (!status)
        status = read_all(&reader, options, inputs, error);
    if (!status)
        status = arrange(&reader, options, first_valid, error);
    nm_corpus_reader_clear(&reader);
    if (status)
        neume_corpus_free(corpus);
    else
        *out = corpus;
    return status;
}

neume_status nm_corpus_compare(const neume_corpus *corpus, neume_error *error) {
    bool is_same;
    neume_status status =
        nm_ranks_compare(&is_same, corpus->context, nm_corpus_hash(corpus), error);
    if (status)
        return status;
    if (!is_same)
        status = nm_fail(error, NEUME_BAD_INPUT,
                         "corpus: %zu pieces to train on, others than those of rank 0: every rank "
                         "is to find the same files",
                         corpus->train_count);
    return nm_ranks_agree(corpus->context, status, error);
}

/* The first rank fills the cache; then the others find it filled. */
neume_status neume_corpus_load(neume_corpus **out, neume_context *context,
                               const neume_corpus_options *options, neume_inputs inputs,
                               neume_error *error) {
    const bool is_first = nm_is_first_rank(context);
    *out = NULL;
    neume_status status = is_first ? load(out, context, options, inputs, error) : NEUME_OK;
    status = nm_ranks_agree(context, status, error);
    if (status)
        return status;
    if (!is_first)
        status = load(out, context, options, inputs, error);
    status = nm_ranks_agree(context, status, error);
    if (!status)
        status = nm_corpus_compare(*out, error);
    if (status) {
        neume_corpus_free(*out);
        *out = NULL;
    }
    return status;
}

/* From the words of an open codec to those of a closed one, stream after stream; a roll's are the
 * same. */
static neume_status translate(neume_corpus *corpus, const neume_codec *open) {
    if (nm_codec_is_roll(open))
        return NEUME_OK;
    for (unsigned s = 0; s < neume_codec_stream_count(open); s++) {
        const uint32_t count = neume_codec_word_count(open, s);
        uint32_t *closed = nm_alloc(corpus->context, count, sizeof *closed);
        if (!closed)
            return NEUME_NO_MEMORY;
        for (uint32_t w = 0; w < count; w++) {
            const uint32_t found = neume_codec_find(corpus->codec, s, neume_codec_word(open, s, w));
            closed[w] = found == NEUME_NO_WORD ? NM_WORD_UNKNOWN : found;
        }
        for (size_t p = 0; p < corpus->train_count; p++) {
            const neume_sequence *sequence = &corpus->train[p].sequence;
            for (size_t i = s; i < sequence->step_count * sequence->width; i += sequence->width)
                sequence->words[i] = closed[sequence->words[i]];
        }
        nm_free(corpus->context, closed);
    }
    return NEUME_OK;
}

/* A piece's hash is that of all its words, those unknown to the model too: so an open codec reads.
 */
neume_status nm_corpus_load_as_given(neume_corpus **out, neume_context *context, neume_codec *codec,
                                     const neume_evaluate_options *options, neume_error *error) {
    size_t none = 0;
    *out = NULL;
    if (options->transpose < -NM_MAX_SHIFT || options->transpose > NM_MAX_SHIFT)
        return nm_fail(error, NEUME_BAD_USAGE, "transposition by %d semitones: expected -%d to %d",
                       options->transpose, NM_MAX_SHIFT, NM_MAX_SHIFT);
    neume_corpus *corpus = corpus_new(context);
    if (!corpus)
        return nm_fail_memory(error, "corpus");
    corpus->codec = codec;
    nm_corpus_reader reader = {.corpus = corpus,
                               .midi = options->reading,
                               .min_steps = 1,
                               .max_steps = SIZE_MAX,
                               .split = options->split,
                               .transpose = options->transpose};
    neume_status status =
        neume_codec_new(&reader.codec, context, neume_codec_options_of(codec), error);
    if (!status)
        status = nm_corpus_find(corpus, options->inputs, (neume_inputs){0}, &none, error);
    if (!status)
        status = nm_corpus_read(&reader, error);
    if (!status) {
        corpus->train = reader.pieces;
        corpus->train_count = reader.piece_count;
        reader.pieces = NULL;
        reader.piece_count = reader.piece_capacity = 0;
        if (translate(corpus, reader.codec))
            status = nm_fail_memory(error, "corpus");
    }
    nm_corpus_reader_clear(&reader);
    neume_codec_free(reader.codec);
    if (status)
        neume_corpus_free(corpus);
    else
        *out = corpus;
    return status;
}

neume_status nm_corpus_fail_unusable(const neume_corpus *corpus, neume_error *error) {
    if (corpus->file_count == 0)
        return nm_fail(error, NEUME_BAD_INPUT, "no file below the inputs: expected MIDI files");
    const neume_corpus_file *first = &corpus->files[0];
    return nm_fail(error, NEUME_BAD_INPUT, "none of %zu files is usable; the first, %s: %s",
                   corpus->file_count, first->path, first->reason);
}

static void count_pieces(const nm_piece *pieces, size_t count, size_t *steps, size_t *notes) {
    for (size_t i = 0; i < count; i++) {
        *steps += pieces[i].sequence.step_count;
        *notes += pieces[i].sequence.note_count;
    }
}

neume_corpus_counts neume_corpus_count(const neume_corpus *corpus) {
    neume_corpus_counts counts = {.train_pieces = corpus->train_count,
                                  .valid_pieces = corpus->valid_count,
                                  .notes_beyond = corpus->notes_beyond};
    for (size_t i = 0; i < corpus->file_count; i++) {
        const neume_file_status status = corpus->files[i].status;
        counts.seen += status != NEUME_FILE_OTHER;
        counts.clean += status == NEUME_FILE_CLEAN;
        counts.repaired += status == NEUME_FILE_REPAIRED;
        counts.skipped += status == NEUME_FILE_SKIPPED;
        counts.duplicate += status == NEUME_FILE_DUPLICATE;
        counts.other += status == NEUME_FILE_OTHER;
        counts.alike +=
            corpus->files[i].alike[0] != '\0' && corpus->files[i].split != NEUME_SPLIT_NONE;
    }
    count_pieces(corpus->train, corpus->train_count, &counts.train_steps, &counts.train_notes);
    count_pieces(corpus->valid, corpus->valid_count, &counts.valid_steps, &counts.valid_notes);
    return counts;
}

size_t neume_corpus_file_count(const neume_corpus *corpus) {
    return corpus->file_count;
}

const neume_corpus_file *neume_corpus_file_at(const neume_corpus *corpus, size_t index) {
    return &corpus->files[index];
}

size_t neume_corpus_label_count(const neume_corpus *corpus) {
    return corpus->labels.count;
}

static size_t count_labelled(const nm_piece *pieces, size_t count, uint32_t label) {
    size_t labelled = 0;
    for (size_t i = 0; i < count; i++)
        labelled += pieces[i].label == label;
    return labelled;
}

neume_corpus_label neume_corpus_label_at(const neume_corpus *corpus, size_t index) {
    const uint32_t label = (uint32_t)index + 1;
    return (neume_corpus_label){corpus->labels.names[index],
                                count_labelled(corpus->train, corpus->train_count, label),
                                count_labelled(corpus->valid, corpus->valid_count, label)};
}

const char *neume_file_status_name(neume_file_status status) {
    static const char *const names[] = {"other", "skipped", "duplicate", "repaired", "clean"};
    return names[status];
}

const char *neume_split_name(neume_split split) {
    static const char *const names[] = {"", "train", "valid", "test"};
    return names[split];
}

const neume_codec *neume_corpus_codec(const neume_corpus *corpus) {
    return corpus->codec;
}

static uint64_t hash_pieces(const nm_piece *pieces, size_t count, uint64_t seed) {
    uint64_t hash = XXH3_64bits_withSeed(&count, sizeof count, seed);
    for (size_t i = 0; i < count; i++)
        hash = XXH3_64bits_withSeed(&pieces[i].hash, sizeof pieces[i].hash, hash);
    return hash;
}

/* The labels and who has them; what a corpus without any hashes to stays as it is. */
static uint64_t hash_labels(const neume_corpus *corpus, uint64_t hash) {
    for (unsigned i = 0; i < corpus->labels.count; i++) {
        const char *name = corpus->labels.names[i];
        hash = XXH3_64bits_withSeed(name, strlen(name), hash);
    }
    for (size_t i = 0; corpus->labels.count && i < corpus->train_count; i++)
        hash = XXH3_64bits_withSeed(&corpus->train[i].label, sizeof(uint32_t), hash);
    for (size_t i = 0; corpus->labels.count && i < corpus->valid_count; i++)
        hash = XXH3_64bits_withSeed(&corpus->valid[i].label, sizeof(uint32_t), hash);
    return hash;
}

uint64_t nm_corpus_hash(const neume_corpus *corpus) {
    const uint64_t trained = hash_pieces(corpus->train, corpus->train_count, 0);
    return hash_labels(corpus, hash_pieces(corpus->valid, corpus->valid_count, trained));
}
