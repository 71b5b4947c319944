/* SPDX-License-Identifier: ISC */
#include "media/pen.h"

#include <math.h>

typedef struct rgb {
    double red, green, blue;
} rgb;

/* Okabe, Ito 2008, "Color Universal Design", without yellow, which white paper swallows. */
static const rgb palette[] = {
    {0.000, 0.447, 0.698}, {0.835, 0.369, 0.000}, {0.000, 0.620, 0.451}, {0.800, 0.475, 0.655},
    {0.902, 0.624, 0.000}, {0.337, 0.706, 0.914}, {0.250, 0.250, 0.250},
};

enum { COLORS = sizeof palette / sizeof palette[0] };

void nm_pen_ink(cairo_t *cairo, nm_ink ink) {
    static const double grays[] = {0.13, 0.40, 0.45, 0.90};
    cairo_set_source_rgb(cairo, grays[ink], grays[ink], grays[ink]);
}

/* `share` of the colour and the rest of `other`, a gray. */
static void set_mixed(cairo_t *cairo, unsigned index, double share, double other) {
    const rgb *it = &palette[index % COLORS];
    const double rest = (1 - share) * other;
    cairo_set_source_rgb(cairo, share * it->red + rest, share * it->green + rest,
                         share * it->blue + rest);
}

void nm_pen_color(cairo_t *cairo, unsigned color, bool is_light) {
    set_mixed(cairo, color, is_light ? 0.5 : 1, 1);
}

void nm_pen_text_color(cairo_t *cairo, unsigned color, bool is_light) {
    set_mixed(cairo, color, 0.78, is_light ? 1 : 0);
}

void nm_pen_dash(cairo_t *cairo, unsigned color) {
    static const double dashes[][2] = {{6, 2.5}, {1.8, 1.8}};
    const unsigned round = color / COLORS;
    if (round == 0)
        cairo_set_dash(cairo, dashes[0], 0, 0);
    else
        cairo_set_dash(cairo, dashes[(round - 1) % 2], 2, 0);
}

void nm_pen_font(cairo_t *cairo, double size, bool is_bold) {
    cairo_select_font_face(cairo, "Helvetica", CAIRO_FONT_SLANT_NORMAL,
                           is_bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo, size);
}

double nm_pen_width(cairo_t *cairo, const char *text) {
    cairo_text_extents_t extents;
    cairo_text_extents(cairo, text, &extents);
    return extents.x_advance;
}

void nm_pen_text(cairo_t *cairo, double x, double baseline, double anchor, const char *text) {
    cairo_move_to(cairo, x - anchor * nm_pen_width(cairo, text), baseline);
    cairo_show_text(cairo, text);
    cairo_new_path(cairo); /* the text's end is no begin of a line */
}

void nm_pen_line(cairo_t *cairo, double x0, double y0, double x1, double y1) {
    cairo_move_to(cairo, x0, y0);
    cairo_line_to(cairo, x1, y1);
    cairo_stroke(cairo);
}

void nm_pen_dot(cairo_t *cairo, double x, double y, double radius) {
    cairo_new_sub_path(cairo);
    cairo_arc(cairo, x, y, radius, 0, 2 * M_PI);
    cairo_fill(cairo);
}
