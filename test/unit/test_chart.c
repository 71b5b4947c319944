/* SPDX-License-Identifier: ISC */
#include "test.h"

#include <neume/chart.h>

#include <math.h>
#include <string.h>

enum { COUNT = 5 };

static const double updates[COUNT] = {10, 20, 30, 40, 50};

static neume_curve curve_of(const double *y, size_t count) {
    return (neume_curve){.x = updates, .y = y, .count = count, .mark = SIZE_MAX};
}

static neume_panel panel_of(const neume_curve *curves, size_t count) {
    return (neume_panel){.title = "Loss", .curves = curves, .curve_count = count, .height = 200};
}

static void assert_draws(const neume_chart *chart, neume_picture_format format) {
    static const char *const begins[] = {"\x89PNG", "<?xml", "%PDF"};
    neume_picture picture;
    neume_error error = {.line = ""};
    if (neume_chart_draw(&picture, chart, format, &error))
        fail_msg("%s", error.line);
    assert_true(picture.size_bytes > 100);
    assert_memory_equal(picture.data, begins[format], strlen(begins[format]));
    neume_picture_clear(&picture);
    assert_null(picture.data);
}

static void assert_draws_panel(const neume_panel *panel) {
    const neume_chart chart = {.x_title = "updates", .panels = panel, .panel_count = 1};
    for (neume_picture_format f = NEUME_PICTURE_PNG; f <= NEUME_PICTURE_PDF; f++)
        assert_draws(&chart, f);
}

static void assert_refuses(const neume_chart *chart) {
    neume_picture picture;
    neume_error error = {.line = ""};
    assert_int_equal(neume_chart_draw(&picture, chart, NEUME_PICTURE_SVG, &error), NEUME_BAD_USAGE);
    assert_null(picture.data);
    assert_memory_equal(error.line, "chart: ", 7);
    assert_int_equal(neume_chart_draw(&picture, chart, NEUME_PICTURE_SVG, NULL), NEUME_BAD_USAGE);
}

static void draws_curves_in_every_format(void **state) {
    (void)state;
    const double y[COUNT] = {3, 2, 1.5, 1.4, 1.5};
    neume_curve curves[2] = {curve_of(y, COUNT), curve_of(y, COUNT)};
    curves[0].is_light = true;
    curves[1].label = "validation";
    curves[1].mark = 3;
    curves[1].mark_label = "best";
    const neume_panel panel = panel_of(curves, 2);
    assert_draws_panel(&panel);
}

/* Whatever values do: none, one, all alike, none finite, far apart, as large as there are. */
static void draws_whatever_the_values_are(void **state) {
    (void)state;
    static const double cases[][COUNT] = {
        {2, 2, 2, 2, 2},
        {0, 0, 0, 0, 0},
        {NAN, NAN, NAN, NAN, NAN},
        {INFINITY, 1, -INFINITY, 2, NAN},
        {1e-300, 1, 1e300, 1, 1e-300},
        {-1e308, 1e308, 0, 1e308, -1e308},
        {1e-320, 2e-320, 1e-320, 2e-320, 1e-320},
        {-5, -4, -3, -2, -1},
        {1, 1 + 1e-15, 1, 1 + 1e-15, 1},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++)
        for (size_t count = 0; count <= COUNT; count++)
            for (neume_axis axis = NEUME_AXIS_AUTO; axis <= NEUME_AXIS_LOG; axis++) {
                neume_curve curve = curve_of(cases[c], count);
                curve.mark = 0;
                curve.label = curve.mark_label = "x";
                neume_panel panel = panel_of(&curve, 1);
                panel.axis = axis;
                const neume_chart chart = {.x_title = "x", .panels = &panel, .panel_count = 1};
                assert_draws(&chart, NEUME_PICTURE_SVG);
            }
}

static void draws_panels_without_curves_and_levels_alone(void **state) {
    (void)state;
    const neume_level levels[2] = {{"unigram", 3}, {"trigram", 2}};
    neume_panel panels[8];
    for (size_t i = 0; i < 8; i++) {
        panels[i] = panel_of(NULL, 0);
        panels[i].is_small = i > 1;
    }
    panels[0].levels = levels;
    panels[0].level_count = 2;
    for (size_t count = 1; count <= 8; count++) {
        const neume_chart chart = {.x_title = "x", .panels = panels, .panel_count = count};
        assert_draws(&chart, NEUME_PICTURE_SVG);
    }
}

