/* SPDX-License-Identifier: ISC */
/* A folder of files, read, encoded, freed of duplicates and split for training and validation; with
 * an account of every file. Not batches: those are the trainer's. Thread rule: read-only once
 * loaded. */
#ifndef NEUME_CORPUS_H
#define NEUME_CORPUS_H

#include <neume/codec.h>
#include <neume/midi.h>

NEUME_BEGIN_DECLS

typedef struct neume_corpus neume_corpus;

/** Files and folders, as a user names them. Borrowed: for the call. */
typedef struct neume_inputs {
    const char *const *paths;
    size_t count;
} neume_inputs;

/** The regular files at and below some inputs, whatever they are; folders depth first, the names of
 * a folder in byte order. Hidden files and links to folders are left out. */
typedef struct neume_files neume_files;

/** Looks for files. What cannot be looked at, a missing input too, is an entry with a failure. */
NEUME_API NEUME_MUST_USE neume_status neume_files_find(neume_files **out, neume_context *context,
                                                       neume_inputs inputs, neume_error *error);
NEUME_API void neume_files_free(neume_files *files);
NEUME_API size_t neume_files_count(const neume_files *files);

/** A file's path. Borrowed: as long as the files. */
NEUME_API const char *neume_files_path(const neume_files *files, size_t index);

/** Why it cannot be looked at, in words; NULL where it can. Borrowed: until the next call. */
NEUME_API const char *neume_files_failure(const neume_files *files, size_t index);

#define NEUME_MAX_LABELS 64 /**< styles that a model may know */

/** Where a piece's label, its style, comes from. */
typedef enum neume_labels_from {
    NEUME_LABELS_NONE,
    /** The name of the first folder below the input that the file lies in; of a file that lies in
     * the input itself, the input's name */
    NEUME_LABELS_FOLDER
} neume_labels_from;

/** Keys of the training pieces: moved by `low`..`high` semitones, -48..48, as far as MIDI's range
 * allows; drawn for each piece and epoch. 0, 0: only their own. */
typedef struct neume_shifts {
    int low, high; /**< low <= 0 <= high */
} neume_shifts;

/** What becomes of pieces of the same notes: in another key, tempo, velocity or instrument, under
 * another name. */
typedef enum neume_near_duplicates {
    NEUME_NEAR_TOGETHER, /**< all of them train, or all validate; where validation pieces are given,
                            the others leave training */
    NEUME_NEAR_DROP,     /**< only the first is kept, and a given validation piece */
    NEUME_NEAR_IGNORE    /**< as if they had nothing in common */
} neume_near_duplicates;

typedef struct neume_corpus_options {
    neume_midi_read_options reading;
    neume_codec_options codec; /**< of "frame" the grid becomes that of a benchmark file */
    neume_shifts transpose;    /**< default none */
    double valid_fraction;   /**< 0..1 of the pieces, by hash; default 0.1; not used beside the next
                                two */
    size_t valid_count;      /**< this many pieces, those of the smallest hashes; default 0 */
    neume_inputs valid_from; /**< validation pieces come from here, as given; default none */
    size_t min_steps;        /**< a piece has at least so many steps; default 2 */
    size_t max_steps;        /**< and at most so many; default 1,000,000 */
    const char *cache; /**< a folder for caches of what was read, made where it is missing: files
                          are read again only when they change, and words are not held in memory;
                          default NULL: none */
    bool verify_cache; /**< a file has changed where its bytes have, not by size, time and inode */
    neume_near_duplicates near_duplicates; /**< default NEUME_NEAR_TOGETHER */
    const struct neume_model *init; /**< a model that a training on the corpus starts from: its
                                       vocabulary and labels grow by those of the pieces; what it or
                                       an ancestor was trained on is not held out by hash. Borrowed:
                                       as long as the corpus. Default NULL: none */
    neume_labels_from labels;       /**< of the training pieces; a validation piece whose label no
                                       training piece has has none; default NEUME_LABELS_NONE */
} neume_corpus_options;

NEUME_API neume_corpus_options neume_corpus_options_default(void);

