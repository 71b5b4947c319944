/* SPDX-License-Identifier: ISC */
#include "music/codec_roll.h"

/* Where a bar starts, exactly: whole quarters, and a rest in parts of a quarter. */
typedef struct bar_place {
    uint64_t quarters, rest, parts;
} bar_place;

static size_t cell_at(const bar_place *at, uint32_t grid) {
    return at->quarters * grid + nm_grid_cell(at->rest, grid, at->parts);
}

/* From the first cell under a time signature to the one before `end`. Bars that are no longer than
 * a cell start in each. */
static void number_bars(uint32_t *given, size_t end, const neume_time_signature *metre,
                        uint32_t grid, uint32_t quarter) {
    const uint64_t whole = 4 * (uint64_t)metre->numerator;
    bar_place at = {.quarters = metre->start_ticks / quarter,
                    .rest = metre->start_ticks % quarter * metre->denominator,
                    .parts = (uint64_t)quarter * metre->denominator};
    if (whole * grid <= metre->denominator)
        return;
    for (size_t cell = cell_at(&at, grid); cell < end;) {
        const size_t start = cell;
        at.rest += whole * quarter;
        at.quarters += at.rest / at.parts;
        at.rest %= at.parts;
        const size_t next = cell_at(&at, grid);
        for (; cell < next && cell < end; cell++)
            given[cell] = (uint32_t)(cell - start);
    }
}

void nm_roll_number_cells(uint32_t *given, size_t count, const neume_score *score, uint32_t grid) {
    const uint32_t quarter = nm_score_quarter(score);
    size_t metre_count;
    const neume_time_signature *metres = neume_score_time_signatures(score, &metre_count);
    neume_time_signature metre = {.numerator = 4, .denominator = 4};
    for (size_t i = 0; i < metre_count; i++) {
        const size_t cell = nm_roll_cell(metres[i].start_ticks, grid, quarter);
        number_bars(given, cell < count ? cell : count, &metre, grid, quarter);
        metre = metres[i];
    }
    if (nm_roll_cell(metre.start_ticks, grid, quarter) < count)
        number_bars(given, count, &metre, grid, quarter);
}

/* The pitches that begin in a frame: those that are struck there, or did not sound before. */
static nm_pitch_set begun_in(const nm_roll *roll, size_t frame) {
    const nm_pitch_set none = {{0}};
    if (roll->struck)
        return roll->struck[frame];
    return nm_pitch_set_without(&roll->frames[frame], frame ? &roll->frames[frame - 1] : &none);
}

/* Moves a frame to behind those that are kept. */
static void keep(nm_roll *roll, uint32_t *given, size_t to, size_t from) {
    const nm_pitch_set none = {{0}}, *before = to ? &roll->frames[to - 1] : &none;
    const nm_pitch_set begun = nm_pitch_set_without(&roll->frames[from], before);
    if (roll->struck)
        for (unsigned i = 0; i < 2; i++)
            roll->struck[to].bits[i] = roll->struck[from].bits[i] | begun.bits[i];
    roll->frames[to] = roll->frames[from];
    given[to] = given[from];
}

size_t nm_roll_cut_metres(nm_roll *roll, uint32_t *given, const neume_score *score,
                          const neume_codec_options *options) {
    const uint32_t quarter = nm_score_quarter(score);
    bool is_kept = nm_codec_keeps_metre(options, 4);
    size_t count, next = 0, kept = 0, lost = 0;
    const neume_time_signature *metres = neume_score_time_signatures(score, &count);
    for (size_t t = 0; t < roll->frame_count; t++) {
        while (next < count && nm_roll_cell(metres[next].start_ticks, options->grid, quarter) <= t)
            is_kept = nm_codec_keeps_metre(options, metres[next++].numerator);
        const nm_pitch_set begun = begun_in(roll, t);
        if (is_kept)
            keep(roll, given, kept++, t);
        else
            lost += nm_pitch_set_count(&begun);
    }
    roll->frame_count = kept;
    return lost;
}

/* The time signature of a bar of so many cells; of numerator 0 where there is none. */
static neume_time_signature metre_of(size_t cells, const neume_codec_options *options) {
    neume_time_signature found = {.numerator = 0};
    size_t beats = cells;
    for (uint16_t denominator = 4; denominator <= 16; denominator *= 2, beats *= 2) {
        const size_t numerator = beats / options->grid;
        if (beats % options->grid || numerator > UINT8_MAX ||
            !nm_codec_keeps_metre(options, (unsigned)numerator))
            continue;
        found =
            (neume_time_signature){.numerator = (uint16_t)numerator, .denominator = denominator};
        break;
    }
    return found;
}

neume_status nm_roll_add_metres(neume_score *score, const neume_sequence *sequence,
                                const neume_codec_options *options) {
    const uint32_t grid = options->grid;
    size_t length = nm_codec_usual_metre(options) * (size_t)grid, start = 0;
    neume_status status = NEUME_OK;
    for (size_t step = 1; sequence->given && step < sequence->step_count && !status; step++) {
        if (sequence->given[step])
            continue;
        neume_time_signature metre = metre_of(step - start, options);
        metre.start_ticks = nm_roll_frame_ticks(start, grid);
        if (step - start != length && metre.numerator)
            status = neume_score_add_time_signature(score, &metre);
        length = step - start;
        start = step;
    }
    return status;
}
