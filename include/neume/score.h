/* SPDX-License-Identifier: ISC */
/* Music as notes and the events around them, in ticks: the centre that readers, codecs and writers
 * share. Not a MIDI file: nothing about bytes, chunks or running status. Thread rule: read-only use
 * from many threads. */
#ifndef NEUME_SCORE_H
#define NEUME_SCORE_H

#include <neume/context.h>

NEUME_BEGIN_DECLS

typedef struct neume_score neume_score;

/** A note. Canonical order: start, track, port, channel, pitch, then as added. */
typedef struct neume_note {
    uint64_t start_ticks;
    uint64_t duration_ticks; /**< 0 where the file said so; written as 1 */
    uint16_t track;          /**< 0.. in the order of the file */
    uint8_t port;            /**< MIDI port, 0.. */
    uint8_t channel;         /**< 0..15 */
    uint8_t program;         /**< 0..127, as in force on the channel at the onset */
    uint8_t pitch;           /**< 0..127, 60 is C4 */
    uint8_t velocity;        /**< 1..127 */
    bool is_drum;            /**< on channel 10 (index 9); adding a note sets it */
} neume_note;

typedef struct neume_tempo {
    uint64_t start_ticks;
    uint32_t microseconds_per_quarter; /**< 1..16,777,215 */
} neume_tempo;

typedef struct neume_time_signature {
    uint64_t start_ticks;
    uint16_t numerator;   /**< 1..255 */
    uint16_t denominator; /**< a power of two, 1..32,768 */
} neume_time_signature;

typedef struct neume_key_signature {
    uint64_t start_ticks;
    int8_t sharps; /**< -7 (7 flats) .. 7 (7 sharps) */
    bool is_minor;
} neume_key_signature;

/** A control change; controller 64 is the sustain pedal. */
typedef struct neume_control {
    uint64_t start_ticks;
    uint16_t track;
    uint8_t port, channel;
    uint8_t controller; /**< 0..127 */
    uint8_t value;      /**< 0..127 */
} neume_control;

typedef struct neume_pitch_bend {
    uint64_t start_ticks;
    uint16_t track;
    uint8_t port, channel;
    int16_t value; /**< -8192..8191 */
} neume_pitch_bend;

/** A text event, in the bytes of the file (any charset; no NUL needed at its end). */
typedef struct neume_text {
    uint64_t start_ticks;
    uint16_t track;
    uint8_t kind; /**< MIDI meta type 1..15: 1 text, 2 copyright, 3 track name, 4 instrument, 5
                     lyric, 6 marker */
    uint32_t size_bytes;
    const uint8_t *bytes; /**< Borrowed: as long as the score, until the next text is added */
} neume_text;

/** Something that a reader or a codec left out. */
typedef struct neume_omission {
    const char *what; /**< "sysex", "drums", ... Borrowed: static. */
    uint64_t count;
} neume_omission;

/** What neume_score_clean had to do. */
typedef struct neume_cleaning {
    size_t merged; /**< notes taken out, that began together with another */
    size_t cut;    /**< notes that ended early for one of another track */
} neume_cleaning;

/** A new, empty score: format 1, 480 ticks a quarter. */
NEUME_API NEUME_MUST_USE neume_status neume_score_new(neume_score **out, neume_context *context);
NEUME_API void neume_score_free(neume_score *score);

/** Ticks of a quarter note, 1..32,767 after reading. */
NEUME_API uint32_t neume_score_ticks_per_quarter(const neume_score *score);
NEUME_API void neume_score_set_ticks_per_quarter(neume_score *score, uint32_t ticks);

/** The format that the file declared: 0, 1 or 2 (others were taken as 1). */
NEUME_API unsigned neume_score_format(const neume_score *score);

/** Tracks, also those without notes. Adding an event of a higher track raises it. */
NEUME_API unsigned neume_score_track_count(const neume_score *score);

/** Add one event at any time, in any order. On NEUME_NO_MEMORY the score is as before. */
NEUME_API NEUME_MUST_USE neume_status neume_score_add_note(neume_score *score,
                                                           const neume_note *note);
