/* SPDX-License-Identifier: ISC */
#include "music/midi_write.h"

#include "base/error.h"

/* A track's pauses are written in pieces of 2^28 - 1 ticks; this keeps them few. */
#define LAST_TICK ((uint64_t)1 << 36)

static neume_status refuse(neume_error *error, const char *what, size_t index) {
    return nm_fail(error, NEUME_BAD_INPUT, "score: %s %zu cannot be said in a MIDI file", what,
                   index);
}

static bool is_note_good(const neume_note *note) {
    return note->start_ticks < LAST_TICK && note->duration_ticks < LAST_TICK &&
           note->channel < 16 && note->program < 128 && note->pitch < 128 && note->velocity > 0 &&
           note->velocity < 128;
}

static bool is_metre_good(const neume_time_signature *metre) {
    const unsigned denominator = metre->denominator;
    return metre->start_ticks < LAST_TICK && metre->numerator > 0 && metre->numerator < 256 &&
           denominator > 0 && (denominator & (denominator - 1)) == 0;
}

static neume_status check_globals(const neume_score *score, neume_error *error) {
    for (size_t i = 0; i < score->tempos.count; i++) {
        const neume_tempo *tempo = &score->tempos.items[i];
        if (tempo->start_ticks >= LAST_TICK || tempo->microseconds_per_quarter == 0 ||
            tempo->microseconds_per_quarter >= 1u << 24)
            return refuse(error, "tempo", i);
    }
    for (size_t i = 0; i < score->time_signatures.count; i++)
        if (!is_metre_good(&score->time_signatures.items[i]))
            return refuse(error, "time signature", i);
    for (size_t i = 0; i < score->key_signatures.count; i++) {
        const neume_key_signature *key = &score->key_signatures.items[i];
        if (key->start_ticks >= LAST_TICK || key->sharps < -7 || key->sharps > 7)
            return refuse(error, "key signature", i);
    }
    return NEUME_OK;
}

static neume_status check_events(const neume_score *score, neume_error *error) {
    for (size_t i = 0; i < score->notes.count; i++)
        if (!is_note_good(&score->notes.items[i]))
            return refuse(error, "note", i);
    for (size_t i = 0; i < score->controls.count; i++) {
        const neume_control *control = &score->controls.items[i];
        if (control->start_ticks >= LAST_TICK || control->channel > 15 ||
            control->controller > 127 || control->value > 127)
            return refuse(error, "control", i);
    }
    for (size_t i = 0; i < score->pitch_bends.count; i++) {
        const neume_pitch_bend *bend = &score->pitch_bends.items[i];
        if (bend->start_ticks >= LAST_TICK || bend->channel > 15 || bend->value < -8192 ||
            bend->value > 8191)
            return refuse(error, "pitch bend", i);
    }
    for (size_t i = 0; i < score->texts.count; i++) {
        const neume_text *text = &score->texts.items[i];
        if (text->start_ticks >= LAST_TICK || text->kind < 1 || text->kind > 15 ||
            text->size_bytes >= 1u << 28)
            return refuse(error, "text", i);
    }
    return NEUME_OK;
}

neume_status nm_check_writable(const neume_score *score, neume_error *error) {
    if (score->ticks_per_quarter < 1 || score->ticks_per_quarter > 32767)
        return nm_fail(error, NEUME_BAD_INPUT, "score: %u ticks a quarter, expected 1 to 32767",
                       score->ticks_per_quarter);
    if (score->notes.count > UINT32_MAX || score->controls.count > UINT32_MAX ||
        score->pitch_bends.count > UINT32_MAX || score->texts.count > UINT32_MAX)
        return nm_fail(error, NEUME_BAD_INPUT, "score: too many events for a MIDI file");
    const neume_status status = check_globals(score, error);
    return status ? status : check_events(score, error);
}
