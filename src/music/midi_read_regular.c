/* SPDX-License-Identifier: ISC */
/* Most of a file: messages that are just as they should be. Notes and control changes are read by a
 * loop with little around each, the other messages one by one. What is left needs more care: see
 * midi_read_events.c. */
#include "music/midi_read.h"

#include <string.h>

/* Bytes of the longest regular event: a number of four, a status, two of data. */
enum { LONGEST_REGULAR = 7, IRREGULAR = NM_LONGEST_DELTA + 1 };

/* The next message: its delta time and status, and where its data are. */
typedef struct head {
    const uint8_t *data;
    uint32_t delta;
    uint8_t status; /* 0: no regular message comes next */
} head;

/* How far the regular messages of a track were read. */
typedef struct position {
    const uint8_t *at;
    uint64_t tick;
    uint8_t running;
} position;

typedef struct messages {
    nm_track *track;
    const uint8_t *end; /* what begins before it fits, and there is room for its notes */
    size_t count;       /* so far */
    position now;
} messages;

/* What notes and control changes have an effect on, at hand while many are read. */
typedef struct effects {
    nm_track *track;
    nm_port *port;
    const uint8_t *bytes; /* of the file */
    neume_note *notes;
    uint32_t count, ended; /* notes of the score, notes that ended */
    uint32_t first_note;
    uint8_t programs; /* of all notes, one or the other */
    neume_control *controls;
    size_t control_count, control_room;
} effects;

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

static inline head head_of(const messages *in) {
    head next = {.data = in->now.at};
    if (in->now.at >= in->end)
        return next;
    next.delta = regular_number(&next.data);
    if (next.delta == IRREGULAR)
        return next;
    next.status = *next.data & 0x80 ? *next.data++ : in->now.running;
    return next;
}

static inline bool has_data(uint8_t a, uint8_t b) {
    return !((a | b) & 0x80);
}

static inline bool is_message(uint8_t status) {
    return status >= NM_NOTE_OFF && status < NM_SYSTEM;
}

/* False where the next message is not quite regular, and where the reader fails. */
static bool read_message(messages *in, const head *next) {
    const uint8_t *data = next->data, *start = in->now.at;
    const uint8_t status = next->status;
    const unsigned size = nm_data_size(status);
    if (!is_message(status) || !has_data(data[0], data[size - 1]))
        return false;
    in->count++;
    in->now = (position){data + size, in->now.tick + next->delta, status};
    nm_take_message(in->track,
                    &(nm_message){start, in->now.tick, status, {data[0], data[size - 1]}});
    return !in->track->reader->status;
}

static effects effects_on(nm_track *track) {
    const nm_midi_reader *reader = track->reader;
    const neume_score *score = reader->score;
    return (effects){.track = track,
                     .port = track->port,
                     .bytes = reader->bytes,
                     .notes = score->notes.items,
                     .count = (uint32_t)score->notes.count,
                     .first_note = track->first_note,
                     .controls = score->controls.items,
                     .control_count = score->controls.count,
                     .control_room = score->controls.capacity};
}

/* How many messages took effect. */
static inline size_t leave(const effects *on) {
    nm_midi_reader *reader = on->track->reader;
    neume_score *score = reader->score;
    const uint32_t begun = on->count - (uint32_t)score->notes.count;
    const size_t controls = on->control_count - score->controls.count;
    score->notes.count = on->count;
    score->controls.count = on->control_count;
    reader->has_unknown_programs |= on->programs > 127;
    on->track->sounding += begun - on->ended;
    return begun + on->ended + controls;
}

static inline nm_key *key_of(const effects *on, const nm_message *m) {
    return &on->port->keys[(m->status & 15) << 7 | m->data[0]];
}

static inline void strike(effects *on, const nm_message *m) {
    nm_key *key = key_of(on, m);
    const nm_voice *voice = &on->port->voices[m->status & 15];
    on->programs |= voice->program;
    nm_write_note(&on->notes[on->count++], voice, m, on->bytes);
    if (key->first > on->first_note)
        nm_strike_again(on->track, key, on->count);
    else
        key->first = on->count;
}

/* False where no note sounds on the key. */
static inline bool release(effects *on, const nm_message *m) {
    nm_key *key = key_of(on, m);
    if (key->first <= on->first_note)
        return false;
    nm_end_note(on->notes, key, m->tick);
    on->ended++;
    return true;
}

