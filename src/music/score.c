/* SPDX-License-Identifier: ISC */
#include "music/score.h"

#include "base/mem.h"

#include <string.h>

enum { DEFAULT_TICKS_PER_QUARTER = 480, DEFAULT_TEMPO = 500000, DRUM_CHANNEL = 9 };

neume_status neume_score_new(neume_score **out, neume_context *context) {
    *out = nm_alloc(context, 1, sizeof **out);
    if (!*out)
        return NEUME_NO_MEMORY;
    (*out)->context = context;
    (*out)->ticks_per_quarter = DEFAULT_TICKS_PER_QUARTER;
    (*out)->format = 1;
    return NEUME_OK;
}

void neume_score_free(neume_score *score) {
    if (!score)
        return;
    neume_context *context = score->context;
    nm_free(context, score->notes.items);
    nm_free(context, score->tempos.items);
    nm_free(context, score->time_signatures.items);
    nm_free(context, score->key_signatures.items);
    nm_free(context, score->controls.items);
    nm_free(context, score->pitch_bends.items);
    nm_free(context, score->texts.items);
    nm_free(context, score->text_bytes.items);
    nm_free(context, score);
}

uint32_t neume_score_ticks_per_quarter(const neume_score *score) {
    return score->ticks_per_quarter;
}

void neume_score_set_ticks_per_quarter(neume_score *score, uint32_t ticks) {
    score->ticks_per_quarter = ticks;
}

unsigned neume_score_format(const neume_score *score) {
    return score->format;
}

unsigned neume_score_track_count(const neume_score *score) {
    return score->track_count;
}

bool nm_list_grow(neume_context *context, void *items, size_t *capacity, size_t most, size_t size) {
    size_t wanted;
    if (__builtin_add_overflow(*capacity, *capacity / 4 + 32, &wanted))
        return false;
    if (wanted > most)
        wanted = most;
    if (!nm_resize(context, items, wanted, size))
        return false;
    *capacity = wanted;
    return true;
}

/* Appends a copy of `item` to a list of the score. */
#define ADD(score, list, item)                                                                     \
    ((score)->list.count < (score)->list.capacity ||                                               \
             nm_list_grow((score)->context, &(score)->list.items, &(score)->list.capacity,         \
                          SIZE_MAX, sizeof *(item))                                                \
         ? ((score)->list.items[(score)->list.count++] = *(item), NEUME_OK)                        \
         : NEUME_NO_MEMORY)

static void has_track(neume_score *score, unsigned track) {
    if (score->track_count <= track)
        score->track_count = track + 1;
}

neume_status neume_score_add_note(neume_score *score, const neume_note *note) {
    const neume_status status = ADD(score, notes, note);
    if (status)
        return status;
    has_track(score, note->track);
    score->notes.items[score->notes.count - 1].is_drum = note->channel == DRUM_CHANNEL;
    return NEUME_OK;
}

void neume_score_set_program(neume_score *score, uint8_t program) {
    for (size_t i = 0; i < score->notes.count; i++)
        if (!score->notes.items[i].is_drum)
            score->notes.items[i].program = program & 127;
}

neume_status neume_score_set_tempo(neume_score *score, uint32_t microseconds_per_quarter) {
    const neume_tempo tempo = {.microseconds_per_quarter = microseconds_per_quarter};
    const neume_status status = neume_score_add_tempo(score, &tempo);
    if (status)
        return status;
    score->tempos.items[0] = tempo;
    score->tempos.count = 1;
    return NEUME_OK;
}

/* Seven fifths a semitone, spelt with the fewest sharps or flats. */
static int8_t transposed_sharps(int sharps, int semitones) {
    const int up = ((sharps + 7 * semitones) % 12 + 12) % 12;
    return (int8_t)(up > 6 ? up - 12 : up);
}

