/* SPDX-License-Identifier: ISC */
/* What neume evaluate found out, and its reports. */
#ifndef NM_CLI_EVALUATE_H
#define NM_CLI_EVALUATE_H

#include "cli/cli.h"

#include <neume/crops.h>

typedef struct nm_subject {
    const char *path;
    neume_model *model; /* owned */
} nm_subject;

/* At temperature 1, and at the models' own. */
enum { NM_PLAIN, NM_CALIBRATED, NM_TEMPERATURES };

typedef struct nm_findings {
    nm_subject subjects[NEUME_MAX_MODELS];
    size_t count;
    neume_protocol protocol;
    neume_split split;
    bool is_calibrated;   /* both temperatures are there, otherwise the first */
    bool has_evaluations; /* of each model alone, in steps */
    bool has_mixture;     /* with protocol BL88 and for several models */
    neume_evaluation evaluations[NM_TEMPERATURES][NEUME_MAX_MODELS];
    neume_mixture mixtures[NM_TEMPERATURES];
    bool is_classified; /* then there is this alone, of the only model */
    neume_classification classification;
    bool are_crops; /* then there are these alone, of the only model */
    neume_crops crops[NM_TEMPERATURES];
    uint64_t seed; /* of the crops */
    int transpose;
} nm_findings;

/* The account of the files that were evaluated. */
const neume_corpus *nm_findings_files(const nm_findings *findings);

/* For people, on standard output. */
void nm_findings_print(const nm_findings *findings);

/* NULL for want of memory. */
json_t *nm_findings_json(const nm_findings *findings);

/* The same of a classification. */
void nm_classification_print(const nm_findings *findings);
json_t *nm_classification_json(const nm_findings *findings);

/* The same of crops. */
void nm_crops_print(const nm_findings *findings);
json_t *nm_crops_json(const nm_findings *findings);

#endif
