/* SPDX-License-Identifier: ISC */
/* The rare part of pairing note-ons with note-offs; the frequent one is where the events are. */
#include "music/midi_read.h"

#include "base/mem.h"

static nm_port *find_port(nm_midi_reader *reader, uint8_t number) {
    for (nm_port *port = reader->ports; port; port = port->next)
        if (port->number == number)
            return port;
    nm_port *port = nm_alloc(reader->context, 1, sizeof *port);
    if (port) {
        port->number = number;
        port->next = reader->ports;
        reader->ports = port;
    }
    return port;
}

void nm_free_ports(nm_midi_reader *reader) {
    while (reader->ports) {
        nm_port *port = reader->ports;
        reader->ports = port->next;
        nm_free(reader->context, port);
    }
}

void nm_use_port(nm_track *track, uint8_t number) {
    nm_midi_reader *reader = track->reader;
    const uint8_t program = reader->programs.count ? NM_PROGRAM_UNKNOWN : 0;
    nm_port *port = find_port(reader, number);
    if (!port) {
        nm_no_memory(reader);
        return;
    }
    if (port->track != track->index + 1u) {
        for (unsigned channel = 0; channel < 16; channel++)
            port->voices[channel] = (nm_voice){.track = track->index,
                                               .port = number,
                                               .channel = (uint8_t)channel,
                                               .program = program,
                                               .is_drum = channel == 9};
        port->track = track->index + 1u;
    }
    track->port_number = number;
    track->port = port;
}

void nm_doubt_programs(nm_midi_reader *reader) {
    nm_note_list *notes = &reader->score->notes;
    for (size_t i = 0; i < notes->count; i++)
        notes->items[i].program = NM_PROGRAM_UNKNOWN;
    for (nm_port *port = reader->ports; port; port = port->next)
        for (unsigned channel = 0; channel < 16; channel++)
            port->voices[channel].program = NM_PROGRAM_UNKNOWN;
    reader->has_unknown_programs = notes->count > 0;
}

/* A note takes three bytes of the file at least. This bounds the list, and with it the memory, at
 * eight times the file. */
bool nm_grow_notes(nm_midi_reader *reader, const uint8_t *at) {
    neume_score *score = reader->score;
    const size_t bytes_left = (size_t)(reader->bytes + reader->end - at);
    if (nm_list_grow(reader->context, &score->notes.items, &score->notes.capacity,
                     score->notes.count + bytes_left / 3 + 1, sizeof *score->notes.items))
        return true;
    nm_no_memory(reader);
    return false;
}

static void queue_note(neume_note *notes, nm_key *key, uint32_t number) {
    const bool is_one = (uint32_t)notes[key->first - 1].duration_ticks == 0;
    notes[(is_one ? key->first : key->last) - 1].duration_ticks |= number;
    key->last = number;
}

static void forget_note(nm_track *track, nm_key *key, uint32_t number) {
    nm_midi_reader *reader = track->reader;
    reader->score->notes.items[key->first - 1].velocity = 0;
    reader->has_dropped_notes = true;
    reader->omission_counts[NM_OMISSION_FORGOTTEN_ONSET]++;
    track->sounding--;
    key->first = number;
    key->last++;
}

/* A note begins on a key that sounds. */
void nm_strike_again(nm_track *track, nm_key *key, uint32_t number) {
    if (track->reader->options.pairing == NEUME_PAIRING_FIFO)
        queue_note(track->reader->score->notes.items, key, number);
    else
        forget_note(track, key, number);
}

void nm_end_orphan(nm_midi_reader *reader, nm_key *key, const uint8_t *where) {
    if (reader->options.pairing == NEUME_PAIRING_LAST && key->last)
        key->last--;
    else
        nm_repair(reader, NM_REPAIR_ORPHAN_NOTE_OFF, where);
}

static void mark_stuck_notes(nm_track *track, const nm_port *port) {
    neume_note *notes = track->reader->score->notes.items;
    for (size_t i = 0; i < sizeof port->keys / sizeof *port->keys; i++)
        for (uint32_t number = port->keys[i].first; number > track->first_note;
             number = (uint32_t)notes[number - 1].duration_ticks)
            notes[number - 1].velocity |= NM_STUCK;
}

/* What still sounds lasts to the end of the track; nm_finish_timing shortens it to 16 bars. */
void nm_end_track_notes(nm_track *track) {
    nm_midi_reader *reader = track->reader;
    if (track->sounding == 0)
        return;
    reader->has_stuck_notes = true;
    for (const nm_port *port = reader->ports; port; port = port->next)
        if (port->track == track->index + 1u)
            mark_stuck_notes(track, port);
    for (size_t i = track->first_note; i < reader->score->notes.count; i++) {
        neume_note *note = &reader->score->notes.items[i];
        if (!(note->velocity & NM_STUCK))
            continue;
        const uint8_t *where = reader->bytes + (note->duration_ticks >> 32);
        note->duration_ticks = track->tick - note->start_ticks;
        if (!nm_repair(reader, NM_REPAIR_STUCK_NOTE, where))
            return;
    }
}
