/* SPDX-License-Identifier: ISC */
/* The inside of a codec: what each kind implements (one file in codec/), and what the learning room
 * needs beyond the public <neume/codec.h>: grammar, learnt vocabularies, settings as text. */
#ifndef NM_MUSIC_CODEC_H
#define NM_MUSIC_CODEC_H

#include "base/bytes.h"

#include <neume/codec.h>

/* Words that every learnt vocabulary starts with. */
enum { NM_WORD_END = 0, NM_WORD_UNKNOWN = 1, NM_WORD_FIRST = 2 };

/* The grammar: a finite automaton. The state before a word says which words are allowed; the word
 * leads to the next state. With S streams the automaton moves after every stream's word, and a
 * state belongs to one stream. What a state allows is its rule, which many states may share; the
 * network sees masks as rows [rule][word] of its stream. Start is state 0, its rule is 0. */
typedef struct nm_grammar {
    uint32_t state_count, rule_count;
    uint32_t class_count; /* words fall into classes; all words of a class are allowed alike */
    uint32_t *rule;       /* [state_count] */
    uint8_t *allowed;     /* [rule_count][class_count] */
    uint32_t *word_class[NEUME_MAX_STREAMS]; /* [word_count of the stream] */
    uint8_t *stream;                         /* [state_count] whose word comes next */

    /* The state behind a word, be it allowed or not. */
    uint32_t (*next)(const struct nm_grammar *grammar, uint32_t state, uint32_t word_class);
    void *plan; /* what `next` goes by; owned, NULL where it needs nothing */
} nm_grammar;

/* Borrowed: as long as the codec, and only once its vocabulary is closed. */
const nm_grammar *nm_codec_grammar(const neume_codec *codec);

/* [class_count] */
static inline const uint8_t *nm_grammar_allowed(const nm_grammar *grammar, uint32_t state) {
    return grammar->allowed + grammar->rule[state] * (size_t)grammar->class_count;
}

static inline uint32_t nm_grammar_next(const nm_grammar *grammar, uint32_t state,
                                       uint32_t word_class) {
    return grammar->next(grammar, state, word_class);
}

/* The mask of a stream's words in a state of this stream: [word_count], 1: allowed. */
void nm_codec_mask(uint8_t *mask, const neume_codec *codec, unsigned stream, uint32_t state);

/* The masks by every rule: [rule_count][word_count], of other streams 0. The caller frees with
 * nm_free. */
uint8_t *nm_codec_masks(neume_context *context, const neume_codec *codec, unsigned stream);

/* Those of every stream, of rolls NULL. False for want of memory: some may be made all the same. */
bool nm_codec_all_masks(uint8_t *masks[NEUME_MAX_STREAMS], neume_context *context,
                        const neume_codec *codec);

/* Whether its steps are sets of keys, as in codec "roll": then it has neither vocabulary nor
 * grammar; a stream is a bit of every key, NM_ROLL_WORDS words of a step. */
enum { NM_ROLL_WORDS = 4 };
bool nm_codec_is_roll(const neume_codec *codec);

/* What a tracker of any kind needs: no more than this. */
enum { NM_TRACKER_WORDS = 64 };
typedef struct nm_tracker {
    uint64_t words[NM_TRACKER_WORDS];
} nm_tracker;

enum { NM_NO_OUTPUT = UINT16_MAX }; /* of a head's map: it says nothing of this word */

/* Side features and structured heads: small integers made from the past, see codec_kind.h. The
 * number of features, and how many values one has. */
unsigned nm_codec_feature_count(const neume_codec *codec);
uint32_t nm_codec_feature_size(const neume_codec *codec, unsigned feature);

/* Maps of the head of stream 0; 0: a plain one. */
unsigned nm_codec_map_count(const neume_codec *codec);

/* A map's table [*context_count][V], entries below `*width` or NM_NO_OUTPUT; freed with nm_free;
 * NULL for want of memory. */
uint16_t *nm_codec_map(neume_context *context, const neume_codec *codec, unsigned map,
                       uint32_t *context_count, uint32_t *width);

/* Follows a piece that was moved by `shift` semitones: what is known before its next step goes into
 * `features` [feature_count] and `contexts` [map_count]; `words` [S] are that step. */
void nm_codec_track_begin(const neume_codec *codec, nm_tracker *tracker, int shift);
void nm_codec_track(const neume_codec *codec, nm_tracker *tracker, const uint32_t *words);
void nm_codec_read_side(const neume_codec *codec, const nm_tracker *tracker, uint32_t *features,
                        uint32_t *contexts);

/* Other keys, -48..48 semitones: to be set before the vocabulary is closed; it then has the words
 * of all these keys. */
enum { NM_MAX_SHIFT = 48 };
void nm_codec_set_shifts(neume_codec *codec, int low, int high);

