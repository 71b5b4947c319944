/* SPDX-License-Identifier: ISC */
/* Notes as synthesisers play them: one key of a pitch on a channel, whatever track it is struck
 * from. */
#include "base/mem.h"
#include "music/score.h"

#include <string.h>

enum { KEYS_OF_PORT = 16 * 128 };

typedef struct cleaner {
    neume_note *notes;
    size_t count; /* of the clean ones */
    neume_cleaning cleaning;
} cleaner;

/* Adds a note to the clean ones. `last` is the number of the last note on its key, or 0: that one
 * ends before this one begins; of two that begin together stays one, as long and loud as either. */
static void add_clean_note(cleaner *in, uint32_t *last, neume_note note) {
    neume_note *before = *last ? &in->notes[*last - 1] : NULL;
    if (note.duration_ticks == 0)
        note.duration_ticks = 1;
    if (before && before->start_ticks == note.start_ticks) {
        in->cleaning.merged++;
        if (before->duration_ticks < note.duration_ticks)
            before->duration_ticks = note.duration_ticks;
        if (before->velocity < note.velocity)
            before->velocity = note.velocity;
        return;
    }
    if (before && before->duration_ticks > note.start_ticks - before->start_ticks) {
        in->cleaning.cut += before->track != note.track;
        before->duration_ticks = note.start_ticks - before->start_ticks;
    }
    in->notes[in->count++] = note;
    *last = (uint32_t)in->count;
}

neume_status nm_clean_notes(neume_cleaning *cleaning, neume_context *context, nm_note_list *notes) {
    unsigned highest = 0;
    *cleaning = (neume_cleaning){0};
    for (size_t i = 0; i < notes->count; i++)
        if (notes->items[i].port > highest)
            highest = notes->items[i].port;
    uint32_t *last = nm_alloc(context, (highest + 1) * (size_t)KEYS_OF_PORT, sizeof *last);
    if (!last || nm_sort(context, &notes->items, &notes->capacity, notes->count, &nm_note_key)) {
        nm_free(context, last);
        return NEUME_NO_MEMORY;
    }
    cleaner in = {.notes = notes->items};
    for (size_t i = 0; i < notes->count; i++) {
        const neume_note note = notes->items[i];
        const size_t key = (size_t)note.port * KEYS_OF_PORT + note.channel * 128u + note.pitch;
        add_clean_note(&in, &last[key], note);
    }
    nm_free(context, last);
    notes->count = in.count;
    *cleaning = in.cleaning;
    return NEUME_OK;
}

neume_status neume_score_clean(neume_score *score, neume_cleaning *cleaning) {
    return nm_clean_notes(cleaning, score->context, &score->notes);
}

void neume_score_end_at(neume_score *score, uint64_t ticks) {
    size_t kept = 0;
    for (size_t i = 0; i < score->notes.count; i++) {
        neume_note note = score->notes.items[i];
        if (note.start_ticks >= ticks)
            continue;
        if (note.duration_ticks > ticks - note.start_ticks)
            note.duration_ticks = ticks - note.start_ticks;
        score->notes.items[kept++] = note;
    }
    score->notes.count = kept;
    for (size_t i = 0; i < score->controls.count; i++)
        if (score->controls.items[i].start_ticks > ticks)
            score->controls.items[i].start_ticks = ticks;
    for (size_t i = 0; i < score->pitch_bends.count; i++)
        if (score->pitch_bends.items[i].start_ticks > ticks)
            score->pitch_bends.items[i].start_ticks = ticks;
}
