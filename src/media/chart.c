/* SPDX-License-Identifier: ISC */
/* Where the panels of a chart go, from above to below; small ones side by side. */
#include "media/surface.h"
#include "media/view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define WIDTH 560.0
#define MARGIN 12.0
#define GAP 12.0     /* between rows, and between columns */
#define X_TITLE 12.0 /* below the last axis */
#define LABELS_MOST 190.0

enum { COLUMNS = 3 };

static neume_status fail(neume_error *error, neume_status status, const char *line) {
    if (error) {
        *error = (neume_error){.status = status};
        snprintf(error->line, sizeof error->line, "chart: %s", line);
    }
    return status;
}

static neume_status check(const neume_chart *chart, neume_error *error) {
    if (chart->panel_count < 1 || chart->panel_count > NEUME_MAX_PANELS)
        return fail(error, NEUME_BAD_USAGE, "too many panels, or none");
    for (size_t p = 0; p < chart->panel_count; p++) {
        const neume_panel *panel = &chart->panels[p];
        if (panel->curve_count > NEUME_MAX_CURVES || panel->level_count > NEUME_MAX_CURVES)
            return fail(error, NEUME_BAD_USAGE, "too many curves in a panel");
        if (!(panel->height >= 40 && panel->height <= 2000))
            return fail(error, NEUME_BAD_USAGE, "a panel's height is not 40 to 2000 points");
    }
    return NEUME_OK;
}

/* All panels share their x, which begins at 0 unless it is logarithmic. */
static nm_range x_range(const neume_chart *chart) {
    nm_range range = nm_range_empty();
    for (size_t p = 0; p < chart->panel_count; p++)
        for (size_t c = 0; c < chart->panels[p].curve_count; c++) {
            const neume_curve *curve = &chart->panels[p].curves[c];
            for (size_t i = 0; i < curve->count; i++)
                if (isfinite(curve->y[i]) && nm_has_place(curve->x[i], chart->is_x_log))
                    nm_range_add(&range, curve->x[i]);
        }
    if (!nm_range_is_empty(range) && !chart->is_x_log)
        nm_range_add(&range, 0);
    return range;
}

/* How many panels stand in the row that begins with `first`: one, or small ones. Four small ones
 * are two rows of two. */
static size_t row_length(const neume_chart *chart, size_t first) {
    size_t begin = first, end = first;
    if (!chart->panels[first].is_small)
        return 1;
    while (begin > 0 && chart->panels[begin - 1].is_small)
        begin--;
    while (end < chart->panel_count && chart->panels[end].is_small)
        end++;
    const size_t columns = end - begin == 4 || end - begin == 2 ? 2 : COLUMNS;
    return end - first < columns ? end - first : columns;
}

/* Columns of the group that a small panel is in: a row that is not full keeps their width. */
static size_t columns_of(const neume_chart *chart, size_t first) {
    size_t begin = first;
    if (!chart->panels[first].is_small)
        return 1;
    while (begin > 0 && chart->panels[begin - 1].is_small)
        begin--;
    return row_length(chart, begin);
}

/* Puts each panel's outer box in its place; returns the height of the paper. */
static double arrange(const neume_chart *chart, nm_view *views) {
    double top = MARGIN;
    for (size_t first = 0; first < chart->panel_count;) {
        const size_t length = row_length(chart, first), columns = columns_of(chart, first);
        const double width = (WIDTH - 2 * MARGIN - (double)(columns - 1) * GAP) / (double)columns;
        const double bottom = top + chart->panels[first].height;
        for (size_t k = 0; k < length; k++) {
            const double left = MARGIN + (double)k * (width + GAP);
            views[first + k].outer = (nm_box){left, top, left + width, bottom};
        }
        top = bottom + GAP;
        first += length;
    }
    return top - GAP + X_TITLE + MARGIN;
}

typedef struct margins {
    double left[2], right[2]; /* of large and of small panels */
} margins;

