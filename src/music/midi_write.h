/* SPDX-License-Identifier: ISC */
/* What a MIDI file is to say, before it is bytes: clean notes, output tracks, events in order. */
#ifndef NM_MUSIC_MIDI_WRITE_H
#define NM_MUSIC_MIDI_WRITE_H

#include "music/score.h"

/* The kinds of events in the order in which they stand at one tick of a track. Controls come before
 * the notes, for a bank is chosen before a program, and the program is written with a note. */
typedef enum nm_event_kind {
    NM_EVENT_NOTE_OFF,
    NM_EVENT_TEXT,
    NM_EVENT_TEMPO,
    NM_EVENT_TIME_SIGNATURE,
    NM_EVENT_KEY_SIGNATURE,
    NM_EVENT_CONTROL,
    NM_EVENT_PITCH_BEND,
    NM_EVENT_NOTE_ON
} nm_event_kind;

/* The index of a tempo or time signature that the score does not have. */
#define NM_DEFAULT UINT32_MAX

typedef struct nm_write_event {
    uint64_t start_ticks;
    uint32_t index; /* into the plan's notes or the score's list of the kind; or NM_DEFAULT */
    uint16_t track; /* of the output: 0 is the conductor's, g + 1 that of group g */
    uint8_t kind;
} nm_write_event;

/* An output track holds what is on one track, port and channel of the score with one program; this
 * is the group of its events, as a number that sorts so. NM_GROUP_NONE stands for a program, port
 * or channel that is not there. */
typedef struct nm_write_group {
    uint64_t id;
} nm_write_group;

enum { NM_GROUP_NONE = 0xFF };

typedef struct nm_write_plan {
    neume_context *context;
    const neume_score *score;
    /* No two sound at once on a key of a channel; all last a tick; on tracks of the output. */
    nm_note_list notes;
    NM_LIST(nm_write_group) groups;
    uint64_t group_mask;            /* what of a group's id keeps output tracks apart */
    NM_LIST(nm_write_event) events; /* by start, track, kind, then as in their lists */
    bool has_ports;                 /* not port 0 alone */
} nm_write_plan;

uint8_t nm_group_program(nm_write_group group);
uint8_t nm_group_channel(nm_write_group group);
uint8_t nm_group_port(nm_write_group group);

/* Fails with NEUME_BAD_INPUT on what a MIDI file cannot say: values out of range, ticks from 2^36
 * on.
 */
neume_status nm_check_writable(const neume_score *score, neume_error *error);

/* Fills the lists of a plan that has its context and score. Fails as the above. */
neume_status nm_plan_midi(nm_write_plan *plan, neume_error *error);
void nm_write_plan_clear(nm_write_plan *plan);

#endif
