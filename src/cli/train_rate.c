/* SPDX-License-Identifier: ISC */
/* The options of `neume train` that say how the learning rate moves. */
#include "cli/train.h"

#define IN(member) NM_OPT_FIELD(train_settings, member)

static const char *const scalings[] = {"none", "linear", "sqrt", NULL};
static const char *const schedules[] = {"constant", "cosine", "step", "plateau", NULL};

#define FACTOR .value = "X", .is_above_low = true, .high = 1

const nm_opt nm_rate_options[NM_RATE_OPTIONS] = {
    {.name = "lr",
     .kind = NM_OPT_REAL,
     IN(train.learning_rate),
     .value = "X",
     .is_above_low = true,
     .help = "learning rate at its highest"},
    {.name = "schedule",
     .kind = NM_OPT_CHOICE,
     IN(train.schedule),
     .choices = schedules,
     .help = "of the learning rate over the planned updates, after the warm-up: constant; half a "
             "cosine down to the lowest; step, lower by a factor every so many updates; plateau, "
             "lower by a factor when validations no longer improve"},
    {.name = "warmup",
     .kind = NM_OPT_REAL,
     IN(train.warmup),
     .value = "SHARE",
     .high = 1,
     .help = "share of the planned updates in which the learning rate rises"},
    {.name = "lowest-lr",
     .kind = NM_OPT_REAL,
     IN(train.rates.lowest),
     .value = "X",
     .help = "the schedule goes no lower"},
    {.name = "restarts",
     .kind = NM_OPT_UNSIGNED,
     IN(train.rates.restarts),
     .value = "N",
     .most = 100,
     .help = "for cosine: begin it anew so many times, at the top (warm restarts)"},
    {.name = "restart-growth",
     .kind = NM_OPT_REAL,
     IN(train.rates.restart_growth),
     .value = "X",
     .low = 1,
     .high = 100,
     .help = "how many times as long as the period before it each period is"},
    {.name = "restart-height",
     .kind = NM_OPT_REAL,
     IN(train.rates.restart_height),
     FACTOR,
     .help = "how high it begins beside the period before it"},
    {.name = "step-every",
     .kind = NM_OPT_UNSIGNED,
     IN(train.rates.step_every),
     .value = "N",
     .least = 1,
     .default_text = "a quarter of those after the warm-up",
     .help = "for step: updates from one step to the next"},
    {.name = "step-factor",
     .kind = NM_OPT_REAL,
     IN(train.rates.step_factor),
     FACTOR,
     .help = "what a step multiplies the rate by"},
    {.name = "plateau-patience",
     .kind = NM_OPT_UNSIGNED,
     IN(train.rates.plateau_patience),
     .value = "N",
     .least = 1,
     .help = "for plateau: lower the rate after so many validations in a row without a better one"},
    {.name = "plateau-factor",
     .kind = NM_OPT_REAL,
     IN(train.rates.plateau_factor),
     FACTOR,
     .help = "what it is multiplied by then"},
    {.name = "lr-scaling",
     .kind = NM_OPT_CHOICE,
     IN(train.rates.scaling),
     .choices = scalings,
     .help = "on several machines, whose batches are as one: multiply the rate by their number, or "
             "by its square root"},
    {.name = "find-lr",
     .kind = NM_OPT_FLAG,
     IN(finds_rate),
     .help =
         "train no model: raise the learning rate from update to update, say what the loss does "
         "and suggest a rate; --log gets the curve, --max-updates is how many (default 200)"},
    {.name = "find-lr-from",
     .kind = NM_OPT_REAL,
     IN(range.low),
     .value = "X",
     .is_above_low = true,
     .high = 1e6,
     .default_text = "a thousandth of --lr",
     .help = "the rate of its first update"},
    {.name = "find-lr-to",
     .kind = NM_OPT_REAL,
     IN(range.high),
     .value = "X",
     .is_above_low = true,
     .high = 1e6,
     .default_text = "a hundred times --lr",
     .help = "the rate of its last update"},
};

/* The options that one schedule alone looks at; given with another they would do nothing. */
neume_status nm_train_check_rate(const train_settings *settings, const nm_arguments *arguments,
                                 neume_error *error) {
    static const struct {
        const char *option;
        neume_schedule schedule;
    } owners[] = {
        {"restarts", NEUME_SCHEDULE_COSINE},       {"restart-growth", NEUME_SCHEDULE_COSINE},
        {"restart-height", NEUME_SCHEDULE_COSINE}, {"step-every", NEUME_SCHEDULE_STEP},
        {"step-factor", NEUME_SCHEDULE_STEP},      {"plateau-patience", NEUME_SCHEDULE_PLATEAU},
        {"plateau-factor", NEUME_SCHEDULE_PLATEAU}};
    if (!settings->finds_rate && (settings->range.low > 0 || settings->range.high > 0))
        return nm_report_fail(error, NEUME_BAD_USAGE,
                              "--find-lr-from and --find-lr-to: for --find-lr alone");
    if (settings->finds_rate && (settings->is_dry_run || settings->train.resume))
        return nm_report_fail(error, NEUME_BAD_USAGE, "--find-lr and --%s contradict each other",
                              settings->is_dry_run ? "dry-run" : "resume");
    for (size_t i = 0; i < NM_OPT_COUNT(owners); i++)
        if (nm_opt_given(arguments, owners[i].option) &&
            settings->train.schedule != owners[i].schedule)
            return nm_report_fail(error, NEUME_BAD_USAGE, "--%s: for --schedule %s, not %s",
                                  owners[i].option, schedules[owners[i].schedule],
                                  schedules[settings->train.schedule]);
    return NEUME_OK;
}
