/* SPDX-License-Identifier: ISC */
/* The values of options as a user would write them. */
#include "cli/opt.h"

#include <stdio.h>
#include <string.h>

static void format_unsigned(char *out, size_t size, const nm_opt *option, const void *field) {
    uint64_t value = 0;
    uint32_t narrow = 0;
    if (option->size == sizeof value)
        memcpy(&value, field, sizeof value);
    else
        memcpy(&narrow, field, sizeof narrow);
    const bool is_word = option->size == sizeof value ? value == UINT64_MAX : narrow == UINT32_MAX;
    if (option->word && is_word)
        snprintf(out, size, "%s", option->word);
    else
        snprintf(out, size, "%llu", (unsigned long long)(value + narrow));
}

static void format_real(char *out, size_t size, const nm_opt *option, const void *field) {
    double value;
    float narrow;
    if (option->size == sizeof value) {
        memcpy(&value, field, sizeof value);
        snprintf(out, size, "%g", value);
    } else {
        memcpy(&narrow, field, sizeof narrow);
        snprintf(out, size, "%g", (double)narrow);
    }
}

static void format_list(char *out, size_t size, const nm_opt_list *list) {
    size_t used = 0;
    snprintf(out, size, "none");
    for (unsigned i = 0; i < list->count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%u", i ? "," : "", list->values[i]);
}

static void format_bytes(char *out, size_t size, const nm_opt *option, const uint8_t *field) {
    nm_opt_list list = {0};
    while (list.count < NM_OPT_LIST_MAX && list.count < option->size && field[list.count]) {
        list.values[list.count] = field[list.count];
        list.count++;
    }
    format_list(out, size, &list);
}

static void format_interval(char *out, size_t size, const nm_opt_interval *interval) {
    snprintf(out, size, "%llu, and every %g s", (unsigned long long)interval->epochs,
             interval->seconds);
}

static void format_shifts(char *out, size_t size, const nm_opt_shifts *shifts) {
    if (shifts->low == 0 && shifts->high == 0)
        snprintf(out, size, "none");
    else
        snprintf(out, size, "%d..%d", shifts->low, shifts->high);
}

static void format_pitches(char *out, size_t size, const nm_opt_pitches *pitches) {
    snprintf(out, size, "%u-%u", pitches->low, pitches->high);
}

static void format_share(char *out, size_t size, const nm_opt_share *share) {
    if (share->count)
        snprintf(out, size, "%llu", (unsigned long long)share->count);
    else
        snprintf(out, size, "%g", share->fraction);
}

void nm_opt_format(char *out, size_t size, const nm_opt *option, const void *field) {
    const char *text = "";
    switch (option->kind) {
    case NM_OPT_FLAG:
        text = *(const bool *)field ? "on" : "off";
        break;
    case NM_OPT_UNSIGNED:
        format_unsigned(out, size, option, field);
        return;
    case NM_OPT_REAL:
    case NM_OPT_DURATION:
        format_real(out, size, option, field);
        return;
    case NM_OPT_CHOICE:
        text = option->choices[*(const unsigned *)field];
        break;
    case NM_OPT_TEXT:
        text = *(const char *const *)field ? *(const char *const *)field : "none";
        break;
    case NM_OPT_LIST:
        format_list(out, size, field);
        return;
    case NM_OPT_BYTES:
        format_bytes(out, size, option, field);
        return;
    case NM_OPT_RANGE:
        text = "all";
        break;
    case NM_OPT_SHARE:
        format_share(out, size, field);
        return;
    case NM_OPT_INTERVAL:
        format_interval(out, size, field);
        return;
    case NM_OPT_SHIFTS:
        format_shifts(out, size, field);
        return;
    case NM_OPT_KEY:
        snprintf(out, size, "%d", *(const int *)field);
        return;
    case NM_OPT_TARGET:
        text = "none";
        break;
    case NM_OPT_PITCHES:
        format_pitches(out, size, field);
        return;
    }
    snprintf(out, size, "%s", text);
}
