/* SPDX-License-Identifier: ISC */
/* Bars of a score, cut out. */
#include "base/error.h"
#include "music/score.h"

#include <inttypes.h>

/* Ticks from `start` to `end`. */
typedef struct span {
    uint64_t start, end;
} span;

/* Ticks of a bar: 4 quarters * numerator / denominator, at least 1. */
static uint64_t bar_ticks(const neume_score *score, const neume_time_signature *metre) {
    const uint64_t whole = 4 * (uint64_t)neume_score_ticks_per_quarter(score);
    const uint64_t ticks = whole * metre->numerator / metre->denominator;
    return ticks ? ticks : 1;
}

static uint64_t add_bars(uint64_t start, uint64_t bars, uint64_t length) {
    uint64_t ticks, end;
    if (__builtin_mul_overflow(bars, length, &ticks) || __builtin_add_overflow(start, ticks, &end))
        return UINT64_MAX;
    return end;
}

/* Where bar 0, 1, ... begins: 4/4 until the first time signature; a bar that a time signature cuts
 * short counts as one. */
static uint64_t bar_start(const neume_score *score, uint64_t bar) {
    size_t count;
    const neume_time_signature *metres = neume_score_time_signatures(score, &count);
    const neume_time_signature common = {.numerator = 4, .denominator = 4};
    uint64_t start = 0, length = bar_ticks(score, &common);
    for (size_t i = 0; i < count; i++) {
        const uint64_t ticks = metres[i].start_ticks - start;
        const uint64_t bars = ticks / length + (ticks % length != 0);
        if (bar < bars)
            break;
        bar -= bars;
        start = metres[i].start_ticks;
        length = bar_ticks(score, &metres[i]);
    }
    return add_bars(start, bar, length);
}

static uint64_t moved(uint64_t ticks, const span *bars) {
    return ticks <= bars->start ? 0 : ticks - bars->start;
}

static neume_status copy_notes(neume_score *to, const neume_score *from, const span *bars) {
    size_t count;
    const neume_note *notes = neume_score_notes(from, &count);
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < count && !status; i++) {
        neume_note note = notes[i];
        if (note.start_ticks < bars->start || note.start_ticks >= bars->end)
            continue;
        if (note.duration_ticks > bars->end - note.start_ticks)
            note.duration_ticks = bars->end - note.start_ticks;
        note.start_ticks -= bars->start;
        status = neume_score_add_note(to, &note);
    }
    return status;
}

/* Tempo and signatures: those before the bars all go to their beginning, where sorting keeps the
 * last. */
static neume_status copy_globals(neume_score *to, const neume_score *from, const span *bars) {
    size_t tempo_count, metre_count, key_count;
    const neume_tempo *tempos = neume_score_tempos(from, &tempo_count);
    const neume_time_signature *metres = neume_score_time_signatures(from, &metre_count);
    const neume_key_signature *keys = neume_score_key_signatures(from, &key_count);
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < tempo_count && tempos[i].start_ticks < bars->end && !status; i++)
        status = neume_score_add_tempo(to, &(neume_tempo){moved(tempos[i].start_ticks, bars),
                                                          tempos[i].microseconds_per_quarter});
    for (size_t i = 0; i < metre_count && metres[i].start_ticks < bars->end && !status; i++)
        status = neume_score_add_time_signature(
            to, &(neume_time_signature){moved(metres[i].start_ticks, bars), metres[i].numerator,
                                        metres[i].denominator});
    for (size_t i = 0; i < key_count && keys[i].start_ticks < bars->end && !status; i++)
        status = neume_score_add_key_signature(
            to, &(neume_key_signature){moved(keys[i].start_ticks, bars), keys[i].sharps,
                                       keys[i].is_minor});
    return status;
}

neume_status neume_score_cut_bars(neume_score **out, const neume_score *score, uint64_t first,
                                  uint64_t last, neume_error *error) {
    *out = NULL;
    if (first < 1 || first > last)
        return nm_fail(error, NEUME_BAD_USAGE,
                       "bars %" PRIu64 "-%" PRIu64 ": expected A-B, 1 <= A <= B", first, last);
    const span bars = {bar_start(score, first - 1), bar_start(score, last)};
    neume_score *cut;
    neume_status status = neume_score_new(&cut, score->context);
    if (status)
        return nm_fail_memory(error, "bars");
    neume_score_set_ticks_per_quarter(cut, neume_score_ticks_per_quarter(score));
    status = copy_notes(cut, score, &bars);
    if (!status)
        status = copy_globals(cut, score, &bars);
    if (!status)
        status = neume_score_sort(cut);
    size_t count;
    neume_score_notes(cut, &count);
    if (status)
        nm_fail_memory(error, "bars");
    else if (count == 0)
        status = nm_fail(error, NEUME_BAD_INPUT,
                         "bars %" PRIu64 "-%" PRIu64 ": no note begins in them", first, last);
    if (status)
        neume_score_free(cut);
    else
        *out = cut;
    return status;
}
