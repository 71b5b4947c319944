/* SPDX-License-Identifier: ISC */
/* One event after the other. Nearly all are regular channel messages: a loop of its own reads them;
 * what it leaves is scanned with all care, and only then takes effect. */
#include "music/midi_read.h"

#include "base/bytes.h"

enum { META = 0xFF, META_END_OF_TRACK = 0x2F, SYSEX = 0xF0, SYSEX_PACKET = 0xF7 };

/* Bytes of the longest regular event: a number of four, a status, two of data. */
enum { LONGEST_REGULAR = 7, LONGEST_NUMBER = 10, IRREGULAR = NM_LONGEST_DELTA + 1 };

/* A channel message that happens. */
typedef struct message {
    uint64_t tick;
    const uint8_t *data;
    const uint8_t *start; /* of its event */
    uint8_t status;
} message;

static inline void note_on(nm_track *track, const message *m) {
    nm_midi_reader *reader = track->reader;
    neume_score *score = reader->score;
    const size_t index = score->notes.count;
    if (index == score->notes.capacity && !nm_grow_notes(reader, m->start))
        return;
    const uint8_t channel = m->status & 15;
    nm_key *key = &track->port->keys[channel << 7 | m->data[0]];
    const uint64_t place = (uint64_t)(m->start - reader->bytes) << 32;
    score->notes.count++;
    score->notes.items[index] = (neume_note){.start_ticks = m->tick,
                                             .duration_ticks = place,
                                             .track = track->index,
                                             .port = track->port_number,
                                             .channel = channel,
                                             .program = track->port->programs[channel],
                                             .pitch = m->data[0],
                                             .velocity = m->data[1] | NM_SOUNDING,
                                             .is_drum = channel == 9};
    reader->has_unknown_programs |= score->notes.items[index].program == NM_PROGRAM_UNKNOWN;
    const uint32_t number = (uint32_t)index + 1;
    if (key->first <= track->first_note)
        key->first = number;
    else if (reader->options.pairing == NEUME_PAIRING_LAST)
        nm_forget_note(reader, key, number);
    else
        score->notes.items[key->last - 1].duration_ticks |= number;
    if (reader->options.pairing == NEUME_PAIRING_FIFO)
        key->last = number;
}

static inline void note_off(nm_track *track, const message *m) {
    nm_midi_reader *reader = track->reader;
    nm_key *key = &track->port->keys[(m->status & 15) << 7 | m->data[0]];
    if (key->first <= track->first_note) {
        nm_end_orphan(reader, key, m->start);
        return;
    }
    neume_note *note = &reader->score->notes.items[key->first - 1];
    key->first = (uint32_t)note->duration_ticks;
    note->duration_ticks = m->tick - note->start_ticks;
    note->velocity &= (uint8_t)~NM_SOUNDING;
}

/* Whether a list of the reader or its score has room for one item more. An item takes two bytes of
 * the file at least. */
#define HAS_ROOM(reader, list, at)                                                                 \
    ((list).count < (list).capacity ||                                                             \
     nm_grow_list(reader, &(list).items, &(list).capacity, sizeof *(list).items, at))

/* Program changes of other tracks are wanted where a track has none on a channel. */
static inline void program_change(nm_track *track, const message *m) {
    nm_midi_reader *reader = track->reader;
    const uint8_t channel = m->status & 15;
    track->port->programs[channel] = m->data[0];
    if (HAS_ROOM(reader, reader->programs, m->start))
        reader->programs.items[reader->programs.count++] =
            (neume_control){.start_ticks = m->tick,
                            .track = track->index,
                            .port = track->port_number,
                            .channel = channel,
                            .value = m->data[0]};
}

static inline void control_change(nm_track *track, const message *m) {
    neume_score *score = track->reader->score;
    if (HAS_ROOM(track->reader, score->controls, m->start))
        score->controls.items[score->controls.count++] = (neume_control){.start_ticks = m->tick,
                                                                         .track = track->index,
                                                                         .port = track->port_number,
                                                                         .channel = m->status & 15,
                                                                         .controller = m->data[0],
                                                                         .value = m->data[1]};
}

