/* SPDX-License-Identifier: ISC */
#include "music/roll.h"

#include "base/mem.h"

#include <string.h>

/* Where the last note of each pitch ended so far; 0: there was none. */
typedef struct pitch_ends {
    size_t of[NM_PITCHES];
} pitch_ends;

static bool make_room(nm_roll *roll, neume_context *context, size_t frame_count) {
    if (frame_count <= roll->frame_count)
        return true;
    if (!nm_reserve(context, &roll->frames, &roll->capacity, frame_count, sizeof *roll->frames))
        return false;
    memset(roll->frames + roll->frame_count, 0,
           (frame_count - roll->frame_count) * sizeof *roll->frames);
    roll->frame_count = frame_count;
    return true;
}

/* The cell of a tick, or one beyond all frames. */
static size_t cell_of(uint64_t ticks, uint32_t grid, uint32_t ticks_per_quarter) {
    if (ticks / ticks_per_quarter > NM_ROLL_MAX_FRAMES)
        return NM_ROLL_MAX_FRAMES + 1;
    return nm_grid_cell(ticks, grid, ticks_per_quarter);
}

/* Notes come by their onsets, so that what lies between the onset and the end of an earlier note of
 * this pitch is filled already: a roll costs its cells, however many notes overlap. */
static bool add_note(nm_roll *roll, neume_context *context, pitch_ends *ends, unsigned pitch,
                     const size_t cells[2]) {
    const size_t end = ends->of[pitch];
    if (cells[1] > NM_ROLL_MAX_FRAMES) {
        roll->late_notes++;
        return true;
    }
    if (!make_room(roll, context, cells[1]))
        return false;
    if (cells[0] >= cells[1]) {
        roll->short_notes++;
        return true;
    }
    roll->repetitions += end && cells[0] <= end;
    for (size_t cell = cells[0] > end ? cells[0] : end; cell < cells[1]; cell++)
        nm_pitch_set_add(&roll->frames[cell], pitch);
    ends->of[pitch] = cells[1] > end ? cells[1] : end;
    return true;
}

neume_status nm_roll_of_score(nm_roll *out, neume_context *context, const neume_score *score,
                              uint32_t grid, nm_encoder *encoder) {
    const uint32_t quarter = nm_score_quarter(score);
    pitch_ends ends = {{0}};
    size_t count;
    const neume_note *notes = neume_score_notes(score, &count);
    *out = (nm_roll){0};
    for (size_t i = 0; i < count; i++) {
        const uint64_t start = notes[i].start_ticks, duration = notes[i].duration_ticks;
        const uint64_t end = duration > UINT64_MAX - start ? UINT64_MAX : start + duration;
        const size_t cells[] = {cell_of(start, grid, quarter), cell_of(end, grid, quarter)};
        if (encoder && !nm_encoder_wants(encoder, &notes[i]))
            continue;
        if (!add_note(out, context, &ends, notes[i].pitch, cells)) {
            nm_roll_clear(context, out);
            return NEUME_NO_MEMORY;
        }
    }
    return NEUME_OK;
}

void nm_roll_clear(neume_context *context, nm_roll *roll) {
    nm_free(context, roll->frames);
    *roll = (nm_roll){0};
}