static margins margins_of(const neume_chart *chart, const nm_view *views, cairo_t *cairo) {
    margins it = {{0, 0}, {0, 0}};
    for (size_t p = 0; p < chart->panel_count; p++) {
        const bool is_small = views[p].panel->is_small;
        it.left[is_small] = fmax(it.left[is_small], nm_view_left(&views[p], cairo));
        if (!is_small)
            it.right[0] = fmax(it.right[0], nm_view_right(&views[p], cairo));
    }
    it.right[0] = fmin(it.right[0], LABELS_MOST);
    return it;
}

/* What strong and light curves are, right-aligned above the first panel. */
static void draw_key(const neume_chart *chart, const nm_view *view, cairo_t *cairo) {
    const char *const names[] = {chart->light, chart->strong};
    double x = view->plot.right;
    const double baseline = view->outer.top + 12;
    nm_pen_font(cairo, NM_PEN_SMALL, false);
    for (unsigned i = 0; i < 2; i++) {
        if (!names[i])
            continue;
        nm_pen_ink(cairo, NM_INK_SOFT);
        nm_pen_text(cairo, x, baseline, 1, names[i]);
        x -= nm_pen_width(cairo, names[i]) + 4;
        nm_pen_color(cairo, 6, i == 0);
        cairo_set_line_width(cairo, i == 0 ? 1.1 : 1.7);
        nm_pen_line(cairo, x - 16, baseline - 3, x, baseline - 3);
        x -= 28;
    }
}

/* Under the last panel of the chart. */
static void draw_x_title(const neume_chart *chart, const nm_view *views, cairo_t *cairo) {
    const nm_view *last = &views[chart->panel_count - 1];
    const nm_box *plot = &views[0].plot;
    nm_pen_font(cairo, NM_PEN_NORMAL, false);
    nm_pen_ink(cairo, NM_INK_TEXT);
    nm_pen_text(cairo, (plot->left + plot->right) / 2, last->outer.bottom + 9, 0.5, chart->x_title);
}

static neume_status draw(const neume_chart *chart, nm_view *views, cairo_t *cairo) {
    const margins around = margins_of(chart, views, cairo);
    const nm_range range = x_range(chart);
    neume_status status = NEUME_OK;
    for (size_t p = 0; p < chart->panel_count && !status; p++) {
        const bool is_small = views[p].panel->is_small;
        views[p].x = nm_scale_fit(range, chart->is_x_log);
        nm_view_place(&views[p], around.left[is_small], around.right[is_small]);
        nm_view_draw_frame(&views[p], cairo);
        status = nm_view_draw_curves(&views[p], cairo);
        nm_view_draw_labels(&views[p], cairo);
    }
    draw_key(chart, &views[0], cairo);
    draw_x_title(chart, views, cairo);
    return status;
}

static neume_status draw_on(neume_picture *out, const neume_chart *chart,
                            neume_picture_format format, nm_view *views) {
    nm_surface paper;
    for (size_t p = 0; p < chart->panel_count; p++)
        nm_view_scale(&views[p], &chart->panels[p]);
    const double height = arrange(chart, views);
    neume_status status = nm_surface_open(&paper, format, WIDTH, height);
    if (!status)
        status = draw(chart, views, paper.cairo);
    if (!status)
        status = nm_surface_finish(&paper, out);
    nm_surface_clear(&paper);
    return status;
}

neume_status neume_chart_draw(neume_picture *out, const neume_chart *chart,
                              neume_picture_format format, neume_error *error) {
    *out = (neume_picture){NULL, 0};
    neume_status status = check(chart, error);
    if (status)
        return status;
    nm_view *views = calloc(chart->panel_count, sizeof *views);
    status = views ? draw_on(out, chart, format, views) : NEUME_NO_MEMORY;
    free(views);
    if (status)
        return fail(error, status,
                    status == NEUME_NO_MEMORY ? "out of memory" : "the drawing library failed");
    return NEUME_OK;
}

void neume_picture_clear(neume_picture *picture) {
    free(picture->data);
    *picture = (neume_picture){NULL, 0};
}
