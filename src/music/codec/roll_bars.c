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

/* The time signature of a bar of so many cells; of numerator 0 where there is none. */
static neume_time_signature metre_of(size_t cells, uint32_t grid) {
    neume_time_signature metre = {.denominator = 4};
    for (size_t beats = cells; metre.denominator <= 16; beats *= 2, metre.denominator *= 2)
        if (beats % grid == 0 && beats / grid <= UINT8_MAX) {
            metre.numerator = (uint16_t)(beats / grid);
            break;
        }
    return metre;
}

neume_status nm_roll_add_metres(neume_score *score, const neume_sequence *sequence, uint32_t grid) {
    size_t length = 4 * (size_t)grid, start = 0;
    neume_status status = NEUME_OK;
    for (size_t step = 1; sequence->given && step < sequence->step_count && !status; step++) {
        if (sequence->given[step])
            continue;
        neume_time_signature metre = metre_of(step - start, grid);
        metre.start_ticks = nm_roll_frame_ticks(start, grid);
        if (step - start != length && metre.numerator)
            status = neume_score_add_time_signature(score, &metre);
        length = step - start;
        start = step;
    }
    return status;
}
