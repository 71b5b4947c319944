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

static layout layout_of(const neume_codec_options *options) {
    layout of = {.words = nm_event_words_of(options)};
    of.place_count =
        PLACES - 1 + nm_event_longest(&of.words) / nm_event_count(&of.words, NM_EVENT_DURATION);
    of.cells_a_click = (options->grid + MOST_CLICKS - 1) / MOST_CLICKS;
    for (uint32_t i = 0; i < nm_event_count(&of.words, NM_EVENT_METRE); i++)
        add_length(&of, clicks_of(&of, nm_event_metre_at(options->grid, i).cells));
    if (of.words.is_performance)
        add_length(&of, 1);
    of.blocks[0] = STATE_BLOCKS;
    for (uint32_t k = 0; k < of.length_count; k++)
        of.blocks[k + 1] = of.blocks[k] + BAR_PLACES + of.place_count * of.lengths[k];
    return of;
}

static uint32_t length_index(const layout *of, uint32_t cells) {
    uint32_t k = 0;
    while (of->lengths[k] < clicks_of(of, cells))
        k++;
    return k;
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

typedef struct builder {
    nm_grammar *grammar;
    const layout *layout;
} builder;

static void allow(const builder *in, uint32_t state, uint32_t word_class, uint32_t next) {
    const size_t at = (size_t)state * in->grammar->class_count + word_class;
    in->grammar->allowed[at] = 1;
    in->grammar->next[at] = next;
}

static uint32_t state_of(const builder *in, uint32_t k, uint32_t click, unsigned at) {
    return in->layout->blocks[k] + BAR_PLACES + in->layout->place_count * click + at;
}

/* In a bar of length k time goes on to a click from `click` on, or to the next bar. */
static void go_on(const builder *in, uint32_t state, uint32_t k, uint32_t click, bool has_drums) {
    const layout *of = in->layout;
    if (of->words.is_performance) {
        allow(in, state, CLASS_SHIFT, state_of(in, 0, 0, PLACE_MOMENT + has_drums));
        allow(in, state, CLASS_LONGEST_SHIFT, of->blocks[0] + PLACE_BAR + has_drums);
        return;
    }
    allow(in, state, CLASS_BAR, of->blocks[k] + PLACE_BAR + has_drums);
    for (; click < of->lengths[k]; click++)
        allow(in, state, CLASS_METRES + of->length_count + click,
              state_of(in, k, click, PLACE_MOMENT + has_drums));
}

static void make_moment(const builder *in, uint32_t k, uint32_t click) {
    const uint32_t next_click = click + (in->layout->cells_a_click == 1);
    const unsigned places = in->layout->place_count;
    for (unsigned at = 0; at < places; at++) {
        const uint32_t state = state_of(in, k, click, at);
        const unsigned rule = rule_of(at);
        const unsigned allowed = rules[rule].allowed & (at + 1 == places ? ~ONE(MORE) : ~0u);
        for (unsigned c = 0; c < CLASS_METRES; c++)
            if (allowed >> c & 1)
                allow(in, state, c, state_of(in, k, click, place_after(at, c)));
        if (rules[rule].may_go_on) {
            allow(in, state, CLASS_END, STATE_ENDED);
            go_on(in, state, k, next_click, rules[rule].has_drums);
        }
    }
}

/* Behind Bar (metrical timing), or the longest TimeShift: as behind any, or more of it. */
static void make_bar(const builder *in, uint32_t k, bool has_drums) {
    const layout *of = in->layout;
    const uint32_t bar = of->blocks[k] + PLACE_BAR + has_drums;
    const uint32_t metre = of->blocks[k] + PLACE_METRE + has_drums;
    go_on(in, bar, k, 0, has_drums);
    go_on(in, metre, k, 0, has_drums);
    for (uint32_t j = 0; j < of->length_count && !of->words.is_performance; j++)
        allow(in, bar, CLASS_METRES + j, of->blocks[j] + PLACE_METRE + has_drums);
    for (unsigned c = 0; c < CLASS_METRES && of->words.is_performance; c++)
        if (rules[PLACE_MOMENT + has_drums].allowed >> c & 1)
            allow(in, bar, c, state_of(in, 0, 0, place_after(PLACE_MOMENT + has_drums, c)));
}

/* A piece begins in 4/4, or like behind the longest TimeShift. */
static void make_ends(const builder *in) {
    const layout *of = in->layout;
    if (of->words.is_performance) {
        const size_t count = in->grammar->class_count;
        const size_t like = of->blocks[0] + PLACE_BAR;
        for (size_t c = 0; c < count; c++)
            if (in->grammar->allowed[like * count + c])
                allow(in, STATE_BEGIN, (uint32_t)c, in->grammar->next[like * count + c]);
    } else {
        const uint32_t k = length_index(of, 4 * of->words.grid);
        allow(in, STATE_BEGIN, CLASS_BAR, of->blocks[k] + PLACE_BAR);
    }
    allow(in, STATE_ENDED, CLASS_END, STATE_ENDED);
}

static void make_rules(const builder *in) {
    const layout *of = in->layout;
    for (uint32_t k = 0; k < of->length_count; k++) {
        make_bar(in, k, false);
        make_bar(in, k, true);
        for (uint32_t click = 0; click < of->lengths[k]; click++)
            make_moment(in, k, click);
    }
    make_ends(in);
}

bool nm_event_make_grammar(nm_grammar *grammar, neume_context *context,
                           const neume_codec_options *options) {
    const layout of = layout_of(options);
    const size_t states = of.blocks[of.length_count];
    const size_t classes = CLASS_METRES + of.length_count + of.lengths[of.length_count - 1];
    grammar->state_count = (uint32_t)states;
    grammar->class_count = (uint32_t)classes;
    grammar->allowed = nm_alloc(context, states * classes, 1);
    grammar->stream = nm_alloc(context, states, 1);
    if (!grammar->allowed || !grammar->stream ||
        !nm_resize(context, &grammar->next, states * classes, sizeof *grammar->next))
        return false;
    for (size_t state = 0; state < states; state++)
        for (size_t c = 0; c < classes; c++)
            grammar->next[state * classes + c] = (uint32_t)state;
    make_rules(&(builder){grammar, &of});
    return true;
}
