/* SPDX-License-Identifier: ISC */
/* The sustain pedals of codec "event". A score has them by channel, the codec by program: a pedal
 * is that of the program of the note before it on its track and channel, or else of the first one
 * there, or else of its channel on any track. It stays that program's until it is lifted. A
 * program's pedal is down while one of its channels' is. */
#include "base/mem.h"
#include "music/codec/event.h"

enum { SUSTAIN = 64, HALF_DOWN = 64, CHANNELS = 16, PORTS = 256, NO_PROGRAM = 0xFF };

/* A channel, of a track or of a port. Programs are NO_PROGRAM where there is none. */
typedef struct player {
    uint8_t first, current; /* programs of its notes */
    uint8_t held;           /* the program whose pedal it has down */
} player;

/* A program's pedal, and what it did at time `time`. */
typedef struct pedal {
    uint64_t time;
    uint32_t down; /* how many channels have it down */
    bool was_down, was_lifted;
} pedal;

typedef struct pedals {
    nm_event_piece *piece;
    const nm_event_clock *clock;
    player *of_tracks; /* [tracks][CHANNELS] */
    player *of_ports;  /* [PORTS][CHANNELS] */
    const neume_note *notes;
    size_t note_count, heard; /* notes before now */
    pedal of_programs[NM_EVENT_PITCHES];
} pedals;

static player *player_of_track(const pedals *all, unsigned track, unsigned channel) {
    return &all->of_tracks[(size_t)track * CHANNELS + channel % CHANNELS];
}

static player *player_of_port(const pedals *all, unsigned port, unsigned channel) {
    return &all->of_ports[(size_t)port * CHANNELS + channel % CHANNELS];
}

static void clear_players(player *players, size_t count) {
    for (size_t i = 0; i < count; i++)
        players[i] = (player){NO_PROGRAM, NO_PROGRAM, NO_PROGRAM};
}

static void find_first(player *of, uint8_t program) {
    if (of->first == NO_PROGRAM)
        of->first = program;
}

/* The notes that are said, and are no drums, tell the programs. */
static bool tells(const neume_note *note, const neume_codec_options *options) {
    return !note->is_drum && (options->track < 0 || note->track == options->track) &&
           (options->program < 0 || note->program == options->program);
}

static void hear_until(pedals *all, uint64_t ticks, const neume_codec_options *options) {
    for (; all->heard < all->note_count && all->notes[all->heard].start_ticks <= ticks;
         all->heard++) {
        const neume_note *note = &all->notes[all->heard];
        const uint8_t program = note->program & 127;
        if (!tells(note, options))
            continue;
        player_of_track(all, note->track, note->channel)->current = program;
        player_of_port(all, note->port, note->channel)->current = program;
    }
}

static uint8_t program_of(const pedals *all, const neume_control *control) {
    const player *of_track = player_of_track(all, control->track, control->channel);
    const player *of_port = player_of_port(all, control->port, control->channel);
    const uint8_t choices[] = {of_track->current, of_track->first, of_port->current,
                               of_port->first};
    size_t i = 0;
    while (i < sizeof choices - 1 && choices[i] == NO_PROGRAM)
        i++;
    return choices[i];
}

/* Says what a pedal did within a unit: it may be lifted and put down again. */
static neume_status say_moves(pedals *all, uint8_t program) {
    const pedal *of = &all->of_programs[program];
    nm_event_item item = {.time = of->time, .program = program};
    neume_status status = NEUME_OK;
    if (of->was_down && (of->was_lifted || !of->down))
        status = nm_event_add_item(all->piece, &item);
    item.key = 1;
    if (!status && of->down && (!of->was_down || of->was_lifted))
        status = nm_event_add_item(all->piece, &item);
    return status;
}

static neume_status move(pedals *all, uint8_t program, uint64_t time, int down) {
    pedal *of = &all->of_programs[program];
    neume_status status = NEUME_OK;
    if (of->time != time) {
        status = say_moves(all, program);
        *of = (pedal){.time = time, .down = of->down, .was_down = of->down > 0};
    }
    of->down += (uint32_t)down;
    of->was_lifted = of->was_lifted || of->down == 0;
    return status;
}

static neume_status hear_pedal(pedals *all, const neume_control *control,
                               const neume_codec_options *options) {
    player *by = player_of_track(all, control->track, control->channel);
    const uint64_t time = nm_event_time(all->clock, control->start_ticks);
    const bool is_down = control->value >= HALF_DOWN;
    if (is_down == (by->held != NO_PROGRAM) || time >= all->piece->end)
        return NEUME_OK;
    hear_until(all, control->start_ticks, options);
    const uint8_t program = is_down ? program_of(all, control) : by->held;
    by->held = is_down ? program : (uint8_t)NO_PROGRAM;
    return program == NO_PROGRAM ? NEUME_OK : move(all, program, time, is_down ? 1 : -1);
}

static void find_programs(pedals *all, const neume_codec_options *options) {
    for (size_t i = 0; i < all->note_count; i++) {
        const neume_note *note = &all->notes[i];
        if (!tells(note, options))
            continue;
        find_first(player_of_track(all, note->track, note->channel), note->program & 127);
        find_first(player_of_port(all, note->port, note->channel), note->program & 127);
    }
}

/* What happens at one tick: pedals are lifted first, so that those of several channels may go down
 * again together. */
static neume_status hear_tick(pedals *all, const neume_control *controls, size_t count,
                              const neume_codec_options *options) {
    neume_status status = NEUME_OK;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < count && !status; i++)
            if (controls[i].controller == SUSTAIN && (pass || controls[i].value < HALF_DOWN))
                status = hear_pedal(all, &controls[i], options);
    return status;
}

static neume_status hear_pedals(pedals *all, const neume_score *score,
                                const neume_codec_options *options) {
    size_t count;
    const neume_control *controls = neume_score_controls(score, &count);
    neume_status status = NEUME_OK;
    find_programs(all, options);
    for (size_t first = 0, next; first < count && !status; first = next) {
        for (next = first + 1; next < count; next++)
            if (controls[next].start_ticks != controls[first].start_ticks)
                break;
        status = hear_tick(all, controls + first, next - first, options);
    }
    for (unsigned p = 0; p < NM_EVENT_PITCHES && !status; p++)
        status = say_moves(all, (uint8_t)p);
    return status;
}

neume_status nm_event_gather_pedals(nm_event_piece *piece, const nm_event_clock *clock,
                                    const neume_score *score, nm_encoder *encoder) {
    const size_t count = (size_t)neume_score_track_count(score) * CHANNELS;
    pedals all = {.piece = piece, .clock = clock};
    all.notes = neume_score_notes(score, &all.note_count);
    all.of_tracks = nm_alloc(piece->context, count, sizeof *all.of_tracks);
    all.of_ports = nm_alloc(piece->context, (size_t)PORTS * CHANNELS, sizeof *all.of_ports);
    neume_status status = NEUME_NO_MEMORY;
    if (all.of_tracks && all.of_ports) {
        clear_players(all.of_tracks, count);
        clear_players(all.of_ports, (size_t)PORTS * CHANNELS);
        status = hear_pedals(&all, score, &encoder->codec->options);
    }
    nm_free(piece->context, all.of_tracks);
    nm_free(piece->context, all.of_ports);
    return status;
}
