/* SPDX-License-Identifier: ISC */
/* What curves, levels and marks are called: at their right ends, and beside the mark where the
 * fewest points are in the way. */
#include "media/place.h"
#include "media/view.h"

#include <math.h>

#define LINE_HEIGHT 11.5
#define BESIDE 6.0 /* from the plot to the labels at its right */
#define FREE 3.0   /* around a mark's label */

/* Where a curve ends: the mean place of the last twentieth of its points, which noise moves less
 * than the last one. NAN: it has none. */
static double end_of(const nm_view *view, const neume_curve *curve) {
    const size_t most = 1 + curve->count / 20;
    size_t count = 0;
    double sum = 0;
    for (size_t i = curve->count; i > 0 && count < most; i--)
        if (nm_view_has(view, curve, i - 1)) {
            sum += nm_scale_place(&view->y, curve->y[i - 1]);
            count++;
        }
    return count ? sum / (double)count : NAN;
}

typedef struct label {
    const char *text;
    unsigned color;
    bool is_level, is_light;
} label;

enum { MOST = 2 * NEUME_MAX_CURVES };

static size_t gather(const nm_view *view, label *labels, double *places) {
    const neume_panel *panel = view->panel;
    size_t count = 0;
    for (size_t c = 0; c < panel->curve_count; c++) {
        const neume_curve *curve = &panel->curves[c];
        const double end = end_of(view, curve);
        if (!curve->label || isnan(end))
            continue;
        places[count] = end;
        labels[count++] = (label){curve->label, curve->color, false, curve->is_light};
    }
    for (size_t i = 0; i < panel->level_count; i++) {
        if (!nm_scale_has(&view->y, panel->levels[i].y))
            continue;
        places[count] = nm_scale_place(&view->y, panel->levels[i].y);
        labels[count++] = (label){panel->levels[i].label, 0, true, false};
    }
    return count;
}

static void draw_ends(const nm_view *view, cairo_t *cairo) {
    label labels[MOST];
    double places[MOST];
    const size_t count = gather(view, labels, places);
    nm_place_apart(places, count, LINE_HEIGHT, view->plot.top, view->plot.bottom);
    nm_pen_font(cairo, NM_PEN_NORMAL, false);
    for (size_t i = 0; i < count; i++) {
        if (labels[i].is_level)
            nm_pen_ink(cairo, NM_INK_SOFT);
        else
            nm_pen_text_color(cairo, labels[i].color, labels[i].is_light);
        nm_pen_text(cairo, view->plot.right + BESIDE, places[i] + 0.35 * NM_PEN_NORMAL, 0,
                    labels[i].text);
    }
}

/* How much of a curve lies within the box: places on its lines, two points apart. */
static unsigned crossings_of(const nm_view *view, const neume_curve *curve, const nm_box *box) {
    unsigned count = 0;
    for (size_t i = 1; i < curve->count; i++) {
        if (!nm_view_has(view, curve, i - 1) || !nm_view_has(view, curve, i))
            continue;
        const double x0 = nm_scale_place(&view->x, curve->x[i - 1]);
        const double x1 = nm_scale_place(&view->x, curve->x[i]);
        if (x1 < box->left || x0 > box->right)
            continue;
        const double y0 = nm_scale_place(&view->y, curve->y[i - 1]);
        const double y1 = nm_scale_place(&view->y, curve->y[i]);
        const unsigned steps = (unsigned)fmin(200, 1 + fmax(x1 - x0, fabs(y1 - y0)) / 2);
        for (unsigned k = 0; k <= steps; k++) {
            const double share = (double)k / steps;
            const double x = x0 + share * (x1 - x0), y = y0 + share * (y1 - y0);
            count += x >= box->left && x <= box->right && y >= box->top && y <= box->bottom;
        }
    }
    return count;
}

static double cost_of(const nm_view *view, const nm_box *box) {
    const nm_box *plot = &view->plot;
    const double outside = fmax(0, plot->left - box->left) + fmax(0, box->right - plot->right) +
                           fmax(0, plot->top - box->top) +
                           fmax(0, box->bottom + FREE - plot->bottom);
    double cost = 1000 * outside;
    const nm_box around = {box->left - FREE, box->top - FREE, box->right + FREE,
                           box->bottom + FREE};
    for (size_t c = 0; c < view->panel->curve_count; c++)
        cost += crossings_of(view, &view->panel->curves[c], &around);
    for (size_t i = 0; i < view->panel->level_count; i++) {
        const double y = nm_scale_place(&view->y, view->panel->levels[i].y);
        cost += y >= box->top && y <= box->bottom ? 20 : 0;
    }
    return cost;
}

/* Around the mark, the places that read best first; `far` of them are further away. */
static nm_box candidate(double x, double y, double width, unsigned number) {
    static const double sides[] = {0.5, 1, 0}; /* the share of the width left of the mark */
    const unsigned distance = number / 6, side = number / 2 % 3;
    const bool is_above = number % 2 == 1;
    const double gap = 7 + 12 * distance;
    const double left = x - sides[side] * width;
    const double top = is_above ? y - gap - NM_PEN_NORMAL : y + gap;
    return (nm_box){left, top, left + width, top + NM_PEN_NORMAL};
}

enum { CANDIDATES = 60 };

static void draw_mark_label(const nm_view *view, cairo_t *cairo, const neume_curve *curve) {
    const double x = nm_scale_place(&view->x, curve->x[curve->mark]);
    const double y = nm_scale_place(&view->y, curve->y[curve->mark]);
    nm_pen_font(cairo, NM_PEN_NORMAL, false);
    const double width = nm_pen_width(cairo, curve->mark_label);
    nm_box best = candidate(x, y, width, 0);
    double least = cost_of(view, &best);
    for (unsigned i = 1; i < CANDIDATES; i++) {
        const nm_box box = candidate(x, y, width, i);
        const double cost = cost_of(view, &box) + i / 6;
        if (cost < least) {
            best = box;
            least = cost;
        }
    }
    nm_pen_text_color(cairo, curve->color, false);
    nm_pen_text(cairo, best.left, best.bottom - 0.12 * NM_PEN_NORMAL, 0, curve->mark_label);
}

void nm_view_draw_labels(const nm_view *view, cairo_t *cairo) {
    const neume_panel *panel = view->panel;
    if (panel->is_small)
        return;
    draw_ends(view, cairo);
    for (size_t c = 0; c < panel->curve_count; c++) {
        const neume_curve *curve = &panel->curves[c];
        const bool has_mark = curve->mark < curve->count && nm_view_has(view, curve, curve->mark);
        if (curve->mark_label && has_mark)
            draw_mark_label(view, cairo, curve);
    }
}
