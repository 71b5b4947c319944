/* SPDX-License-Identifier: ISC */
/* One event after the other. Nearly all are regular channel messages: a loop of its own reads them;
 * what it leaves is scanned with all care, and only then takes effect. */
#include "music/midi_read.h"

#include "base/bytes.h"

#include <string.h>

enum { META = 0xFF, META_END_OF_TRACK = 0x2F, SYSEX = 0xF0, SYSEX_PACKET = 0xF7 };

/* Bytes of the longest regular event: a number of four, a status, two of data. */
enum { LONGEST_REGULAR = 7, LONGEST_NUMBER = 10, IRREGULAR = NM_LONGEST_DELTA + 1 };

/* A channel message that happens. */
typedef struct message {
    uint64_t tick;
    const uint8_t *start; /* of its event */
    uint8_t status, data[2];
} message;

/* What notes have an effect on, at hand while many are read. */
typedef struct taker {
    nm_track *track;
    const uint8_t *bytes; /* of the file */
    nm_port *port;
    neume_note *notes; /* of the score, and below how many there are, and may be */
    size_t note_count, room;
    uint32_t first_note, sounding; /* as in the track */
    uint8_t programs;              /* of all notes that began, one or the other */
    bool is_fifo;
} taker;

static inline taker taker_on(nm_track *track) {
    const nm_midi_reader *reader = track->reader;
    return (taker){.track = track,
                   .bytes = reader->bytes,
                   .port = track->port,
                   .notes = reader->score->notes.items,
                   .note_count = reader->score->notes.count,
                   .room = reader->score->notes.capacity,
                   .first_note = track->first_note,
                   .sounding = track->sounding,
                   .is_fifo = reader->options.pairing == NEUME_PAIRING_FIFO};
}

static inline void put_back(const taker *in) {
    nm_midi_reader *reader = in->track->reader;
    reader->score->notes.count = in->note_count;
    reader->has_unknown_programs |= in->programs > 127;
    in->track->sounding = in->sounding;
}

static inline nm_key *key_of(const taker *in, message m) {
    return &in->port->keys[(m.status & 15) << 7 | m.data[0]];
}

/* A note begins on a key that sounds. */
static inline void begin_again(taker *in, nm_key *key, uint32_t number) {
    if (in->is_fifo) {
        in->notes[key->last - 1].duration_ticks |= number;
        key->last = number;
        in->sounding++;
    } else {
        nm_forget_note(in->track->reader, key, number);
    }
}

/* False where there is no room for the note. */
static inline bool note_on(taker *in, message m) {
    if (in->note_count == in->room)
        return false;
    nm_key *key = key_of(in, m);
    const nm_voice *voice = &in->port->voices[m.status & 15];
    neume_note *note = &in->notes[in->note_count++];
    const uint32_t number = (uint32_t)in->note_count;
    in->programs |= voice->program;
    note->start_ticks = m.tick;
    note->duration_ticks = (uint64_t)(m.start - in->bytes) << 32;
    memcpy(&note->track, voice, sizeof *voice);
    note->pitch = m.data[0];
    note->velocity = m.data[1];
    if (key->first > in->first_note) {
        begin_again(in, key, number);
        return true;
    }
    key->first = number;
    if (in->is_fifo)
        key->last = number;
    in->sounding++;
    return true;
}

/* False where no note sounds on the key. */
static inline bool note_off(taker *in, message m) {
    nm_key *key = key_of(in, m);
    if (key->first <= in->first_note)
        return false;
    neume_note *note = &in->notes[key->first - 1];
    key->first = (uint32_t)note->duration_ticks;
    note->duration_ticks = m.tick - note->start_ticks;
    in->sounding--;
    return true;
}

static inline bool is_note(uint8_t status) {
    return (status & 0xE0) == 0x80;
}

/* A note-on of velocity 0 is a note-off. */
static inline bool begins_note(message m) {
    return m.status >= 0x90 && m.data[1];
}

static inline bool takes_note(taker *in, message m) {
    return begins_note(m) ? note_on(in, m) : note_off(in, m);
}

static void take_note(nm_track *track, message m) {
    nm_midi_reader *reader = track->reader;
    const nm_note_list *notes = &reader->score->notes;
    if (begins_note(m) && notes->count == notes->capacity && !nm_grow_notes(reader, m.start))
        return;
    taker in = taker_on(track);
    if (!takes_note(&in, m))
        nm_end_orphan(reader, key_of(&in, m), m.start);
    put_back(&in);
}

