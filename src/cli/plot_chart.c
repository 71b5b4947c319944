/* SPDX-License-Identifier: ISC */
/* From run logs to a chart: a colour a run, pale for training and strong for validation; the losses
 * of streams and the learning rate below where there is something to see. */
#include "cli/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL_BYTES = 2 * NM_PLOT_NAME, SMALL_PANELS = NEUME_MAX_PANELS - 2 };
#define MAIN_HEIGHT 300.0
#define RATE_HEIGHT 104.0
#define SMALL_HEIGHT 148.0

/* A chart under way. */
typedef struct builder {
    const nm_plot_log *logs;
    size_t count;
    const nm_plot_settings *settings;
    double *x[NM_PLOT_RUNS]; /* [count of the log] */
    char labels[NM_PLOT_RUNS][LABEL_BYTES];
    neume_curve *curves; /* [NEUME_MAX_PANELS * 2 * count] */
    size_t curve_count;
    neume_panel panels[NEUME_MAX_PANELS];
    char titles[NEUME_MAX_PANELS][LABEL_BYTES];
    size_t panel_count;
} builder;

static const double *column(const builder *it, size_t run, unsigned which) {
    return it->logs[run].columns[which];
}

static double last_of(const builder *it, size_t run, unsigned which) {
    return column(it, run, which)[it->logs[run].count - 1];
}

/* Seconds of the longest run say which unit is read best. */
static double time_unit(const builder *it, const char **title) {
    static const struct {
        double seconds;
        const char *title;
    } units[] = {{86400, "days"}, {3600, "hours"}, {60, "minutes"}};
    double longest = 0;
    for (size_t r = 0; r < it->count; r++)
        longest = fmax(longest, last_of(it, r, NM_PLOT_SECONDS));
    for (unsigned i = 0; i < 3; i++)
        if (longest >= 2 * units[i].seconds) {
            *title = units[i].title;
            return units[i].seconds;
        }
    *title = "seconds";
    return 1;
}

/* Epochs of an update; the log counts whole ones: between two validations in one epoch they grow
 * with the updates, as fast as they did until the last epoch began. */
static double epochs_per_update(const builder *it, size_t run) {
    const nm_plot_log *log = &it->logs[run];
    const double *epochs = column(it, run, NM_PLOT_EPOCH);
    size_t first = log->count - 1;
    while (first > 0 && epochs[first - 1] == epochs[log->count - 1])
        first--;
    const double update = column(it, run, NM_PLOT_UPDATE)[first];
    return update > 0 && epochs[first] > 0 ? epochs[first] / update : NAN;
}

static bool epochs_rise(const builder *it, size_t run) {
    const double *epochs = column(it, run, NM_PLOT_EPOCH);
    for (size_t i = 1; i < it->logs[run].count; i++)
        if (!(epochs[i] > epochs[i - 1]))
            return false;
    return true;
}

unsigned nm_plot_x_column(nm_plot_x x) {
    static const unsigned columns[] = {NM_PLOT_UPDATE, NM_PLOT_EPOCH, NM_PLOT_SECONDS};
    return columns[x];
}

static void fill_x(builder *it, size_t run, double unit) {
    const double *from = column(it, run, nm_plot_x_column(it->settings->x));
    double factor = it->settings->x == NM_PLOT_BY_SECONDS ? 1 / unit : 1;
    if (it->settings->x == NM_PLOT_BY_EPOCH && !epochs_rise(it, run) &&
        isfinite(epochs_per_update(it, run))) {
        from = column(it, run, NM_PLOT_UPDATE);
        factor = epochs_per_update(it, run);
    }
    for (size_t i = 0; i < it->logs[run].count; i++)
        it->x[run][i] = factor * from[i];
}

static bool make_x(builder *it, const char **title) {
    static const char *const titles[] = {"updates", "epochs", ""};
    const double unit = time_unit(it, title);
    if (it->settings->x != NM_PLOT_BY_SECONDS)
        *title = titles[it->settings->x];
    for (size_t r = 0; r < it->count; r++) {
        it->x[r] = malloc(it->logs[r].count * sizeof *it->x[r]);
        if (!it->x[r])
            return false;
        fill_x(it, r, unit);
    }
    return true;
}

static neume_panel *add_panel(builder *it, const char *title, double height) {
    neume_panel *panel = &it->panels[it->panel_count++];
    *panel =
        (neume_panel){.title = title, .height = height, .curves = it->curves + it->curve_count};
    return panel;
}

static bool has_values(const builder *it, size_t run, unsigned which) {
    for (size_t i = 0; i < it->logs[run].count; i++)
        if (isfinite(column(it, run, which)[i]))
            return true;
    return false;
}

static neume_curve *add_curve(builder *it, neume_panel *panel, size_t run, unsigned which) {
    neume_curve *curve = &it->curves[it->curve_count++];
    *curve = (neume_curve){.x = it->x[run],
                           .y = column(it, run, which),
                           .count = it->logs[run].count,
                           .mark = SIZE_MAX,
                           .color = (unsigned)run};
    panel->curve_count++;
    return curve;
}

/* Training and validation of all runs, the strong curves above. A run without validations is strong
 * in its training. */
static void add_losses(builder *it, neume_panel *panel, unsigned train, unsigned valid) {
    for (size_t r = 0; r < it->count; r++)
        if (has_values(it, r, valid) && has_values(it, r, train))
            add_curve(it, panel, r, train)->is_light = true;
    for (size_t r = 0; r < it->count; r++)
        if (has_values(it, r, valid) || has_values(it, r, train))
            add_curve(it, panel, r, has_values(it, r, valid) ? valid : train);
}