/** What became of a file; one status a file, the first that holds in this order. */
typedef enum neume_file_status {
    NEUME_FILE_OTHER,     /**< neither by content nor by name MIDI */
    NEUME_FILE_SKIPPED,   /**< not usable; the reason says why */
    NEUME_FILE_DUPLICATE, /**< the same words as a file that came before it, or as a validation
                             piece; or the same notes, where near duplicates are left out */
    NEUME_FILE_REPAIRED,  /**< used, after repairs */
    NEUME_FILE_CLEAN      /**< used as it was */
} neume_file_status;

/** Where a piece belongs; the last only in benchmark files. */
typedef enum neume_split {
    NEUME_SPLIT_NONE,
    NEUME_SPLIT_TRAIN,
    NEUME_SPLIT_VALID,
    NEUME_SPLIT_TEST
} neume_split;

typedef struct neume_corpus_file {
    const char *path; /**< as found: INPUT, or INPUT/sub/file. Borrowed: as long as the corpus, like
                         all here */
    const char *name; /**< relative to INPUT; what a model stores */
    const char *folder; /**< what labels are taken from, as UTF-8; "" where there is none */
    neume_file_status status;
    const char *reason; /**< why skipped, of what a duplicate, what was repaired; "" */
    bool has_offset;
    uint64_t offset;   /**< bytes */
    const char *alike; /**< name of the first file of the same notes, where that is another; "" */
    size_t note_count;
    size_t step_count;
    uint64_t hash; /**< of the piece's words; 0 where there are none */
    neume_split split;
} neume_corpus_file;

/** The counts of the report; seen = clean + repaired + skipped + duplicate. */
typedef struct neume_corpus_counts {
    size_t seen, clean, repaired, skipped, duplicate, other;
    size_t alike; /**< of those that are used, the ones of the same notes as one before */
    size_t train_pieces, valid_pieces;
    size_t train_steps, valid_steps;
    size_t train_notes, valid_notes;
    size_t notes_beyond; /**< notes that an evaluation's transposition moved out of 0..127, left
                            out; of benchmark files counted in every frame */
} neume_corpus_counts;

/** Reads everything below `inputs`: MIDI files, and for codec "frame" benchmark files (JSON rolls
 * in train, valid and test parts), which are taken as given. A file that cannot be used is an
 * entry, not an error; so is a missing INPUT. An empty corpus (train_pieces = 0) is no error
 * either: the caller decides. Fails with NEUME_BAD_USAGE where there are more labels than
 * NEUME_MAX_LABELS, or none, or the codec is not that of `init`. Of a context with ranks the first
 * reads before the others; fails with NEUME_BAD_INPUT where they do not find the same pieces. */
NEUME_API NEUME_MUST_USE neume_status neume_corpus_load(neume_corpus **out, neume_context *context,
                                                        const neume_corpus_options *options,
                                                        neume_inputs inputs, neume_error *error);
NEUME_API void neume_corpus_free(neume_corpus *corpus);

NEUME_API neume_corpus_counts neume_corpus_count(const neume_corpus *corpus);

/** The files in the order in which they were found (folders sorted by name). */
NEUME_API size_t neume_corpus_file_count(const neume_corpus *corpus);
NEUME_API const neume_corpus_file *neume_corpus_file_at(const neume_corpus *corpus, size_t index);

/** A label, and the pieces that have it. */
typedef struct neume_corpus_label {
    const char *name; /**< Borrowed: as long as the corpus */
    size_t train_pieces, valid_pieces;
} neume_corpus_label;

/** The labels of the training pieces, in byte order. */
NEUME_API size_t neume_corpus_label_count(const neume_corpus *corpus);
NEUME_API neume_corpus_label neume_corpus_label_at(const neume_corpus *corpus, size_t index);

/** "clean", "repaired", ... and "train", "valid", "". Borrowed: static. */
NEUME_API const char *neume_file_status_name(neume_file_status status);
NEUME_API const char *neume_split_name(neume_split split);

/** The codec, its vocabulary closed over the training pieces. Borrowed: as long as the corpus. */
NEUME_API const neume_codec *neume_corpus_codec(const neume_corpus *corpus);

NEUME_END_DECLS

#endif
