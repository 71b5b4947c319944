/* SPDX-License-Identifier: ISC */
/* Codec "event": all of the music as one stream of words. What its files share: the words, and a
 * piece gathered by time. Words come in families, ids in this order; a word is its family and a
 * value. A unit is what time is counted in: a cell of the grid (metrical timing) or 10 ms
 * (performance). */
#ifndef NM_MUSIC_CODEC_EVENT_H
#define NM_MUSIC_CODEC_EVENT_H

#include "music/codec_kind.h"

/* A family's words, and the value of the first; families that depend on the options stand last. */
typedef enum nm_event_family {
    NM_EVENT_END,
    NM_EVENT_UNKNOWN,
    NM_EVENT_PITCH,      /* Pitch_0 .. Pitch_127 */
    NM_EVENT_DRUM,       /* PitchDrum_0 .. PitchDrum_127 */
    NM_EVENT_VELOCITY,   /* Velocity_2, Velocity_6 .. Velocity_126: number of the bin */
    NM_EVENT_PROGRAM,    /* Program_0 .. Program_127, Program_Drums (NM_EVENT_DRUMS) */
    NM_EVENT_PEDAL,      /* Pedal_Off (0), Pedal_On (1) */
    NM_EVENT_BAR,        /* Bar */
    NM_EVENT_METRE,      /* TimeSig_4/4 ..: index, see nm_event_metre */
    NM_EVENT_TEMPO_WORD, /* Tempo_20 .. Tempo_320: number of the bin */
    NM_EVENT_POSITION,   /* Position_0 ..: cell of the bar */
    NM_EVENT_SHIFT,      /* TimeShift_1 ..: units less 1 */
    NM_EVENT_DURATION,   /* Duration_1 ..: units less 1 */
    NM_EVENT_MORE,       /* Duration_48+: as long as the longest, and a Duration more */
    NM_EVENT_FAMILIES
} nm_event_family;

enum {
    NM_EVENT_PITCHES = 128,
    NM_EVENT_DRUMS = 128, /* what stands for drums among programs */
    NM_EVENT_PROGRAMS = 129,
    NM_EVENT_VELOCITIES = 32,
    NM_EVENT_TEMPI = 49,
    NM_EVENT_USUAL_TEMPO = 31,     /* 120 quarters a minute, before any tempo word */
    NM_EVENT_BAR_QUARTERS = 8,     /* of the longest bar */
    NM_EVENT_UNITS_A_QUARTER = 50, /* of performance timing, at 120 a minute */
    NM_EVENT_SHIFTS = 100,         /* TimeShift words */
    NM_EVENT_MAX_GRID = 48,
    NM_EVENT_MAX_METRES = 46,
    NM_EVENT_VOICES = 16 /* unisons of a program, at most */
};

/* Where families begin, first[NM_EVENT_FAMILIES] being the number of words. */
typedef struct nm_event_words {
    uint16_t first[NM_EVENT_FAMILIES + 1];
    uint8_t grid;
    bool is_performance;
} nm_event_words;

typedef struct nm_event_word {
    nm_event_family family;
    uint32_t value;
} nm_event_word;

nm_event_words nm_event_words_of(const neume_codec_options *options);

/* A word from its id. A number that is none has family NM_EVENT_UNKNOWN. */
nm_event_word nm_event_read(const nm_event_words *words, uint32_t id);

void nm_event_text(char text[NM_MAX_WORD_TEXT], const nm_event_words *words, nm_event_word word);

static inline uint32_t nm_event_id(const nm_event_words *words, nm_event_family family,
                                   uint32_t value) {
    return words->first[family] + value;
}

static inline uint32_t nm_event_count(const nm_event_words *words, nm_event_family family) {
    return (uint32_t)(words->first[family + 1] - words->first[family]);
}

/* A time signature that there is a word for, and how many cells a bar of it has. */
typedef struct nm_event_metre {
    uint16_t numerator, denominator;
    uint32_t cells;
} nm_event_metre;

