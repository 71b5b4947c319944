/* SPDX-License-Identifier: ISC */
/* The inside of a score, for the reader and the writer beside it. Not for codecs: those see
 * <neume/score.h>. */
#ifndef NM_MUSIC_SCORE_H
#define NM_MUSIC_SCORE_H

#include "music/report.h"
#include "music/sort.h"

/* Items of one kind, growing. */
#define NM_LIST(type)                                                                              \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count, capacity;                                                                    \
    }

typedef NM_LIST(neume_note) nm_note_list;

struct neume_score {
    neume_context *context;
    uint32_t ticks_per_quarter;
    unsigned format, track_count;
    nm_note_list notes;
    NM_LIST(neume_tempo) tempos;
    NM_LIST(neume_time_signature) time_signatures;
    NM_LIST(neume_key_signature) key_signatures;
    NM_LIST(neume_control) controls;
    NM_LIST(neume_pitch_bend) pitch_bends;
    NM_LIST(neume_text) texts;
    NM_LIST(uint8_t) text_bytes; /* what the texts point into */
    size_t note_ons;
    neume_repair repairs[NM_REPAIR_COUNT];
    neume_omission omissions[NM_OMISSION_COUNT];
    size_t repair_count, omission_count;
};

/* By start, track, port, channel. */
extern const nm_sort_key nm_control_key;

/* What neume_score_clean does to the notes of a score. */
neume_status nm_clean_notes(neume_cleaning *cleaning, neume_context *context, nm_note_list *notes);

/* Makes room in a list's `items` and `capacity` for one item more than `count`, growing by a
 * quarter but not beyond `most` items (at least count + 1). False where there is no memory. */
bool nm_list_grow(neume_context *context, void *items, size_t *capacity, size_t most, size_t size);

#endif
