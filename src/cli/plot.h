/* SPDX-License-Identifier: ISC */
/* The parts of `neume plot`, and of the curves in a run's folder: run logs, and the chart of them.
 */
#ifndef NM_CLI_PLOT_H
#define NM_CLI_PLOT_H

#include "cli/media.h"

/* Columns of a run log. */
enum {
    NM_PLOT_UPDATE,
    NM_PLOT_EPOCH,
    NM_PLOT_SECONDS,
    NM_PLOT_TRAIN,
    NM_PLOT_VALID,
    NM_PLOT_RATE,
    NM_PLOT_STREAM_TRAIN, /* of stream s: + s */
    NM_PLOT_STREAM_VALID = NM_PLOT_STREAM_TRAIN + NEUME_MAX_STREAMS,
    NM_PLOT_COLUMNS = NM_PLOT_STREAM_VALID + NEUME_MAX_STREAMS
};

enum { NM_PLOT_NAME = 64, NM_PLOT_RUNS = 24 };

/* A run log, a value a validation; NAN where there is none. */
typedef struct nm_plot_log {
    char name[NM_PLOT_NAME]; /* what the run is called */
    size_t count, capacity;
    double *columns[NM_PLOT_COLUMNS]; /* [count] */
    char streams[NEUME_MAX_STREAMS][NM_PLOT_NAME];
    unsigned stream_count;
    size_t best;       /* the validation with the lowest loss; SIZE_MAX: none */
    size_t not_finite; /* validations whose training loss is no number */
    size_t others;     /* lines that tell of no loss */
    bool is_cut;       /* the last line had no end, and was left out */
} nm_plot_log;

/* Reads the log at `path`, or standard input for "-". Fails with NEUME_BAD_INPUT, naming the line.
 * The caller clears it, also after failure. */
neume_status nm_plot_log_read(nm_plot_log *out, const char *path, neume_error *error);
void nm_plot_log_clear(nm_plot_log *log);

/* What stands on the x axis, in the order of --x. */
typedef enum nm_plot_x { NM_PLOT_BY_UPDATE, NM_PLOT_BY_EPOCH, NM_PLOT_BY_SECONDS } nm_plot_x;

/* The column of a log that it is. */
unsigned nm_plot_x_column(nm_plot_x x);

typedef struct nm_plot_settings {
    nm_plot_x x;
    neume_axis axis;           /* of the losses */
    const neume_level *levels; /* in the first panel */
    size_t level_count;
} nm_plot_settings;

typedef struct nm_plot_logs {
    const nm_plot_log *logs;
    size_t count; /* 1..NM_PLOT_RUNS */
} nm_plot_logs;

/* Draws the logs into the file at `path`. Fails with NEUME_FAILED where pictures cannot be drawn
 * here, NEUME_CANNOT_WRITE. */
neume_status nm_plot_save(const char *path, neume_context *context, nm_plot_logs logs,
                          const nm_plot_settings *settings, neume_error *error);

#endif
