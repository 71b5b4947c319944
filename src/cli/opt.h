/* SPDX-License-Identifier: ISC */
/* Options as tables. A row says how an option is called, what values it takes and into which field
 * of the command's settings they go; parser, help, man pages and completion all read the same rows.
 */
#ifndef NM_CLI_OPT_H
#define NM_CLI_OPT_H

#include <neume/status.h>

typedef enum nm_opt_kind {
    NM_OPT_FLAG,     /* bool; takes no value */
    NM_OPT_UNSIGNED, /* a whole number, into 4 or 8 bytes */
    NM_OPT_REAL,     /* float or double */
    NM_OPT_DURATION, /* double, seconds: 30, 30s, 10m, 2h */
    NM_OPT_CHOICE,   /* an enum of 4 bytes: the index of the word in `choices` */
    NM_OPT_TEXT,     /* const char *, not empty */
    NM_OPT_LIST,     /* nm_opt_list: 512,512 */
    NM_OPT_BYTES,    /* uint8_t [size]: 2,4; 0 behind the last */
    NM_OPT_RANGE,    /* nm_opt_range: 3-8, or 3 */
    NM_OPT_SHARE,    /* nm_opt_share: 20 or 0.1 */
    NM_OPT_INTERVAL, /* nm_opt_interval: 2 (epochs) or 5m */
    NM_OPT_SHIFTS,   /* nm_opt_shifts: none, all or -3..4 */
    NM_OPT_KEY,      /* int, semitones: 2, -3 */
    NM_OPT_TARGET,   /* nm_opt_target: note=1.0 */
    NM_OPT_PITCHES   /* nm_opt_pitches: 24-101 */
} nm_opt_kind;

enum { NM_OPT_LIST_MAX = 8 };

typedef struct nm_opt_list {
    uint32_t values[NM_OPT_LIST_MAX];
    unsigned count;
} nm_opt_list;

typedef struct nm_opt_range {
    uint64_t first, last; /* 1 <= first <= last; 0, 0: not given */
} nm_opt_range;

typedef struct nm_opt_share {
    double fraction; /* 0 <= fraction < 1; used where count is 0 */
    uint64_t count;
} nm_opt_share;

typedef struct nm_opt_interval {
    uint64_t epochs; /* 0: not by epochs */
    double seconds;  /* 0: not by time */
} nm_opt_interval;

typedef struct nm_opt_shifts {
    int low, high; /* semitones, low <= 0 <= high; "all": -5, 6 */
} nm_opt_shifts;

typedef struct nm_opt_pitches {
    uint8_t low, high; /* MIDI notes, low <= high <= 127 */
} nm_opt_pitches;

typedef struct nm_opt_target {
    char name[32]; /* "": not given */
    double value;
} nm_opt_target;

typedef struct nm_opt {
    const char *name; /* long name, without dashes */
    char letter;      /* short name, or 0 */
    nm_opt_kind kind;
    size_t offset, size;        /* of the field in the struct of its group */
    const char *value;          /* what help calls the value: "FILE"; NULL for flags and choices */
    uint64_t least, most;       /* of a whole number; most 0: as large as the field */
    double low, high;           /* of a real; high 0: any */
    bool is_above_low;          /* low itself is excluded */
    bool is_below_high;         /* high itself is excluded */
    const char *word;           /* stands for a field of all ones: "all"; or NULL */
    const char *const *choices; /* NULL at the end */
    size_t default_offset;      /* of the field whose value is the default; 0: the option's own */
    const char *default_text;   /* NULL: the value that the settings start with */
    const char *help;
} nm_opt;

/* The field of an option's row. */
#define NM_OPT_FIELD(type, member)                                                                 \
    .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

/* Options under one heading; commands share groups, each at its own place in their settings. */
typedef struct nm_opt_group {
    const char *title;
    const nm_opt *options;
    size_t count;
    size_t base; /* of the group's struct in the settings */
} nm_opt_group;

typedef struct nm_opt_table {
    const nm_opt_group *groups;
    size_t count;
} nm_opt_table;

#define NM_OPT_COUNT(array) (sizeof(array) / sizeof *(array))

typedef struct nm_opt_match {
    const nm_opt *option;
    size_t base;
    const char *text; /* its value; NULL for a flag */
} nm_opt_match;

/* A command line taken apart; the texts are argv's. */
typedef struct nm_arguments {
    nm_opt_match *matches;
    size_t match_count, match_capacity;
    const char **operands;
    size_t operand_count;
} nm_arguments;

/* Takes `argv` [argc] apart: long options and their unambiguous beginnings, short ones, operands in
 * any order. Fails with NEUME_BAD_USAGE. The caller clears `out`, also after failure. */
neume_status nm_opt_scan(nm_arguments *out, const nm_opt_table *table, int argc, char **argv,
                         neume_error *error);
void nm_arguments_clear(nm_arguments *arguments);

/* The last value given to an option, or NULL. */
const char *nm_opt_given(const nm_arguments *arguments, const char *name);

/* Stores every value into the settings. Fails with NEUME_BAD_USAGE naming the option and what it
 * expects. */
neume_status nm_opt_apply(const nm_arguments *arguments, void *settings, neume_error *error);

enum { NM_OPT_EXPECTED = 256 };

/* The values that the option takes, in words, into `out` [NM_OPT_EXPECTED]. */
void nm_opt_expect(char *out, const nm_opt *option);

/* Stores one value into its field. */
neume_status nm_opt_store(const nm_opt *option, const char *text, void *field, neume_error *error);

/* The field's value as a user would write it, into `out` [size]. */
void nm_opt_format(char *out, size_t size, const nm_opt *option, const void *field);

/* What values the option takes: "N", "fifo|last"; "" for a flag. */
void nm_opt_value_name(char *out, size_t size, const nm_opt *option);

/* Edits from one word to the other (Levenshtein 1966); words beyond 63 bytes are far from all. */
unsigned nm_opt_distance(const char *a, const char *b);

/* Whether a word so far away may be a slip of the pen. */
bool nm_opt_is_near(const char *word, unsigned distance);

#endif
