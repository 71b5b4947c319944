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
    NO_FAMILY = NM_EVENT_FAMILIES,
    NO_VOICE = NM_EVENT_VOICES
};

/* The track and channel of a program's voice, once it has been heard. Where a program strikes a key
 * several times at once, these notes are of its voices 0, 1 .. in turn. */
typedef struct part {
    bool is_there;
    uint8_t channel;
    uint16_t track;
} part;

/* The note that is being said; family NO_FAMILY: none is. */
typedef struct spoken_note {
    unsigned family;
    uint8_t pitch, velocity;
    uint64_t length; /* units, so far */
} spoken_note;

/* The last note on a key of a channel. */
typedef struct sounding_key {
    uint64_t end; /* units */
    uint16_t track;
} sounding_key;

typedef struct decoding {
    neume_score *score;
    nm_event_words words;
    uint64_t now, end; /* units; end: of the last note */
    uint64_t bar_start, bar_cells;
    bool has_bar;
    uint8_t program; /* or NM_EVENT_DRUMS */
    spoken_note note;
    neume_note last_note; /* the one before it, and its voice */
    unsigned last_voice;
    part parts[NM_EVENT_PROGRAMS][NM_EVENT_VOICES];
    bool is_pedal_down[NM_EVENT_PITCHES];
    unsigned part_count, channel_count; /* channel_count: of parts other than drums */
    uint64_t channel_ends[CHANNELS];    /* units: of the last note */
    sounding_key keys[CHANNELS][NM_EVENT_PITCHES];
} decoding;

static uint64_t ticks_of(const decoding *in, uint64_t time) {
    return in->words.is_performance ? time * UNIT_TICKS
                                    : nm_grid_cell(time, NM_TICKS_PER_QUARTER, in->words.grid);
}

/* Each part has a channel of its own while there are some; later ones share that which has been
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

static neume_status add_pedal(decoding *in, const part *by, bool is_down, uint64_t time) {
    const neume_control control = {.start_ticks = ticks_of(in, time),
                                   .track = by->track,
                                   .channel = by->channel,
                                   .controller = SUSTAIN,
                                   .value = is_down ? 127 : 0};
    return neume_score_add_control(in->score, &control);
}

/* Makes a part where there is none; it finds its program's pedal as it is. */
static neume_status need_part(decoding *in, uint8_t program, unsigned voice) {
    part *of = &in->parts[program][voice];
    if (of->is_there)
        return NEUME_OK;
    *of = (part){.is_there = true, .track = (uint16_t)in->part_count++, .channel = DRUM_CHANNEL};
    if (program == NM_EVENT_DRUMS)
        return NEUME_OK;
    const unsigned c = choose_channel(in);
    of->channel = (uint8_t)(c + (c >= DRUM_CHANNEL));
    in->channel_count++;
    return in->is_pedal_down[program] ? add_pedal(in, of, true, in->now) : NEUME_OK;
}

/* A part's own channel, unless another part that shares it holds the key there: then, of those
 * where the key is silent, the channel that has been silent longest; its own where there is none.
 */
static unsigned channel_of_note(const decoding *in, const part *by, uint8_t pitch) {
    const unsigned own = by->channel - (by->channel > DRUM_CHANNEL);
    unsigned best = own;
    if (in->keys[own][pitch].end <= in->now || in->keys[own][pitch].track == by->track)
        return own;
    for (unsigned c = 0; c < CHANNELS; c++)
        if (in->keys[c][pitch].end <= in->now &&
            (best == own || in->channel_ends[c] < in->channel_ends[best]))
            best = c;
    return best;
}

/* Puts a note of a part on its track and a channel. */
static void place_note(decoding *in, neume_note *note, const part *by, uint64_t end) {
    note->track = by->track;
    note->channel = by->channel;
    if (in->end < end)
        in->end = end;
    if (by->channel == DRUM_CHANNEL)
        return;
    const unsigned c = channel_of_note(in, by, note->pitch);
    note->channel = (uint8_t)(c + (c >= DRUM_CHANNEL));
    in->keys[c][note->pitch] = (sounding_key){end, by->track};
    if (in->channel_ends[c] < end)
        in->channel_ends[c] = end;
}

