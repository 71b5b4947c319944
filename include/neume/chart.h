/* SPDX-License-Identifier: ISC */
/* Charts: curves over a common axis, drawn with cairo as PNG, SVG or PDF. Not a part of libneume:
 * it is in libneume-media, which the command loads only when asked. Thread rule: a call works on
 * its own data. */
#ifndef NEUME_CHART_H
#define NEUME_CHART_H

#include <neume/status.h>

NEUME_BEGIN_DECLS

#define NEUME_MAX_CURVES 64 /**< of a panel */
#define NEUME_MAX_PANELS 32 /**< of a chart */

/** Points joined by lines. Borrowed, like all here: for the call. */
typedef struct neume_curve {
    const char *label;      /**< UTF-8, at its right end; NULL: none */
    const double *x;        /**< [count] ascending */
    const double *y;        /**< [count] one that is not finite, or beyond 1e100, leaves a gap */
    const char *mark_label; /**< beside the point that is marked; NULL: none */
    size_t count;
    size_t mark;    /**< the point that is marked; SIZE_MAX: none */
    unsigned color; /**< 0..; seven that the colour-blind tell apart, then the same, dashed */
    bool is_light;  /**< thin and pale, beside one that counts more */
    bool is_points; /**< dots that no line joins: what was measured, beside what was computed */
} neume_curve;

/** A horizontal line, what curves are compared with. */
typedef struct neume_level {
    const char *label;
    double y;
} neume_level;

/** How values become places. */
typedef enum neume_axis {
    NEUME_AXIS_AUTO, /**< logarithmic where values are above 0 and span more than a factor of 12 */
    NEUME_AXIS_LINEAR,
    NEUME_AXIS_LOG /**< values up to 0 are left out, as gaps */
} neume_axis;

typedef struct neume_panel {
    const char *title;
    const neume_curve *curves; /**< [curve_count] later ones are drawn above */
    size_t curve_count;        /**< 0..NEUME_MAX_CURVES */
    const neume_level *levels;
    size_t level_count; /**< 0..NEUME_MAX_CURVES */
    neume_axis axis;    /**< of y */
    double height;      /**< points of 1/72 inch, 40..2000, its title and axis included */
    bool is_small;      /**< beside others that are small, in up to three columns; no labels */
} neume_panel;

typedef struct neume_chart {
    const char *x_title;
    const char *strong, *light; /**< what strong and light curves are, in the first panel; NULL:
                                   their labels say it */
    const neume_panel *panels;  /**< [panel_count] from above to below */
    size_t panel_count;         /**< 1..NEUME_MAX_PANELS */
    bool is_x_log; /**< of all panels; points whose x is not above 0 are left out, as gaps */
} neume_chart;

typedef enum neume_picture_format {
    NEUME_PICTURE_PNG, /**< two pixels a point */
    NEUME_PICTURE_SVG,
    NEUME_PICTURE_PDF
} neume_picture_format;

/** The bytes of a picture's file. */
typedef struct neume_picture {
    unsigned char *data;
    size_t size_bytes;
} neume_picture;

/** Draws a chart. Fails with NEUME_BAD_USAGE where a count or height is out of its range,
 * NEUME_NO_MEMORY, NEUME_FAILED where cairo does. */
NEUME_API NEUME_MUST_USE neume_status neume_chart_draw(neume_picture *out, const neume_chart *chart,
                                                       neume_picture_format format,
                                                       neume_error *error);
NEUME_API void neume_picture_clear(neume_picture *picture);

NEUME_END_DECLS

#endif
