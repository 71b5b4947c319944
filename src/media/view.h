/* SPDX-License-Identifier: ISC */
/* A panel on paper: its place, its scales, and what is drawn there. */
#ifndef NM_MEDIA_VIEW_H
#define NM_MEDIA_VIEW_H

#include "media/pen.h"
#include "media/ticks.h"

#include <neume/chart.h>

typedef struct nm_view {
    const neume_panel *panel;
    nm_box outer; /* with title and axes */
    nm_box plot;  /* what the curves lie in */
    nm_scale x, y;
    nm_ticks x_ticks, y_ticks;
} nm_view;

/* Room that a panel needs around its plot. */
#define NM_VIEW_TITLE 22.0
#define NM_VIEW_AXIS 20.0

/* Chooses the scale and ticks of y for a panel `height` high. */
void nm_view_scale(nm_view *view, const neume_panel *panel);

/* The widest text of the y axis, and of what stands at the right end of curves and levels. */
double nm_view_left(const nm_view *view, cairo_t *cairo);
double nm_view_right(const nm_view *view, cairo_t *cairo);

/* Places the plot, `left` and `right` within the outer box, over the values of its x. */
void nm_view_place(nm_view *view, double left, double right);

/* Title, grid, axes and their texts. */
void nm_view_draw_frame(const nm_view *view, cairo_t *cairo);

/* Curves, levels and marks; then what they are called (labels.c). */
neume_status nm_view_draw_curves(const nm_view *view, cairo_t *cairo);
void nm_view_draw_labels(const nm_view *view, cairo_t *cairo);

/* A point that has a place in the view. */
bool nm_view_has(const nm_view *view, const neume_curve *curve, size_t i);

#endif
