/* SPDX-License-Identifier: ISC */
/* The grammar of codec "event".
 *
 *     metrical:    Bar {[TimeSig] {Position [Tempo] {group}} Bar} <end>
 *     performance: {TimeShift {group}} <end>
 *     group:       [Program] [Pedal_Off] [Pedal_On] {Pitch Velocity {Duration_48+} Duration}
 *                  [Program_Drums] {PitchDrum Velocity}
 *
 * A note has as many Duration_48+ as its longest length needs, no more: else a song may hold a note
 * for ever. A state is a place in this, and in metrical timing also the length of the bar and the
 * position in it: positions ascend and lie in the bar. These two are counted in clicks, cells of
 * the grid up to 12 a quarter, several cells where the grid is finer; then positions do not
 * descend. */
#include "base/mem.h"
#include "music/codec/event.h"

#include <string.h>

/* Classes of words that the places tell apart; behind them lengths of bars and clicks. */
enum {
    CLASS_END,
    CLASS_UNKNOWN,
    CLASS_PITCH,
    CLASS_DRUM,
    CLASS_VELOCITY,
    CLASS_PROGRAM,
    CLASS_DRUMS,
    CLASS_OFF,
    CLASS_ON,
    CLASS_BAR,
    CLASS_TEMPO,
    CLASS_SHIFT,
    CLASS_LONGEST_SHIFT,
    CLASS_DURATION,
    CLASS_MORE,
    CLASS_METRES
};

/* Places at one moment. Where it matters whether drums play, a place is followed by that of drums.
 */
typedef enum place {
    PLACE_MOMENT, /* behind a Position or the last TimeShift */
    PLACE_TEMPO = PLACE_MOMENT + 2,
    PLACE_PROGRAM = PLACE_TEMPO + 2,
    PLACE_DRUMS,
    PLACE_OFF,
    PLACE_NOTE, /* behind a note, or Pedal_On */
    PLACE_HIT,  /* behind a drum */
    PLACE_VELOCITY,
    PLACE_HIT_VELOCITY,
    PLACE_DURATION, /* followed by those behind 1, 2 .. Duration_48+ */
    PLACES
} place;

/* Places without a moment: of each length of bars; of the pause in performance timing. */
enum { PLACE_BAR, PLACE_METRE = PLACE_BAR + 2, BAR_PLACES = PLACE_METRE + 2 };

#define ONE(class) (1u << CLASS_##class)
#define NOTES (ONE(PITCH) | ONE(OFF) | ONE(ON))
#define PROGRAMS (ONE(PROGRAM) | ONE(DRUMS))

/* Which words may come at a place, whether time may go on from it, and whether drums play. */
static const struct {
    unsigned allowed;
    bool may_go_on, has_drums;
} rules[PLACES] = {
    [PLACE_MOMENT] = {ONE(TEMPO) | PROGRAMS | NOTES, false, false},
    [PLACE_MOMENT + 1] = {ONE(TEMPO) | ONE(PROGRAM) | ONE(DRUM), false, true},
    [PLACE_TEMPO] = {PROGRAMS | NOTES, true, false},
    [PLACE_TEMPO + 1] = {ONE(PROGRAM) | ONE(DRUM), true, true},
    [PLACE_PROGRAM] = {NOTES, false, false},
    [PLACE_DRUMS] = {ONE(DRUM), false, true},
    [PLACE_OFF] = {ONE(ON) | ONE(PITCH) | PROGRAMS, true, false},
    [PLACE_NOTE] = {ONE(PITCH) | PROGRAMS, true, false},
    [PLACE_HIT] = {ONE(DRUM), true, true},
    [PLACE_VELOCITY] = {ONE(VELOCITY), false, false},
    [PLACE_HIT_VELOCITY] = {ONE(VELOCITY), false, true},
    [PLACE_DURATION] = {ONE(DURATION) | ONE(MORE), false, false},
};

/* The places behind Duration_48+ have the rule of PLACE_DURATION. */
static unsigned rule_of(unsigned at) {
    return at < PLACE_DURATION ? at : PLACE_DURATION;
}

/* Where a word of a class leads from a place, within the moment. */
static unsigned place_after(unsigned from, unsigned word_class) {
    switch (word_class) {
    case CLASS_PITCH:
        return PLACE_VELOCITY;
    case CLASS_DRUM:
        return PLACE_HIT_VELOCITY;
    case CLASS_VELOCITY:
        return from == PLACE_VELOCITY ? PLACE_DURATION : PLACE_HIT;
    case CLASS_PROGRAM:
        return PLACE_PROGRAM;
    case CLASS_DRUMS:
        return PLACE_DRUMS;
    case CLASS_OFF:
        return PLACE_OFF;
    case CLASS_TEMPO:
        return PLACE_TEMPO + (unsigned)rules[rule_of(from)].has_drums;
    case CLASS_MORE:
        return from + 1;
    default: /* CLASS_ON, CLASS_DURATION */
        return PLACE_NOTE;
    }
}

