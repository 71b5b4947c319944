/* SPDX-License-Identifier: ISC */
/* What is said of a learning-rate range test. */
#include "cli/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *point_json(const neume_range_point *point, size_t update) {
    return json_pack("{s:I, s:o, s:o, s:o, s:o}", "update", (json_int_t)update, "learning_rate",
                     nm_report_json_number(point->learning_rate), "loss",
                     nm_report_json_number(point->loss), "smoothed_loss",
                     nm_report_json_number(point->smoothed), "gradient_norm",
                     nm_report_json_number(point->gradient_norm));
}

static bool write_points(FILE *stream, const neume_range_point *points, size_t count) {
    for (size_t i = 0; i < count; i++) {
        json_t *point = point_json(&points[i], i + 1);
        const bool is_written =
            point && json_dumpf(point, stream, JSON_COMPACT | JSON_REAL_PRECISION(15)) == 0 &&
            fputc('\n', stream) != EOF;
        json_decref(point);
        if (!is_written)
            return false;
    }
    return true;
}

/* The curve, a line an update. */
static neume_status save_curve(const char *path, neume_context *context,
                               const neume_range_test *test, neume_error *error) {
    size_t count, size = 0;
    const neume_range_point *points = neume_range_test_points(test, &count);
    char *text = NULL;
    FILE *stream = open_memstream(&text, &size);
    bool is_whole = stream && write_points(stream, points, count);
    if (stream)
        is_whole = fclose(stream) == 0 && is_whole;
    const neume_status status =
        is_whole ? neume_file_save(path, context, (neume_bytes){text, size}, error)
                 : nm_report_fail(error, NEUME_NO_MEMORY, "%s: out of memory", path);
    free(text);
    return status;
}

static const char *end_name(neume_range_end end) {
    static const char *const names[] = {"whole", "diverged", "not-finite"};
    return names[end];
}

static json_t *verdict_json(const neume_range_test *test) {
    size_t count;
    const neume_range_verdict v = neume_range_test_verdict(test);
    (void)neume_range_test_points(test, &count);
    return json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:o}", "updates", (json_int_t)count, "end",
                     end_name(v.end), "ended_at", nm_report_json_number(v.ended_at), "steepest",
                     nm_report_json_number(v.steepest), "lowest", nm_report_json_number(v.lowest),
                     "lowest_loss", nm_report_json_number(v.lowest_loss), "suggestion",
                     nm_report_json_number(v.suggestion));
}

enum { ROWS = 24, BAR = 40 };

/* A bar as long as the loss is high, from the lowest to the first. */
static void print_bar(double loss, double low, double high) {
    const double share = high > low ? fmin(fmax((loss - low) / (high - low), 0), 1.2) : 0;
    const int length = (int)lround(share * BAR / 1.2);
    for (int i = 0; i < length; i++)
        putchar('#');
    putchar('\n');
}

static void print_curve(const neume_range_point *points, size_t count, double lowest) {
    const size_t rows = count < ROWS ? count : ROWS;
    puts("learning rate     loss  gradient norm");
    for (size_t row = 0; row < rows; row++) {
        const neume_range_point *point = &points[rows > 1 ? row * (count - 1) / (rows - 1) : 0];
        printf("%13.3g %8.3f %14.3g  ", point->learning_rate, point->smoothed,
               point->gradient_norm);
        print_bar(point->smoothed, lowest, points[0].smoothed);
    }
}

static void print_end(const neume_range_verdict *v) {
    if (v->end == NEUME_RANGE_DIVERGED)
        printf("From %.2g on it diverges.\n", v->ended_at);
    else if (v->end == NEUME_RANGE_NOT_FINITE)
        printf("Beyond %.2g it is not finite.\n", v->ended_at);
    else
        printf("Up to %.2g, the highest, it does not diverge.\n", v->ended_at);
}

static bool is_still_falling(const neume_range_verdict *v) {
    return v->end == NEUME_RANGE_WHOLE && v->lowest >= v->ended_at;
}

static void print_verdict(const neume_range_verdict *v) {
    if (isnan(v->suggestion)) {
        puts("The loss fell at none of these rates: try others, --find-lr-from and --find-lr-to.");
        return;
    }
    printf("The loss falls fastest at %.2g and is lowest at %.2g (%.3f). ", v->steepest, v->lowest,
           v->lowest_loss);
    print_end(v);
    if (is_still_falling(v))
        puts("It was still falling there: --find-lr-to a higher rate tells more.");
    printf(
        "Suggestion: --lr %.2g, a tenth of where it is lowest: a training that lasts is better off "
        "below\nwhat the first updates bear.\n",
        v->suggestion);
}

neume_status nm_train_tell_range(const train_settings *settings, neume_context *context,
                                 const neume_range_test *test, neume_error *error) {
    size_t count;
    const neume_range_point *points = neume_range_test_points(test, &count);
    const neume_range_verdict verdict = neume_range_test_verdict(test);
    if (settings->train.log) {
        const neume_status status = save_curve(settings->train.log, context, test, error);
        if (status)
            return status;
    }
    if (settings->general.json)
        return nm_report_json(stdout, verdict_json(test), error);
    if (count)
        print_curve(points, count, verdict.lowest_loss);
    print_verdict(&verdict);
    return NEUME_OK;
}
