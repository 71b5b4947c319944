/* SPDX-License-Identifier: ISC */
/* The stages of reading a MIDI file, each in its own source:
 *   midi_read.c          the whole: header, tracks, finish
 *   midi_read_chunks.c   where the file begins, what a foreign file is, from chunk to chunk
 *   midi_read_track.c    the bounds of a track: lengths that lie, ends of track
 *   midi_read_events.c   one event after the other, with all care
 *   midi_read_regular.c  most events, by a loop with little around each
 *   midi_read_messages.c channel messages: what they do
 *   midi_read_notes.c    notes: what is rare in pairing note-ons with note-offs
 *   midi_read_meta.c     tempo, signatures, text, port
 *   midi_read_timing.c   SMPTE time, stuck notes, programs: what needs all tracks
 */
#ifndef NM_MUSIC_MIDI_READ_H
#define NM_MUSIC_MIDI_READ_H

#include "music/report.h"
#include "music/score.h"

#include <string.h>

/* NM_PROGRAM_UNKNOWN: what other tracks say is asked for once all are read. Before the first
 * program change of a file a program is 0, not unknown. */
enum { NM_DEFAULT_TEMPO = 500000, NM_PROGRAM_UNKNOWN = 0xFF, NM_LONGEST_DELTA = 0x0FFFFFFF };

/* A note that sounds has for its duration the place of its event in the file (upper 32 bits) and
 * the number of the next note on its key (lower 32). One that sounds on at its track's end is stuck
 * and has this bit in its velocity. A dropped note has velocity 0. */
enum { NM_STUCK = 0x80 };

/* The numbers (index + 1) of the first and the last note that sound on a key; none where `first` is
 * not greater than the track's `first_note`. Where one alone sounds, `last` says nothing. With
 * NEUME_PAIRING_LAST there is one at most, and `last` counts the forgotten onsets whose note-offs
 * are still to come. */
typedef struct nm_key {
    uint32_t first, last;
} nm_key;

/* What all notes of a channel have in common, for the time being: the end of a neume_note. */
typedef struct nm_voice {
    uint16_t track;
    uint8_t port, channel;
    uint8_t program; /* or NM_PROGRAM_UNKNOWN */
    uint8_t pitch, velocity;
    bool is_drum;
} nm_voice;

_Static_assert(offsetof(neume_note, track) + sizeof(nm_voice) == sizeof(neume_note) &&
                   offsetof(neume_note, is_drum) ==
                       offsetof(neume_note, track) + offsetof(nm_voice, is_drum),
               "a voice ends a note");

typedef struct nm_port {
    struct nm_port *next;
    uint8_t number;
    nm_key keys[16 * 128]; /* [channel][pitch] */
    nm_voice voices[16];   /* [channel] of the running track */
    uint32_t track;        /* index + 1 of the track that used it last */
} nm_port;

typedef struct nm_midi_reader {
    neume_context *context;
    neume_midi_read_options options;
    const char *name; /* of what is read, for error lines */
    neume_error *error;
    neume_status status; /* sticky */
    const uint8_t *bytes;
    size_t end; /* of the MIDI file within `bytes`; a RIFF may hold more */
    neume_score *score;
    uint64_t repair_counts[NM_REPAIR_COUNT], repair_offsets[NM_REPAIR_COUNT];
    uint64_t omission_counts[NM_OMISSION_COUNT];
    size_t event_count, chunk_count;
    unsigned format, declared_tracks, track_count;
    uint32_t frames_per_second, ticks_per_frame; /* SMPTE time; 0: metrical */
    uint64_t song_start;                         /* ticks; of the running track of format 2 */
    NM_LIST(neume_control) programs; /* program changes of all tracks; the value is the program */
    bool has_unknown_programs, has_dropped_notes, has_stuck_notes;
    nm_port *ports; /* that some track used */
} nm_midi_reader;

/* A track while it is read. `end` is as far as events may be read now; see midi_read_track.c. */
typedef struct nm_track {
    nm_midi_reader *reader;
    const uint8_t *at, *end;
    const uint8_t *declared_end; /* at most the file's end */
    const uint8_t *next_track;   /* the next "MTrk", or the file's end; NULL: not looked for yet */
    const uint8_t *next_chunk;   /* once the track is read */
    bool is_cut;                 /* declared beyond the file's end */
    uint64_t tick;
    uint8_t running;            /* status that runs on, or 0 */
    uint8_t stale;              /* status that ran before a meta event or system message, or 0 */
    nm_repair_code stale_since; /* what using it is called */
    uint8_t port_number;
    uint16_t index;
    uint32_t first_note; /* how many notes the score had before */
    uint32_t sounding;   /* notes that sound */
    nm_port *port;
} nm_track;

