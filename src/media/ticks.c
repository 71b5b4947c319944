/* SPDX-License-Identifier: ISC */
#include "media/ticks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

nm_range nm_range_empty(void) {
    return (nm_range){INFINITY, -INFINITY};
}

bool nm_range_is_empty(nm_range range) {
    return range.low > range.high;
}

/* Beyond this, and nearer to 0 on a logarithmic scale, squares and ratios may overflow: no loss is
 * there. */
#define FURTHEST 1e100

static bool is_near(double value) {
    return fabs(value) <= FURTHEST; /* false for NAN */
}

bool nm_has_place(double value, bool is_log) {
    return is_near(value) && (!is_log || value >= 1 / FURTHEST);
}

void nm_range_add(nm_range *range, double value) {
    if (!is_near(value))
        return;
    range->low = fmin(range->low, value);
    range->high = fmax(range->high, value);
}

#define ROOM 0.04 /* of the range, above and below */
#define NEAR_ZERO                                                                                  \
    0.12 /* the share of the highest below which the lowest is so near that 0 is shown */

/* One value alone stands in the middle. */
static nm_range with_room(nm_range range) {
    const double span = range.high - range.low;
    const double size = fmax(fabs(range.low), fabs(range.high));
    if (span > 1e-9 * size && size > 1 / FURTHEST)
        return (nm_range){range.low - ROOM * span, range.high + ROOM * span};
    const double room = size > 1 / FURTHEST ? 0.1 * size : 1;
    return (nm_range){range.low - room, range.high + room};
}

nm_scale nm_scale_fit(nm_range range, bool is_log) {
    if (nm_range_is_empty(range))
        return (nm_scale){.low = is_log ? 0.1 : 0, .high = 1, .is_log = is_log};
    if (!is_log) {
        nm_range wide = with_room(range);
        if (range.low >= 0 && range.low < NEAR_ZERO * range.high)
            wide.low = 0;
        return (nm_scale){.low = wide.low, .high = wide.high};
    }
    const nm_range decades = with_room((nm_range){log10(range.low), log10(range.high)});
    return (nm_scale){.low = pow(10, decades.low), .high = pow(10, decades.high), .is_log = true};
}

double nm_scale_place(const nm_scale *scale, double value) {
    double share;
    if (scale->is_log)
        share = (log(value) - log(scale->low)) / (log(scale->high) - log(scale->low));
    else
        share = (value - scale->low) / (scale->high - scale->low);
    return scale->from + share * (scale->to - scale->from);
}

bool nm_scale_has(const nm_scale *scale, double value) {
    return nm_has_place(value, scale->is_log);
}

static void add(nm_ticks *out, double value, double step) {
    if (out->count >= NM_TICK_COUNT)
        return;
    nm_tick *tick = &out->ticks[out->count++];
    tick->value = value;
    tick->text[0] = '\0';
    if (step > 0)
        nm_tick_text(tick->text, value, step);
}

/* The least of 1, 2, 5 times a power of ten that is no smaller. */
static double round_up(double step) {
    const double power = pow(10, floor(log10(step)));
    static const double factors[] = {1, 2, 5, 10};
    unsigned i = 0;
    while (i < 3 && factors[i] * power < step * (1 - 1e-9))
        i++;
    return factors[i] * power;
}

static void choose_linear(nm_ticks *out, const nm_scale *scale, unsigned most) {
    const double span = scale->high - scale->low, step = round_up(span / most);
    const double slack = 1e-9 * span;
    const double first = ceil((scale->low - slack) / step);
    for (unsigned i = 0; i < NM_TICK_COUNT && (first + i) * step <= scale->high + slack; i++)
        add(out, (first + i) * step == 0 ? 0 : (first + i) * step, step);
}

/* Factors of the decades that are named: 1; 1, 2, 5; or every `every`th decade alone. */
typedef struct decades {
    int first, last, every;
    bool has_two_five, has_others;
} decades;

static bool is_named(const decades *of, int decade, int factor) {
    if (factor == 1)
        return decade % of->every == 0;
    return of->has_two_five && (factor == 2 || factor == 5);
}

static void add_decade(nm_ticks *out, const nm_scale *scale, const decades *of, int decade) {
    const double power = pow(10, decade);
    for (int factor = 1; factor < 10; factor++) {
        const double value = factor * power;
        const bool is_inside =
            value >= scale->low * (1 - 1e-9) && value <= scale->high * (1 + 1e-9);
        const bool named = is_named(of, decade, factor);
        if (is_inside && (named || of->has_others))
            add(out, value, named ? power : 0);
    }
}

/* How many of 1, 2 and 5 times the powers of ten lie within. */
static unsigned count_named(const nm_scale *scale, const decades *of) {
    unsigned count = 0;
    for (int decade = of->first; decade <= of->last; decade++)
        for (int factor = 1; factor < 10; factor++) {
            const double value = factor * pow(10, decade);
            count += value >= scale->low && value <= scale->high && is_named(of, decade, factor);
        }
    return count;
}

static void choose_log(nm_ticks *out, const nm_scale *scale, unsigned most) {
    decades of = {(int)floor(log10(scale->low)), (int)floor(log10(scale->high)), 1, true, true};
    const unsigned count = count_named(scale, &of);
    if (count < 3) {
        choose_linear(out, scale, most);
        return;
    }
    of.has_two_five = count <= most + 1;
    of.has_others = 9 * (unsigned)(of.last - of.first) <= 5 * most;
    while ((unsigned)((of.last - of.first) / of.every) > most)
        of.every++;
    for (int decade = of.first; decade <= of.last; decade++)
        add_decade(out, scale, &of, decade);
}

void nm_ticks_choose(nm_ticks *out, const nm_scale *scale, unsigned most) {
    out->count = 0;
    if (scale->is_log)
        choose_log(out, scale, most);
    else
        choose_linear(out, scale, most);
}

/* "2×10⁻⁶", "10⁷"; of what needs more digits "1.25×10⁷". */
static void put_power(char *out, double value) {
    static const char *const digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    const int power = (int)floor(log10(fabs(value)) + 1e-9);
    char factor[16], exponent[8], raised[32] = "";
    snprintf(factor, sizeof factor, "%.3g", value / pow(10, power));
    snprintf(exponent, sizeof exponent, "%d", power);
    for (const char *c = exponent; *c; c++)
        strcat(raised, *c == '-' ? "⁻" : digits[*c - '0']);
    if (strcmp(factor, "1") == 0)
        snprintf(out, NM_TICK_TEXT, "10%s", raised);
    else
        snprintf(out, NM_TICK_TEXT, "%s×10%s", factor, raised);
}

/* "1,500,000": a whole number of at most 15 digits. */
static void put_whole(char *out, double value) {
    char digits[NM_TICK_TEXT];
    const int length = snprintf(digits, sizeof digits, "%.0f", fabs(value));
    char *to = out;
    if (value < 0)
        to += sprintf(to, "−");
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
}

void nm_tick_text(char *out, double value, double step) {
    const double size = fabs(value);
    const int decimals = (int)ceil(-log10(step) - 1e-9);
    if (value == 0)
        strcpy(out, "0");
    else if (size >= 1e7 || (decimals > 5 && size < 1e-3))
        put_power(out, value);
    else if (decimals <= 0)
        put_whole(out, value);
    else
        snprintf(out, NM_TICK_TEXT, "%s%.*f", value < 0 ? "−" : "", decimals > 15 ? 15 : decimals,
                 size);
}