NEUME_API NEUME_MUST_USE neume_status neume_score_add_tempo(neume_score *score,
                                                            const neume_tempo *tempo);
NEUME_API NEUME_MUST_USE neume_status
neume_score_add_time_signature(neume_score *score, const neume_time_signature *signature);
NEUME_API NEUME_MUST_USE neume_status
neume_score_add_key_signature(neume_score *score, const neume_key_signature *signature);
NEUME_API NEUME_MUST_USE neume_status neume_score_add_control(neume_score *score,
                                                              const neume_control *control);
NEUME_API NEUME_MUST_USE neume_status neume_score_add_pitch_bend(neume_score *score,
                                                                 const neume_pitch_bend *bend);
NEUME_API NEUME_MUST_USE neume_status neume_score_add_text(neume_score *score,
                                                           const neume_text *text);

/** Gives all notes but drums this program, 0..127. */
NEUME_API void neume_score_set_program(neume_score *score, uint8_t program);

/** Gives it one tempo from beginning to end, whatever it had. */
NEUME_API NEUME_MUST_USE neume_status neume_score_set_tempo(neume_score *score,
                                                            uint32_t microseconds_per_quarter);

/** Ends the notes that sound at `ticks` there, takes out those that begin there or later, and moves
 * controls and pitch bends that come later to it. What is sorted stays so but for these. */
NEUME_API void neume_score_end_at(neume_score *score, uint64_t ticks);

/** Makes the notes what a MIDI file says of them, and sorts them: a channel has one key of a pitch.
 * Notes that begin together on it become one, as long and loud as either; one that still sounds
 * when the next begins ends there; all last a tick at least. */
NEUME_API NEUME_MUST_USE neume_status neume_score_clean(neume_score *score,
                                                        neume_cleaning *cleaning);

/** Moves all notes but drums by so many semitones, -127..127, and the key signatures with them;
 * takes notes out that would leave 0..127, and returns how many. What is sorted stays so. */
NEUME_API size_t neume_score_transpose(neume_score *score, int semitones);

/** Puts every list into its canonical order (stable in what is equal); of two tempos, metres or
 * keys at one tick the later added stays. Readers and decoders have done so. */
NEUME_API NEUME_MUST_USE neume_status neume_score_sort(neume_score *score);

/** The lists. Borrowed: until the score changes or is freed. `*count` gets the number of elements.
 */
NEUME_API const neume_note *neume_score_notes(const neume_score *score, size_t *count);
NEUME_API const neume_tempo *neume_score_tempos(const neume_score *score, size_t *count);
NEUME_API const neume_time_signature *neume_score_time_signatures(const neume_score *score,
                                                                  size_t *count);
NEUME_API const neume_key_signature *neume_score_key_signatures(const neume_score *score,
                                                                size_t *count);
NEUME_API const neume_control *neume_score_controls(const neume_score *score, size_t *count);
NEUME_API const neume_pitch_bend *neume_score_pitch_bends(const neume_score *score, size_t *count);
NEUME_API const neume_text *neume_score_texts(const neume_score *score, size_t *count);

/** The end of the last note, in ticks. */
NEUME_API uint64_t neume_score_end_ticks(const neume_score *score);

/** Seconds from the start to `ticks` by the tempo map (120 quarters a minute before the first
 * tempo). */
NEUME_API double neume_score_seconds_at(const neume_score *score, uint64_t ticks);

/** A new score of the notes that begin in bars `first`..`last` (1 begins at tick 0), moved to its
 * start and ended with its last bar; with tempo, time and key signatures. 4/4 before the first time
 * signature. Fails with NEUME_BAD_INPUT where no note begins there. */
NEUME_API NEUME_MUST_USE neume_status neume_score_cut_bars(neume_score **out,
                                                           const neume_score *score, uint64_t first,
                                                           uint64_t last, neume_error *error);

NEUME_END_DECLS

#endif