static inline bool take_note(effects *on, position *now, uint32_t delta, uint8_t status,
                             const uint8_t *data) {
    const nm_message m = {now->at, now->tick + delta, status, {data[0], data[1]}};
    if (nm_begins_note(&m))
        strike(on, &m);
    else if (!release(on, &m))
        return false;
    *now = (position){data + 2, m.tick, status};
    return true;
}

/* False where there is no room. */
static inline bool take_control(effects *on, position *now, uint32_t delta, uint8_t status,
                                const uint8_t *data) {
    const nm_voice *voice = &on->port->voices[status & 15];
    if (on->control_count == on->control_room)
        return false;
    *now = (position){data + 2, now->tick + delta, status};
    on->controls[on->control_count++] = (neume_control){.start_ticks = now->tick,
                                                        .track = voice->track,
                                                        .port = voice->port,
                                                        .channel = voice->channel,
                                                        .controller = data[0],
                                                        .value = data[1]};
    return true;
}

/* Four bytes at once, in whichever order the machine has them. */
static inline uint32_t word_at(const uint8_t *bytes) {
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static inline uint32_t word_of(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
    return word_at((const uint8_t[]){a, b, c, d});
}

/* Notes and control changes, up to one that needs more care, or another message. Either the status
 * that runs is of these, or the first message has a status. The last byte of a delta time and the
 * three behind it are looked at together: the masks leave what tells data from a status, and of a
 * status what it is; a note-off looks like a note-on, and all channels alike. */
static void read_notes_and_controls(messages *in) {
    effects on = effects_on(in->track);
    const uint8_t *const end = in->end;
    position now = in->now;
    bool goes_on = true;
    while (goes_on && now.at < end) {
        const uint8_t *data = now.at;
        uint32_t delta = *data++;
        if (delta & 0x80)
            delta = (delta & 0x7F) << 7 | *data++;
        const uint32_t word = word_at(data - 1);
        if ((word & word_of(0x80, 0xE0, 0x80, 0x80)) == word_of(0, NM_NOTE_OFF, 0, 0))
            goes_on = take_note(&on, &now, delta, data[0], data + 1);
        else if ((word & word_of(0x80, 0xF0, 0x80, 0x80)) == word_of(0, NM_CONTROL_CHANGE, 0, 0))
            goes_on = take_control(&on, &now, delta, data[0], data + 1);
        else if (word & word_of(0x80, 0x80, 0x80, 0))
            goes_on = false;
        else if (now.running < NM_CONTROL_CHANGE)
            goes_on = take_note(&on, &now, delta, now.running, data);
        else
            goes_on = take_control(&on, &now, delta, now.running, data);
    }
    in->now = now;
    in->count += leave(&on);
}

static inline size_t lesser(size_t a, size_t b) {
    return a < b ? a : b;
}

/* What begins before it fits, and is not too many events nor notes: an event takes two bytes at
 * least, a note three. */
static const uint8_t *regular_end(const nm_track *track) {
    const nm_midi_reader *reader = track->reader;
    const nm_note_list *notes = &reader->score->notes;
    const size_t left = (size_t)(track->end - track->at);
    if (left < LONGEST_REGULAR)
        return track->at;
    const size_t events = 2 * (reader->options.max_events - reader->event_count);
    const size_t room = 3 * (notes->capacity - notes->count);
    return track->at + lesser(left - LONGEST_REGULAR + 1, lesser(events, room));
}

static inline bool is_note_or_control(uint8_t status) {
    return (status & 0xE0) == NM_NOTE_OFF || (status & 0xF0) == NM_CONTROL_CHANGE;
}

static void read_messages(messages *in, head next) {
    bool goes_on = true;
    while (goes_on) {
        if (is_note_or_control(next.status)) {
            read_notes_and_controls(in);
            next = head_of(in);
        }
        goes_on = read_message(in, &next);
        next = head_of(in);
    }
}

void nm_read_regular(nm_track *track) {
    messages in = {
        .track = track, .end = regular_end(track), .now = {track->at, track->tick, track->running}};
    const head next = head_of(&in);
    if (!is_message(next.status))
        return;
    read_messages(&in, next);
    if (in.now.running != track->running)
        track->stale = 0;
    track->at = in.now.at;
    track->tick = in.now.tick;
    track->running = in.now.running;
    track->reader->event_count += in.count;
}
