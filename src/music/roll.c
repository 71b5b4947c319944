/* SPDX-License-Identifier: ISC */
#include "music/roll.h"

#include "base/mem.h"

#include <string.h>

/* A roll in the making. */
typedef struct drawing {
    nm_roll *roll;
    neume_context *context;
    bool has_onsets;
    size_t ends[NM_PITCHES]; /* where the last note of each pitch ended so far; 0: there was none */
} drawing;

/* A roll's sets, as many as are reserved, the new ones empty. */
static bool grow(const drawing *d, nm_pitch_set **sets, size_t *capacity, size_t count) {
    const size_t old = d->roll->frame_count;
    if (!nm_reserve(d->context, sets, capacity, count, sizeof **sets))
        return false;
    memset(*sets + old, 0, (count - old) * sizeof **sets);
    return true;
}

static bool make_room(const drawing *d, size_t frame_count) {
    nm_roll *roll = d->roll;
    if (frame_count <= roll->frame_count)
        return true;
    if (!grow(d, &roll->frames, &roll->capacity, frame_count))
        return false;
    if (d->has_onsets && !grow(d, &roll->struck, &roll->struck_capacity, frame_count))
        return false;
    roll->frame_count = frame_count;
    return true;
}

static void strike(const drawing *d, unsigned pitch, size_t cell) {
    const size_t end = d->ends[pitch];
    if (!d->has_onsets) {
        d->roll->repetitions += end && cell <= end;
        return;
    }
    d->roll->unisons += nm_pitch_set_has(&d->roll->struck[cell], pitch);
    nm_pitch_set_add(&d->roll->struck[cell], pitch);
}

/* Notes come by their onsets, so that what lies between the onset and the end of an earlier note of
 * this pitch is filled already: a roll costs its cells, however many notes overlap. */
static bool add_note(drawing *d, unsigned pitch, size_t start, size_t end) {
    const size_t filled = d->ends[pitch];
    if (d->has_onsets && end <= start)
        end = start + 1;
    if (end > NM_ROLL_MAX_FRAMES) {
        d->roll->late_notes++;
        return true;
    }
    if (!make_room(d, end))
        return false;
    if (start >= end) {
        d->roll->short_notes++;
        return true;
    }
    strike(d, pitch, start);
    for (size_t cell = start > filled ? start : filled; cell < end; cell++)
        nm_pitch_set_add(&d->roll->frames[cell], pitch);
    d->ends[pitch] = end > filled ? end : filled;
    return true;
}

size_t nm_roll_cell(uint64_t ticks, uint32_t grid, uint32_t ticks_per_quarter) {
    if (ticks / ticks_per_quarter > NM_ROLL_MAX_FRAMES)
        return NM_ROLL_MAX_FRAMES + 1;
    return nm_grid_cell(ticks, grid, ticks_per_quarter);
}

neume_status nm_roll_of_score(nm_roll *out, neume_context *context, const neume_score *score,
                              const nm_roll_options *options) {
    const uint32_t quarter = nm_score_quarter(score);
    drawing d = {.roll = out, .context = context, .has_onsets = options->has_onsets};
    size_t count;
    const neume_note *notes = neume_score_notes(score, &count);
    *out = (nm_roll){0};
    for (size_t i = 0; i < count; i++) {
        const uint64_t start = notes[i].start_ticks, duration = notes[i].duration_ticks;
        const uint64_t end = duration > UINT64_MAX - start ? UINT64_MAX : start + duration;
        if (options->encoder && !nm_encoder_wants(options->encoder, &notes[i]))
            continue;
        if (!add_note(&d, notes[i].pitch, nm_roll_cell(start, options->grid, quarter),
                      nm_roll_cell(end, options->grid, quarter))) {
            nm_roll_clear(context, out);
            return NEUME_NO_MEMORY;
        }
    }
    return NEUME_OK;
}

void nm_roll_clear(neume_context *context, nm_roll *roll) {
    nm_free(context, roll->frames);
    nm_free(context, roll->struck);
    *roll = (nm_roll){0};
}

void nm_roll_cut_silence(nm_roll *roll) {
    while (roll->frame_count && nm_pitch_set_is_empty(&roll->frames[roll->frame_count - 1]))
        roll->frame_count--;
}

size_t nm_roll_transpose(nm_roll *roll, int semitones) {
    size_t lost = 0;
    for (size_t t = 0; t < roll->frame_count; t++) {
        lost += nm_pitch_set_transpose(&roll->frames[t], semitones);
        if (roll->struck)
            nm_pitch_set_transpose(&roll->struck[t], semitones);
    }
    return lost;
}

void nm_roll_omit(const nm_roll *roll, nm_encoder *encoder) {
    nm_encoder_omit(encoder, "unisons", roll->unisons);
    nm_encoder_omit(encoder, "repetitions", roll->repetitions);
    nm_encoder_omit(encoder, "short-notes", roll->short_notes);
    nm_encoder_omit(encoder, "late-notes", roll->late_notes);
}

uint64_t nm_roll_frame_ticks(uint64_t frame, uint32_t grid) {
    return (2 * frame * NM_TICKS_PER_QUARTER + grid) / (2 * (uint64_t)grid);
}

static neume_status end_note(nm_roll_writer *writer, unsigned pitch, uint64_t now) {
    const neume_note note = {.start_ticks = writer->starts[pitch],
                             .duration_ticks = now - writer->starts[pitch],
                             .pitch = (uint8_t)pitch,
                             .velocity = 80};
    return neume_score_add_note(writer->score, &note);
}

neume_status nm_roll_write_frame(nm_roll_writer *writer, const nm_pitch_set *frame,
                                 const nm_pitch_set *struck) {
    const nm_pitch_set held = nm_pitch_set_without(frame, struck);
    nm_pitch_set ended = nm_pitch_set_without(&writer->sounding, &held);
    const nm_pitch_set kept = nm_pitch_set_without(&writer->sounding, &ended);
    nm_pitch_set begun = nm_pitch_set_without(frame, &kept);
    const uint64_t now = nm_roll_frame_ticks(writer->frame_count, writer->grid);
    neume_status status = NEUME_OK;
    while (!nm_pitch_set_is_empty(&ended) && !status)
        status = end_note(writer, nm_pitch_set_take_lowest(&ended), now);
    while (!nm_pitch_set_is_empty(&begun))
        writer->starts[nm_pitch_set_take_lowest(&begun)] = now;
    writer->sounding = *frame;
    writer->frame_count++;
    return status;
}
