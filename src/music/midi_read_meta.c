/* SPDX-License-Identifier: ISC */
/* Meta events. One that makes no sense is ignored, and the file kept. */
#include "music/midi_read.h"

enum {
    META_LAST_TEXT = 0x0F,
    META_PORT = 0x21,
    META_END_OF_TRACK = 0x2F,
    META_TEMPO = 0x51,
    META_TIME_SIGNATURE = 0x58,
    META_KEY_SIGNATURE = 0x59,
    META_SEQUENCER_SPECIFIC = 0x7F
};

static void read_text(nm_track *track, const nm_event *event) {
    const neume_text text = {.start_ticks = track->tick,
                             .track = track->index,
                             .kind = event->data[0],
                             .size_bytes = event->payload_size,
                             .bytes = event->payload};
    if (neume_score_add_text(track->reader->score, &text))
        nm_no_memory(track->reader);
}

static void read_port(nm_track *track, const nm_event *event) {
    if (event->payload_size == 1)
        nm_use_port(track, event->payload[0]);
    else
        nm_repair(track->reader, NM_REPAIR_META_LENGTH, event->start);
}

static void read_tempo(nm_track *track, const nm_event *event) {
    nm_midi_reader *reader = track->reader;
    const uint8_t *b = event->payload;
    if (reader->frames_per_second) {
        reader->omission_counts[NM_OMISSION_SMPTE_TEMPO]++;
        return;
    }
    neume_tempo tempo = {.start_ticks = track->tick};
    if (event->payload_size == 3)
        tempo.microseconds_per_quarter = (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
    if (tempo.microseconds_per_quarter == 0)
        nm_repair(reader, NM_REPAIR_TEMPO, event->start);
    else if (neume_score_add_tempo(reader->score, &tempo))
        nm_no_memory(reader);
}

static void read_time_signature(nm_track *track, const nm_event *event) {
    const uint8_t *b = event->payload;
    if (event->payload_size != 4 || b[0] == 0 || b[1] > 15) {
        nm_repair(track->reader, NM_REPAIR_TIME_SIGNATURE, event->start);
        return;
    }
    const neume_time_signature signature = {
        .start_ticks = track->tick, .numerator = b[0], .denominator = (uint16_t)(1u << b[1])};
    if (neume_score_add_time_signature(track->reader->score, &signature))
        nm_no_memory(track->reader);
}

static void read_key_signature(nm_track *track, const nm_event *event) {
    const uint8_t *b = event->payload;
    if (event->payload_size != 2 || (uint8_t)(b[0] + 7) > 14 || b[1] > 1) {
        nm_repair(track->reader, NM_REPAIR_KEY_SIGNATURE, event->start);
        return;
    }
    const neume_key_signature signature = {
        .start_ticks = track->tick, .sharps = (int8_t)b[0], .is_minor = b[1]};
    if (neume_score_add_key_signature(track->reader->score, &signature))
        nm_no_memory(track->reader);
}

void nm_read_meta(nm_track *track, const nm_event *event) {
    nm_midi_reader *reader = track->reader;
    const uint8_t type = event->data[0];
    if (type >= 1 && type <= META_LAST_TEXT)
        read_text(track, event);
    else if (type == META_PORT)
        read_port(track, event);
    else if (type == META_TEMPO)
        read_tempo(track, event);
    else if (type == META_TIME_SIGNATURE)
        read_time_signature(track, event);
    else if (type == META_KEY_SIGNATURE)
        read_key_signature(track, event);
    else if (type == META_END_OF_TRACK && event->payload_size > 0)
        nm_repair(reader, NM_REPAIR_META_LENGTH, event->start);
    else if (type == META_SEQUENCER_SPECIFIC)
        reader->omission_counts[NM_OMISSION_SEQUENCER_SPECIFIC]++;
    else if (type != META_END_OF_TRACK)
        reader->omission_counts[NM_OMISSION_OTHER_META]++;
}
