/* SPDX-License-Identifier: ISC */
/* neume train --init: the settings of a training that starts from a model. */
#include "cli/train.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

/* "--layers 64: m.neume has 512,512, ..." */
static neume_status fail_different(const nm_opt_match *match, const char *said, const char *has,
                                   const char *path, neume_error *error) {
    return nm_report_fail(error, NEUME_BAD_USAGE,
                          "--%s%s%s: %s has %s, and a training that starts from it keeps that",
                          match->option->name, match->text ? " " : "", match->text ? said : "",
                          path, has);
}

/* What is said of the network and of the codec must be what the model has. */
static neume_status check_same(const nm_arguments *arguments, const train_settings *model,
                               const train_settings *said, neume_error *error) {
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < arguments->match_count && !status; i++) {
        const nm_opt_match *match = &arguments->matches[i];
        const size_t place = match->base + match->option->offset;
        char here[256], there[256];
        if (!nm_train_is_of_model(match->option))
            continue;
        nm_opt_format(here, sizeof here, match->option, (const char *)said + place);
        nm_opt_format(there, sizeof there, match->option, (const char *)model + place);
        if (strcmp(here, there) != 0)
            status = fail_different(match, here, there, said->init, error);
    }
    return status;
}

neume_status nm_train_start_from(neume_model **model, train_settings *s, neume_context *context,
                                 const nm_arguments *arguments, neume_error *error) {
    neume_status status = neume_model_load(model, context, s->init, error);
    if (status)
        return status;
    train_settings own = {.corpus = neume_corpus_options_default(),
                          .machine = neume_context_options_default()};
    status = neume_train_options_model(&own.train, &own.corpus, *model, error);
    if (status)
        return status;
    nm_train_spread(&own);
    *s = own;
    status = nm_opt_apply(arguments, s, error);
    return status ? status : check_same(arguments, &own, s, error);
}

neume_status nm_train_check_init(const train_settings *s, neume_error *error) {
    struct stat from, to;
    if (!s->init || !s->train.output || stat(s->init, &from) || stat(s->train.output, &to) ||
        from.st_dev != to.st_dev || from.st_ino != to.st_ino)
        return NEUME_OK;
    return nm_report_fail(error, NEUME_BAD_USAGE,
                          "--init and --output are one file, %s: expected another to write",
                          s->train.output);
}

void nm_train_print_init(FILE *stream, const train_settings *s, const neume_model *model,
                         const neume_corpus *corpus) {
    const neume_codec *codec = neume_corpus_codec(corpus), *known = neume_model_codec(model);
    uint32_t new_words = 0;
    for (unsigned i = 0; i < neume_codec_stream_count(codec); i++)
        new_words += neume_codec_word_count(codec, i) - neume_codec_word_count(known, i);
    fprintf(stream, "Starts from %s, hash %016" PRIx64, s->init, neume_model_hash(model));
    if (new_words)
        fprintf(stream, "; %u word%s new to it", new_words, new_words == 1 ? " is" : "s are");
    fputc('\n', stream);
    if (s->train.freeze)
        fprintf(stream, "Frozen: %s\n", s->train.freeze);
}
