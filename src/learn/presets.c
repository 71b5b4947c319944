/* SPDX-License-Identifier: ISC */
#include "base/error.h"

#include <neume/train.h>

#include <string.h>

/* A preset is a codec, a network and a recipe of training. */
typedef struct recipe {
    const char *name;
    const char *codec;
    uint32_t grid; /* cells of a quarter; 0: the codec's default */
    neume_network_options network;
    uint32_t batch, steps;
    neume_optimizer optimizer;
    double learning_rate;
    neume_schedule schedule;
    double warmup, clip, weight_decay, ema;
    uint64_t usual_epochs;
} recipe;

/* The network of "chords" is that of the program "LSTM Music Generator", with an embedding in the
 * place of a word's alphabetical rank; its recipe is ours. */
static const recipe recipes[] = {
    {
        .name = "chords",
        .codec = "word",
        .network =
            {.embed = 128, .layers = {512, 512}, .layer_count = 2, .trunk = 256, .dropout = 0.5f},
        .batch = 16,
        .steps = 64,
        .optimizer = NEUME_OPTIMIZER_ADAMW,
        .learning_rate = 3e-3,
        .schedule = NEUME_SCHEDULE_COSINE,
        .warmup = 0.02,
        .clip = 1.0,
        .weight_decay = 0.3,
        .ema = 0.999,
        .usual_epochs = 40,
    },
    {
        .name = "intervals",
        .codec = "interval",
        .grid = 4,
        .network = {.embed = 128,
                    .layers = {512, 512, 512},
                    .layer_count = 3,
                    .trunk = 256,
                    .dropout = 0.5f},
        .batch = 16,
        .steps = 64,
        .optimizer = NEUME_OPTIMIZER_ADAMW,
        .learning_rate = 3e-3,
        .schedule = NEUME_SCHEDULE_COSINE,
        .warmup = 0.02,
        .clip = 1.0,
        .weight_decay = 0.3,
        .ema = 0.999,
        .usual_epochs = 40,
    },
};

enum { PRESET_COUNT = sizeof recipes / sizeof recipes[0] };

static const char *const names[PRESET_COUNT + 1] = {"chords", "intervals"};

const char *const *neume_preset_names(void) {
    return names;
}

static neume_train_options options_of(const recipe *from) {
    return (neume_train_options){
        .preset = from->name,
        .network = from->network,
        .batch = from->batch,
        .steps = from->steps,
        .seed = 1,
        .optimizer = from->optimizer,
        .learning_rate = from->learning_rate,
        .schedule = from->schedule,
        .warmup = from->warmup,
        .clip = from->clip,
        .weight_decay = from->weight_decay,
        .ema = from->ema,
        .usual_epochs = from->usual_epochs,
        .save_epochs = 1,
        .save_seconds = 300,
    };
}

neume_status neume_train_options_preset(neume_train_options *out, neume_codec_options *codec,
                                        const char *preset, neume_error *error) {
    for (size_t i = 0; i < PRESET_COUNT; i++)
        if (strcmp(recipes[i].name, preset) == 0) {
            *out = options_of(&recipes[i]);
            *codec = neume_codec_options_default();
            codec->name = recipes[i].codec;
            if (recipes[i].grid)
                codec->grid = recipes[i].grid;
            return NEUME_OK;
        }
    return nm_fail(error, NEUME_BAD_USAGE, "preset %s: there is none of this name, expected %s",
                   preset, names[0]);
}
