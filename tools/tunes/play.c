/* SPDX-License-Identifier: ISC */
/* A tune played: repeats unfolded, ties joined, bars counted, notes with their loudness. */
#include "tune.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { VELOCITY_BAR = 92, VELOCITY_BEAT = 84, VELOCITY_OTHER = 78, VELOCITY_BACK = 10 };

/* Track 0 is the conductor's: title, tempo, metre and key. */
static uint16_t track_of(unsigned voice) {
    return (uint16_t)(voice + 1);
}

/* Where a voice is in its bars. */
typedef struct cursor {
    const tune_voice *voice;
    size_t next, repeat_start;
    unsigned pass; /* of the repeat, 1 or 2 */
} cursor;

typedef struct player {
    const abc_tune *tune;
    neume_score *score;
    tune_error *error;
    uint8_t voice; /* counted from 0; its channel, and its track but one */
    uint64_t now_ticks;
    uint32_t upbeat_ticks;  /* the short bar that the voice starts with; 0 where there is none */
    uint32_t missing_ticks; /* of a short bar at the end of a section: the next bar has them */
    unsigned open_count;    /* notes that wait for the other end of their tie */
    neume_note open[TUNE_MAX_CHORD];
} player;

__attribute__((format(printf, 3, 4))) static neume_status fail(player *play, tune_place place,
                                                               const char *format, ...) {
    play->error->place = place;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(play->error->text, sizeof play->error->text, format, arguments);
    va_end(arguments);
    return NEUME_BAD_INPUT;
}

/* The bar after `bar` in the text is behind a repeat: go back once, or go on. */
static void pass_repeat(cursor *at, const tune_bar *bar) {
    const bool ends_second = bar->ending == 2 && bar->ends_section;
    if (bar->closes_repeat && at->pass == 1) {
        at->pass = 2;
        at->next = at->repeat_start;
    } else if (bar->closes_repeat || ends_second) {
        at->pass = 1;
        at->repeat_start = at->next;
    }
}

/* The next bar as played, or NULL at the end. */
static const tune_bar *next_bar(cursor *at) {
    while (at->next < at->voice->bar_count) {
        const tune_bar *bar = &at->voice->bars[at->next];
        if (bar->opens_repeat && at->next != at->repeat_start) {
            at->repeat_start = at->next;
            at->pass = 1;
        }
        at->next++;
        if (bar->ending && bar->ending != at->pass)
            continue;
        pass_repeat(at, bar);
        return bar;
    }
    return NULL;
}

static neume_status wrong_length(player *play, const tune_bar *bar, uint32_t expected) {
    return fail(play, bar->place, "the bar lasts %g quarters, expected %g",
                (double)bar->length_ticks / TUNE_QUARTER_TICKS,
                (double)expected / TUNE_QUARTER_TICKS);
}

/* A bar is whole, but the upbeat at the start, and a bar at the end of a section that the upbeat to
 * the next one completes. `*offset` becomes where in a whole bar it starts. */
static neume_status count_bar(player *play, const tune_bar *bar, uint32_t *offset) {
    const uint32_t whole = play->tune->bar_ticks;
    const bool is_first = play->now_ticks == 0;
    *offset = 0;
    if (play->missing_ticks) {
        if (bar->length_ticks != play->missing_ticks)
            return wrong_length(play, bar, play->missing_ticks);
        *offset = whole - play->missing_ticks;
        play->missing_ticks = 0;
    } else if (bar->length_ticks < whole && is_first) {
        play->upbeat_ticks = bar->length_ticks;
        *offset = whole - bar->length_ticks;
    } else if (bar->length_ticks < whole && bar->ends_section) {
        play->missing_ticks = whole - bar->length_ticks;
    } else if (bar->length_ticks != whole) {
        return wrong_length(play, bar, whole);
    }
    return NEUME_OK;
}

/* The last bar and the upbeat make one bar. */
static neume_status count_last_bar(player *play, const tune_voice *voice) {
    if (play->missing_ticks == play->upbeat_ticks)
        return NEUME_OK;
    return wrong_length(play, &voice->bars[voice->bar_count - 1],
                        play->tune->bar_ticks - play->upbeat_ticks);
}

/* Accents: the first beat, then the beats; the first voice stands out a little. */
static uint8_t velocity_at(const player *play, uint32_t bar_position) {
    const abc_tune *t = play->tune;
    const bool is_compound = t->denominator >= 8 && t->numerator % 3 == 0;
    const uint32_t beat = t->bar_ticks / t->numerator * (is_compound ? 3 : 1);
    int velocity = VELOCITY_OTHER;
    if (bar_position % t->bar_ticks == 0)
        velocity = VELOCITY_BAR;
    else if (bar_position % beat == 0)
        velocity = VELOCITY_BEAT;
    return (uint8_t)(velocity - (play->voice ? VELOCITY_BACK : 0));
}

/* Moves the waiting note of this pitch to `note`; false where none waits. */
static bool take_open(player *play, uint8_t pitch, neume_note *note) {
    for (unsigned i = 0; i < play->open_count; i++)
        if (play->open[i].pitch == pitch) {
            *note = play->open[i];
            play->open[i] = play->open[--play->open_count];
            return true;
        }
    return false;
}