/* The voice of a note that is like the one before it. */
static unsigned voice_of(const decoding *in, const neume_note *note, bool is_drum) {
    const neume_note *last = &in->last_note;
    const bool is_unison = in->last_voice != NO_VOICE && !is_drum && !last->is_drum &&
                           last->start_ticks == note->start_ticks && last->pitch == note->pitch &&
                           last->program == note->program;
    if (!is_unison)
        return 0;
    return in->last_voice + 1 < NM_EVENT_VOICES ? in->last_voice + 1 : in->last_voice;
}

/* Adds the note that is being said, if there is one. */
static neume_status add_note(decoding *in) {
    const spoken_note *said = &in->note;
    const bool is_drum = said->family == NM_EVENT_DRUM;
    const uint8_t program = in->program == NM_EVENT_DRUMS ? 0 : in->program;
    const uint64_t end = in->now + (is_drum || !said->length ? 1 : said->length);
    neume_note note = {.start_ticks = ticks_of(in, in->now),
                       .duration_ticks = DRUM_TICKS,
                       .program = is_drum ? 0 : program,
                       .pitch = said->pitch,
                       .velocity = said->velocity,
                       .is_drum = is_drum};
    if (said->family == NO_FAMILY)
        return NEUME_OK;
    if (!is_drum)
        note.duration_ticks = ticks_of(in, end) - note.start_ticks;
    in->last_voice = voice_of(in, &note, is_drum);
    in->last_note = note;
    in->note.family = NO_FAMILY;
    const uint8_t player = is_drum ? (uint8_t)NM_EVENT_DRUMS : program;
    const neume_status status = need_part(in, player, in->last_voice);
    place_note(in, &note, &in->parts[player][in->last_voice], end);
    return status ? status : neume_score_add_note(in->score, &note);
}

/* A pedal is that of all voices of its program. */
static neume_status set_pedal(decoding *in, uint8_t program, bool is_down, uint64_t time) {
    neume_status status = need_part(in, program, 0);
    in->is_pedal_down[program] = is_down;
    for (unsigned v = 0; v < NM_EVENT_VOICES && !status && in->parts[program][v].is_there; v++)
        status = add_pedal(in, &in->parts[program][v], is_down, time);
    return status;
}

static neume_status set_metre(decoding *in, uint32_t index) {
    const nm_event_metre metre = nm_event_metre_at(in->words.grid, index);
    const neume_time_signature signature = {ticks_of(in, in->bar_start), metre.numerator,
                                            metre.denominator};
    in->bar_cells = metre.cells;
    return neume_score_add_time_signature(in->score, &signature);
}

static neume_status set_tempo(decoding *in, uint32_t bin) {
    const neume_tempo tempo = {ticks_of(in, in->now), nm_event_tempo_microseconds(bin)};
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
        return set_pedal(in, in->program, word.value == 1, in->now);
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
        in->note.velocity = (uint8_t)(4 * word.value + 2);
        return NEUME_OK;
    case NM_EVENT_DURATION:
        in->note.length += word.value + 1;
        return NEUME_OK;
    case NM_EVENT_MORE:
        in->note.length += nm_event_count(&in->words, NM_EVENT_DURATION);
        return NEUME_OK;
    default:
        break;
    }
    const neume_status status = add_note(in);
    if (status)
        return status;
    if (word.family != NM_EVENT_PITCH && word.family != NM_EVENT_DRUM)
        return read_other(in, word);
    in->note = (spoken_note){word.family, (uint8_t)word.value, USUAL_VELOCITY, 0};
    return NEUME_OK;
}

/* Lifts the pedals that are down when all is over. */
static neume_status lift_pedals(decoding *in) {
    const uint64_t time = in->end > in->now ? in->end : in->now;
    neume_status status = NEUME_OK;
    for (unsigned p = 0; p < NM_EVENT_PITCHES && !status; p++)
        if (in->is_pedal_down[p])
            status = set_pedal(in, (uint8_t)p, false, time);
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
                   .note = {.family = NO_FAMILY},
                   .last_voice = NO_VOICE};
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