enum { MOST_CLICKS = 12 /* a quarter */, MOST_LENGTHS = NM_EVENT_MAX_METRES };

/* How the states are numbered: the begin, the end, and a block for each length of bars: the places
 * of a bar, then those of each click. Performance timing has one block, of the one moment. */
enum { STATE_BEGIN, STATE_ENDED, STATE_BLOCKS };

typedef struct layout {
    nm_event_words words;
    uint32_t cells_a_click, length_count;
    uint32_t first_length;          /* of the bar that a piece begins with */
    uint32_t place_count;           /* of a moment */
    uint32_t lengths[MOST_LENGTHS]; /* clicks of bars, ascending */
    uint32_t blocks[MOST_LENGTHS + 1];
} layout;

static uint32_t clicks_of(const layout *of, uint32_t cells) {
    return (cells + of->cells_a_click - 1) / of->cells_a_click;
}

static void add_length(layout *to, uint32_t clicks) {
    uint32_t at = 0;
    while (at < to->length_count && to->lengths[at] < clicks)
        at++;
    if (at < to->length_count && to->lengths[at] == clicks)
        return;
    for (uint32_t i = to->length_count++; i > at; i--)
        to->lengths[i] = to->lengths[i - 1];
    to->lengths[at] = clicks;
}

static uint32_t length_index(const layout *of, uint32_t cells) {
    uint32_t k = 0;
    while (of->lengths[k] < clicks_of(of, cells))
        k++;
    return k;
}

static layout layout_of(const neume_codec_options *options) {
    layout of = {.words = nm_event_words_of(options)};
    of.place_count =
        PLACES - 1 + nm_event_longest(&of.words) / nm_event_count(&of.words, NM_EVENT_DURATION);
    of.cells_a_click = (options->grid + MOST_CLICKS - 1) / MOST_CLICKS;
    for (uint32_t i = 0; i < nm_event_count(&of.words, NM_EVENT_METRE); i++)
        add_length(&of, clicks_of(&of, nm_event_metre_at(options->grid, i).cells));
    if (of.words.is_performance)
        add_length(&of, 1);
    else
        of.first_length = length_index(&of, 4 * options->grid);
    of.blocks[0] = STATE_BLOCKS;
    for (uint32_t k = 0; k < of.length_count; k++)
        of.blocks[k + 1] = of.blocks[k] + BAR_PLACES + of.place_count * of.lengths[k];
    return of;
}

static uint32_t class_of(const layout *of, nm_event_word word) {
    static const uint8_t classes[NM_EVENT_FAMILIES] = {
        [NM_EVENT_END] = CLASS_END,           [NM_EVENT_UNKNOWN] = CLASS_UNKNOWN,
        [NM_EVENT_PITCH] = CLASS_PITCH,       [NM_EVENT_DRUM] = CLASS_DRUM,
        [NM_EVENT_VELOCITY] = CLASS_VELOCITY, [NM_EVENT_PROGRAM] = CLASS_PROGRAM,
        [NM_EVENT_PEDAL] = CLASS_OFF,         [NM_EVENT_BAR] = CLASS_BAR,
        [NM_EVENT_TEMPO_WORD] = CLASS_TEMPO,  [NM_EVENT_SHIFT] = CLASS_SHIFT,
        [NM_EVENT_DURATION] = CLASS_DURATION, [NM_EVENT_MORE] = CLASS_MORE,
    };
    switch (word.family) {
    case NM_EVENT_PROGRAM:
        return word.value == NM_EVENT_DRUMS ? CLASS_DRUMS : CLASS_PROGRAM;
    case NM_EVENT_PEDAL:
        return CLASS_OFF + word.value;
    case NM_EVENT_SHIFT:
        return word.value + 1 == NM_EVENT_SHIFTS ? CLASS_LONGEST_SHIFT : CLASS_SHIFT;
    case NM_EVENT_METRE:
        return CLASS_METRES + length_index(of, nm_event_metre_at(of->words.grid, word.value).cells);
    case NM_EVENT_POSITION:
        return CLASS_METRES + of->length_count + word.value / of->cells_a_click;
    default:
        return classes[word.family];
    }
}

uint32_t nm_event_class(const neume_codec_options *options, unsigned stream, uint32_t word) {
    (void)stream;
    const nm_event_words words = nm_event_words_of(options);
    const nm_event_word said = nm_event_read(&words, word);
    const bool is_of_bar = said.family == NM_EVENT_METRE || said.family == NM_EVENT_POSITION;
    const layout of = is_of_bar ? layout_of(options) : (layout){0};
    return class_of(&of, said);
}

/* A state taken apart. */
typedef struct spot {
    uint32_t k, click; /* the length of the bar, and where in it */
    unsigned at;       /* a place of the moment; of the bar, if it is one */
    bool is_bar, has_drums;
} spot;