size_t neume_score_transpose(neume_score *score, int semitones) {
    size_t kept = 0;
    for (size_t i = 0; i < score->notes.count; i++) {
        neume_note note = score->notes.items[i];
        const int pitch = note.pitch + (note.is_drum ? 0 : semitones);
        note.pitch = (uint8_t)pitch;
        if (pitch >= 0 && pitch <= 127)
            score->notes.items[kept++] = note;
    }
    const size_t lost = score->notes.count - kept;
    score->notes.count = kept;
    for (size_t i = 0; i < score->key_signatures.count && semitones % 12 != 0; i++) {
        neume_key_signature *key = &score->key_signatures.items[i];
        key->sharps = transposed_sharps(key->sharps, semitones);
    }
    return lost;
}

neume_status neume_score_add_tempo(neume_score *score, const neume_tempo *tempo) {
    return ADD(score, tempos, tempo);
}

neume_status neume_score_add_time_signature(neume_score *score,
                                            const neume_time_signature *signature) {
    return ADD(score, time_signatures, signature);
}

neume_status neume_score_add_key_signature(neume_score *score,
                                           const neume_key_signature *signature) {
    return ADD(score, key_signatures, signature);
}

neume_status neume_score_add_control(neume_score *score, const neume_control *control) {
    const neume_status status = ADD(score, controls, control);
    if (!status)
        has_track(score, control->track);
    return status;
}

neume_status neume_score_add_pitch_bend(neume_score *score, const neume_pitch_bend *bend) {
    const neume_status status = ADD(score, pitch_bends, bend);
    if (!status)
        has_track(score, bend->track);
    return status;
}

/* Room for `size` bytes of text more. Where they move, the texts that point to them follow. */
static bool reserve_text_bytes(neume_score *score, size_t size) {
    size_t needed, wanted;
    if (__builtin_add_overflow(score->text_bytes.count, size, &needed) ||
        __builtin_add_overflow(needed, needed / 2, &wanted))
        return false;
    if (needed <= score->text_bytes.capacity)
        return true;
    uint8_t *moved = NULL;
    const uint8_t *old = score->text_bytes.items;
    if (!nm_resize(score->context, &moved, wanted, 1))
        return false;
    if (old)
        memcpy(moved, old, score->text_bytes.count);
    for (size_t i = 0; i < score->texts.count; i++)
        if (score->texts.items[i].size_bytes)
            score->texts.items[i].bytes = moved + (score->texts.items[i].bytes - old);
    nm_free(score->context, score->text_bytes.items);
    score->text_bytes.items = moved;
    score->text_bytes.capacity = wanted;
    return true;
}

neume_status neume_score_add_text(neume_score *score, const neume_text *text) {
    static const uint8_t nothing[1];
    const size_t size = text->size_bytes;
    if (size && !reserve_text_bytes(score, size))
        return NEUME_NO_MEMORY;
    const neume_status status = ADD(score, texts, text);
    if (status)
        return status;
    has_track(score, text->track);
    neume_text *added = &score->texts.items[score->texts.count - 1];
    added->bytes = nothing;
    if (size) {
        added->bytes = score->text_bytes.items + score->text_bytes.count;
        memcpy(score->text_bytes.items + score->text_bytes.count, text->bytes, size);
        score->text_bytes.count += size;
    }
    return NEUME_OK;
}

static uint64_t rank_control(const void *item) {
    const neume_control *control = item;
    return (uint64_t)control->track << 16 | (uint64_t)control->port << 8 | control->channel;
}

static uint64_t rank_pitch_bend(const void *item) {
    const neume_pitch_bend *bend = item;
    return (uint64_t)bend->track << 16 | (uint64_t)bend->port << 8 | bend->channel;
}

static uint64_t rank_text(const void *item) {
    return ((const neume_text *)item)->track;
}

const nm_sort_key nm_control_key = {sizeof(neume_control), rank_control};
static const nm_sort_key pitch_bend_key = {sizeof(neume_pitch_bend), rank_pitch_bend};
static const nm_sort_key text_key = {sizeof(neume_text), rank_text};
static const nm_sort_key tempo_key = {sizeof(neume_tempo), nm_rank_none};
static const nm_sort_key time_signature_key = {sizeof(neume_time_signature), nm_rank_none};
static const nm_sort_key key_signature_key = {sizeof(neume_key_signature), nm_rank_none};