static inline void pitch_bend(nm_track *track, const message *m) {
    neume_score *score = track->reader->score;
    if (HAS_ROOM(track->reader, score->pitch_bends, m->start))
        score->pitch_bends.items[score->pitch_bends.count++] =
            (neume_pitch_bend){.start_ticks = m->tick,
                               .track = track->index,
                               .port = track->port_number,
                               .channel = m->status & 15,
                               .value = (int16_t)((m->data[1] << 7 | m->data[0]) - 8192)};
}

static inline void take_message(nm_track *track, const message *m) {
    switch (m->status >> 4) {
    case 0x8:
        note_off(track, m);
        break;
    case 0x9:
        if (m->data[1])
            note_on(track, m);
        else
            note_off(track, m);
        break;
    case 0xA:
        track->reader->omission_counts[NM_OMISSION_KEY_PRESSURE]++;
        break;
    case 0xB:
        control_change(track, m);
        break;
    case 0xC:
        program_change(track, m);
        break;
    case 0xD:
        track->reader->omission_counts[NM_OMISSION_CHANNEL_PRESSURE]++;
        break;
    default:
        pitch_bend(track, m);
    }
}

static inline unsigned data_size(uint8_t status) {
    const unsigned kind = status >> 4;
    return kind == 0xC || kind == 0xD ? 1 : 2;
}

/* A number of at most four bytes, or IRREGULAR. */
static inline uint32_t regular_number(const uint8_t **at) {
    const uint8_t *b = *at;
    uint32_t value = b[0] & 0x7F;
    unsigned size = 1;
    while (b[size - 1] & 0x80) {
        if (size == 4)
            return IRREGULAR;
        value = value << 7 | (b[size++] & 0x7F);
    }
    *at += size;
    return value;
}

/* Reads channel messages up to the first thing that is not quite regular. */
static void read_regular_events(nm_track *track) {
    nm_midi_reader *reader = track->reader;
    const uint8_t *at = track->at;
    message m = {.tick = track->tick, .status = track->running};
    size_t count = reader->event_count;
    while (track->end - at >= LONGEST_REGULAR && count < reader->options.max_events) {
        m.start = m.data = at;
        const uint32_t delta = regular_number(&m.data);
        const uint8_t status = *m.data & 0x80 ? *m.data++ : m.status;
        if (delta == IRREGULAR || status < 0x80 || status >= SYSEX)
            break;
        const unsigned size = data_size(status);
        if ((m.data[0] | m.data[size - 1]) & 0x80)
            break;
        m.tick += delta;
        m.status = status;
        count++;
        at = m.data + size;
        take_message(track, &m);
        if (reader->status)
            break;
    }
    if (m.status != track->running)
        track->stale = 0;
    track->at = at;
    track->tick = m.tick;
    track->running = m.status;
    reader->event_count = count;
}

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
    if (event->status < SYSEX) {
        scan_data(in, event, data_size(event->status));
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

bool nm_is_end_of_track(const nm_event *event) {
    return event->status == META && event->data[0] == META_END_OF_TRACK;
}

void nm_pass_event(nm_track *track, const nm_event *event) {
    track->at = event->after;
    track->tick += event->delta;
    if (event->status == 0 || (event->status > SYSEX_PACKET && event->status != META))
        return; /* real time does not touch the running status */
    if (event->status < SYSEX) {
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
    if (event->status >= 0x80 && event->status < SYSEX) {
        const message m = {track->tick, event->data, event->start, event->status};
        take_message(track, &m);
    } else if (event->status == META) {
        nm_read_meta(track, event);
    } else if (event->status == SYSEX || event->status == SYSEX_PACKET) {
        reader->omission_counts[NM_OMISSION_SYSEX]++;
    }
}

nm_stop nm_read_events(nm_track *track) {
    while (!track->reader->status) {
        nm_event event;
        read_regular_events(track);
        if (track->reader->status)
            break;
        if (track->at == track->end)
            return NM_STOP_END;
        if (!nm_scan_event(&event, track))
            return NM_STOP_UNREADABLE;
        take_event(track, &event);
        if (nm_is_end_of_track(&event) && !track->reader->status)
            return NM_STOP_END_OF_TRACK;
    }
    return NM_STOP_FAILED;
}
