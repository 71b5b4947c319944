/* SPDX-License-Identifier: ISC */
/* The values of options from text, strictly. */
#include "cli/opt.h"

#include "cli/report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool read_unsigned(uint64_t *out, const char *text, const char **end) {
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    char *stop;
    *out = strtoull(text, &stop, 10);
    *end = stop;
    return errno == 0;
}

/* Decimal numbers only: strtod would also take "inf", "nan" and hexadecimal. */
static bool read_real(double *out, const char *text, const char **end) {
    if (text[strspn(text, "+-0123456789.")] == 'x' || strpbrk(text, "xX") ||
        !strchr("+-.0123456789", text[0]) || text[0] == '\0')
        return false;
    char *stop;
    *out = strtod(text, &stop);
    *end = stop;
    return stop != text && isfinite(*out);
}

static bool read_duration(double *out, const char *text) {
    const char *end;
    if (!read_real(out, text, &end) || *out < 0)
        return false;
    const double unit = *end == 'h' ? 3600 : *end == 'm' ? 60 : 1;
    if (*end && strchr("smh", *end))
        end++;
    *out *= unit;
    return *end == '\0';
}

static uint64_t largest(const nm_opt *option) {
    if (option->most)
        return option->most;
    return option->size == 8 ? UINT64_MAX : UINT32_MAX;
}

static bool store_unsigned(const nm_opt *option, const char *text, void *field) {
    uint64_t value;
    const char *end;
    if (option->word && strcmp(text, option->word) == 0)
        value = UINT64_MAX;
    else if (!read_unsigned(&value, text, &end) || *end || value < option->least ||
             value > largest(option))
        return false;
    const uint32_t narrow = (uint32_t)value;
    if (option->size == sizeof value)
        memcpy(field, &value, sizeof value);
    else
        memcpy(field, &narrow, sizeof narrow);
    return true;
}

static bool is_within(const nm_opt *option, double value) {
    if (value < option->low || (option->is_above_low && value <= option->low))
        return false;
    if (option->high <= 0)
        return true;
    return option->is_below_high ? value < option->high : value <= option->high;
}

static bool store_real(const nm_opt *option, const char *text, void *field) {
    double value;
    const char *end;
    if (!read_real(&value, text, &end) || *end || !is_within(option, value))
        return false;
    const float narrow = (float)value;
    if (option->size == sizeof value)
        memcpy(field, &value, sizeof value);
    else
        memcpy(field, &narrow, sizeof narrow);
    return true;
}

static bool store_duration(const char *text, double *field) {
    return read_duration(field, text);
}

static bool store_choice(const nm_opt *option, const char *text, unsigned *field) {
    for (unsigned i = 0; option->choices[i]; i++)
        if (strcmp(option->choices[i], text) == 0) {
            *field = i;
            return true;
        }
    return false;
}

static bool store_list(const nm_opt *option, const char *text, nm_opt_list *field) {
    nm_opt_list list = {0};
    for (;; text++) {
        uint64_t value;
        if (list.count == NM_OPT_LIST_MAX || !read_unsigned(&value, text, &text) ||
            value < option->least || value > option->most)
            return false;
        list.values[list.count++] = (uint32_t)value;
        if (*text != ',')
            break;
    }
    *field = list;
    return *text == '\0';
}

static bool store_bytes(const nm_opt *option, const char *text, uint8_t *field) {
    nm_opt_list list;
    if (!store_list(option, text, &list) || list.count > option->size)
        return false;
    memset(field, 0, option->size);
    for (unsigned i = 0; i < list.count; i++)
        field[i] = (uint8_t)list.values[i];
    return true;
}

static bool store_range(const char *text, nm_opt_range *field) {
    nm_opt_range range;
    if (!read_unsigned(&range.first, text, &text))
        return false;
    range.last = range.first;
    if (*text == '-' && !read_unsigned(&range.last, text + 1, &text))
        return false;
    *field = range;
    return *text == '\0' && range.first >= 1 && range.first <= range.last;
}

