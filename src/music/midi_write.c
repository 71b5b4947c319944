/* SPDX-License-Identifier: ISC */
#include "music/midi_write.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

#include <string.h>

enum {
    NOTE_OFF = 0x80,
    NOTE_ON = 0x90,
    CONTROL = 0xB0,
    PROGRAM = 0xC0,
    PITCH_BEND = 0xE0,
    RELEASE_VELOCITY = 64,
    LONGEST_DELTA = 0x0FFFFFFF,
    LONGEST_TEXT = 127,
    NO_PROGRAM = 0xFF
};

/* A track of the output, growing in time. */
typedef struct track {
    nm_buffer bytes;
    uint64_t tick;
    uint8_t program; /* the last one written, or NO_PROGRAM */
} track;

typedef struct writer {
    nm_write_plan plan;
    track *tracks; /* [groups + 1] */
    size_t track_count;
    uint8_t programs[256][16]; /* [port][channel]: what a player has chosen by now */
} writer;

static void write_number(nm_buffer *to, uint32_t value) {
    for (unsigned shift = 21; shift > 0; shift -= 7)
        if (value >> shift)
            nm_write_u8(to, (uint8_t)(0x80 | (value >> shift & 0x7F)));
    nm_write_u8(to, value & 0x7F);
}

/* A pause longer than a delta time can say is broken by empty events of no consequence: sequencer
 * specific, of the manufacturer number for non-commercial use. */
static void write_delta(track *to, uint64_t tick) {
    static const uint8_t nothing[] = {0xFF, 0x7F, 0x01, 0x7D};
    uint64_t delta = tick - to->tick;
    for (; delta > LONGEST_DELTA; delta -= LONGEST_DELTA) {
        write_number(&to->bytes, LONGEST_DELTA);
        nm_write_bytes(&to->bytes, nothing, sizeof nothing);
    }
    write_number(&to->bytes, (uint32_t)delta);
    to->tick = tick;
}

static void write_meta(track *to, uint64_t tick, uint8_t type, neume_bytes data) {
    write_delta(to, tick);
    nm_write_u8(&to->bytes, 0xFF);
    nm_write_u8(&to->bytes, type);
    write_number(&to->bytes, (uint32_t)data.size_bytes);
    nm_write_bytes(&to->bytes, data.data, data.size_bytes);
}

/* How many of the first bytes of a text go into one event. libsmf takes no more than 127; a
 * character of UTF-8 is not cut. */
static size_t piece_of_text(const uint8_t *bytes, size_t size) {
    size_t end = LONGEST_TEXT;
    if (size <= end)
        return size;
    while (end > LONGEST_TEXT - 4 && (bytes[end] & 0xC0) == 0x80)
        end--;
    return end > LONGEST_TEXT - 4 ? end : LONGEST_TEXT;
}

static void write_text(track *to, const neume_text *text) {
    size_t done = 0;
    do {
        const size_t size = piece_of_text(text->bytes + done, text->size_bytes - done);
        write_meta(to, text->start_ticks, text->kind, (neume_bytes){text->bytes + done, size});
        done += size;
    } while (done < text->size_bytes);
}