/* An event as it stands in the file, before it has any effect. */
typedef struct nm_event {
    uint64_t repairs; /* bit c: repair c is needed */
    uint32_t delta;
    uint8_t status;  /* 0: bytes that belong to no event */
    uint8_t data[2]; /* of a channel message; data[0] of a meta event: its type */
    const uint8_t *payload;
    uint32_t payload_size;
    const uint8_t *start, *after; /* its first byte, and the next event's */
} nm_event;

enum { NM_NOTE_OFF = 0x80, NM_NOTE_ON = 0x90, NM_CONTROL_CHANGE = 0xB0, NM_SYSTEM = 0xF0 };

/* A channel message that happens. */
typedef struct nm_message {
    const uint8_t *start; /* of its event */
    uint64_t tick;
    uint8_t status, data[2];
} nm_message;

static inline unsigned nm_data_size(uint8_t status) {
    return (status & 0xE0) == 0xC0 ? 1 : 2;
}

/* Of a note-on or note-off. A note-on of velocity 0 is a note-off. */
static inline bool nm_begins_note(const nm_message *note) {
    return note->status >= NM_NOTE_ON && note->data[1];
}

/* A note that begins. `bytes` are the file's. */
static inline void nm_write_note(neume_note *note, const nm_voice *voice, const nm_message *m,
                                 const uint8_t *bytes) {
    note->start_ticks = m->tick;
    note->duration_ticks = (uint64_t)(m->start - bytes) << 32;
    memcpy(&note->track, voice, sizeof *voice);
    note->pitch = m->data[0];
    note->velocity = m->data[1];
}

/* The first note that sounds on a key ends. */
static inline void nm_end_note(neume_note *notes, nm_key *key, uint64_t tick) {
    neume_note *note = &notes[key->first - 1];
    key->first = (uint32_t)note->duration_ticks;
    note->duration_ticks = tick - note->start_ticks;
}

/* Makes room in a list for one item more, which takes two bytes of the file at least. */
bool nm_grow_list(nm_midi_reader *reader, void *items, size_t *capacity, size_t size,
                  const uint8_t *at);

/* Counts a repair found at `where`. With `strict` the reader fails; false then. */
bool nm_repair(nm_midi_reader *reader, nm_repair_code code, const uint8_t *where);

/* The reader fails: for want of memory, or beyond a limit of the options. */
void nm_no_memory(nm_midi_reader *reader);
void nm_too_many(nm_midi_reader *reader, const char *what, size_t limit, const uint8_t *where);

/* midi_read_chunks.c: finds where the MIDI file begins within `size` bytes, and its end; refuses
 * what is none. Then walks the chunks from the first behind the header, reading each track. */
bool nm_find_header(nm_midi_reader *reader, size_t size, size_t *header);
void nm_read_chunks(nm_midi_reader *reader, const uint8_t *first);

/* Whether a chunk may begin here: an identifier in ASCII, and a length within the file. */
bool nm_is_chunk(const nm_midi_reader *reader, const uint8_t *at);

/* midi_read_track.c: reads the track whose events begin at `start`; returns where the next chunk
 * should begin. */
const uint8_t *nm_read_track(nm_midi_reader *reader, const uint8_t *start, uint32_t length);

/* midi_read_events.c */
typedef enum nm_stop {
    NM_STOP_END,          /* at the track's end */
    NM_STOP_END_OF_TRACK, /* behind an end of track */
    NM_STOP_UNREADABLE,   /* before an event that does not fit */
    NM_STOP_FAILED        /* the reader failed */
} nm_stop;

/* Reads events until there is a reason to stop. */
nm_stop nm_read_events(nm_track *track);

/* Scans the event at `at`, without any effect; false where it does not fit before the track's end.
 * nm_pass_event then goes behind it, the event having happened to the running status alone. */
bool nm_scan_event(nm_event *event, const nm_track *track);
void nm_pass_event(nm_track *track, const nm_event *event);
bool nm_is_end_of_track(const nm_event *event);

/* midi_read_regular.c: reads channel messages up to the first event that is not quite regular. */
void nm_read_regular(nm_track *track);

/* midi_read_messages.c: does what a message says. */
void nm_take_message(nm_track *track, const nm_message *message);

/* midi_read_notes.c. nm_doubt_programs: the first program change of the file comes now. */
void nm_use_port(nm_track *track, uint8_t number);
void nm_free_ports(nm_midi_reader *reader);
bool nm_grow_notes(nm_midi_reader *reader, const uint8_t *at);
void nm_doubt_programs(nm_midi_reader *reader);
void nm_strike_again(nm_track *track, nm_key *key, uint32_t number);
void nm_end_orphan(nm_midi_reader *reader, nm_key *key, const uint8_t *where);
void nm_end_track_notes(nm_track *track);

/* midi_read_meta.c */
void nm_read_meta(nm_track *track, const nm_event *event);

/* midi_read_timing.c */
void nm_begin_song(nm_midi_reader *reader);
void nm_finish_timing(nm_midi_reader *reader);

#endif
