/* SPDX-License-Identifier: ISC */
/* Words of codec "event" as a score, whatever their order. */
#include "base/context.h"
#include "music/codec/event.h"

enum {
    CHANNELS = 15, /* but that of the drums */
    DRUM_CHANNEL = 9,
    DRUM_TICKS = 40, /* a sound that ends by itself */
    USUAL_VELOCITY = 80,
    SUSTAIN = 64,
    UNIT_TICKS = 10, /* of performance timing, a millisecond each */
    SECOND_TICKS = 1000,
    NO_FAMILY = NM_EVENT_FAMILIES
};

/* A program's track and channel, once it has been heard. */
typedef struct part {
    bool is_there, is_pedal_down;
    uint8_t channel;
    uint16_t track;
} part;

typedef struct decoding {
    neume_score *score;
    nm_event_words words;
    uint64_t now, end; /* units; end: of the last note */
    uint64_t bar_start, bar_cells;
    bool has_bar;
    uint8_t program; /* or NM_EVENT_DRUMS */
    unsigned family; /* of the note that is being said; or NO_FAMILY */
    uint8_t pitch, velocity;
    uint64_t length; /* units of it so far */
    part parts[NM_EVENT_PROGRAMS];
    unsigned part_count, channel_count; /* of other programs than drums */
    uint64_t channel_ends[CHANNELS];    /* units: of the last note */
} decoding;

static uint64_t ticks_of(const decoding *in, uint64_t time) {
    return in->words.is_performance ? time * UNIT_TICKS
                                    : nm_grid_cell(time, NM_TICKS_PER_QUARTER, in->words.grid);
}

/* Each program has a channel of its own while there are some; later ones share that which has been
 * silent longest. */
static unsigned choose_channel(const decoding *in) {
    unsigned best = 0;
    if (in->channel_count < CHANNELS)
        return in->channel_count;
    for (unsigned c = 1; c < CHANNELS; c++)
        if (in->channel_ends[c] < in->channel_ends[best])
            best = c;
    return best;
}

static part *part_of(decoding *in, uint8_t program) {
    part *of = &in->parts[program];
    if (of->is_there)
        return of;
    *of = (part){.is_there = true, .track = (uint16_t)in->part_count++, .channel = DRUM_CHANNEL};
    if (program != NM_EVENT_DRUMS) {
        const unsigned c = choose_channel(in);
        of->channel = (uint8_t)(c + (c >= DRUM_CHANNEL));
        in->channel_count++;
    }
    return of;
}

static void last_until(decoding *in, uint8_t channel, uint64_t end) {
    if (in->end < end)
        in->end = end;
    if (channel == DRUM_CHANNEL)
        return;
    uint64_t *channel_end = &in->channel_ends[channel - (channel > DRUM_CHANNEL)];
    if (*channel_end < end)
        *channel_end = end;
}

/* Adds the note that is being said, if there is one. */
static neume_status add_note(decoding *in) {
    const bool is_drum = in->family == NM_EVENT_DRUM;
    if (in->family == NO_FAMILY)
        return NEUME_OK;
    const uint8_t melodic = in->program == NM_EVENT_DRUMS ? 0 : in->program;
    const part *by = part_of(in, is_drum ? (uint8_t)NM_EVENT_DRUMS : melodic);
    const uint64_t end = in->now + (is_drum || !in->length ? 1 : in->length);
    neume_note note = {.start_ticks = ticks_of(in, in->now),
                       .duration_ticks = DRUM_TICKS,
                       .track = by->track,
                       .channel = by->channel,
                       .program = is_drum ? 0 : melodic,
                       .pitch = in->pitch,
                       .velocity = in->velocity};
    if (!is_drum)
        note.duration_ticks = ticks_of(in, end) - note.start_ticks;
    last_until(in, by->channel, end);
    in->family = NO_FAMILY;
    return neume_score_add_note(in->score, &note);
}

static void begin_note(decoding *in, nm_event_word word) {
    in->family = word.family;
    in->pitch = (uint8_t)word.value;
    in->velocity = USUAL_VELOCITY;
    in->length = 0;
}