static void refuses_counts_and_heights_that_are_out_of_range(void **state) {
    (void)state;
    static neume_panel panels[NEUME_MAX_PANELS + 1];
    neume_chart chart = {.x_title = "x", .panels = panels};
    for (size_t i = 0; i <= NEUME_MAX_PANELS; i++)
        panels[i] = panel_of(NULL, 0);
    assert_refuses(&chart);
    chart.panel_count = NEUME_MAX_PANELS + 1;
    assert_refuses(&chart);
    chart.panel_count = 1;
    panels[0].curve_count = NEUME_MAX_CURVES + 1;
    assert_refuses(&chart);
    panels[0].curve_count = 0;
    panels[0].level_count = NEUME_MAX_CURVES + 1;
    assert_refuses(&chart);
    panels[0].level_count = 0;
    static const double heights[] = {0, 39, 2001, NAN, INFINITY};
    for (size_t i = 0; i < 5; i++) {
        panels[0].height = heights[i];
        assert_refuses(&chart);
    }
}

/* The chart's SVG, as text that the caller frees. */
static char *svg_of(const neume_chart *chart) {
    neume_picture picture;
    assert_int_equal(neume_chart_draw(&picture, chart, NEUME_PICTURE_SVG, NULL), NEUME_OK);
    char *text = calloc(1, picture.size_bytes + 1);
    memcpy(text, picture.data, picture.size_bytes);
    neume_picture_clear(&picture);
    return text;
}

/* Places of a line of three points, which nothing else in the picture is. */
static void read_line(const char *svg, double x[3]) {
    const char *at = svg;
    double y[3];
    while ((at = strstr(at, "d=\"M "))) {
        at += strlen("d=\"M ");
        int end = 0;
        sscanf(at, "%lf %lf L %lf %lf L %lf %lf \"%n", &x[0], &y[0], &x[1], &y[1], &x[2], &y[2],
               &end);
        if (end > 0)
            return;
    }
    fail_msg("no line of three points in the picture");
}

static void puts_decades_equally_far_apart_on_a_logarithmic_x(void **state) {
    (void)state;
    const double decades[] = {1, 10, 100}, y[] = {1, 0.8, 0.5};
    const neume_curve curve = {.x = decades, .y = y, .count = 3, .mark = SIZE_MAX};
    const neume_panel panel = panel_of(&curve, 1);
    for (int is_log = 0; is_log < 2; is_log++) {
        const neume_chart chart = {
            .x_title = "ranks", .panels = &panel, .panel_count = 1, .is_x_log = is_log};
        double x[3];
        char *svg = svg_of(&chart);
        read_line(svg, x);
        free(svg);
        assert_true(x[1] > x[0] && x[2] > x[1]);
        assert_int_equal(fabs((x[2] - x[1]) - (x[1] - x[0])) < 0.01, is_log);
    }
}

static void leaves_out_what_has_no_place_on_a_logarithmic_x(void **state) {
    (void)state;
    const double x[COUNT] = {-1, 0, 1, 10, 100}, y[COUNT] = {9, 7, 3, 2, 1};
    const neume_curve all = {.x = x, .y = y, .count = COUNT, .mark = 1};
    const neume_curve some = {.x = x + 2, .y = y + 2, .count = COUNT - 2, .mark = SIZE_MAX};
    neume_panel panel = panel_of(&all, 1);
    const neume_level top = {"the same values of y", 9};
    panel.levels = &top;
    panel.level_count = 1;
    const neume_chart chart = {
        .x_title = "x", .panels = &panel, .panel_count = 1, .is_x_log = true};
    double places[2][3];
    for (size_t i = 0; i < 2; i++) {
        panel.curves = i == 0 ? &all : &some;
        char *svg = svg_of(&chart);
        read_line(svg, places[i]);
        free(svg);
    }
    assert_memory_equal(places[0], places[1], sizeof places[0]);
}

static void joins_no_points_that_are_points(void **state) {
    (void)state;
    const double y[COUNT] = {3, 2, 1.5, 1.4, 1.5};
    neume_curve curve = curve_of(y, COUNT);
    const neume_panel panel = panel_of(&curve, 1);
    const neume_chart chart = {.x_title = "x", .panels = &panel, .panel_count = 1};
    char *line = svg_of(&chart);
    curve.is_points = true;
    char *dots = svg_of(&chart);
    assert_non_null(strstr(line, "stroke-width:1.7;"));
    assert_null(strstr(dots, "stroke-width:1.7;"));
    free(line);
    free(dots);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_curves_in_every_format),
        cmocka_unit_test(draws_whatever_the_values_are),
        cmocka_unit_test(draws_panels_without_curves_and_levels_alone),
        cmocka_unit_test(puts_decades_equally_far_apart_on_a_logarithmic_x),
        cmocka_unit_test(leaves_out_what_has_no_place_on_a_logarithmic_x),
        cmocka_unit_test(joins_no_points_that_are_points),
        cmocka_unit_test(refuses_counts_and_heights_that_are_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