/* Whether a list of the reader or its score has room for one item more. An item takes two bytes of
 * the file at least. */
#define HAS_ROOM(reader, list, at)                                                                 \
    ((list).count < (list).capacity ||                                                             \
     nm_grow_list(reader, &(list).items, &(list).capacity, sizeof *(list).items, at))

/* Program changes of other tracks are wanted where a track has none on a channel. */
static void take_program_change(nm_track *track, message m) {
    nm_midi_reader *reader = track->reader;
    const uint8_t channel = m.status & 15;
    track->port->voices[channel].program = m.data[0];
    if (HAS_ROOM(reader, reader->programs, m.start))
        reader->programs.items[reader->programs.count++] =
            (neume_control){.start_ticks = m.tick,
                            .track = track->index,
                            .port = track->port_number,
                            .channel = channel,
                            .value = m.data[0]};
}

static inline void take_control_change(nm_track *track, message m) {
    neume_score *score = track->reader->score;
    if (HAS_ROOM(track->reader, score->controls, m.start))
        score->controls.items[score->controls.count++] = (neume_control){.start_ticks = m.tick,
                                                                         .track = track->index,
                                                                         .port = track->port_number,
                                                                         .channel = m.status & 15,
                                                                         .controller = m.data[0],
                                                                         .value = m.data[1]};
}

static void take_pitch_bend(nm_track *track, message m) {
    neume_score *score = track->reader->score;
    if (HAS_ROOM(track->reader, score->pitch_bends, m.start))
        score->pitch_bends.items[score->pitch_bends.count++] =
            (neume_pitch_bend){.start_ticks = m.tick,
                               .track = track->index,
                               .port = track->port_number,
                               .channel = m.status & 15,
                               .value = (int16_t)((m.data[1] << 7 | m.data[0]) - 8192)};
}

/* A message that is no note. */
static inline void take_other(nm_track *track, message m) {
    switch (m.status >> 4) {
    case 0xA:
        track->reader->omission_counts[NM_OMISSION_KEY_PRESSURE]++;
        break;
    case 0xB:
        take_control_change(track, m);
        break;
    case 0xC:
        take_program_change(track, m);
        break;
    case 0xD:
        track->reader->omission_counts[NM_OMISSION_CHANNEL_PRESSURE]++;
        break;
    default:
        take_pitch_bend(track, m);
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

/* What begins before it fits, and is not too many events: one takes two bytes at least. */
static const uint8_t *regular_end(const nm_track *track) {
    const size_t left = (size_t)(track->end - track->at);
    const size_t most = track->reader->options.max_events - track->reader->event_count;
    if (left < LONGEST_REGULAR)
        return track->at;
    const size_t fit = left - LONGEST_REGULAR + 1;
    return track->at + (fit / 2 < most ? fit : 2 * most);
}

/* Reads channel messages up to the first thing that is not quite regular. */
static void read_regular_events(nm_track *track) {
    nm_midi_reader *reader = track->reader;
    const uint8_t *at = track->at, *const end = regular_end(track);
    uint64_t tick = track->tick;
    uint8_t running = track->running;
    size_t count = reader->event_count;
    taker in = taker_on(track);
    while (at < end) {
        const uint8_t *data = at;
        const uint32_t delta = regular_number(&data);
        const uint8_t status = *data & 0x80 ? *data++ : running;
        const message m = {tick + delta, at, status, {data[0], data[1]}};
        if (is_note(status)) {
            if (delta == IRREGULAR || (m.data[0] | m.data[1]) & 0x80 || !takes_note(&in, m))
                break;
            at = data + 2;
        } else {
            const unsigned size = data_size(status);
            if (delta == IRREGULAR || status < 0x80 || status >= SYSEX ||
                (m.data[0] | m.data[size - 1]) & 0x80)
                break;
            take_other(track, m);
            if (reader->status)
                break;
            at = data + size;
        }
        tick = m.tick;
        running = status;
        count++;
    }
    put_back(&in);
    if (running != track->running)
        track->stale = 0;
    track->at = at;
    track->tick = tick;
    track->running = running;
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
        const message m = {
            track->tick, event->start, event->status, {event->data[0], event->data[1]}};
        if (is_note(m.status))
            take_note(track, m);
        else
            take_other(track, m);
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
