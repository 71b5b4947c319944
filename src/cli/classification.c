/* SPDX-License-Identifier: ISC */
/* The reports of neume evaluate --classify. */
#include "cli/evaluate.h"

#include <math.h>
#include <string.h>

static int width_of(const neume_model *model) {
    size_t width = strlen("folder \\ guess");
    for (size_t l = 0; l < neume_model_label_count(model); l++) {
        const size_t length = strlen(neume_model_label(model, l));
        width = length > width ? length : width;
    }
    return (int)width;
}

static size_t sum_of(const size_t *row, unsigned count) {
    size_t sum = 0;
    for (unsigned i = 0; i < count; i++)
        sum += row[i];
    return sum;
}

/* Columns are as wide as their titles. */
static int column_width(const char *label) {
    const size_t length = strlen(label);
    return length < 7 ? 7 : (int)length;
}

static void print_row(const neume_classification *c, const neume_model *model, unsigned truth) {
    const size_t *row = c->confusion + (size_t)truth * c->label_count;
    const size_t sum = sum_of(row, c->label_count);
    printf("%-*s", width_of(model), neume_model_label(model, truth));
    for (unsigned g = 0; g < c->label_count; g++)
        printf(" %*zu", column_width(neume_model_label(model, g)), row[g]);
    printf(" %7zu", sum);
    if (sum)
        printf(" %6.1f %%", 100.0 * (double)row[truth] / (double)sum);
    putchar('\n');
}

static double share(size_t part, size_t all) {
    return all ? (double)part / (double)all : NAN;
}

void nm_classification_print(const nm_findings *f) {
    const neume_classification *c = &f->classification;
    const neume_model *model = f->subjects[0].model;
    printf("%-*s", width_of(model), "folder \\ guess");
    for (unsigned g = 0; g < c->label_count; g++)
        printf(" %*s", column_width(neume_model_label(model, g)), neume_model_label(model, g));
    printf(" %7s %8s\n", "pieces", "right");
    for (unsigned t = 0; t < c->label_count; t++)
        print_row(c, model, t);
    if (c->labelled)
        printf("%zu of %zu are right, %.1f %%; always the commonest would be %.1f %%.\n", c->right,
               c->labelled, 100 * share(c->right, c->labelled),
               100 * share(c->commonest, c->labelled));
    if (c->labelled < c->piece_count)
        printf("Not counted: %zu piece%s in folders that the model does not know; --json has the "
               "guesses.\n",
               c->piece_count - c->labelled, c->piece_count - c->labelled == 1 ? "" : "s");
}

/* The texts and numbers of arrays, each NULL for want of memory. */
static json_t *labels_json(const neume_model *model) {
    json_t *labels = json_array();
    for (size_t l = 0; l < neume_model_label_count(model); l++)
        if (json_array_append_new(labels, json_string(neume_model_label(model, l)))) {
            json_decref(labels);
            return NULL;
        }
    return labels;
}

static json_t *nats_json(const neume_model *model, const double *nats) {
    json_t *object = json_object();
    for (size_t l = 0; l < neume_model_label_count(model); l++)
        if (json_object_set_new(object, neume_model_label(model, l),
                                nm_report_json_number(nats[l]))) {
            json_decref(object);
            return NULL;
        }
    return object;
}

static json_t *piece_json(const neume_model *model, const neume_classified *piece) {
    json_t *truth = piece->truth == NEUME_NO_LABEL
                        ? json_null()
                        : json_string(neume_model_label(model, piece->truth));
    return json_pack("{s:o, s:o, s:s, s:o}", "file", nm_report_json_text(piece->path), "truth",
                     truth, "guess", neume_model_label(model, piece->guess), "nats_per_step",
                     nats_json(model, piece->nats_per_step));
}

static json_t *pieces_json(const neume_classification *c, const neume_model *model) {
    json_t *pieces = json_array();
    for (size_t i = 0; i < c->piece_count; i++)
        if (json_array_append_new(pieces, piece_json(model, &c->pieces[i]))) {
            json_decref(pieces);
            return NULL;
        }
    return pieces;
}

static json_t *counts_json(const size_t *row, unsigned count) {
    json_t *counts = json_array();
    for (unsigned i = 0; i < count; i++)
        if (json_array_append_new(counts, json_integer((json_int_t)row[i]))) {
            json_decref(counts);
            return NULL;
        }
    return counts;
}

static json_t *confusion_json(const neume_classification *c) {
    json_t *rows = json_array();
    for (unsigned t = 0; t < c->label_count; t++)
        if (json_array_append_new(
                rows, counts_json(c->confusion + (size_t)t * c->label_count, c->label_count))) {
            json_decref(rows);
            return NULL;
        }
    return rows;
}

json_t *nm_classification_json(const nm_findings *f) {
    const neume_classification *c = &f->classification;
    const neume_model *model = f->subjects[0].model;
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "model",
                     nm_report_json_text(f->subjects[0].path), "labels", labels_json(model),
                     "pieces", pieces_json(c, model), "confusion", confusion_json(c), "accuracy",
                     nm_report_json_number(share(c->right, c->labelled)), "commonest",
                     nm_report_json_number(share(c->commonest, c->labelled)));
}
