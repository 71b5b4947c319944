/* SPDX-License-Identifier: ISC */
#include "media/view.h"

#include <math.h>

#define LOG_FROM 12 /* the factor that values span where an axis chooses to be logarithmic */
#define LABEL_GAP 8.0

static nm_range values_of(const neume_panel *panel, bool is_log) {
    nm_range range = nm_range_empty();
    for (size_t c = 0; c < panel->curve_count; c++)
        for (size_t i = 0; i < panel->curves[c].count; i++)
            if (nm_has_place(panel->curves[c].y[i], is_log))
                nm_range_add(&range, panel->curves[c].y[i]);
    for (size_t i = 0; i < panel->level_count; i++)
        if (nm_has_place(panel->levels[i].y, is_log))
            nm_range_add(&range, panel->levels[i].y);
    return range;
}

void nm_view_scale(nm_view *view, const neume_panel *panel) {
    const nm_range all = values_of(panel, false);
    bool is_log = panel->axis == NEUME_AXIS_LOG;
    if (panel->axis == NEUME_AXIS_AUTO)
        is_log = nm_has_place(all.low, true) && all.high / all.low > LOG_FROM;
    *view = (nm_view){.panel = panel};
    view->y = nm_scale_fit(values_of(panel, is_log), is_log);
    const double most = floor((panel->height - NM_VIEW_TITLE - NM_VIEW_AXIS) / 20);
    nm_ticks_choose(&view->y_ticks, &view->y, (unsigned)fmin(8, fmax(2, most)));
}

double nm_view_left(const nm_view *view, cairo_t *cairo) {
    double width = 0;
    nm_pen_font(cairo, NM_PEN_SMALL, false);
    for (unsigned i = 0; i < view->y_ticks.count; i++)
        width = fmax(width, nm_pen_width(cairo, view->y_ticks.ticks[i].text));
    return width + LABEL_GAP;
}

double nm_view_right(const nm_view *view, cairo_t *cairo) {
    const neume_panel *panel = view->panel;
    double width = 0;
    nm_pen_font(cairo, NM_PEN_NORMAL, false);
    for (size_t c = 0; c < panel->curve_count; c++)
        if (panel->curves[c].label)
            width = fmax(width, nm_pen_width(cairo, panel->curves[c].label));
    for (size_t i = 0; i < panel->level_count; i++)
        width = fmax(width, nm_pen_width(cairo, panel->levels[i].label));
    return width > 0 ? width + LABEL_GAP : 0;
}

void nm_view_place(nm_view *view, double left, double right) {
    view->plot = (nm_box){view->outer.left + left, view->outer.top + NM_VIEW_TITLE,
                          view->outer.right - right, view->outer.bottom - NM_VIEW_AXIS};
    view->x.from = view->plot.left;
    view->x.to = view->plot.right;
    view->y.from = view->plot.bottom;
    view->y.to = view->plot.top;
    const double most =
        floor((view->plot.right - view->plot.left) / (view->panel->is_small ? 44 : 58));
    nm_ticks_choose(&view->x_ticks, &view->x, (unsigned)fmin(10, fmax(2, most)));
}

bool nm_view_has(const nm_view *view, const neume_curve *curve, size_t i) {
    return nm_scale_has(&view->x, curve->x[i]) && nm_scale_has(&view->y, curve->y[i]);
}

static void draw_y_axis(const nm_view *view, cairo_t *cairo) {
    const nm_box *plot = &view->plot;
    nm_pen_font(cairo, NM_PEN_SMALL, false);
    for (unsigned i = 0; i < view->y_ticks.count; i++) {
        const nm_tick *tick = &view->y_ticks.ticks[i];
        const double y = nm_scale_place(&view->y, tick->value);
        cairo_set_line_width(cairo, tick->text[0] ? 0.7 : 0.35);
        nm_pen_ink(cairo, NM_INK_GRID);
        nm_pen_line(cairo, plot->left, y, plot->right, y);
        nm_pen_ink(cairo, NM_INK_SOFT);
        nm_pen_text(cairo, plot->left - LABEL_GAP / 2, y + 0.35 * NM_PEN_SMALL, 1, tick->text);
    }
}

static void draw_x_axis(const nm_view *view, cairo_t *cairo) {
    const nm_box *plot = &view->plot;
    cairo_set_line_width(cairo, 0.8);
    nm_pen_ink(cairo, NM_INK_AXIS);
    nm_pen_line(cairo, plot->left, plot->bottom, plot->right, plot->bottom);
    nm_pen_font(cairo, NM_PEN_SMALL, false);
    for (unsigned i = 0; i < view->x_ticks.count; i++) {
        const nm_tick *tick = &view->x_ticks.ticks[i];
        const double x = nm_scale_place(&view->x, tick->value);
        nm_pen_ink(cairo, NM_INK_AXIS);
        nm_pen_line(cairo, x, plot->bottom, x, plot->bottom + 3);
        nm_pen_ink(cairo, NM_INK_SOFT);
        nm_pen_text(cairo, x, plot->bottom + 13, 0.5, tick->text);
    }
}

void nm_view_draw_frame(const nm_view *view, cairo_t *cairo) {
    const bool is_small = view->panel->is_small;
    draw_y_axis(view, cairo);
    draw_x_axis(view, cairo);
    nm_pen_font(cairo, is_small ? NM_PEN_NORMAL : NM_PEN_TITLE, !is_small);
    nm_pen_ink(cairo, NM_INK_TEXT);
    nm_pen_text(cairo, is_small ? view->plot.left : view->outer.left, view->outer.top + 12, 0,
                view->panel->title);
}
