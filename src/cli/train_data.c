/* SPDX-License-Identifier: ISC */
/* The options of `neume train` that say what it trains on. */
#include "cli/train.h"

#define IN(member) NM_OPT_FIELD(train_settings, member)

const nm_opt nm_cache_options[NM_CACHE_OPTIONS] = {
    {.name = "cache",
     .kind = NM_OPT_TEXT,
     IN(cache),
     .value = "DIR|none",
     .default_text = "the user's: $XDG_CACHE_HOME/neume or ~/.cache/neume",
     .help = "where the words of files that were read are kept, so that only files that are new or "
             "have changed are read again; with none, words are held in memory"},
    {.name = "verify",
     .kind = NM_OPT_FLAG,
     IN(corpus.verify_cache),
     .help = "tell whether a file has changed by its bytes, not by its size, time and inode"},
};

static const char *const near_duplicates[] = {"together", "drop", "ignore", NULL};
static const char *const label_sources[] = {"none", "folder", NULL};

const nm_opt nm_data_options[NM_DATA_OPTIONS] = {
    {.name = "valid",
     .kind = NM_OPT_SHARE,
     IN(valid),
     .value = "N|FRACTION",
     .help = "pieces held out for validation: a number of them, or a fraction with a point"},
    {.name = "valid-from",
     .kind = NM_OPT_TEXT,
     IN(valid_from),
     .value = "DIR",
     .help = "take the validation pieces from this folder instead"},
    {.name = "near-duplicates",
     .kind = NM_OPT_CHOICE,
     IN(corpus.near_duplicates),
     .choices = near_duplicates,
     .help =
         "pieces of the same notes in another key, tempo, velocity or instrument: together, all "
         "to train on or all held out; drop, all but the first; or ignore it"},
    {.name = "valid-every",
     .kind = NM_OPT_UNSIGNED,
     IN(train.valid_every),
     .value = "N",
     .least = 1,
     .default_text = "an epoch",
     .help = "updates from one validation to the next"},
    {.name = "transpose",
     .kind = NM_OPT_SHIFTS,
     IN(transpose),
     .value = "LOW..HIGH",
     .help = "train on the pieces in other keys too, so many semitones lower to so many higher, "
             "drawn anew for each piece and epoch; none, or all: -5..6"},
    {.name = "keep-key",
     .kind = NM_OPT_REAL,
     IN(train.keep_key),
     .value = "P",
     .high = 1,
     .help = "share of the pieces that stay in their key all the same"},
    {.name = "labels",
     .kind = NM_OPT_CHOICE,
     IN(corpus.labels),
     .choices = label_sources,
     .help =
         "what tells the style of a piece: the name of the first folder below INPUT that it lies "
         "in, or of INPUT itself; neume generate --label then composes in a style"},
    {.name = "min-steps",
     .kind = NM_OPT_UNSIGNED,
     IN(corpus.min_steps),
     .value = "N",
     .help = "pieces of fewer steps are left out"},
    {.name = "max-steps",
     .kind = NM_OPT_UNSIGNED,
     IN(corpus.max_steps),
     .value = "N",
     .least = 1,
     .help = "pieces of more steps are left out, so that no one file is most of an epoch"},
    {.name = "overfit",
     .kind = NM_OPT_FLAG,
     IN(train.overfit),
     .help = "train on the first batch over and over: the loss must go to 0, or neume is broken"},
};
