/* SPDX-License-Identifier: ISC */
/* rewrite IN OUT: reads a MIDI file and writes it clean. Exits 3 where it cannot be read, 5 where
 * it cannot be written. */
#include <neume/midi.h>

#include <stdio.h>

int main(int argc, char **argv) {
    neume_context_options options = neume_context_options_default();
    options.thread_count = 1;
    neume_context *context = NULL;
    neume_score *score = NULL;
    neume_error error = {0};
    int result = argc == 3 ? 0 : 2;
    if (!result && neume_context_new(&context, &options, &error))
        result = 1;
    if (!result && neume_midi_load(&score, context, argv[1], NULL, &error))
        result = 3;
    if (!result && neume_midi_save(argv[2], context, score, &error))
        result = 5;
    if (result)
        fprintf(stderr, "%s\n", error.line);
    neume_score_free(score);
    neume_context_free(context);
    return result;
}
