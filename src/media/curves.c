/* SPDX-License-Identifier: ISC */
/* The curves of a panel. */
#include "media/place.h"
#include "media/view.h"

#include <stdlib.h>

#define COLUMN 0.4 /* points: of curves with more points than that only what shows is drawn */

enum {
    FEW = 32,   /* points that are drawn as dots too */
    MANY = 1000 /* points from which on lines are thinner */
};

/* A run of neighbours that have places: a line, or a dot where it is one alone. */
typedef struct stretch {
    double *x, *y; /* places */
    size_t count;
} stretch;

static void stroke(cairo_t *cairo, stretch of, double dot) {
    of.count = nm_place_thin(of.x, of.y, of.count, COLUMN);
    for (size_t i = 0; i < of.count; i++)
        cairo_line_to(cairo, of.x[i], of.y[i]);
    cairo_stroke(cairo);
    for (size_t i = 0; i < of.count && (of.count == 1 || dot > 0); i++)
        nm_pen_dot(cairo, of.x[i], of.y[i], dot > 0 ? dot : 1.6);
}

static size_t most_points(const neume_panel *panel) {
    size_t most = 1;
    for (size_t c = 0; c < panel->curve_count; c++)
        if (panel->curves[c].count > most)
            most = panel->curves[c].count;
    return most;
}

/* A dot with a white ring, so that it is seen on its own curve. */
static void draw_dot(const nm_view *view, cairo_t *cairo, const neume_curve *curve, size_t i) {
    if (i >= curve->count || !nm_view_has(view, curve, i))
        return;
    const double x = nm_scale_place(&view->x, curve->x[i]);
    const double y = nm_scale_place(&view->y, curve->y[i]);
    const double size = view->panel->is_small ? 2.4 : 3.6;
    cairo_set_source_rgb(cairo, 1, 1, 1);
    nm_pen_dot(cairo, x, y, size + 1.2);
    nm_pen_color(cairo, curve->color, false);
    nm_pen_dot(cairo, x, y, size);
}

static void draw_curve(const nm_view *view, cairo_t *cairo, const neume_curve *curve,
                       stretch room) {
    const size_t most = most_points(view->panel);
    const double width = (curve->is_light ? 1.1 : 1.7) * (most > MANY ? 0.6 : 1);
    const double dot = most <= FEW ? width : 0;
    nm_pen_color(cairo, curve->color, curve->is_light);
    nm_pen_dash(cairo, curve->color);
    cairo_set_line_width(cairo, width);
    for (size_t i = 0; i <= curve->count; i++) {
        if (i < curve->count && nm_view_has(view, curve, i)) {
            room.x[room.count] = nm_scale_place(&view->x, curve->x[i]);
            room.y[room.count++] = nm_scale_place(&view->y, curve->y[i]);
        } else if (room.count) {
            stroke(cairo, room, dot);
            room.count = 0;
        }
    }
    nm_pen_dash(cairo, 0);
}

static void draw_levels(const nm_view *view, cairo_t *cairo) {
    const double dashes[] = {3, 2.5};
    cairo_set_dash(cairo, dashes, 2, 0);
    cairo_set_line_width(cairo, 0.9);
    nm_pen_ink(cairo, NM_INK_SOFT);
    for (size_t i = 0; i < view->panel->level_count; i++) {
        const double y = view->panel->levels[i].y;
        if (nm_scale_has(&view->y, y))
            nm_pen_line(cairo, view->plot.left, nm_scale_place(&view->y, y), view->plot.right,
                        nm_scale_place(&view->y, y));
    }
    cairo_set_dash(cairo, NULL, 0, 0);
}

static void draw_marks(const nm_view *view, cairo_t *cairo, const neume_curve *curve) {
    if (!curve->is_points)
        draw_dot(view, cairo, curve, curve->mark);
    for (size_t i = 0; curve->is_points && i < curve->count; i++)
        draw_dot(view, cairo, curve, i);
}

neume_status nm_view_draw_curves(const nm_view *view, cairo_t *cairo) {
    const neume_panel *panel = view->panel;
    const size_t most = most_points(panel);
    double *room = most <= SIZE_MAX / (2 * sizeof *room) ? malloc(2 * most * sizeof *room) : NULL;
    if (!room)
        return NEUME_NO_MEMORY;
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
    draw_levels(view, cairo);
    for (size_t c = 0; c < panel->curve_count; c++)
        if (!panel->curves[c].is_points)
            draw_curve(view, cairo, &panel->curves[c], (stretch){room, room + most, 0});
    for (size_t c = 0; c < panel->curve_count; c++)
        draw_marks(view, cairo, &panel->curves[c]);
    free(room);
    return NEUME_OK;
}