/* One run's curves are called by what they are, several runs' by their names. */
static void label_losses(builder *it, neume_panel *panel) {
    for (size_t c = 0; c < panel->curve_count; c++) {
        neume_curve *curve = &it->curves[(size_t)(panel->curves - it->curves) + c];
        const nm_plot_log *log = &it->logs[curve->color];
        const bool is_valid = curve->y == log->columns[NM_PLOT_VALID];
        char *label = it->labels[curve->color], count[NM_REPORT_TEXT];
        if (is_valid)
            curve->mark = log->best;
        if (it->count == 1) {
            curve->label = is_valid ? "validation" : "training";
            if (!is_valid || log->best == SIZE_MAX)
                continue;
            snprintf(label, LABEL_BYTES, "best %.3f, update %s",
                     log->columns[NM_PLOT_VALID][log->best],
                     nm_report_count(count, (uint64_t)log->columns[NM_PLOT_UPDATE][log->best]));
            curve->mark_label = label;
        } else if (!curve->is_light) {
            if (log->best == SIZE_MAX)
                snprintf(label, LABEL_BYTES, "%s", log->name);
            else
                snprintf(label, LABEL_BYTES, "%s  %.3f", log->name,
                         log->columns[NM_PLOT_VALID][log->best]);
            curve->label = label;
        }
    }
}

static bool has_light(const neume_panel *panel) {
    for (size_t c = 0; c < panel->curve_count; c++)
        if (panel->curves[c].is_light)
            return true;
    return false;
}

static void add_main(builder *it) {
    neume_panel *panel = add_panel(it, "Loss, nats a step", MAIN_HEIGHT);
    panel->axis = it->settings->axis;
    panel->levels = it->settings->levels;
    panel->level_count = it->settings->level_count;
    add_losses(it, panel, NM_PLOT_TRAIN, NM_PLOT_VALID);
    label_losses(it, panel);
}

/* Whether the learning rate says anything: it changes, or runs have different ones. */
static bool has_rates(const builder *it) {
    double low = INFINITY, high = -INFINITY;
    for (size_t r = 0; r < it->count; r++)
        for (size_t i = 0; i < it->logs[r].count; i++) {
            low = fmin(low, column(it, r, NM_PLOT_RATE)[i]);
            high = fmax(high, column(it, r, NM_PLOT_RATE)[i]);
        }
    return high - low > 1e-6 * high;
}

static void add_rates(builder *it) {
    neume_panel *panel = add_panel(it, "Learning rate", RATE_HEIGHT);
    panel->axis = NEUME_AXIS_LINEAR;
    for (size_t r = 0; r < it->count; r++)
        if (has_values(it, r, NM_PLOT_RATE))
            add_curve(it, panel, r, NM_PLOT_RATE);
}

static unsigned find_stream(const nm_plot_log *log, const char *name) {
    unsigned s = 0;
    while (s < log->stream_count && strcmp(log->streams[s], name) != 0)
        s++;
    return s;
}

static void add_stream(builder *it, const char *name) {
    char *title = it->titles[it->panel_count];
    snprintf(title, sizeof it->titles[0], "Loss of %s", name);
    neume_panel *panel = add_panel(it, title, SMALL_HEIGHT);
    panel->is_small = true;
    panel->axis = it->settings->axis;
    for (unsigned strong = 0; strong < 2; strong++)
        for (size_t r = 0; r < it->count; r++) {
            const unsigned s = find_stream(&it->logs[r], name);
            const unsigned which = (strong ? NM_PLOT_STREAM_VALID : NM_PLOT_STREAM_TRAIN) + s;
            if (s < it->logs[r].stream_count && has_values(it, r, which))
                add_curve(it, panel, r, which)->is_light = !strong;
        }
}

static bool is_first_with(const builder *it, size_t run, unsigned stream) {
    for (size_t r = 0; r < run; r++)
        if (find_stream(&it->logs[r], it->logs[run].streams[stream]) < it->logs[r].stream_count)
            return false;
    return true;
}

/* A small panel for each name of a stream, where a run has several streams. */
static void add_streams(builder *it) {
    size_t most = 0, used = 0;
    for (size_t r = 0; r < it->count; r++)
        most = it->logs[r].stream_count > most ? it->logs[r].stream_count : most;
    for (size_t r = 0; r < it->count && most > 1; r++)
        for (unsigned s = 0; s < it->logs[r].stream_count; s++)
            if (used < SMALL_PANELS && is_first_with(it, r, s)) {
                add_stream(it, it->logs[r].streams[s]);
                used++;
            }
}

static neume_status build(builder *it, neume_chart *chart) {
    it->curves = calloc(NEUME_MAX_PANELS * 2 * it->count, sizeof *it->curves);
    if (!it->curves || !make_x(it, &chart->x_title))
        return NEUME_NO_MEMORY;
    add_main(it);
    if (has_rates(it))
        add_rates(it);
    add_streams(it);
    if (it->count > 1 && has_light(&it->panels[0])) {
        chart->strong = "validation";
        chart->light = "training";
    }
    chart->panels = it->panels;
    chart->panel_count = it->panel_count;
    return NEUME_OK;
}

neume_status nm_plot_save(const char *path, neume_context *context, nm_plot_logs logs,
                          const nm_plot_settings *settings, neume_error *error) {
    builder it = {.logs = logs.logs, .count = logs.count, .settings = settings};
    neume_chart chart = {.x_title = ""};
    nm_media media = {.library = NULL};
    neume_status status = nm_media_open(&media, error);
    if (!status && build(&it, &chart))
        status = nm_report_fail(error, NEUME_NO_MEMORY, "%s: out of memory", path);
    if (!status)
        status = nm_media_save(&media, context, &chart, path, error);
    for (size_t r = 0; r < it.count; r++)
        free(it.x[r]);
    free(it.curves);
    nm_media_close(&media);
    return status;
}
