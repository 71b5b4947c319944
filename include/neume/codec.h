/* SPDX-License-Identifier: ISC */
/* A codec turns a score into a sequence of steps and back. A step is one word in each of S streams
 * (S = 1 for word codecs). Not a network: it knows nothing of probabilities. Thread rule: a codec
 * with a learnt vocabulary is *open* until its vocabulary is closed, and then one thread may use
 * it; closed, it is read-only for any number of threads. */
#ifndef NEUME_CODEC_H
#define NEUME_CODEC_H

#include <neume/score.h>

NEUME_BEGIN_DECLS

#define NEUME_MAX_STREAMS 8
#define NEUME_NO_WORD UINT32_MAX /**< what no word has as its id */
#define NEUME_MAX_STEP_TEXT 8192 /**< bytes of the longest step as text, with its NUL */

typedef struct neume_codec neume_codec;

/** How a chord is spelt by codec "word". */
typedef enum neume_voicing {
    NEUME_VOICING_CLASSES, /**< pitch classes in normal order: "4.9" */
    NEUME_VOICING_PITCHES  /**< true pitches, ascending: "C4.E4.G4" */
} neume_voicing;

/** What r1..r4 count in codec "interval". */
typedef enum neume_rest_unit {
    NEUME_REST_QUARTER,  /**< r1..r4 are quarters, x1..x3 sixteenths */
    NEUME_REST_SIXTEENTH /**< r1..r4 are sixteenths; there is no x */
} neume_rest_unit;

/** In which order codec "frame" says the pitches of a frame. */
typedef enum neume_order { NEUME_ORDER_ASCENDING, NEUME_ORDER_DESCENDING } neume_order;

/** Whether codec "roll" tells a key that is struck from one that is held. */
typedef enum neume_onsets {
    NEUME_ONSETS_KEEP, /**< two bits a key: play, articulate */
    NEUME_ONSETS_DROP  /**< one bit a key, as in benchmark files */
} neume_onsets;

/** How codec "event" tells the time. */
typedef enum neume_timing {
    NEUME_TIMING_METRICAL,   /**< bars and positions on the grid, with tempo and metre */
    NEUME_TIMING_PERFORMANCE /**< seconds, in steps of 10 ms */
} neume_timing;

/** What codec "event" does with notes on channel 10; all others leave them out. */
typedef enum neume_drums { NEUME_DRUMS_KEEP, NEUME_DRUMS_DROP } neume_drums;

/** MIDI notes `low`..`high`, 0..127. */
typedef struct neume_pitch_range {
    uint8_t low, high;
} neume_pitch_range;

#define NEUME_MAX_METRES 8

typedef struct neume_codec_options {
    const char *name;      /**< "word", "stream", "interval", "frame", "roll", "event" */
    uint32_t grid;         /**< cells of a quarter; onsets in one cell are simultaneous; 1..960 (of
                              "stream": 480), default 12 */
    neume_voicing voicing; /**< of "word" and "stream"; default NEUME_VOICING_CLASSES */
    double spacing_quarters;   /**< of "word": from one decoded word to the next; default 0.5 */
    int track;                 /**< only this track of a file, 0..; default -1: all */
    int program;               /**< only this program, 0..127; default -1: all */
    bool melody;               /**< of "interval": the top voice only; default false */
    neume_rest_unit rest_unit; /**< of "interval"; default NEUME_REST_QUARTER */
    neume_order order;         /**< of "frame"; default NEUME_ORDER_ASCENDING */
    uint8_t
        metres[NEUME_MAX_METRES];  /**< of "interval", "roll": only notes under time signatures of
                                      these  numerators; ends at the first 0; default none: all */
    neume_pitch_range pitch_range; /**< of "roll"; default 0..127 */
    neume_onsets onsets;           /**< of "roll"; default NEUME_ONSETS_KEEP */
    neume_timing timing;           /**< of "event"; default NEUME_TIMING_METRICAL */
    neume_drums drums;             /**< of "event"; default NEUME_DRUMS_KEEP */
} neume_codec_options;

NEUME_API neume_codec_options neume_codec_options_default(void);

#define NEUME_MAX_OMISSIONS 8

