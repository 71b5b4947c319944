/* SPDX-License-Identifier: ISC */
/* Most of a file: notes and control changes that are just as they should be. One loop reads those
 * of a channel with little around each, and the other regular messages go one by one. What is left
 * needs more care: see midi_read_events.c. */
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

/* What the messages of a channel have an effect on. */
typedef struct channel {
    nm_key *keys;
    nm_voice voice;
    neume_note *notes;
    const uint8_t *bytes; /* of the file */
    uint32_t first_note;
    uint32_t count, ended; /* notes of the score, notes that ended */
    neume_control *controls;
    size_t control_count, control_room;
} channel;

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

/* False where the next message is not quite regular, and where the reader fails. */
static bool read_message(messages *in, const head *next) {
    const uint8_t *data = next->data, *start = in->now.at;
    const uint8_t status = next->status;
    const unsigned size = nm_data_size(status);
    if (status < NM_NOTE_OFF || status >= NM_SYSTEM || !has_data(data[0], data[size - 1]))
        return false;
    in->count++;
    in->now = (position){data + size, in->now.tick + next->delta, status};
    nm_take_message(in->track,
                    &(nm_message){start, in->now.tick, status, {data[0], data[size - 1]}});
    return !in->track->reader->status;
}

static channel channel_of(const nm_track *track, uint8_t number) {
    const nm_midi_reader *reader = track->reader;
    const neume_score *score = reader->score;
    return (channel){.keys = track->port->keys + number * 128,
                     .voice = track->port->voices[number],
                     .notes = score->notes.items,
                     .bytes = reader->bytes,
                     .first_note = track->first_note,
                     .count = (uint32_t)score->notes.count,
                     .controls = score->controls.items,
                     .control_count = score->controls.count,
                     .control_room = score->controls.capacity};
}

/* How many messages took effect. */
static inline size_t leave(const channel *on, nm_track *track) {
    nm_midi_reader *reader = track->reader;
    neume_score *score = reader->score;
    const uint32_t begun = on->count - (uint32_t)score->notes.count;
    const size_t controls = on->control_count - score->controls.count;
    score->notes.count = on->count;
    score->controls.count = on->control_count;
    reader->has_unknown_programs |= begun && on->voice.program > 127;
    track->sounding += begun - on->ended;
    return begun + on->ended + controls;
}

/* False where the key sounds. */
static inline bool strike(channel *on, const nm_message *m) {
    nm_key *key = &on->keys[m->data[0]];
    if (key->first > on->first_note)
        return false;
    nm_write_note(&on->notes[on->count], &on->voice, m, on->bytes);
    key->first = ++on->count;
    return true;
}

/* False where no note sounds on the key. */
static inline bool release(channel *on, const nm_message *m) {
    nm_key *key = &on->keys[m->data[0]];
    if (key->first <= on->first_note)
        return false;
    nm_end_note(on->notes, key, m->tick);
    on->ended++;
    return true;
}

static inline bool take_note(channel *on, position *now, uint32_t delta, uint8_t status,
                             const uint8_t *data) {
    const nm_message m = {now->at, now->tick + delta, status, {data[0], data[1]}};
    if (!(nm_begins_note(&m) ? strike(on, &m) : release(on, &m)))
        return false;
    *now = (position){data + 2, m.tick, status};
    return true;
}

/* False where there is no room. */
static inline bool take_control(channel *on, position *now, uint32_t delta, const uint8_t *data) {
    const nm_voice *voice = &on->voice;
    if (on->control_count == on->control_room)
        return false;
    *now = (position){data + 2, now->tick + delta, NM_CONTROL_CHANGE | voice->channel};
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

/* Notes and control changes of one channel, up to one that needs more care. Either the status that
 * runs is of these, or the first message has a status. */
static void read_channel(messages *in, uint8_t number) {
    channel on = channel_of(in->track, number);
    const uint32_t note = word_of(0, NM_NOTE_OFF | number, 0, 0);
    const uint32_t control = word_of(0, NM_CONTROL_CHANGE | number, 0, 0);
    const uint8_t *const end = in->end;
    position now = in->now;
    bool goes_on = true;
    while (goes_on && now.at < end) {
        const uint8_t *data = now.at;
        uint32_t delta = *data++;
        if (delta & 0x80)
            delta = (delta & 0x7F) << 7 | *data++;
        const uint32_t word = word_at(data - 1);
        if ((word & word_of(0x80, 0xEF, 0x80, 0x80)) == note)
            goes_on = take_note(&on, &now, delta, data[0], data + 1);
        else if ((word & word_of(0x80, 0xFF, 0x80, 0x80)) == control)
            goes_on = take_control(&on, &now, delta, data + 1);
        else if (word & word_of(0x80, 0x80, 0x80, 0))
            goes_on = false;
        else if (now.running < NM_CONTROL_CHANGE)
            goes_on = take_note(&on, &now, delta, now.running, data);
        else
            goes_on = take_control(&on, &now, delta, data);
    }
    in->now = now;
    in->count += leave(&on, in->track);
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

static inline bool is_of_channel(uint8_t status) {
    return (status & 0xE0) == NM_NOTE_OFF || (status & 0xF0) == NM_CONTROL_CHANGE;
}

void nm_read_regular(nm_track *track) {
    messages in = {
        .track = track, .end = regular_end(track), .now = {track->at, track->tick, track->running}};
    head next;
    for (bool goes_on = true; goes_on; goes_on = read_message(&in, &next)) {
        next = head_of(&in);
        if (!is_of_channel(next.status))
            continue;
        read_channel(&in, next.status & 15);
        next = head_of(&in);
    }
    if (in.now.running != track->running)
        track->stale = 0;
    track->at = in.now.at;
    track->tick = in.now.tick;
    track->running = in.now.running;
    track->reader->event_count += in.count;
}