/* A whole number counts; a number with a point is a fraction. */
static bool store_share(const char *text, nm_opt_share *field) {
    nm_opt_share share = {0};
    const char *end;
    const bool is_read = strchr(text, '.') ? read_real(&share.fraction, text, &end)
                                           : read_unsigned(&share.count, text, &end);
    *field = share;
    return is_read && *end == '\0' && share.fraction >= 0 && share.fraction < 1;
}

static bool store_interval(const char *text, nm_opt_interval *field) {
    nm_opt_interval interval = {0};
    const size_t length = strlen(text);
    const bool is_time = length && strchr("smh", text[length - 1]);
    const char *end = "";
    const bool is_read = is_time ? read_duration(&interval.seconds, text)
                                 : read_unsigned(&interval.epochs, text, &end);
    *field = interval;
    return is_read && *end == '\0';
}

enum { MOST_SEMITONES = 48 };

static bool read_semitones(int *out, const char *text, const char **end) {
    char *stop;
    const long value = strtol(text, &stop, 10);
    *end = stop;
    *out = value >= -MOST_SEMITONES && value <= MOST_SEMITONES ? (int)value : MOST_SEMITONES + 1;
    return stop != text && *out <= MOST_SEMITONES && strchr("+-0123456789", text[0]);
}

static bool store_shifts(const char *text, nm_opt_shifts *field) {
    nm_opt_shifts shifts = {0, 0};
    const char *end;
    if (strcmp(text, "all") == 0)
        shifts = (nm_opt_shifts){-5, 6};
    else if (strcmp(text, "none") != 0 &&
             (!read_semitones(&shifts.low, text, &end) || strncmp(end, "..", 2) != 0 ||
              !read_semitones(&shifts.high, end + 2, &end) || *end))
        return false;
    *field = shifts;
    return shifts.low <= 0 && shifts.high >= 0;
}

static bool store_key(const char *text, int *field) {
    const char *end;
    return read_semitones(field, text, &end) && *end == '\0';
}

static bool store_target(const char *text, nm_opt_target *field) {
    const char *equals = strchr(text, '='), *end;
    const size_t length = equals ? (size_t)(equals - text) : 0;
    if (length == 0 || length >= sizeof field->name || !read_real(&field->value, equals + 1, &end))
        return false;
    memcpy(field->name, text, length);
    field->name[length] = '\0';
    return *end == '\0' && field->value > 0;
}

static bool store_pitches(const char *text, nm_opt_pitches *field) {
    uint64_t low, high;
    const char *end;
    if (!read_unsigned(&low, text, &end) || *end != '-' || !read_unsigned(&high, end + 1, &end) ||
        *end || low > high || high > 127)
        return false;
    *field = (nm_opt_pitches){(uint8_t)low, (uint8_t)high};
    return true;
}

static bool store(const nm_opt *option, const char *text, void *field) {
    switch (option->kind) {
    case NM_OPT_FLAG:
        *(bool *)field = true;
        return true;
    case NM_OPT_UNSIGNED:
        return store_unsigned(option, text, field);
    case NM_OPT_REAL:
        return store_real(option, text, field);
    case NM_OPT_DURATION:
        return store_duration(text, field);
    case NM_OPT_CHOICE:
        return store_choice(option, text, field);
    case NM_OPT_TEXT:
        *(const char **)field = text;
        return *text != '\0';
    case NM_OPT_LIST:
        return store_list(option, text, field);
    case NM_OPT_BYTES:
        return store_bytes(option, text, field);
    case NM_OPT_RANGE:
        return store_range(text, field);
    case NM_OPT_SHARE:
        return store_share(text, field);
    case NM_OPT_INTERVAL:
        return store_interval(text, field);
    case NM_OPT_SHIFTS:
        return store_shifts(text, field);
    case NM_OPT_KEY:
        return store_key(text, field);
    case NM_OPT_TARGET:
        return store_target(text, field);
    case NM_OPT_PITCHES:
        return store_pitches(text, field);
    }
    return false;
}

