/* SPDX-License-Identifier: ISC */
#include "media/surface.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PIXELS_A_POINT 2.0

static cairo_status_t take(void *closure, const unsigned char *data, unsigned length) {
    nm_surface *to = closure;
    neume_picture *bytes = &to->bytes;
    if (length > to->capacity - bytes->size_bytes) {
        const size_t capacity = 2 * to->capacity + length + 4096;
        unsigned char *grown = realloc(bytes->data, capacity);
        if (!grown)
            return CAIRO_STATUS_NO_MEMORY;
        bytes->data = grown;
        to->capacity = capacity;
    }
    memcpy(bytes->data + bytes->size_bytes, data, length);
    bytes->size_bytes += length;
    return CAIRO_STATUS_SUCCESS;
}

static cairo_surface_t *surface_of(nm_surface *it, double width, double height) {
    switch (it->format) {
    case NEUME_PICTURE_SVG:
        return cairo_svg_surface_create_for_stream(take, it, width, height);
    case NEUME_PICTURE_PDF:
        return cairo_pdf_surface_create_for_stream(take, it, width, height);
    case NEUME_PICTURE_PNG:
        break;
    }
    return cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)ceil(PIXELS_A_POINT * width),
                                      (int)ceil(PIXELS_A_POINT * height));
}

static neume_status status_of(cairo_status_t status) {
    if (status == CAIRO_STATUS_SUCCESS)
        return NEUME_OK;
    return status == CAIRO_STATUS_NO_MEMORY ? NEUME_NO_MEMORY : NEUME_FAILED;
}

/* Metrics of unhinted text are the same at any size, so a layout fits all formats. */
static void set_text(cairo_t *cairo) {
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_set_font_options(cairo, options);
    cairo_font_options_destroy(options);
}

neume_status nm_surface_open(nm_surface *out, neume_picture_format format, double width,
                             double height) {
    *out = (nm_surface){.format = format};
    out->surface = surface_of(out, width, height);
    out->cairo = cairo_create(out->surface);
    if (format == NEUME_PICTURE_PNG)
        cairo_scale(out->cairo, PIXELS_A_POINT, PIXELS_A_POINT);
    cairo_set_source_rgb(out->cairo, 1, 1, 1);
    cairo_paint(out->cairo);
    set_text(out->cairo);
    return status_of(cairo_status(out->cairo));
}

neume_status nm_surface_finish(nm_surface *it, neume_picture *out) {
    neume_status status = status_of(cairo_status(it->cairo));
    if (!status && it->format == NEUME_PICTURE_PNG)
        status = status_of(cairo_surface_write_to_png_stream(it->surface, take, it));
    cairo_surface_finish(it->surface);
    if (!status)
        status = status_of(cairo_surface_status(it->surface));
    if (status)
        return status;
    *out = it->bytes;
    it->bytes = (neume_picture){NULL, 0};
    return NEUME_OK;
}

void nm_surface_clear(nm_surface *it) {
    cairo_destroy(it->cairo);
    cairo_surface_destroy(it->surface);
    free(it->bytes.data);
    *it = (nm_surface){.surface = NULL};
}