/* The begin is like behind Bar, or the longest TimeShift. */
static spot spot_of(const layout *of, uint32_t state) {
    if (state == STATE_BEGIN)
        state = of->blocks[of->first_length] + PLACE_BAR;
    spot to = {0};
    for (uint32_t above = of->length_count; above - to.k > 1;) {
        const uint32_t middle = (to.k + above) / 2;
        if (state < of->blocks[middle])
            above = middle;
        else
            to.k = middle;
    }
    to.at = state - of->blocks[to.k];
    to.is_bar = to.at < BAR_PLACES;
    if (to.is_bar) {
        to.has_drums = to.at % 2;
        return to;
    }
    to.click = (to.at - BAR_PLACES) / of->place_count;
    to.at = (to.at - BAR_PLACES) % of->place_count;
    to.has_drums = rules[rule_of(to.at)].has_drums;
    return to;
}

static uint32_t state_of(const layout *of, uint32_t k, uint32_t click, unsigned at) {
    return of->blocks[k] + BAR_PLACES + of->place_count * click + at;
}

static void allow_classes(uint8_t *allowed, unsigned classes) {
    for (unsigned c = 0; c < CLASS_METRES; c++)
        allowed[c] |= classes >> c & 1;
}

/* In a bar of length k time goes on to a click from `click` on, or to the next bar. */
static void go_on(uint8_t *allowed, const layout *of, uint32_t k, uint32_t click) {
    if (of->words.is_performance) {
        allow_classes(allowed, ONE(SHIFT) | ONE(LONGEST_SHIFT));
        return;
    }
    allow_classes(allowed, ONE(BAR));
    if (click < of->lengths[k])
        memset(allowed + CLASS_METRES + of->length_count + click, 1, of->lengths[k] - click);
}

/* Behind Bar (metrical timing), or the longest TimeShift: as behind any, or more of it. */
static void allow_in_bar(uint8_t *allowed, const layout *of, spot at) {
    go_on(allowed, of, at.k, 0);
    if (at.at >= PLACE_METRE)
        return;
    if (of->words.is_performance)
        allow_classes(allowed, rules[PLACE_MOMENT + at.has_drums].allowed);
    else
        memset(allowed + CLASS_METRES, 1, of->length_count);
}

static void allow_in_moment(uint8_t *allowed, const layout *of, spot at) {
    const unsigned rule = rule_of(at.at);
    const bool is_last = at.at + 1 == of->place_count;
    allow_classes(allowed, rules[rule].allowed & (is_last ? ~ONE(MORE) : ~0u));
    if (rules[rule].may_go_on) {
        allow_classes(allowed, ONE(END));
        go_on(allowed, of, at.k, at.click + (of->cells_a_click == 1));
    }
}

void nm_event_allow(uint8_t *allowed, const nm_grammar *grammar, uint32_t state) {
    const layout *of = grammar->plan;
    if (state == STATE_ENDED || (state == STATE_BEGIN && !of->words.is_performance)) {
        allow_classes(allowed, state == STATE_ENDED ? ONE(END) : ONE(BAR));
        return;
    }
    const spot at = spot_of(of, state);
    if (at.is_bar)
        allow_in_bar(allowed, of, at);
    else
        allow_in_moment(allowed, of, at);
}

/* A word that is not allowed leaves the state as it is. */
uint32_t nm_event_next(const nm_grammar *grammar, uint32_t state, uint32_t word_class) {
    const layout *of = grammar->plan;
    if (!nm_grammar_allowed(grammar, state)[word_class])
        return state;
    if (word_class == CLASS_END)
        return STATE_ENDED;
    const spot from = spot_of(of, state);
    const unsigned moment = PLACE_MOMENT + from.has_drums, bar = PLACE_BAR + from.has_drums;
    if (word_class >= CLASS_METRES + of->length_count)
        return state_of(of, from.k, word_class - CLASS_METRES - of->length_count, moment);
    if (word_class >= CLASS_METRES)
        return of->blocks[word_class - CLASS_METRES] + PLACE_METRE + from.has_drums;
    switch (word_class) {
    case CLASS_BAR:
    case CLASS_LONGEST_SHIFT:
        return of->blocks[from.k] + bar;
    case CLASS_SHIFT:
        return state_of(of, 0, 0, moment);
    default:
        return state_of(of, from.k, from.click,
                        place_after(from.is_bar ? moment : from.at, word_class));
    }
}

bool nm_event_plan_grammar(nm_grammar *grammar, neume_context *context,
                           const neume_codec_options *options) {
    layout *of = nm_alloc(context, 1, sizeof *of);
    grammar->plan = of;
    if (!of)
        return false;
    *of = layout_of(options);
    grammar->state_count = of->blocks[of->length_count];
    grammar->class_count = CLASS_METRES + of->length_count + of->lengths[of->length_count - 1];
    return true;
}
