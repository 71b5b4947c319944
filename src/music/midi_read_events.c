/* SPDX-License-Identifier: ISC */
/* One event after the other. Nearly all are regular channel messages, which midi_read_regular.c
 * reads; what it leaves is scanned with all care here, and only then takes effect. */
#include "music/midi_read.h"

#include "base/bytes.h"

enum { META = 0xFF, META_END_OF_TRACK = 0x2F, SYSEX = 0xF0, SYSEX_PACKET = 0xF7 };

enum { LONGEST_NUMBER = 10, LEAST_META = 4 };

static uint32_t scan_number(nm_reader *in, nm_event *event) {
    uint64_t value = 0;
    uint8_t byte;
    unsigned size = 0;
    do {
        byte = nm_read_u8(in);
        value = value << 7 | (byte & 0x7F);
        if (value > NM_LONGEST_DELTA)
            value = NM_LONGEST_DELTA;
    } while (byte & 0x80 && ++size < LONGEST_NUMBER);
    if (size >= 4)
        event->repairs |= 1ull << NM_REPAIR_LONG_NUMBER;
    if (byte & 0x80)
        in->failed = true;
    return (uint32_t)value;
}

/* The status byte, or the status that runs on, or the next status byte behind stray data. */
static uint8_t scan_status(nm_reader *in, nm_event *event, const nm_track *track) {
    uint8_t byte = nm_read_u8(in);
    if (in->failed || byte & 0x80)
        return byte;
    if (track->running || track->stale) {
        if (!track->running)
            event->repairs |= 1ull << track->stale_since;
        in->position--;
        return track->running ? track->running : track->stale;
    }
    event->repairs |= 1ull << NM_REPAIR_DATA_WITHOUT_STATUS;
    while (!(byte & 0x80) && nm_reader_left(in))
        byte = nm_read_u8(in);
    return byte & 0x80 ? byte : 0;
}

static void scan_data(nm_reader *in, nm_event *event, unsigned size) {
    for (unsigned i = 0; i < size; i++) {
        const uint8_t byte = nm_read_u8(in);
        if (byte & 0x80)
            event->repairs |= 1ull << NM_REPAIR_DATA_ABOVE_127;
        event->data[i] = byte & 0x80 ? 0x7F : byte;
    }
}

/* Quarter frame, song position and song select have data; the other system messages have none. */
static unsigned system_data_size(uint8_t status) {
    return status == 0xF1 || status == 0xF3 ? 1 : status == 0xF2 ? 2 : 0;
}

static void scan_message(nm_reader *in, nm_event *event) {
    if (event->status < NM_SYSTEM) {
        scan_data(in, event, nm_data_size(event->status));
        return;
    }
    if (event->status != META && event->status != SYSEX && event->status != SYSEX_PACKET) {
        event->repairs |= 1ull << NM_REPAIR_SYSTEM_MESSAGE;
        nm_read_bytes(in, system_data_size(event->status));
        return;
    }
    if (event->status == META)
        event->data[0] = nm_read_u8(in);
    event->payload_size = scan_number(in, event);
    event->payload = nm_read_bytes(in, event->payload_size);
}

bool nm_scan_event(nm_event *event, const nm_track *track) {
    nm_reader in = nm_reader_on(track->at, (size_t)(track->end - track->at));
    *event = (nm_event){.start = track->at};
    event->delta = scan_number(&in, event);
    event->status = scan_status(&in, event, track);
    if (event->status)
        scan_message(&in, event);
    event->after = track->at + in.position;
    return !in.failed;
}

/* Scans a meta event whose numbers are as short as nearly all are; false where there is none. */
static bool scan_meta(nm_event *event, const nm_track *track) {
    const uint8_t *at = track->at;
    if (track->end - at < LEAST_META + 1)
        return false;
    uint32_t delta = *at++;
    if (delta & 0x80)
        delta = (delta & 0x7F) << 7 | *at++;
    if (at[-1] & 0x80 || at[0] != META || at[2] & 0x80 || track->end - at < 3 + at[2])
        return false;
    *event = (nm_event){.delta = delta,
                        .status = META,
                        .data = {at[1]},
                        .payload = at + 3,
                        .payload_size = at[2],
                        .start = track->at,
                        .after = at + 3 + at[2]};
    return true;
}

bool nm_is_end_of_track(const nm_event *event) {
    return event->status == META && event->data[0] == META_END_OF_TRACK;
}

void nm_pass_event(nm_track *track, const nm_event *event) {
    track->at = event->after;
    track->tick += event->delta;
    if (event->status == 0 || (event->status > SYSEX_PACKET && event->status != META))
        return; /* real time does not touch the running status */
    if (event->status < NM_SYSTEM) {
        track->running = event->status;
        track->stale = 0;
        return;
    }
    if (track->running)
        track->stale = track->running;
    track->running = 0;
    track->stale_since = event->status == META ? NM_REPAIR_RUNNING_STATUS_AFTER_META
                                               : NM_REPAIR_RUNNING_STATUS_AFTER_SYSTEM;
}

static void take_event(nm_track *track, const nm_event *event) {
    nm_midi_reader *reader = track->reader;
    for (unsigned code = 0; event->repairs >> code; code++)
        if (event->repairs >> code & 1 && !nm_repair(reader, code, event->start))
            return;
    if (reader->event_count++ >= reader->options.max_events) {
        nm_too_many(reader, "events", reader->options.max_events, event->start);
        return;
    }
    nm_pass_event(track, event);
    if (event->status >= 0x80 && event->status < NM_SYSTEM) {
        nm_take_message(
            track, &(nm_message){
                       event->start, track->tick, event->status, {event->data[0], event->data[1]}});
    } else if (event->status == META) {
        nm_read_meta(track, event);
    } else if (event->status == SYSEX || event->status == SYSEX_PACKET) {
        reader->omission_counts[NM_OMISSION_SYSEX]++;
    }
}

nm_stop nm_read_events(nm_track *track) {
    nm_event event;
    do {
        if (!scan_meta(&event, track)) {
            nm_read_regular(track);
            if (track->reader->status)
                break;
            if (track->at == track->end)
                return NM_STOP_END;
            if (!scan_meta(&event, track) && !nm_scan_event(&event, track))
                return NM_STOP_UNREADABLE;
        }
        take_event(track, &event);
        if (nm_is_end_of_track(&event) && !track->reader->status)
            return NM_STOP_END_OF_TRACK;
    } while (!track->reader->status);
    return NM_STOP_FAILED;
}
