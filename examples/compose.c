/* SPDX-License-Identifier: ISC */
/* The library in one page: learn from a folder of MIDI files, save the model, compose a song.
 *   compose FOLDER MODEL.neume SONG.mid */
#include <neume/neume.h>

#include <stdio.h>

static neume_status train(neume_context *context, const char *folder, const char *model_path,
                          neume_error *error) {
    neume_corpus_options reading = neume_corpus_options_default();
    neume_train_options training;
    neume_status status = neume_train_options_preset(&training, &reading, "chords", error);
    if (status)
        return status;
    training.network.layers[0] = training.network.layers[1] = 128;
    training.max_updates = 200;
    training.output = model_path;
    training.force = true;

    neume_corpus *corpus = NULL;
    status = neume_corpus_load(&corpus, context, &reading, (neume_inputs){&folder, 1}, error);
    if (!status) {
        neume_train_result result;
        status = neume_train(&result, context, corpus, &training, error);
        if (!status)
            printf("%.3f nats a word on the validation pieces (trigram %.3f)\n", result.valid_loss,
                   result.trigram);
    }
    neume_corpus_free(corpus);
    return status;
}

static neume_status compose(neume_context *context, const char *model_path, const char *song_path,
                            neume_error *error) {
    neume_model *model = NULL;
    neume_status status = neume_model_load(&model, context, model_path, error);
    if (status)
        return status;
    neume_generate_options options = neume_generate_options_default();
    options.seed = 1;
    options.length_steps = 100;
    neume_song song;
    status = neume_generate(&song, context, model, &options, error);
    if (!status) {
        status = neume_midi_save(song_path, context, song.score, error);
        printf("%s: %zu notes, %.0f seconds\n", song_path, song.note_count, song.seconds);
        neume_song_clear(&song);
    }
    neume_model_free(model);
    return status;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: compose FOLDER MODEL.neume SONG.mid\n");
        return 2;
    }
    neume_error error;
    neume_context *context = NULL;
    const neume_context_options options = neume_context_options_default();
    neume_status status = neume_context_new(&context, &options, &error);
    if (!status)
        status = train(context, argv[1], argv[2], &error);
    if (!status)
        status = compose(context, argv[2], argv[3], &error);
    if (status)
        fprintf(stderr, "compose: %s\n", error.line);
    neume_context_free(context);
    return status ? 1 : 0;
}
