/* SPDX-License-Identifier: ISC */
/* Ticks of a score to the units of codec "event". */
#include "base/mem.h"
#include "music/codec/event.h"

#include <math.h>

enum { UNIT_MICROSECONDS = 10000, USUAL_TEMPO = 500000 /* microseconds of a quarter */ };

#define LATEST (UINT64_C(1) << 50) /* units: all that is later is as late as this */

_Static_assert(LATEST / NM_EVENT_MAX_GRID > UINT32_MAX, "ticks of 32 bits are never so late");

neume_status nm_event_clock_new(nm_event_clock *clock, neume_context *context,
                                const nm_event_words *words, const neume_score *score) {
    *clock = (nm_event_clock){.grid = words->grid, .ticks_per_quarter = nm_score_quarter(score)};
    if (!words->is_performance)
        return NEUME_OK;
    clock->tempos = neume_score_tempos(score, &clock->tempo_count);
    clock->microseconds = nm_alloc(context, clock->tempo_count, sizeof *clock->microseconds);
    if (!clock->microseconds)
        return NEUME_NO_MEMORY;
    double now = 0, tempo = USUAL_TEMPO;
    uint64_t since = 0;
    for (size_t i = 0; i < clock->tempo_count; i++) {
        const uint64_t start = clock->tempos[i].start_ticks;
        now += (double)(start - since) / clock->ticks_per_quarter * tempo;
        clock->microseconds[i] = now;
        tempo = clock->tempos[i].microseconds_per_quarter;
        since = start;
    }
    return NEUME_OK;
}

/* How many tempos begin before a tick. */
static size_t tempos_before(const nm_event_clock *clock, uint64_t ticks) {
    size_t low = 0, high = clock->tempo_count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (clock->tempos[middle].start_ticks < ticks)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static double microseconds_at(const nm_event_clock *clock, uint64_t ticks) {
    const size_t count = tempos_before(clock, ticks);
    const uint64_t since = count ? clock->tempos[count - 1].start_ticks : 0;
    const double begin = count ? clock->microseconds[count - 1] : 0;
    const double tempo =
        count ? clock->tempos[count - 1].microseconds_per_quarter : (double)USUAL_TEMPO;
    return begin + (double)(ticks - since) / clock->ticks_per_quarter * tempo;
}

uint64_t nm_event_time(const nm_event_clock *clock, uint64_t ticks) {
    if (clock->microseconds) {
        const double unit = floor(microseconds_at(clock, ticks) / UNIT_MICROSECONDS + 0.5);
        return unit < (double)LATEST ? (uint64_t)unit : LATEST;
    }
    if (ticks > UINT32_MAX && ticks / clock->ticks_per_quarter >= LATEST / clock->grid)
        return LATEST;
    return nm_grid_cell(ticks, clock->grid, clock->ticks_per_quarter);
}
