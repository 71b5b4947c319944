/* SPDX-License-Identifier: ISC */
#include "learn/schedule.h"

#include "base/error.h"

#include <math.h>

enum { MAX_RESTARTS = 100 };

neume_schedule_options neume_schedule_options_default(void) {
    return (neume_schedule_options){.restart_growth = 2,
                                    .restart_height = 1,
                                    .step_factor = 0.5,
                                    .plateau_patience = 3,
                                    .plateau_factor = 0.5};
}

/* Of R + 1 periods, each g times as long as the one before, in n updates: where period i begins,
 * b_i = floor(n (g^i - 1) / (g^(R + 1) - 1)), or floor(n i / (R + 1)) where g is 1. */
static uint64_t begin_of(const neume_schedule_options *options, uint64_t i, uint64_t n) {
    const double g = options->restart_growth, periods = (double)options->restarts + 1;
    const double share =
        g > 1 ? (pow(g, (double)i) - 1) / (pow(g, periods) - 1) : (double)i / periods;
    return i > options->restarts ? n : (uint64_t)floor((double)n * share);
}

/* rate = low + (h - low) (1 + cos(pi s)) / 2 at share s of period i, whose height is h = lr k^i. */
static double cosine(const neume_train_options *options, uint64_t u, uint64_t n) {
    const neume_schedule_options *of = &options->rates;
    uint64_t i = 0;
    while (i < of->restarts && u >= begin_of(of, i + 1, n))
        i++;
    const uint64_t begin = of->restarts ? begin_of(of, i, n) : 0;
    const uint64_t end = of->restarts ? begin_of(of, i + 1, n) : n;
    const double height =
        i ? options->learning_rate * pow(of->restart_height, (double)i) : options->learning_rate;
    const double share = (double)(u - begin) / (double)(end - begin);
    return of->lowest + (height - of->lowest) * 0.5 * (1.0 + cos(3.141592653589793 * share));
}

/* rate = lr f^floor(u / every). */
static double step(const neume_train_options *options, uint64_t u, uint64_t n) {
    const neume_schedule_options *of = &options->rates;
    const uint64_t every = of->step_every ? of->step_every : (n + 3) / 4;
    return options->learning_rate * pow(of->step_factor, (double)(u / every));
}

/* rise = ceil(warmup * planned) updates:  rate = lr t / rise;  then, u = 0, 1, ... of n = planned -
 * rise, the schedule's, or the lowest. */
double nm_schedule_rate(const neume_train_options *options, uint64_t update, uint64_t planned,
                        uint64_t drops) {
    if (update > planned)
        update = planned;
    const uint64_t rise = (uint64_t)ceil(options->warmup * (double)planned);
    if (update <= rise)
        return options->learning_rate * (double)update / (double)rise;
    const uint64_t u = update - rise - 1, n = planned - rise;
    double rate = options->learning_rate;
    if (options->schedule == NEUME_SCHEDULE_COSINE)
        rate = cosine(options, u, n);
    else if (options->schedule == NEUME_SCHEDULE_STEP)
        rate = step(options, u, n);
    else if (options->schedule == NEUME_SCHEDULE_PLATEAU)
        rate *= pow(options->rates.plateau_factor, (double)drops);
    return fmax(rate, options->rates.lowest);
}

bool nm_plateau_note(nm_plateau *plateau, const neume_schedule_options *options, double loss) {
    if (isnan(loss))
        return false;
    const bool is_better = plateau->seen == 0 || loss < plateau->best;
    plateau->seen++;
    plateau->worse = is_better ? 0 : plateau->worse + 1;
    if (is_better)
        plateau->best = loss;
    if (plateau->worse < options->plateau_patience)
        return false;
    plateau->worse = 0;
    plateau->drops++;
    return true;
}

double nm_average_decay(double decay, uint64_t update) {
    const double young = (1.0 + (double)update) / (10.0 + (double)update);
    return young < decay ? young : decay;
}

static bool is_factor(double factor) {
    return factor > 0 && factor <= 1;
}

neume_status nm_schedule_check(const neume_train_options *options, neume_error *error) {
    const neume_schedule_options *of = &options->rates;
    const struct {
        const char *name;
        double value;
        bool is_good;
        const char *expected;
    } checks[] = {
        {"lowest learning rate", of->lowest,
         of->lowest >= 0 && of->lowest <= options->learning_rate, "0 to the learning rate"},
        {"restarts", (double)of->restarts, of->restarts <= MAX_RESTARTS, "0 to 100"},
        {"restart growth", of->restart_growth, of->restart_growth >= 1 && of->restart_growth <= 100,
         "1 to 100"},
        {"restart height", of->restart_height, is_factor(of->restart_height), "above 0, to 1"},
        {"step factor", of->step_factor, is_factor(of->step_factor), "above 0, to 1"},
        {"plateau patience", (double)of->plateau_patience, of->plateau_patience >= 1, "1 or more"},
        {"plateau factor", of->plateau_factor, is_factor(of->plateau_factor), "above 0, to 1"},
    };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        if (!checks[i].is_good)
            return nm_fail(error, NEUME_BAD_USAGE, "%s %g: expected %s", checks[i].name,
                           checks[i].value, checks[i].expected);
    return NEUME_OK;
}
