/* SPDX-License-Identifier: ISC */
/* The reports of neume evaluate --protocol crops. */
#include "cli/evaluate.h"

static void print_row(const char *name, const neume_crop_average *average) {
    if (average->piece_count + average->short_count == 0)
        return;
    printf("%-12s %7zu %9zu", name, average->piece_count, average->short_count);
    if (average->piece_count)
        printf("  %10.4f\n", average->nats_per_step);
    else
        printf("  %10s\n", "-");
}

static void print_rows(const neume_crops *crops) {
    print_row("all", &crops->all);
    print_row("trained on", &crops->trained);
    print_row("validated on", &crops->validated);
    print_row("never seen", &crops->unseen);
}

void nm_crops_print(const nm_findings *f) {
    const neume_crops *crops = &f->crops[NM_PLAIN];
    const nm_subject *subject = &f->subjects[0];
    printf("%s: random crops of %d steps, nats a step times %d / %u keys, seed %llu\n",
           subject->path, NEUME_CROP_STEPS, NEUME_CROP_KEYS, crops->key_count,
           (unsigned long long)f->seed);
    printf("%-12s %7s %9s  %10s\n", "", "pieces", "too short", "this model");
    print_rows(crops);
    if (!f->is_calibrated)
        return;
    printf("calibrated: at its softmax temperature, %.2f\n",
           neume_model_temperature(subject->model));
    print_rows(&f->crops[NM_CALIBRATED]);
}

static json_t *average_json(const neume_crop_average *average) {
    return json_pack("{s:I, s:I, s:o}", "pieces", (json_int_t)average->piece_count, "too_short",
                     (json_int_t)average->short_count, "nats_per_step",
                     nm_report_json_number(average->nats_per_step));
}

static json_t *crops_json(const neume_crops *crops) {
    json_t *object = average_json(&crops->all);
    json_t *splits =
        json_pack("{s:o, s:o, s:o}", "trained", average_json(&crops->trained), "validated",
                  average_json(&crops->validated), "unseen", average_json(&crops->unseen));
    if (object && json_object_set_new(object, "splits", splits) == 0)
        return object;
    json_decref(object);
    return NULL;
}

json_t *nm_crops_json(const nm_findings *f) {
    const nm_subject *subject = &f->subjects[0];
    const neume_crops *crops = &f->crops[NM_PLAIN];
    json_t *object = crops_json(crops);
    json_t *about = json_pack(
        "{s:o, s:s, s:s, s:i, s:I, s:I, s:f}", "model", nm_report_json_text(subject->path),
        "preset", neume_model_preset(subject->model), "protocol", "crops", "crop_steps",
        NEUME_CROP_STEPS, "keys", (json_int_t)crops->key_count, "seed", (json_int_t)f->seed,
        "temperature", neume_model_temperature(subject->model));
    int failed = json_object_update_missing(about, object);
    if (f->is_calibrated)
        failed |= json_object_set_new(about, "calibrated", crops_json(&f->crops[NM_CALIBRATED]));
    json_decref(object);
    if (!failed)
        return about;
    json_decref(about);
    return NULL;
}
