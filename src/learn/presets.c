/* SPDX-License-Identifier: ISC */
#include "base/error.h"
#include "learn/model.h"

#include <neume/train.h>

#include <stdio.h>
#include <string.h>

/* A preset is a codec, a network and a recipe of training. */
typedef struct recipe {
    const char *name;
    const char *codec;
    uint32_t grid;
    neume_pitch_range pitch_range; /* {0, 0}: all */
    neume_shifts transpose;
    double keep_key;
    neume_network_options network;
    neume_regularisation regularisation;
    uint32_t batch, steps;
    double learning_rate, clip, weight_decay, ema;
    uint64_t usual_epochs;
} recipe;

/* The first is what a user gets who names none. The networks are those of the programs that the
 * presets are after, with embedded words and with heads that know of each other; those of "events"
 * and "frames" and all recipes are ours. doc/systems.md has both. */
static const recipe recipes[] = {
    {
        .name = "events",
        .codec = "event",
        .grid = 12,
        .transpose = {-5, 6},
        .network = {.embed = 256, .layers = {512}, .layer_count = 1},
        .regularisation = {.dropout = 0.5f, .feature_dropout = 0.2f, .weight_drop = 0.3f},
        .batch = 16,
        .steps = 64,
        .learning_rate = 3e-3,
        .clip = 1.0,
        .weight_decay = 0.1,
        .ema = 0.998,
        .usual_epochs = 20,
    },
    {
        .name = "chords",
        .codec = "word",
        .grid = 12,
        .network = {.embed = 128, .layers = {512, 512}, .layer_count = 2, .trunk = 256},
        .regularisation = {.dropout = 0.5f},
        .batch = 16,
        .steps = 64,
        .learning_rate = 3e-3,
        .clip = 1.0,
        .weight_decay = 0.3,
        .ema = 0.999,
        .usual_epochs = 40,
    },
    {
        .name = "jazz",
        .codec = "word",
        .grid = 12,
        .transpose = {-5, 6},
        .network = {.embed = 512, .layers = {256, 256, 256}, .layer_count = 3},
        .regularisation = {.dropout = 0.5f, .weight_drop = 0.3f},
        .batch = 16,
        .steps = 64,
        .learning_rate = 2e-3,
        .clip = 1.0,
        .weight_decay = 0.3,
        .ema = 0.999,
        .usual_epochs = 40,
    },
    {
        .name = "streams",
        .codec = "stream",
        .grid = 24,
        .network = {.embed = 64,
                    .branch = 256,
                    .layers = {512, 512},
                    .layer_count = 2,
                    .trunk = 256,
                    .head = 128,
                    .norm = NEUME_NORM_LAYER,
                    .activation = NEUME_ACTIVATION_RELU},
        .regularisation = {.dropout = 0.3f},
        .batch = 16,
        .steps = 64,
        .learning_rate = 1e-3,
        .clip = 1.0,
        .weight_decay = 0.1,
        .ema = 0.999,
        .usual_epochs = 20,
    },
    {
        .name = "intervals",
        .codec = "interval",
        .grid = 4,
        .transpose = {-5, 6},
        .network = {.embed = 128, .layers = {512, 512, 512}, .layer_count = 3},
        .regularisation = {.dropout = 0.4f, .weight_drop = 0.3f},
        .batch = 16,
        .steps = 64,
        .learning_rate = 2e-3,
        .clip = 1.0,
        .weight_decay = 0.1,
        .ema = 0.999,
        .usual_epochs = 40,
    },
    {
        .name = "frames",
        .codec = "frame",
        .grid = 2,
        .transpose = {-5, 6},
        .keep_key = 0.3,
        .network = {.embed = 192, .layers = {384}, .layer_count = 1},
        .regularisation =
            {.input_dropout = 0.3f, .dropout = 0.6f, .feature_dropout = 0.2f, .weight_drop = 0.6f},
        .batch = 32,
        .steps = 64,
        .learning_rate = 3e-3,
        .clip = 0.5,
        .weight_decay = 0.3,
        .ema = 0.998,
        .usual_epochs = 105,
    },
    {
        .name = "biaxial",
        .codec = "roll",
        .grid = 4,
        .pitch_range = {24, 101},
        .transpose = {-5, 6},
        .keep_key = 0.3,
        .network = {.time_layers = {128}, .time_count = 1, .note_layers = {64}, .note_count = 1},
        .regularisation = {.dropout = 0.3f, .weight_drop = 0.2f},
        .batch = 4,
        .steps = 64,
        .learning_rate = 1e-2,
        .clip = 0.5,
        .weight_decay = 0.01,
        .ema = 0.998,
        .usual_epochs = 30,
    },
};

enum { PRESET_COUNT = sizeof recipes / sizeof recipes[0] };

static const char *const names[PRESET_COUNT + 1] = {"events",    "chords", "jazz",   "streams",
                                                    "intervals", "frames", "biaxial"};

const char *const *neume_preset_names(void) {
    return names;
}

static neume_train_options options_of(const recipe *from) {
    return (neume_train_options){
        .preset = from->name,
        .network = from->network,
        .regularisation = from->regularisation,
        .keep_key = from->keep_key,
        .batch = from->batch,
        .steps = from->steps,
        .seed = 1,
        .optimizer = NEUME_OPTIMIZER_ADAMW,
        .learning_rate = from->learning_rate,
        .schedule = NEUME_SCHEDULE_COSINE,
        .rates = neume_schedule_options_default(),
        .warmup = 0.02,
        .clip = from->clip,
        .weight_decay = from->weight_decay,
        .ema = from->ema,
        .usual_epochs = from->usual_epochs,
        .most_skips = 10,
        .keep_every = 1,
        .save_epochs = 1,
        .save_seconds = 300,
    };
}

static neume_status fail_unknown(const char *preset, neume_error *error) {
    char list[128] = "";
    size_t used = 0;
    for (size_t i = 0; i < PRESET_COUNT && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names[i]);
    return nm_fail(error, NEUME_BAD_USAGE, "preset %s: there is none of this name, expected %s",
                   preset, list);
}

neume_status neume_train_options_preset(neume_train_options *out, neume_corpus_options *corpus,
                                        const char *preset, neume_error *error) {
    for (size_t i = 0; i < PRESET_COUNT; i++)
        if (strcmp(recipes[i].name, preset) == 0) {
            *out = options_of(&recipes[i]);
            corpus->codec = neume_codec_options_default();
            corpus->codec.name = recipes[i].codec;
            corpus->codec.grid = recipes[i].grid;
            if (recipes[i].pitch_range.high)
                corpus->codec.pitch_range = recipes[i].pitch_range;
            corpus->transpose = recipes[i].transpose;
            return NEUME_OK;
        }
    return fail_unknown(preset, error);
}

neume_status neume_train_options_model(neume_train_options *out, neume_corpus_options *corpus,
                                       const neume_model *model, neume_error *error) {
    neume_error why = {0};
    if (neume_train_options_preset(out, corpus, model->preset, &why))
        return nm_fail(error, NEUME_BAD_MODEL, "%s", why.line);
    out->network = model->network.options;
    corpus->codec = *neume_codec_options_of(model->codec);
    nm_codec_shifts(model->codec, &corpus->transpose.low, &corpus->transpose.high);
    corpus->init = model;
    return NEUME_OK;
}