static neume_status set_pedal(decoding *in, part *by, bool is_down, uint64_t time) {
    const neume_control control = {.start_ticks = ticks_of(in, time),
                                   .track = by->track,
                                   .channel = by->channel,
                                   .controller = SUSTAIN,
                                   .value = is_down ? 127 : 0};
    by->is_pedal_down = is_down;
    return neume_score_add_control(in->score, &control);
}

static neume_status set_metre(decoding *in, uint32_t index) {
    const nm_event_metre metre = nm_event_metre_at(in->words.grid, index);
    const neume_time_signature signature = {ticks_of(in, in->bar_start), metre.numerator,
                                            metre.denominator};
    in->bar_cells = metre.cells;
    return neume_score_add_time_signature(in->score, &signature);
}

static neume_status set_tempo(decoding *in, uint32_t bin) {
    const neume_tempo tempo = {ticks_of(in, in->now), 60000000 / nm_event_tempo_bpm(bin)};
    return neume_score_add_tempo(in->score, &tempo);
}

/* What a word says that is no part of a note. */
static neume_status read_other(decoding *in, nm_event_word word) {
    switch (word.family) {
    case NM_EVENT_PROGRAM:
        in->program = (uint8_t)word.value;
        return NEUME_OK;
    case NM_EVENT_PEDAL:
        if (in->program == NM_EVENT_DRUMS)
            return NEUME_OK;
        return set_pedal(in, part_of(in, in->program), word.value == 1, in->now);
    case NM_EVENT_BAR:
        in->bar_start += in->has_bar ? in->bar_cells : 0;
        in->now = in->bar_start;
        in->has_bar = true;
        return NEUME_OK;
    case NM_EVENT_METRE:
        return set_metre(in, word.value);
    case NM_EVENT_TEMPO_WORD:
        return set_tempo(in, word.value);
    case NM_EVENT_POSITION:
        in->now = in->bar_start + word.value;
        return NEUME_OK;
    case NM_EVENT_SHIFT:
        in->now += word.value + 1;
        return NEUME_OK;
    default: /* <unk> says nothing */
        return NEUME_OK;
    }
}

static neume_status read_word(decoding *in, nm_event_word word) {
    switch (word.family) {
    case NM_EVENT_VELOCITY:
        in->velocity = (uint8_t)(4 * word.value + 2);
        return NEUME_OK;
    case NM_EVENT_DURATION:
        in->length += word.value + 1;
        return NEUME_OK;
    case NM_EVENT_MORE:
        in->length += nm_event_count(&in->words, NM_EVENT_DURATION);
        return NEUME_OK;
    default:
        break;
    }
    const neume_status status = add_note(in);
    if (status)
        return status;
    if (word.family != NM_EVENT_PITCH && word.family != NM_EVENT_DRUM)
        return read_other(in, word);
    begin_note(in, word);
    return NEUME_OK;
}

/* Lifts the pedals that are down when all is over. */
static neume_status lift_pedals(decoding *in) {
    const uint64_t time = in->end > in->now ? in->end : in->now;
    neume_status status = NEUME_OK;
    for (unsigned p = 0; p < NM_EVENT_PROGRAMS && !status; p++)
        if (in->parts[p].is_pedal_down)
            status = set_pedal(in, &in->parts[p], false, time);
    return status;
}

/* <end> ends the piece. Velocities and durations without a note say nothing. */
static neume_status read_words(decoding *in, const neume_sequence *sequence) {
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < sequence->step_count && !status; i++) {
        if (sequence->words[i] == NM_WORD_END)
            break;
        status = read_word(in, nm_event_read(&in->words, sequence->words[i]));
    }
    if (!status)
        status = add_note(in);
    return status ? status : lift_pedals(in);
}

neume_status nm_event_decode(neume_score *score, const neume_codec *codec,
                             const neume_sequence *sequence) {
    decoding in = {.score = score,
                   .words = nm_event_words_of(&codec->options),
                   .bar_cells = 4 * (uint64_t)codec->options.grid,
                   .family = NO_FAMILY};
    if (in.words.is_performance)
        neume_score_set_ticks_per_quarter(score, SECOND_TICKS / 2);
    neume_status status = nm_codec_begin_score(score, 4);
    if (!status)
        status = read_words(&in, sequence);
    if (in.channel_count > CHANNELS)
        nm_log(codec->context, NEUME_LOG_WARNING, "%u instruments share %u channels",
               in.channel_count, (unsigned)CHANNELS);
    return status;
}
