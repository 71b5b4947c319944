/* SPDX-License-Identifier: ISC */
/* The options of `neume train` that say how the learning rate moves. */
#include "cli/train.h"

#define IN(member) NM_OPT_FIELD(train_settings, member)

static const char *const schedules[] = {"constant", "cosine", NULL};

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
     .help = "of the learning rate over the planned updates; cosine ends at 0"},
    {.name = "warmup",
     .kind = NM_OPT_REAL,
     IN(train.warmup),
     .value = "SHARE",
     .high = 1,
     .help = "share of the planned updates in which the learning rate rises"},
};