static void write_tempo(track *to, const neume_tempo *tempo) {
    const uint32_t value = tempo->microseconds_per_quarter;
    const uint8_t data[] = {(uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    write_meta(to, tempo->start_ticks, 0x51, (neume_bytes){data, sizeof data});
}

/* Behind the signature: 24 MIDI clocks a click of the metronome, 8 thirty-seconds a quarter. */
static void write_time_signature(track *to, const neume_time_signature *metre) {
    uint8_t power = 0;
    while (metre->denominator >> (power + 1))
        power++;
    const uint8_t data[] = {(uint8_t)metre->numerator, power, 24, 8};
    write_meta(to, metre->start_ticks, 0x58, (neume_bytes){data, sizeof data});
}

static void write_key_signature(track *to, const neume_key_signature *key) {
    const uint8_t data[] = {(uint8_t)key->sharps, key->is_minor};
    write_meta(to, key->start_ticks, 0x59, (neume_bytes){data, sizeof data});
}

/* `message` is status, first and second data byte; program changes have no second. */
static void write_message(track *to, uint64_t tick, const uint8_t *message) {
    write_delta(to, tick);
    nm_write_bytes(&to->bytes, message, (message[0] & 0xF0) == PROGRAM ? 2 : 3);
}

/* A channel may carry several programs in turn, from several tracks; so a note brings its own where
 * the channel has another one, or the track by itself would have. */
static void write_note_on(writer *to, track *on, const neume_note *note) {
    uint8_t *chosen = &to->programs[note->port][note->channel];
    if (*chosen != note->program || on->program != note->program)
        write_message(on, note->start_ticks,
                      (uint8_t[]){PROGRAM | note->channel, note->program, 0});
    *chosen = on->program = note->program;
    write_message(on, note->start_ticks,
                  (uint8_t[]){NOTE_ON | note->channel, note->pitch, note->velocity});
}

/* What every file says at its start if the score does not. */
static const neume_tempo default_tempo = {0, 500000};
static const neume_time_signature common_time = {0, 4, 4};

static void write_event(writer *to, const nm_write_event *event) {
    const neume_score *score = to->plan.score;
    track *on = &to->tracks[event->track];
    const size_t i = event->index;
    switch ((nm_event_kind)event->kind) {
    case NM_EVENT_NOTE_OFF: {
        const neume_note *note = &to->plan.notes.items[i];
        write_message(on, event->start_ticks,
                      (uint8_t[]){NOTE_OFF | note->channel, note->pitch, RELEASE_VELOCITY});
        break;
    }
    case NM_EVENT_TEXT:
        write_text(on, &score->texts.items[i]);
        break;
    case NM_EVENT_TEMPO:
        write_tempo(on, i == NM_DEFAULT ? &default_tempo : &score->tempos.items[i]);
        break;
    case NM_EVENT_TIME_SIGNATURE:
        write_time_signature(on, i == NM_DEFAULT ? &common_time : &score->time_signatures.items[i]);
        break;
    case NM_EVENT_KEY_SIGNATURE:
        write_key_signature(on, &score->key_signatures.items[i]);
        break;
    case NM_EVENT_CONTROL: {
        const neume_control *control = &score->controls.items[i];
        write_message(on, control->start_ticks,
                      (uint8_t[]){CONTROL | control->channel, control->controller, control->value});
        break;
    }
    case NM_EVENT_PITCH_BEND: {
        const neume_pitch_bend *bend = &score->pitch_bends.items[i];
        const unsigned value = (unsigned)(bend->value + 8192);
        write_message(on, bend->start_ticks,
                      (uint8_t[]){PITCH_BEND | bend->channel, value & 0x7F, (uint8_t)(value >> 7)});
        break;
    }
    case NM_EVENT_NOTE_ON:
        write_note_on(to, on, &to->plan.notes.items[i]);
        break;
    }
}

/* Of two tempos, metres or keys at one tick the later added holds. */
static bool is_overruled(const nm_write_event *event, const nm_write_event *next) {
    return event->kind >= NM_EVENT_TEMPO && event->kind <= NM_EVENT_KEY_SIGNATURE &&
           next->kind == event->kind && next->start_ticks == event->start_ticks;
}

static void write_port(track *to, uint8_t port) {
    write_meta(to, 0, 0x21, (neume_bytes){&port, 1});
}

/* Where there are several ports, each track says its own. */
static void write_ports(writer *to) {
    for (size_t i = 0; i < to->plan.groups.count && to->plan.has_ports; i++)
        if (nm_group_channel(to->plan.groups.items[i]) != NM_GROUP_NONE)
            write_port(&to->tracks[i + 1], nm_group_port(to->plan.groups.items[i]));
}

static void write_tracks(writer *to) {
    const nm_write_event *events = to->plan.events.items;
    const size_t count = to->plan.events.count;
    write_ports(to);
    for (size_t i = 0; i < count; i++)
        if (i + 1 == count || !is_overruled(&events[i], &events[i + 1]))
            write_event(to, &events[i]);
    for (size_t t = 0; t < to->track_count; t++)
        write_meta(&to->tracks[t], to->tracks[t].tick, 0x2F, (neume_bytes){"", 0});
}

static void write_file(nm_buffer *file, const writer *from) {
    nm_write_text(file, "MThd");
    nm_write_u32_be(file, 6);
    nm_write_u16_be(file, 1);
    nm_write_u16_be(file, (uint16_t)from->track_count);
    nm_write_u16_be(file, (uint16_t)from->plan.score->ticks_per_quarter);
    for (size_t t = 0; t < from->track_count; t++) {
        const nm_buffer *bytes = &from->tracks[t].bytes;
        nm_write_text(file, "MTrk");
        nm_write_u32_be(file, (uint32_t)bytes->size);
        nm_write_bytes(file, bytes->data, bytes->size);
        file->failed |= bytes->failed;
    }
}

static neume_status write_planned(nm_buffer *file, writer *from, neume_error *error) {
    neume_context *context = from->plan.context;
    from->track_count = from->plan.groups.count + 1;
    from->tracks = nm_alloc(context, from->track_count, sizeof *from->tracks);
    if (!from->tracks)
        return nm_fail_memory(error, "score to MIDI");
    memset(from->programs, NO_PROGRAM, sizeof from->programs);
    for (size_t t = 0; t < from->track_count; t++)
        from->tracks[t] = (track){.bytes = nm_buffer_on(context), .program = NO_PROGRAM};
    write_tracks(from);
    write_file(file, from);
    for (size_t t = 0; t < from->track_count; t++)
        nm_buffer_clear(&from->tracks[t].bytes);
    nm_free(context, from->tracks);
    return file->failed ? nm_fail_memory(error, "score to MIDI") : NEUME_OK;
}

neume_status neume_midi_write(neume_bytes *out, neume_context *context, const neume_score *score,
                              neume_error *error) {
    writer to = {.plan = {.context = context, .score = score}};
    nm_buffer file = nm_buffer_on(context);
    *out = (neume_bytes){NULL, 0};
    neume_status status = nm_plan_midi(&to.plan, error);
    if (!status)
        status = write_planned(&file, &to, error);
    nm_write_plan_clear(&to.plan);
    if (status)
        nm_buffer_clear(&file);
    else
        *out = (neume_bytes){file.data, file.size};
    return status;
}

void neume_midi_bytes_free(neume_context *context, neume_bytes bytes) {
    void *data;
    memcpy(&data, &bytes.data, sizeof data);
    nm_free(context, data);
}

neume_status neume_midi_save(const char *path, neume_context *context, const neume_score *score,
                             neume_error *error) {
    neume_bytes bytes;
    neume_status status = neume_midi_write(&bytes, context, score, error);
    if (!status)
        status = nm_file_write(path, context, &bytes, 1, error);
    neume_midi_bytes_free(context, bytes);
    return status;
}
