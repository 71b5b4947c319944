/* SPDX-License-Identifier: ISC */
/* Channel messages: what each of them does. */
#include "music/midi_read.h"

static void begin_note(nm_track *track, nm_key *key, const nm_message *m) {
    nm_midi_reader *reader = track->reader;
    nm_note_list *notes = &reader->score->notes;
    const nm_voice *voice = &track->port->voices[m->status & 15];
    if (notes->count == notes->capacity && !nm_grow_notes(reader, m->start))
        return;
    nm_write_note(&notes->items[notes->count++], voice, m, reader->bytes);
    reader->has_unknown_programs |= voice->program > 127;
    track->sounding++;
    if (key->first > track->first_note)
        nm_strike_again(track, key, (uint32_t)notes->count);
    else
        key->first = (uint32_t)notes->count;
}

static void take_note(nm_track *track, const nm_message *m) {
    nm_midi_reader *reader = track->reader;
    nm_key *key = &track->port->keys[(m->status & 15) << 7 | m->data[0]];
    if (nm_begins_note(m)) {
        begin_note(track, key, m);
    } else if (key->first > track->first_note) {
        nm_end_note(reader->score->notes.items, key, m->tick);
        track->sounding--;
    } else {
        nm_end_orphan(reader, key, m->start);
    }
}

/* Whether a list of the reader or its score has room for one item more. An item takes two bytes of
 * the file at least. */
#define HAS_ROOM(reader, list, at)                                                                 \
    ((list).count < (list).capacity ||                                                             \
     nm_grow_list(reader, &(list).items, &(list).capacity, sizeof *(list).items, at))

/* Program changes of other tracks are wanted where a track has none on a channel. */
static void take_program_change(nm_track *track, const nm_message *m) {
    nm_midi_reader *reader = track->reader;
    const uint8_t channel = m->status & 15;
    if (reader->programs.count == 0)
        nm_doubt_programs(reader);
    track->port->voices[channel].program = m->data[0];
    if (HAS_ROOM(reader, reader->programs, m->start))
        reader->programs.items[reader->programs.count++] =
            (neume_control){.start_ticks = m->tick,
                            .track = track->index,
                            .port = track->port_number,
                            .channel = channel,
                            .value = m->data[0]};
}

static void take_control_change(nm_track *track, const nm_message *m) {
    neume_score *score = track->reader->score;
    if (HAS_ROOM(track->reader, score->controls, m->start))
        score->controls.items[score->controls.count++] = (neume_control){.start_ticks = m->tick,
                                                                         .track = track->index,
                                                                         .port = track->port_number,
                                                                         .channel = m->status & 15,
                                                                         .controller = m->data[0],
                                                                         .value = m->data[1]};
}

static void take_pitch_bend(nm_track *track, const nm_message *m) {
    neume_score *score = track->reader->score;
    if (HAS_ROOM(track->reader, score->pitch_bends, m->start))
        score->pitch_bends.items[score->pitch_bends.count++] =
            (neume_pitch_bend){.start_ticks = m->tick,
                               .track = track->index,
                               .port = track->port_number,
                               .channel = m->status & 15,
                               .value = (int16_t)((m->data[1] << 7 | m->data[0]) - 8192)};
}

void nm_take_message(nm_track *track, const nm_message *m) {
    switch (m->status >> 4) {
    case NM_NOTE_OFF >> 4:
    case NM_NOTE_ON >> 4:
        take_note(track, m);
        break;
    case 0xA:
        track->reader->omission_counts[NM_OMISSION_KEY_PRESSURE]++;
        break;
    case NM_CONTROL_CHANGE >> 4:
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
