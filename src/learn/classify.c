/* SPDX-License-Identifier: ISC */
/* neume_classify: the label under which a piece is likeliest. */
#include "base/error.h"
#include "base/mem.h"
#include "learn/evaluate.h"

/* A pass over all pieces for each label; `sums` [piece_count] is the last's. */
static neume_status score_labels(neume_classification *to, nm_scorer *scorer, const real *weights,
                                 nm_score_sums *sums) {
    nm_piece *pieces = to->files->train;
    neume_status status = NEUME_OK;
    for (unsigned l = 0; l < to->label_count && !status; l++) {
        for (size_t i = 0; i < to->piece_count; i++)
            pieces[i].label = l + 1;
        status = nm_scorer_run(scorer, weights, pieces, to->piece_count, sums);
        for (size_t i = 0; i < to->piece_count && !status; i++)
            to->nats_per_step[i * to->label_count + l] =
                nm_score_nats(&sums[i]) / (double)sums[i].steps;
    }
    return status;
}

static neume_status score(neume_classification *to, neume_context *context,
                          const neume_model *model, const neume_evaluate_options *options,
                          neume_error *error) {
    nm_score_sums *sums = nm_alloc(context, to->piece_count, sizeof *sums);
    if (!sums)
        return nm_fail_memory(error, "likelihoods");
    nm_scorer *scorer;
    neume_status status = nm_scorer_of(&scorer, context, model, options, error);
    if (!status) {
        if (score_labels(to, scorer, model->weights, sums))
            status = nm_fail_memory(error, "likelihoods");
        nm_scorer_free(scorer);
    }
    nm_free(context, sums);
    return status;
}

static uint32_t least(const double *nats, unsigned count) {
    uint32_t at = 0;
    for (uint32_t l = 1; l < count; l++)
        if (nats[l] < nats[at])
            at = l;
    return at;
}

static void judge(neume_classification *to, const nm_labels *labels) {
    for (size_t i = 0; i < to->piece_count; i++) {
        const nm_piece *piece = &to->files->train[i];
        const double *nats = to->nats_per_step + i * to->label_count;
        const uint32_t number = nm_labels_find(labels, piece->folder);
        to->pieces[i] = (neume_classified){.path = to->files->files[piece->file].path,
                                           .truth = number ? number - 1 : NEUME_NO_LABEL,
                                           .guess = least(nats, to->label_count),
                                           .nats_per_step = nats};
        if (number == 0)
            continue;
        to->confusion[(number - 1) * to->label_count + to->pieces[i].guess]++;
        to->labelled++;
        to->right += to->pieces[i].guess == to->pieces[i].truth;
    }
    for (unsigned t = 0; t < to->label_count; t++) {
        size_t count = 0;
        for (unsigned g = 0; g < to->label_count; g++)
            count += to->confusion[t * to->label_count + g];
        to->commonest = count > to->commonest ? count : to->commonest;
    }
}

static bool allocate(neume_classification *to, neume_context *context) {
    const size_t L = to->label_count, pieces = to->piece_count;
    return (to->pieces = nm_alloc(context, pieces, sizeof *to->pieces)) &&
           (to->nats_per_step = nm_alloc(context, pieces * L, sizeof *to->nats_per_step)) &&
           (to->confusion = nm_alloc(context, L * L, sizeof *to->confusion));
}

neume_status neume_classify(neume_classification *out, neume_context *context,
                            const neume_model *model, const neume_evaluate_options *options,
                            neume_error *error) {
    *out = (neume_classification){.label_count = model->labels.count};
    if (out->label_count == 0)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "labels: the model was trained without, expected one that knows styles");
    neume_status status =
        nm_corpus_load_as_given(&out->files, context, model->codec, options, error);
    if (status)
        return status;
    out->piece_count = out->files->train_count;
    if (out->piece_count == 0)
        return nm_corpus_fail_unusable(out->files, error);
    if (!allocate(out, context))
        return nm_fail_memory(error, "classification");
    status = score(out, context, model, options, error);
    if (!status)
        judge(out, &model->labels);
    return status;
}

void neume_classification_clear(neume_context *context, neume_classification *classification) {
    nm_free(context, classification->pieces);
    nm_free(context, classification->nats_per_step);
    nm_free(context, classification->confusion);
    neume_corpus_free(classification->files);
    *classification = (neume_classification){.files = NULL};
}