/** An encoded piece. Its last step is the end word where the codec has one. */
typedef struct neume_sequence {
    uint32_t *words; /**< [step_count][width] */
    size_t step_count;
    unsigned width;  /**< words of a step: S; of codec "roll" 4 for each bit of a key */
    uint32_t *given; /**< [step_count] what is told before each step and never asked: of "roll" the
                        cell of its bar, 0..; NULL where a codec has no such thing */
    size_t note_count; /**< notes that the codec kept */
    neume_omission omissions[NEUME_MAX_OMISSIONS];
    unsigned omission_count;
} neume_sequence;

NEUME_API void neume_sequence_clear(neume_context *context, neume_sequence *sequence);

/** Makes an open codec. Fails with NEUME_BAD_USAGE on an unknown name, a value out of its range, or
 * an option that this codec does not have and that is not at its default. */
NEUME_API NEUME_MUST_USE neume_status neume_codec_new(neume_codec **out, neume_context *context,
                                                      const neume_codec_options *options,
                                                      neume_error *error);
NEUME_API void neume_codec_free(neume_codec *codec);

/** The options it was made with. Borrowed: as long as the codec. */
NEUME_API const neume_codec_options *neume_codec_options_of(const neume_codec *codec);

NEUME_API unsigned neume_codec_stream_count(const neume_codec *codec);

/** Words of a step: as many as streams; of codec "roll" 4 for each. */
NEUME_API unsigned neume_codec_width(const neume_codec *codec);

/** What a stream's words say: "word"; of "stream" "note", "offset", "duration", "instrument"; of
 * "roll" "play", "articulate".
 * Borrowed: static. */
NEUME_API const char *neume_codec_stream_name(const neume_codec *codec, unsigned stream);

/** What a step is: "word", "event", "cell". Borrowed: static. */
NEUME_API const char *neume_codec_step_unit(const neume_codec *codec);

/** Words of a stream's vocabulary so far, `<end>` and `<unk>` included; of "roll", which has none,
 * 0. */
NEUME_API uint32_t neume_codec_word_count(const neume_codec *codec, unsigned stream);

/** A word's text, for people and files: "E4", "4.9", "<end>". Borrowed: as long as the codec. */
NEUME_API const char *neume_codec_word(const neume_codec *codec, unsigned stream, uint32_t word);

/** The id of a word's text, or NEUME_NO_WORD. */
NEUME_API uint32_t neume_codec_find(const neume_codec *codec, unsigned stream, const char *text);

/** Score to steps, into a cleared or new `*out`. An open codec learns the words that it meets; a
 * closed one writes
 *  `<unk>` for a word that it does not have. A score without a note that the codec keeps gives 0
 * steps. */
NEUME_API NEUME_MUST_USE neume_status neume_codec_encode(neume_sequence *out, neume_codec *codec,
                                                         const neume_score *score,
                                                         neume_error *error);

/** A step as text, of words below the vocabulary's size: the words of its streams with a space
 * between; of "roll" its keys, ascending, with dots between and "-" behind one that is held and not
 * struck ("60.64-.67"), "_" for none. Returns the length of the whole text, of which `text` gets
 * size - 1 bytes at most and a NUL. */
NEUME_API size_t neume_codec_write_step(const neume_codec *codec, const uint32_t *words, char *text,
                                        size_t size);

/** Reads steps written by neume_codec_write_step, separated by white space. Cells of a "roll" count
 * through bars of 4/4. An open codec learns them if the codec can say them; otherwise fails with
 * NEUME_BAD_USAGE, naming the word. */
NEUME_API NEUME_MUST_USE neume_status neume_codec_parse(neume_sequence *out, neume_codec *codec,
                                                        const char *text, neume_error *error);

/** Steps to a score, for any words below the vocabulary's size: total, it fails only for want of
 * memory. 480 ticks a quarter, 120 quarters a minute, 4/4, program 0, velocity 80 where the words
 * do not say otherwise. */
NEUME_API NEUME_MUST_USE neume_status neume_codec_decode(neume_score **out,
                                                         const neume_codec *codec,
                                                         const neume_sequence *sequence);

NEUME_END_DECLS

#endif