/* Those that were set: 0 semitones or fewer, 0 or more. */
void nm_codec_shifts(const neume_codec *codec, int *low, int *high);

/* The same word in another key within the shifts; NEUME_NO_WORD where it leaves MIDI's range. */
uint32_t nm_codec_shifted(const neume_codec *codec, unsigned stream, uint32_t word, int shift);

/* A whole step in another key within the shifts; false where a word leaves MIDI's range. */
bool nm_codec_shift_step(const neume_codec *codec, uint32_t *out, const uint32_t *words, int shift);

/* Closes a learnt vocabulary: keeps the words with counts[stream][word] > 0, adds
 * them in the keys of the shifts, sorts them by their text in byte order behind <end> and <unk>.
 * `remap[stream][old word]` becomes the new id (NM_WORD_UNKNOWN for those left out); each has room
 * for the old word count. A codec with a fixed vocabulary leaves ids as they are; of a roll, which
 * has none, neither is read. */
neume_status nm_codec_close(neume_codec *codec, const uint64_t *const *counts,
                            uint32_t *const *remap);
bool nm_codec_is_closed(const neume_codec *codec);

/* Gives an open codec that has learnt nothing the words of a closed one of its kind: they keep
 * their ids when it is closed, whatever their counts, and its own new words stand behind them. A
 * learnt vocabulary can grow so often. Fails with NEUME_BAD_USAGE where it has, and for want of
 * memory; then the codec is only to be freed. */
enum { NM_MAX_GROWTHS = 32 };
neume_status nm_codec_begin_with(neume_codec *codec, const neume_codec *known, neume_error *error);

/* The id of a word of a codec that is not closed, which learns it where it is new; NEUME_NO_WORD
 * for want of memory. */
uint32_t nm_codec_learn(neume_codec *codec, unsigned stream, const char *text);

/* Whether a text is a word that the codec has, or could learn, in its own spelling. */
bool nm_codec_can_say(const neume_codec *codec, unsigned stream, const char *text);

/* How many words of the stream, not in the vocabulary, the codec could have said in any state that
 * allows <unk>: a held-out unknown word costs -ln p(<unk>) + ln(this). 0 where the vocabulary is
 * fixed. */
double nm_codec_unseen_count(const neume_codec *codec, unsigned stream);

/* Where words lead to in time, from the begin of a piece on; for lengths in bars and seconds. */
typedef struct nm_codec_clock {
    const neume_codec *codec; /* borrowed */
    double quarters, seconds;
    double quarter_seconds; /* of a quarter from here on */
    bool has_own_tempo;     /* which words do not change */
    bool says_bars;         /* words say bars; else all have 4 quarters, the first begins at 0 */
    size_t bar_count;       /* that have begun */
    double bar_start, bar_quarters; /* of the last of them */
} nm_codec_clock;

/* At the begin of a piece; `tempo`: quarters a minute from begin to end, or 0: 120, until words say
 * another. */
void nm_codec_clock_begin(nm_codec_clock *clock, const neume_codec *codec, double tempo);

/* Behind a word of a stream; of a roll, which has none, behind so many quarters. */
void nm_codec_clock_say(nm_codec_clock *clock, unsigned stream, uint32_t word);
void nm_codec_clock_go(nm_codec_clock *clock, double quarters);

/* Bars from the begin to now, with the part of the last one. */
double nm_codec_clock_bars(const nm_codec_clock *clock);

/* Words, in the place of a sequence, behind which what comes next is the same music; `next` is the
 * word that does. 0 where nothing of a sequence holds on behind it. */
enum { NM_MOST_CARRIED = 5 + 2 * 128 };
size_t nm_codec_carry(uint32_t out[NM_MOST_CARRIED], const neume_codec *codec,
                      const neume_sequence *sequence, uint32_t next);

/* The length of a quarter at so many a minute, as files say it. */
uint32_t nm_tempo_microseconds(double tempo);

/* What is given before the step behind one that `given` was told before, where nothing says
 * otherwise: of a roll the next cell of a bar of 4/4. */
uint32_t nm_codec_next_given(const neume_codec *codec, uint32_t given);

/* Settings as one JSON object (text, freed with nm_free), and a vocabulary as its words with a NUL
 * after each, stream after stream (of a roll: nothing); together they make the same codec again,
 * closed. */
char *nm_codec_settings(const neume_codec *codec);
neume_status nm_codec_vocabulary(const neume_codec *codec, nm_buffer *out);
neume_status nm_codec_restore(neume_codec **out, neume_context *context, const char *settings,
                              neume_bytes vocabulary, neume_error *error);

/* A hash of the words' texts, equal for equal pieces whatever the vocabulary; of a roll's words and
 * what is given: XXH3 64. */
uint64_t nm_codec_hash(const neume_codec *codec, const neume_sequence *sequence);

#endif