nm_event_metre nm_event_metre_at(uint32_t grid, uint32_t index);

/* The index of a time signature, or NM_EVENT_MAX_METRES where no word says it; that of a bar of so
 * many cells, in the largest of quarters, eighths and sixteenths that make it. */
uint32_t nm_event_find_metre(uint32_t grid, unsigned numerator, unsigned denominator);
uint32_t nm_event_metre_of_cells(uint32_t grid, uint64_t cells);

/* Quarters a minute in 49 bins, twelve an octave from 20 on, each named by the whole number next
 * to its centre; from the length of a quarter, and back. */
uint32_t nm_event_tempo_bin(uint32_t microseconds_per_quarter);
uint32_t nm_event_tempo_bpm(uint32_t bin);
uint32_t nm_event_tempo_microseconds(uint32_t bin);

/* A note or a move of a pedal. Canonical order: time, program, pedals before notes, pitch,
 * then as in the score. */
typedef struct nm_event_item {
    uint64_t time;   /* units */
    uint32_t length; /* units, of a note */
    uint8_t program; /* or NM_EVENT_DRUMS */
    uint8_t key;     /* NM_EVENT_NOTE + pitch; of a pedal 0 off, 1 on */
    uint8_t velocity;
} nm_event_item;

enum { NM_EVENT_NOTE = 128 };

typedef struct nm_event_mark {
    uint64_t time;
    uint32_t value; /* index of a metre, or bin of a tempo */
} nm_event_mark;

/* What a score says, in units of time. */
typedef struct nm_event_piece {
    neume_context *context;
    nm_event_item *items;
    nm_event_mark *tempos, *metres; /* where they change; none in performance timing */
    size_t item_count, item_capacity;
    size_t tempo_count, tempo_capacity, metre_count, metre_capacity;
    uint64_t end; /* of the last note: of tempos and pedals only what comes before counts */
    uint64_t unisons, long_notes, lost_metres;
} nm_event_piece;

/* Gathers what the encoder wants, in canonical order. */
neume_status nm_event_gather(nm_event_piece *piece, nm_encoder *encoder, const neume_score *score);
void nm_event_piece_clear(nm_event_piece *piece);

/* Units of 16 bars of 4/4 (of two seconds each): longer gaps and notes are cut down to this. */
uint32_t nm_event_longest(const nm_event_words *words);

/* Score ticks to units, by the tempo map in performance timing. */
typedef struct nm_event_clock {
    uint32_t grid, ticks_per_quarter;
    double *microseconds; /* [tempo_count] at the start of each tempo; NULL in metrical timing */
    const neume_tempo *tempos;
    size_t tempo_count;
} nm_event_clock;

neume_status nm_event_clock_new(nm_event_clock *clock, neume_context *context,
                                const nm_event_words *words, const neume_score *score);
uint64_t nm_event_time(const nm_event_clock *clock, uint64_t ticks);

/* Adds the moves of all sustain pedals before the piece's end. */
neume_status nm_event_gather_pedals(nm_event_piece *piece, const nm_event_clock *clock,
                                    const neume_score *score, nm_encoder *encoder);
neume_status nm_event_add_item(nm_event_piece *piece, const nm_event_item *item);

void nm_event_encode(nm_encoder *encoder, const neume_score *score);
neume_status nm_event_decode(neume_score *score, const neume_codec *codec,
                             const neume_sequence *sequence);

size_t nm_event_carry(uint32_t out[NM_MOST_CARRIED], const neume_codec_options *options,
                      const neume_sequence *sequence, uint32_t next);

/* The grammar. */
bool nm_event_plan_grammar(nm_grammar *grammar, neume_context *context,
                           const neume_codec_options *options);
void nm_event_allow(uint8_t *allowed, const nm_grammar *grammar, uint32_t state);
uint32_t nm_event_next(const nm_grammar *grammar, uint32_t state, uint32_t word_class);
uint32_t nm_event_class(const neume_codec_options *options, unsigned stream, uint32_t word);

#endif
