/* SPDX-License-Identifier: ISC */
#include "scaling.h"

#include <neume/chart.h>

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { POINTS = 101, MOST_RANKS = 1000 };

typedef struct curves {
    double x[POINTS], efficiency[SCALING_MAX_NETWORKS][POINTS],
        sooner[SCALING_MAX_NETWORKS][POINTS];
} curves;

static void compute(curves *out, const scaling_question *question) {
    for (unsigned i = 0; i < POINTS; i++) {
        const double n = round(pow(MOST_RANKS, (double)i / (POINTS - 1)));
        out->x[i] = n;
        for (unsigned k = 0; k < question->network_count; k++) {
            out->efficiency[k][i] = 100 * scaling_efficiency(question, k, (unsigned)n);
            out->sooner[k][i] = scaling_sooner(question, k, (unsigned)n);
        }
    }
}

static neume_curve curve_of(const curves *from, const double *y, const char *label,
                            unsigned color) {
    return (neume_curve){
        .label = label, .x = from->x, .y = y, .count = POINTS, .mark = SIZE_MAX, .color = color};
}

static neume_picture_format format_of(const char *path) {
    const char *end = strrchr(path, '.');
    if (end && strcmp(end, ".png") == 0)
        return NEUME_PICTURE_PNG;
    return end && strcmp(end, ".pdf") == 0 ? NEUME_PICTURE_PDF : NEUME_PICTURE_SVG;
}

static bool save(const neume_chart *chart, const char *path) {
    neume_picture picture;
    neume_error error = {0};
    if (neume_chart_draw(&picture, chart, format_of(path), &error)) {
        fprintf(stderr, "scaling: %s\n", error.line);
        return false;
    }
    FILE *file = fopen(path, "wbe");
    bool is_written =
        file && fwrite(picture.data, 1, picture.size_bytes, file) == picture.size_bytes;
    is_written = file && fclose(file) == 0 && is_written;
    if (!is_written)
        fprintf(stderr, "scaling: %s: it cannot be written\n", path);
    neume_picture_clear(&picture);
    return is_written;
}

bool scaling_draw(const scaling_question *question, const char *path) {
    curves from;
    neume_curve above[SCALING_MAX_NETWORKS + 1], below[SCALING_MAX_NETWORKS];
    const unsigned networks = question->network_count;
    char title[96];
    compute(&from, question);
    for (unsigned k = 0; k < networks; k++) {
        above[k] = curve_of(&from, from.efficiency[k], question->names[k], k);
        below[k] = curve_of(&from, from.sooner[k], question->names[k], k);
    }
    double percent[SCALING_MAX_MEASURED];
    for (size_t i = 0; i < question->measured_count; i++)
        percent[i] = 100 * question->measured[1][i];
    above[networks] = (neume_curve){.label = "measured",
                                    .x = question->measured[0],
                                    .y = percent,
                                    .count = question->measured_count,
                                    .mark = SIZE_MAX,
                                    .color = 6,
                                    .is_points = true};
    snprintf(title, sizeof title, "%s, %g × %g steps a rank: efficiency, %%", question->preset,
             question->batch, question->steps);
    const neume_panel panels[] = {{.title = title,
                                   .curves = above,
                                   .curve_count = networks + (question->measured_count > 0),
                                   .axis = NEUME_AXIS_LINEAR,
                                   .height = 230},
                                  {.title = "How many times sooner at the same loss",
                                   .curves = below,
                                   .curve_count = networks,
                                   .axis = NEUME_AXIS_LOG,
                                   .height = 190}};
    const neume_chart chart = {.x_title = "ranks",
                               .panels = panels,
                               .panel_count = question->critical > 0 ? 2 : 1,
                               .is_x_log = true};
    return save(&chart, path);
}