static void join_choices(char *out, size_t size, const nm_opt *option, const char *between) {
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 0; option->choices[i] && used < size; i++)
        used +=
            (size_t)snprintf(out + used, size - used, "%s%s", i ? between : "", option->choices[i]);
}

static void expect_unsigned(char *out, size_t size, const nm_opt *option) {
    const char *word = option->word ? option->word : "";
    const char *either = option->word ? ", or " : "";
    if (option->most)
        snprintf(out, size, "a whole number from %llu to %llu%s%s",
                 (unsigned long long)option->least, (unsigned long long)option->most, either, word);
    else if (option->least)
        snprintf(out, size, "a whole number of at least %llu%s%s",
                 (unsigned long long)option->least, either, word);
    else
        snprintf(out, size, "a whole number%s%s", either, word);
}

static void expect_real(char *out, size_t size, const nm_opt *option) {
    const char *low = option->is_above_low ? "above" : "of at least";
    const char *high = option->is_below_high ? "below" : "at most";
    if (option->high <= 0)
        snprintf(out, size, "a number %s %g", low, option->low);
    else if (option->is_above_low || option->is_below_high)
        snprintf(out, size, "a number %s %g and %s %g", low, option->low, high, option->high);
    else
        snprintf(out, size, "a number from %g to %g", option->low, option->high);
}

void nm_opt_expect(char *out, const nm_opt *option) {
    static const char *const texts[] = {
        [NM_OPT_DURATION] = "a duration such as 30, 30s, 10m or 2h",
        [NM_OPT_TEXT] = "a text that is not empty",
        [NM_OPT_RANGE] = "a range such as 1-8",
        [NM_OPT_SHARE] = "a number of pieces such as 20, or a fraction below 1 such as 0.1",
        [NM_OPT_INTERVAL] = "a number of epochs such as 2, or a time such as 5m",
        [NM_OPT_SHIFTS] = "none, all, or semitones such as -3..4, from -48..0 to 0..48",
        [NM_OPT_KEY] = "semitones from -48 to 48",
        [NM_OPT_TARGET] = "a loss and its value above 0 such as note=1.0",
        [NM_OPT_PITCHES] = "MIDI notes such as 24-101, from 0 to 127"};
    const size_t size = NM_OPT_EXPECTED;
    if (option->kind == NM_OPT_UNSIGNED) {
        expect_unsigned(out, size, option);
    } else if (option->kind == NM_OPT_REAL) {
        expect_real(out, size, option);
    } else if (option->kind == NM_OPT_LIST || option->kind == NM_OPT_BYTES) {
        snprintf(out, size, "1 to %d whole numbers from %llu to %llu such as %s", NM_OPT_LIST_MAX,
                 (unsigned long long)option->least, (unsigned long long)option->most,
                 option->kind == NM_OPT_LIST ? "512,512" : "2,4");
    } else if (option->kind == NM_OPT_CHOICE) {
        const int used = snprintf(out, size, "one of ");
        join_choices(out + used, size - (size_t)used, option, ", ");
    } else {
        snprintf(out, size, "%s", texts[option->kind]);
    }
}

neume_status nm_opt_store(const nm_opt *option, const char *text, void *field, neume_error *error) {
    if (store(option, text, field))
        return NEUME_OK;
    char expected[NM_OPT_EXPECTED];
    nm_opt_expect(expected, option);
    return nm_report_fail(error, NEUME_BAD_USAGE, "--%s %s: expected %s", option->name, text,
                          expected);
}

void nm_opt_value_name(char *out, size_t size, const nm_opt *option) {
    if (option->kind == NM_OPT_CHOICE)
        join_choices(out, size, option, "|");
    else
        snprintf(out, size, "%s", option->kind == NM_OPT_FLAG ? "" : option->value);
}
