/* SPDX-License-Identifier: ISC */
/* Colours, strokes and text, in points of 1/72 inch with y downwards. */
#ifndef NM_MEDIA_PEN_H
#define NM_MEDIA_PEN_H

#include <cairo.h>
#include <stdbool.h>

typedef struct nm_box {
    double left, top, right, bottom;
} nm_box;

typedef enum nm_ink {
    NM_INK_TEXT,
    NM_INK_SOFT, /* what is read second: units, levels */
    NM_INK_AXIS,
    NM_INK_GRID
} nm_ink;

void nm_pen_ink(cairo_t *cairo, nm_ink ink);

/* The colour and the dashes of curve family `color`; pale where it is light. */
void nm_pen_color(cairo_t *cairo, unsigned color, bool is_light);
void nm_pen_dash(cairo_t *cairo, unsigned color);

/* The same colour, as dark as text must be. */
void nm_pen_text_color(cairo_t *cairo, unsigned color, bool is_light);

#define NM_PEN_SMALL 8.5
#define NM_PEN_NORMAL 9.5
#define NM_PEN_TITLE 11.0

void nm_pen_font(cairo_t *cairo, double size, bool is_bold);

double nm_pen_width(cairo_t *cairo, const char *text);

/* Text from its baseline; `anchor` 0: it begins at x, 0.5: its middle is there, 1: it ends there.
 */
void nm_pen_text(cairo_t *cairo, double x, double baseline, double anchor, const char *text);

void nm_pen_line(cairo_t *cairo, double x0, double y0, double x1, double y1);
void nm_pen_dot(cairo_t *cairo, double x, double y, double radius);

#endif