static neume_note new_note(const player *play, uint8_t pitch, uint8_t velocity) {
    return (neume_note){.start_ticks = play->now_ticks,
                        .track = track_of(play->voice),
                        .channel = play->voice,
                        .pitch = pitch,
                        .velocity = velocity};
}

/* Notes that are tied on wait; the others enter the score. */
static neume_status play_event(player *play, const tune_event *event, uint8_t velocity) {
    const unsigned count =
        event->pitch_count < TUNE_MAX_CHORD ? event->pitch_count : TUNE_MAX_CHORD;
    neume_note notes[TUNE_MAX_CHORD];
    for (unsigned i = 0; i < count; i++) {
        if (!take_open(play, event->pitches[i], &notes[i]))
            notes[i] = new_note(play, event->pitches[i], velocity);
        notes[i].duration_ticks += event->duration_ticks;
    }
    if (play->open_count)
        return fail(play, event->place,
                    "the tie before leads to no note of its pitch, expected it here");
    play->now_ticks += event->duration_ticks;
    neume_status status = NEUME_OK;
    for (unsigned i = 0; i < count && !status; i++)
        if (event->is_tied)
            play->open[play->open_count++] = notes[i];
        else
            status = neume_score_add_note(play->score, &notes[i]);
    return status;
}

static neume_status play_bar(player *play, const tune_voice *voice, const tune_bar *bar) {
    uint32_t position;
    neume_status status = count_bar(play, bar, &position);
    for (size_t e = 0; e < bar->event_count && !status; e++) {
        const tune_event *event = &voice->events[bar->first_event + e];
        status = play_event(play, event, velocity_at(play, position));
        position += event->duration_ticks;
    }
    return status;
}

static neume_status play_voice(player *play, const tune_voice *voice) {
    cursor at = {.voice = voice, .pass = 1};
    const tune_bar *bar;
    neume_status status = NEUME_OK;
    while (!status && (bar = next_bar(&at)))
        status = play_bar(play, voice, bar);
    if (status)
        return status;
    if (play->open_count)
        return fail(play, voice->bars[voice->bar_count - 1].place,
                    "a tie leads out of the last bar, expected a note after it");
    return count_last_bar(play, voice);
}

/* Voices that sound together last equally long. */
static neume_status play_voices(const abc_tune *tune, neume_score *score, tune_error *error) {
    uint64_t first_end = 0;
    for (unsigned v = 0; v < tune->voice_count; v++) {
        const tune_voice *voice = &tune->voices[v];
        player play = {.tune = tune, .score = score, .error = error, .voice = (uint8_t)v};
        const neume_status status = play_voice(&play, voice);
        if (status)
            return status;
        if (v == 0)
            first_end = play.now_ticks;
        if (play.now_ticks != first_end)
            return fail(&play, voice->bars[voice->bar_count - 1].place,
                        "voice '%s' ends after %g quarters, expected %g as the first voice",
                        voice->name, (double)play.now_ticks / TUNE_QUARTER_TICKS,
                        (double)first_end / TUNE_QUARTER_TICKS);
    }
    return NEUME_OK;
}

static neume_status add_text(neume_score *score, uint16_t track, uint8_t kind, const char *text) {
    if (!*text)
        return NEUME_OK;
    return neume_score_add_text(score, &(neume_text){.track = track,
                                                     .kind = kind,
                                                     .size_bytes = (uint32_t)strlen(text),
                                                     .bytes = (const uint8_t *)text});
}

/* Track names: the title, and the voice's name where it has one. */
static neume_status add_names(const abc_tune *tune, neume_score *score) {
    enum { TEXT = 1, TRACK_NAME = 3 };
    char name[sizeof tune->title + sizeof tune->voices[0].name + 2];
    neume_status status = add_text(score, 0, TRACK_NAME, tune->title);
    if (!status)
        status = add_text(score, 0, TEXT, tune->composer);
    for (unsigned v = 0; v < tune->voice_count && !status; v++) {
        const char *voice = tune->voices[v].name;
        snprintf(name, sizeof name, "%s%s%s", tune->title, *voice ? ", " : "", voice);
        status = add_text(score, track_of(v), TRACK_NAME, name);
    }
    return status;
}

static neume_status fill_score(const abc_tune *tune, neume_score *score, tune_error *error) {
    neume_score_set_ticks_per_quarter(score, TUNE_QUARTER_TICKS);
    neume_status status = neume_score_add_tempo(
        score, &(neume_tempo){.microseconds_per_quarter = tune->microseconds_per_quarter});
    if (!status)
        status = neume_score_add_time_signature(
            score, &(neume_time_signature){.numerator = tune->numerator,
                                           .denominator = tune->denominator});
    if (!status)
        status = neume_score_add_key_signature(
            score, &(neume_key_signature){.sharps = tune->sharps, .is_minor = tune->is_minor});
    if (!status)
        status = add_names(tune, score);
    if (!status)
        status = play_voices(tune, score, error);
    if (!status)
        status = neume_score_sort(score);
    return status;
}

neume_status tune_to_score(neume_score **out, neume_context *context, const abc_tune *tune,
                           tune_error *error) {
    *out = NULL;
    *error = (tune_error){.text = "out of memory"};
    neume_score *score = NULL;
    neume_status status = neume_score_new(&score, context);
    if (!status)
        status = fill_score(tune, score, error);
    if (status) {
        neume_score_free(score);
        return status;
    }
    *out = score;
    return NEUME_OK;
}
