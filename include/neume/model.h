/* SPDX-License-Identifier: ISC */
/* A trained model: codec, vocabulary, network and weights in one file that cannot mismatch. Not a
 * run: what training or composing changes lives elsewhere. Thread rule: read-only, for any number
 * of threads. */
#ifndef NEUME_MODEL_H
#define NEUME_MODEL_H

#include <neume/codec.h>

NEUME_BEGIN_DECLS

typedef struct neume_model neume_model;

#define NEUME_MAX_LAYERS 8

typedef enum neume_norm {
    NEUME_NORM_NONE,
    NEUME_NORM_LAYER, /**< Ba, Kiros, Hinton 2016 */
    NEUME_NORM_BATCH  /**< Ioffe, Szegedy 2015 */
} neume_norm;

typedef enum neume_activation { NEUME_ACTIVATION_NONE, NEUME_ACTIVATION_RELU } neume_activation;

#define NEUME_MAX_AXIS_LAYERS 4

/** What a key of "biaxial" is told of itself. */
typedef enum neume_pitch_inputs {
    NEUME_PITCH_INPUTS_ABSOLUTE, /**< its pitch and its pitch class */
    NEUME_PITCH_INPUTS_RELATIVE  /**< nothing: all keys are alike, and a transposed piece is as
                                    likely as the piece */
} neume_pitch_inputs;

/** The network of a codec of words is "stack": embedded words, a branch for each stream, LSTM
 * layers, trunk, a head with softmax for each stream. That of codec "roll" is "biaxial": LSTM
 * layers along time, shared by all keys, and LSTM layers along the keys; it has the last five
 * fields. */
typedef struct neume_network_options {
    uint32_t embed;  /**< columns of the embedding; 0: one-hot words (one stream only) */
    uint32_t branch; /**< hidden units of an LSTM layer for each stream; 0: none */
    uint32_t layers[NEUME_MAX_LAYERS]; /**< hidden units of each LSTM layer */
    unsigned layer_count;              /**< 1..8 */
    bool residual;               /**< a layer as wide as its input adds its input to its output */
    uint32_t trunk;              /**< units of the dense layer before the heads; 0: none */
    uint32_t head;               /**< units of the dense layer in each head; 0: none */
    neume_norm norm;             /**< in trunk and heads */
    neume_activation activation; /**< of trunk and heads */
    bool tied;       /**< the head's weights are the embedding's (one stream, last layer as wide) */
    unsigned labels; /**< labels that it is told of; a training sets it from its corpus */
    uint32_t time_layers[NEUME_MAX_AXIS_LAYERS]; /**< hidden units of each layer along time */
    unsigned time_count;                         /**< 1..4 */
    uint32_t note_layers[NEUME_MAX_AXIS_LAYERS]; /**< hidden units of each layer along the keys */
    unsigned note_count;                         /**< 1..4 */
    neume_pitch_inputs pitch_inputs;             /**< default NEUME_PITCH_INPUTS_ABSOLUTE */
} neume_network_options;

/** What a file is, by its content. */
typedef enum neume_file_kind {
    NEUME_KIND_OTHER,
    NEUME_KIND_MIDI,
    NEUME_KIND_MODEL,
    NEUME_KIND_CHECKPOINT
} neume_file_kind;

/** How wide a model's weights are while it is used; its file keeps all 32 bits. Rows of the
 * embedding and norms stay as they are. What each loses of likelihood is measured:
 * doc/likelihood.md. */
typedef enum neume_precision {
    NEUME_PRECISION_AUTO, /**< the fastest that loses less than 0.5 %: neume_model_precision */
    NEUME_PRECISION_FP32,
    NEUME_PRECISION_BF16, /**< rounded to 8 bits of mantissa */
    NEUME_PRECISION_INT8  /**< whole numbers of 8 bits, a scale for each unit's row */
} neume_precision;

/** Looks at the file's first bytes. Fails with NEUME_BAD_INPUT where it cannot be read. */
NEUME_API NEUME_MUST_USE neume_status neume_file_kind_of(neume_file_kind *out,
                                                         neume_context *context, const char *path,
                                                         neume_error *error);

/** Loads a model; runs no code and trusts nothing. Fails with NEUME_BAD_MODEL. */
NEUME_API NEUME_MUST_USE neume_status neume_model_load(neume_model **out, neume_context *context,
                                                       const char *path, neume_error *error);
NEUME_API void neume_model_free(neume_model *model);

/** The preset it was trained with: "chords". Borrowed: as long as the model, like the next two. */
NEUME_API const char *neume_model_preset(const neume_model *model);

/** Its codec, closed: encoding with it changes nothing. */
NEUME_API neume_codec *neume_model_codec(const neume_model *model);

/** The labels that it knows, in byte order; 0: it was trained without. */
NEUME_API size_t neume_model_label_count(const neume_model *model);

/** A label's name. Borrowed: as long as the model. */
NEUME_API const char *neume_model_label(const neume_model *model, size_t index);

/** All that the file says of itself, as one JSON object: versions, codec, network, training
 * settings, results. */
NEUME_API const char *neume_model_description(const neume_model *model);

/** The same of a checkpoint. Fails with NEUME_BAD_MODEL. The caller gives `*out` back with
 * neume_description_free. */
NEUME_API NEUME_MUST_USE neume_status neume_checkpoint_describe(char **out, neume_context *context,
                                                                const char *path,
                                                                neume_error *error);
NEUME_API void neume_description_free(neume_context *context, char *description);

/** The softmax temperature that makes the validation pieces likeliest; 1 where it was not tuned. */
NEUME_API double neume_model_temperature(const neume_model *model);

/** What NEUME_PRECISION_AUTO is for the model on this machine: NEUME_PRECISION_INT8; but
 * NEUME_PRECISION_FP32 for the plain C kernels, for models so small that the weights stay in a
 * core's cache (below 2^18), and of piano rolls below 2^16 weights or without AVX512-VNNI. Others
 * are themselves. */
NEUME_API neume_precision neume_model_precision(const neume_model *model,
                                                const neume_context *context,
                                                neume_precision asked);

/** "int8". Borrowed: static. */
NEUME_API const char *neume_precision_name(neume_precision precision);

NEUME_API size_t neume_model_parameter_count(const neume_model *model);

/** A hash of weights, vocabulary and codec: what generated files name as their origin. */
NEUME_API uint64_t neume_model_hash(const neume_model *model);

NEUME_END_DECLS

#endif
