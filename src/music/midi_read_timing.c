/* SPDX-License-Identifier: ISC */
/* What needs all tracks: SMPTE time, stuck notes, programs of other tracks. */
#include "music/midi_read.h"

#include "base/mem.h"

#include <string.h>

enum { STUCK_BARS = 16 };

/* SMPTE time becomes 480 ticks a quarter at 120 quarters a minute: 960 ticks a second. */
enum { SMPTE_TICKS_PER_QUARTER = 480, SMPTE_TICKS_PER_SECOND = 960 };

/* A song of format 2 begins where the one before ended, with a tempo and metre of its own. */
void nm_begin_song(nm_midi_reader *reader) {
    if (reader->song_start == 0)
        return;
    const neume_tempo tempo = {reader->song_start, NM_DEFAULT_TEMPO};
    const neume_time_signature signature = {reader->song_start, 4, 4};
    if (neume_score_add_tempo(reader->score, &tempo) ||
        neume_score_add_time_signature(reader->score, &signature))
        nm_no_memory(reader);
}

static void remove_dropped_notes(neume_score *score) {
    size_t kept = 0;
    for (size_t i = 0; i < score->notes.count; i++)
        if (score->notes.items[i].velocity)
            score->notes.items[kept++] = score->notes.items[i];
    score->notes.count = kept;
}

/* to = round(from * numerator / denominator) */
typedef struct scale {
    uint64_t numerator, denominator;
} scale;

/* 29 stands for 29.97 = 30000 / 1001 frames a second (drop frame). */
static scale smpte_scale(const nm_midi_reader *reader) {
    if (reader->frames_per_second == 29)
        return (scale){SMPTE_TICKS_PER_SECOND * 1001ull, 30000ull * reader->ticks_per_frame};
    return (scale){SMPTE_TICKS_PER_SECOND,
                   (uint64_t)reader->frames_per_second * reader->ticks_per_frame};
}

static uint64_t scaled(uint64_t ticks, scale by) {
    uint64_t whole;
    const uint64_t rest = ticks % by.denominator * by.numerator;
    if (__builtin_mul_overflow(ticks / by.denominator, by.numerator, &whole))
        return UINT64_MAX / 2;
    return whole + (rest + by.denominator / 2) / by.denominator;
}

#define SCALE_STARTS(list, by)                                                                     \
    for (size_t i = 0; i < (list).count; i++)                                                      \
    (list).items[i].start_ticks = scaled((list).items[i].start_ticks, by)

static void convert_smpte(nm_midi_reader *reader) {
    neume_score *score = reader->score;
    const scale by = smpte_scale(reader);
    const neume_tempo tempo = {0, NM_DEFAULT_TEMPO};
    for (size_t i = 0; i < score->notes.count; i++) {
        neume_note *note = &score->notes.items[i];
        const uint64_t end = scaled(note->start_ticks + note->duration_ticks, by);
        note->start_ticks = scaled(note->start_ticks, by);
        note->duration_ticks = end - note->start_ticks;
    }
    SCALE_STARTS(score->time_signatures, by);
    SCALE_STARTS(score->key_signatures, by);
    SCALE_STARTS(score->controls, by);
    SCALE_STARTS(score->pitch_bends, by);
    SCALE_STARTS(score->texts, by);
    SCALE_STARTS(reader->programs, by);
    score->tempos.count = 0;
    score->ticks_per_quarter = SMPTE_TICKS_PER_QUARTER;
    if (neume_score_add_tempo(score, &tempo))
        nm_no_memory(reader);
}

/* A note in a track without a program of its own has the one that is in force on its channel by
 * other tracks, up to and at its onset. Songs of format 2 share nothing. */
static void resolve_programs(nm_midi_reader *reader) {
    uint8_t programs[256][16] = {{0}};
    size_t next = 0;
    if (nm_sort(reader->context, &reader->programs.items, &reader->programs.capacity,
                reader->programs.count, &nm_control_key)) {
        nm_no_memory(reader);
        return;
    }
    for (size_t i = 0; i < reader->score->notes.count; i++) {
        neume_note *note = &reader->score->notes.items[i];
        for (; next < reader->programs.count && reader->format != 2; next++) {
            const neume_control *change = &reader->programs.items[next];
            if (change->start_ticks > note->start_ticks)
                break;
            programs[change->port][change->channel] = change->value;
        }
        if (note->program == NM_PROGRAM_UNKNOWN)
            note->program = programs[note->port][note->channel];
    }
}

/* Stuck notes sound for 16 bars of the metre at their onset at most. */
static void shorten_stuck_notes(neume_score *score) {
    const uint64_t whole = 4ull * score->ticks_per_quarter;
    uint64_t longest = STUCK_BARS * whole;
    size_t next = 0;
    for (size_t i = 0; i < score->notes.count; i++) {
        neume_note *note = &score->notes.items[i];
        for (; next < score->time_signatures.count; next++) {
            const neume_time_signature *metre = &score->time_signatures.items[next];
            if (metre->start_ticks > note->start_ticks)
                break;
            longest = STUCK_BARS * whole * metre->numerator / metre->denominator;
        }
        if (!(note->velocity & NM_STUCK))
            continue;
        note->velocity &= (uint8_t)~NM_STUCK;
        if (note->duration_ticks > longest)
            note->duration_ticks = longest;
    }
}

/* Gives back what the notes do not fill where that is the half or more, by moving them: allocators
 * that cut the end off a large block ask the system for the next one. Keeping it would be no error.
 */
static void trim(neume_score *score) {
    nm_note_list exact = {.count = score->notes.count, .capacity = score->notes.count};
    if (exact.count > score->notes.capacity / 2 || exact.count == 0 ||
        !nm_resize(score->context, &exact.items, exact.count, sizeof *exact.items))
        return;
    memcpy(exact.items, score->notes.items, exact.count * sizeof *exact.items);
    nm_free(score->context, score->notes.items);
    score->notes = exact;
}

void nm_finish_timing(nm_midi_reader *reader) {
    neume_score *score = reader->score;
    score->note_ons = score->notes.count;
    if (reader->has_dropped_notes)
        remove_dropped_notes(score);
    if (reader->frames_per_second)
        convert_smpte(reader);
    if (!reader->status && neume_score_sort(score))
        nm_no_memory(reader);
    if (!reader->status && reader->has_unknown_programs)
        resolve_programs(reader);
    if (reader->status)
        return;
    if (reader->has_stuck_notes)
        shorten_stuck_notes(score);
    trim(score);
}
