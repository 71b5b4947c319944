/* SPDX-License-Identifier: ISC */
/* The bounds of a track. Its length may be anything; so events, ends of track and the next "MTrk"
 * are believed before it. Every byte is looked at a bounded number of times. */
#include "music/midi_read.h"

#include <string.h>

static const uint8_t *file_end(const nm_track *track) {
    return track->reader->bytes + track->reader->end;
}

static size_t distance(const uint8_t *from, const uint8_t *to) {
    return (size_t)(to - from);
}

static const uint8_t *find_track(const uint8_t *from, const uint8_t *end) {
    const uint8_t *found = memmem(from, distance(from, end), "MTrk", 4);
    return found ? found : end;
}

static bool is_track(const uint8_t *at, const uint8_t *end) {
    return distance(at, end) >= 4 && memcmp(at, "MTrk", 4) == 0;
}

/* The next "MTrk" at or behind `at`, or the end of the file. */
static const uint8_t *next_track(nm_track *track) {
    if (!track->next_track || track->next_track < track->at)
        track->next_track = find_track(track->at, file_end(track));
    return track->next_track;
}

/* A track that ends in an end of track just before the next one needs no search for "MTrk". */
static bool has_good_length(const nm_track *track) {
    const uint8_t *end = track->declared_end;
    return !track->is_cut && end - track->at >= 3 && memcmp(end - 3, "\xFF\x2F\x00", 3) == 0 &&
           (end == file_end(track) || is_track(end, file_end(track)));
}

static const uint8_t *earlier(const uint8_t *a, const uint8_t *b) {
    return a < b ? a : b;
}

/* Whether what begins at `at` and ends at `end` is events that need no repair, up to an end of
 * track, or to `end` itself where that will do. */
static bool is_plausible(const nm_track *track, const uint8_t *end, bool needs_end_of_track) {
    nm_track copy = *track;
    nm_event event;
    copy.end = end;
    while (copy.at < end) {
        if (!nm_scan_event(&event, &copy) || event.repairs)
            return false;
        if (nm_is_end_of_track(&event))
            return true;
        nm_pass_event(&copy, &event);
    }
    return !needs_end_of_track;
}

/* An end of track was read. Returns whether the track goes on nevertheless. */
static bool goes_on_behind_end_of_track(nm_track *track) {
    nm_midi_reader *reader = track->reader;
    track->next_chunk = track->at;
    if (track->at == track->declared_end && !track->is_cut)
        return false;
    if (track->at >= track->declared_end || is_track(track->at, file_end(track))) {
        if (track->at <= track->declared_end)
            nm_repair(reader, NM_REPAIR_TRACK_LENGTH, track->at);
        return false;
    }
    const uint8_t *end = earlier(track->declared_end, next_track(track));
    track->running = track->stale = 0;
    if (is_plausible(track, end, false)) {
        track->end = end;
        return nm_repair(reader, NM_REPAIR_EARLY_END_OF_TRACK, track->at);
    }
    if (track->is_cut || end < track->declared_end) {
        nm_repair(reader, NM_REPAIR_TRACK_LENGTH, track->at);
        return false;
    }
    track->next_chunk = track->declared_end;
    nm_repair(reader, NM_REPAIR_DATA_AFTER_END_OF_TRACK, track->at);
    return false;
}

/* The end was reached between two events, without an end of track. */
static bool goes_on_behind_end(nm_track *track) {
    nm_midi_reader *reader = track->reader;
    track->next_chunk = track->at;
    if (track->is_cut && track->at == file_end(track)) {
        nm_repair(reader, NM_REPAIR_TRUNCATED, track->at);
        return false;
    }
    if (track->at < track->declared_end) {
        nm_repair(reader, NM_REPAIR_TRACK_LENGTH, track->at);
    } else if (track->at < next_track(track) && !nm_is_chunk(reader, track->at) &&
               is_plausible(track, next_track(track), true)) {
        track->end = next_track(track);
        return nm_repair(reader, NM_REPAIR_TRACK_LENGTH, track->at);
    }
    nm_repair(reader, NM_REPAIR_MISSING_END_OF_TRACK, track->at);
    return false;
}

/* Whether the event at `at` fits before `end`; then the track may be read so far. */
static bool fits_before(nm_track *track, const uint8_t *end) {
    nm_event event;
    const uint8_t *old_end = track->end;
    track->end = end;
    if (nm_scan_event(&event, track))
        return true;
    track->end = old_end;
    return false;
}

/* "MTrk" stood within the event's bytes, and these within the declared length. */
static bool fits_around_next_track(nm_track *track) {
    nm_event event;
    const uint8_t *old_end = track->end;
    if (old_end != track->next_track || old_end >= track->declared_end)
        return false;
    track->end = track->declared_end;
    if (nm_scan_event(&event, track) && distance(old_end, event.after) >= 4) {
        track->next_track = find_track(event.after, file_end(track));
        track->end = earlier(track->declared_end, track->next_track);
        return true;
    }
    track->end = old_end;
    return false;
}

/* A system exclusive with a wrong length, or none, ends with its F7. */
static bool passes_sysex(nm_track *track) {
    nm_event event;
    (void)nm_scan_event(&event, track);
    if (event.status != 0xF0)
        return false;
    const uint8_t *f7 = memchr(track->at, 0xF7, distance(track->at, track->end));
    if (!f7)
        return false;
    event.after = f7 + 1;
    nm_pass_event(track, &event);
    track->reader->omission_counts[NM_OMISSION_SYSEX]++;
    return nm_repair(track->reader, NM_REPAIR_SYSEX_LENGTH, event.start);
}

/* The next event does not fit before the end. */
static bool goes_on_across_end(nm_track *track) {
    nm_midi_reader *reader = track->reader;
    if (fits_around_next_track(track))
        return true;
    if (track->end == track->declared_end && track->end < next_track(track) &&
        !nm_is_chunk(reader, track->end) && fits_before(track, track->next_track))
        return nm_repair(reader, NM_REPAIR_TRACK_LENGTH, track->declared_end);
    if (passes_sysex(track))
        return true;
    track->next_chunk = track->end;
    const bool is_truncated = track->is_cut && track->end == file_end(track);
    nm_repair(reader, is_truncated ? NM_REPAIR_TRUNCATED : NM_REPAIR_UNREADABLE_EVENT, track->at);
    return false;
}

static bool goes_on(nm_track *track) {
    switch (nm_read_events(track)) {
    case NM_STOP_END_OF_TRACK:
        return goes_on_behind_end_of_track(track);
    case NM_STOP_END:
        return goes_on_behind_end(track);
    case NM_STOP_UNREADABLE:
        return goes_on_across_end(track);
    case NM_STOP_FAILED:
        break;
    }
    return false;
}

const uint8_t *nm_read_track(nm_midi_reader *reader, const uint8_t *start, uint32_t length) {
    nm_track track = {.reader = reader,
                      .at = start,
                      .tick = reader->song_start,
                      .index = (uint16_t)reader->track_count,
                      .first_note = (uint32_t)reader->score->notes.count};
    track.is_cut = length > distance(start, file_end(&track));
    track.declared_end = track.is_cut ? file_end(&track) : start + length;
    track.end = track.declared_end;
    track.next_chunk = track.end;
    if (has_good_length(&track))
        track.next_track = track.end;
    else
        track.end = earlier(track.end, next_track(&track));
    nm_use_port(&track, 0);
    while (!reader->status && goes_on(&track))
        continue;
    if (!reader->status)
        nm_end_track_notes(&track);
    if (reader->format == 2)
        reader->song_start = track.tick;
    return track.next_chunk;
}
