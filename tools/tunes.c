/* SPDX-License-Identifier: ISC */
/* tunes FOLDER FILE.abc...: compiles tunes in ABC notation to MIDI files in FOLDER. */
#include "tunes/tune.h"

#include <neume/midi.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2, EXIT_INPUT = 3, EXIT_WRITE = 5, MAX_TEXT_BYTES = 1 << 20 };

/* The bytes of the file, or NULL. The caller frees them. */
static char *load_text(const char *path, size_t *size_bytes) {
    FILE *file = fopen(path, "rb");
    char *text = malloc(MAX_TEXT_BYTES);
    if (file && text) {
        *size_bytes = fread(text, 1, MAX_TEXT_BYTES, file);
        if (!ferror(file) && *size_bytes < MAX_TEXT_BYTES) {
            fclose(file);
            return text;
        }
    }
    fprintf(stderr, "tunes: %s: cannot be read: %s\n", path,
            errno ? strerror(errno) : "larger than a tune");
    if (file)
        fclose(file);
    free(text);
    return NULL;
}

/* "FOLDER/name.mid" for "somewhere/name.abc". */
static bool output_path(char *out, size_t size, const char *folder, const char *input) {
    const char *slash = strrchr(input, '/');
    const char *name = slash ? slash + 1 : input;
    const char *dot = strrchr(name, '.');
    const int length = (int)(dot ? dot - name : (ptrdiff_t)strlen(name));
    return snprintf(out, size, "%s/%.*s.mid", folder, length, name) < (int)size;
}

static int report(const char *path, const tune_error *error) {
    fprintf(stderr, "%s:%u:%u: %s\n", path, error->place.line, error->place.column, error->text);
    return EXIT_INPUT;
}

static int save(neume_context *context, const neume_score *score, const char *folder,
                const char *input) {
    char path[4096];
    neume_error error = {0};
    if (!output_path(path, sizeof path, folder, input)) {
        fprintf(stderr, "tunes: %s: the path is too long\n", input);
        return EXIT_WRITE;
    }
    if (neume_midi_save(path, context, score, &error) == NEUME_OK)
        return EXIT_SUCCESS;
    fprintf(stderr, "tunes: %s\n", error.line);
    return EXIT_WRITE;
}

static int compile(neume_context *context, const char *folder, const char *input) {
    size_t size_bytes;
    abc_tune tune;
    tune_error error;
    char *text = load_text(input, &size_bytes);
    if (!text)
        return EXIT_INPUT;
    const bool is_read = tune_parse(&tune, text, size_bytes, &error);
    free(text);
    if (!is_read)
        return report(input, &error);
    neume_score *score;
    int code = EXIT_SUCCESS;
    if (tune_to_score(&score, context, &tune, &error))
        code = report(input, &error);
    else
        code = save(context, score, folder, input);
    neume_score_free(score);
    tune_clear(&tune);
    return code;
}

int main(int argc, char **argv) {
    if (argc < 3 || argv[1][0] == '-') {
        fputs("usage: tunes FOLDER FILE.abc...\n"
              "Compiles each tune to FOLDER/FILE.mid; see examples/tunes/README.md.\n",
              stderr);
        return EXIT_USAGE;
    }
    neume_context *context;
    neume_error error = {0};
    neume_context_options options = neume_context_options_default();
    options.thread_count = 1;
    if (neume_context_new(&context, &options, &error)) {
        fprintf(stderr, "tunes: %s\n", error.line);
        return EXIT_FAILURE;
    }
    int code = EXIT_SUCCESS;
    for (int i = 2; i < argc; i++) {
        const int one = compile(context, argv[1], argv[i]);
        code = code ? code : one;
    }
    neume_context_free(context);
    return code;
}