_Static_assert(offsetof(neume_note, start_ticks) == 0 && offsetof(neume_tempo, start_ticks) == 0 &&
                   offsetof(neume_time_signature, start_ticks) == 0 &&
                   offsetof(neume_key_signature, start_ticks) == 0 &&
                   offsetof(neume_control, start_ticks) == 0 &&
                   offsetof(neume_pitch_bend, start_ticks) == 0 &&
                   offsetof(neume_text, start_ticks) == 0,
               "what is sorted begins with its tick");

#define SORT(score, list, key)                                                                     \
    nm_sort((score)->context, &(score)->list.items, &(score)->list.capacity, (score)->list.count,  \
            &(key))

/* Of a sorted list's items at one tick, keeps the last. */
#define KEEP_LAST(score, list)                                                                     \
    do {                                                                                           \
        size_t kept = 0;                                                                           \
        for (size_t i = 0; i < (score)->list.count; i++) {                                         \
            if (kept &&                                                                            \
                (score)->list.items[kept - 1].start_ticks == (score)->list.items[i].start_ticks)   \
                kept--;                                                                            \
            (score)->list.items[kept++] = (score)->list.items[i];                                  \
        }                                                                                          \
        (score)->list.count = kept;                                                                \
    } while (0)

neume_status neume_score_sort(neume_score *score) {
    if (SORT(score, notes, nm_note_key) || SORT(score, tempos, tempo_key) ||
        SORT(score, time_signatures, time_signature_key) ||
        SORT(score, key_signatures, key_signature_key) || SORT(score, controls, nm_control_key) ||
        SORT(score, pitch_bends, pitch_bend_key) || SORT(score, texts, text_key))
        return NEUME_NO_MEMORY;
    KEEP_LAST(score, tempos);
    KEEP_LAST(score, time_signatures);
    KEEP_LAST(score, key_signatures);
    return NEUME_OK;
}

const neume_note *neume_score_notes(const neume_score *score, size_t *count) {
    *count = score->notes.count;
    return score->notes.items;
}

const neume_tempo *neume_score_tempos(const neume_score *score, size_t *count) {
    *count = score->tempos.count;
    return score->tempos.items;
}

const neume_time_signature *neume_score_time_signatures(const neume_score *score, size_t *count) {
    *count = score->time_signatures.count;
    return score->time_signatures.items;
}

const neume_key_signature *neume_score_key_signatures(const neume_score *score, size_t *count) {
    *count = score->key_signatures.count;
    return score->key_signatures.items;
}

const neume_control *neume_score_controls(const neume_score *score, size_t *count) {
    *count = score->controls.count;
    return score->controls.items;
}

const neume_pitch_bend *neume_score_pitch_bends(const neume_score *score, size_t *count) {
    *count = score->pitch_bends.count;
    return score->pitch_bends.items;
}

const neume_text *neume_score_texts(const neume_score *score, size_t *count) {
    *count = score->texts.count;
    return score->texts.items;
}

uint64_t neume_score_end_ticks(const neume_score *score) {
    uint64_t end = 0;
    for (size_t i = 0; i < score->notes.count; i++) {
        const neume_note *note = &score->notes.items[i];
        uint64_t note_end;
        if (__builtin_add_overflow(note->start_ticks, note->duration_ticks, &note_end))
            note_end = UINT64_MAX;
        if (note_end > end)
            end = note_end;
    }
    return end;
}

double neume_score_seconds_at(const neume_score *score, uint64_t ticks) {
    const double quarter_ticks = score->ticks_per_quarter;
    double microseconds = 0, tempo = DEFAULT_TEMPO;
    uint64_t since = 0;
    for (size_t i = 0; i < score->tempos.count; i++) {
        const neume_tempo *next = &score->tempos.items[i];
        if (next->start_ticks >= ticks)
            break;
        microseconds += (double)(next->start_ticks - since) / quarter_ticks * tempo;
        since = next->start_ticks;
        tempo = next->microseconds_per_quarter;
    }
    microseconds += (double)(ticks - since) / quarter_ticks * tempo;
    return microseconds / 1e6;
}
