/* SPDX-License-Identifier: ISC */
/* A score as words of codec "event". */
#include "music/codec/event.h"

enum { MOST_EMPTY_BARS = 16 };

/* The words so far. A bar is said when something is in it, or when it is passed by. */
typedef struct writing {
    nm_encoder *encoder;
    const nm_event_piece *piece;
    nm_event_words words;
    uint64_t now; /* performance timing */
    uint64_t bar_start, lost_metres, long_gaps;
    uint32_t bar_cells, bar_metre; /* of this bar, which a change may cut short */
    uint32_t metre, said_metre;
    size_t next_metre; /* changes before it have been made */
    uint32_t empty_bars;
    bool is_bar_said;
    uint8_t program;
} writing;

static void say(writing *to, nm_event_family family, uint32_t value) {
    const uint32_t word = nm_event_id(&to->words, family, value);
    nm_encoder_push(to->encoder, &word);
}

/* Changes that have come are made. One within the bar cuts it short, if a word can say what is
 * left; if none can, it waits for the bar's end. */
static void begin_bar(writing *to) {
    const nm_event_piece *piece = to->piece;
    const uint32_t grid = to->words.grid;
    while (to->next_metre < piece->metre_count &&
           piece->metres[to->next_metre].time <= to->bar_start)
        to->metre = piece->metres[to->next_metre++].value;
    to->is_bar_said = false;
    to->bar_metre = to->metre;
    to->bar_cells = nm_event_metre_at(grid, to->metre).cells;
    for (size_t i = to->next_metre;
         i < piece->metre_count && piece->metres[i].time < to->bar_start + to->bar_cells; i++) {
        const uint64_t left = piece->metres[i].time - to->bar_start;
        const uint32_t cut = nm_event_metre_of_cells(grid, left);
        if (cut != NM_EVENT_MAX_METRES) {
            to->bar_metre = cut;
            to->bar_cells = (uint32_t)left;
            break;
        }
        to->lost_metres++;
    }
}

static void say_bar(writing *to) {
    say(to, NM_EVENT_BAR, 0);
    if (to->bar_metre != to->said_metre)
        say(to, NM_EVENT_METRE, to->bar_metre);
    to->said_metre = to->bar_metre;
    to->is_bar_said = true;
}

/* How many bars like this one pass before `time` without a change of metre; one at least. */
static uint64_t like_bars(const writing *to, uint64_t time) {
    const nm_event_piece *piece = to->piece;
    if (to->next_metre < piece->metre_count && piece->metres[to->next_metre].time < time)
        time = piece->metres[to->next_metre].time;
    const uint64_t bars = (time - to->bar_start) / to->bar_cells;
    return bars && to->bar_metre == to->metre ? bars : 1;
}

static void pass_bar(writing *to, uint64_t time) {
    uint64_t bars = 1;
    if (!to->is_bar_said && to->empty_bars < MOST_EMPTY_BARS)
        say_bar(to);
    else if (!to->is_bar_said)
        bars = like_bars(to, time);
    else
        to->empty_bars = UINT32_MAX; /* none: the next one passed is the first */
    to->long_gaps += !to->is_bar_said && to->empty_bars == MOST_EMPTY_BARS;
    to->empty_bars++;
    to->bar_start += bars * to->bar_cells;
    begin_bar(to);
}

static void go_to_bar(writing *to, uint64_t time) {
    while (time >= to->bar_start + to->bar_cells)
        pass_bar(to, time);
    if (!to->is_bar_said)
        say_bar(to);
    to->empty_bars = 0;
    say(to, NM_EVENT_POSITION, (uint32_t)(time - to->bar_start));
}

static void shift(writing *to, uint64_t time) {
    const uint32_t longest = nm_event_longest(&to->words);
    uint64_t gap = time - to->now;
    to->long_gaps += gap > longest;
    gap = gap > longest ? longest : gap;
    for (; gap >= NM_EVENT_SHIFTS; gap -= NM_EVENT_SHIFTS)
        say(to, NM_EVENT_SHIFT, NM_EVENT_SHIFTS - 1);
    if (gap)
        say(to, NM_EVENT_SHIFT, (uint32_t)gap - 1);
    to->now = time;
}

static void say_duration(writing *to, uint32_t length) {
    const uint32_t longest = nm_event_count(&to->words, NM_EVENT_DURATION);
    for (; length > longest; length -= longest)
        say(to, NM_EVENT_MORE, 0);
    say(to, NM_EVENT_DURATION, length - 1);
}

static void say_item(writing *to, const nm_event_item *item) {
    const bool is_drum = item->program == NM_EVENT_DRUMS;
    if (item->program != to->program)
        say(to, NM_EVENT_PROGRAM, item->program);
    to->program = item->program;
    if (item->key < NM_EVENT_NOTE) {
        say(to, NM_EVENT_PEDAL, item->key);
        return;
    }
    say(to, is_drum ? NM_EVENT_DRUM : NM_EVENT_PITCH, item->key - NM_EVENT_NOTE);
    say(to, NM_EVENT_VELOCITY, item->velocity / 4);
    if (!is_drum)
        say_duration(to, item->length);
    to->encoder->sequence->note_count++;
}

/* The tempos and items of the piece, moment by moment. */
static void say_piece(writing *to) {
    const nm_event_piece *piece = to->piece;
    size_t tempo = 0, item = 0;
    while (tempo < piece->tempo_count || item < piece->item_count) {
        uint64_t time = item < piece->item_count ? piece->items[item].time : UINT64_MAX;
        if (tempo < piece->tempo_count && piece->tempos[tempo].time < time)
            time = piece->tempos[tempo].time;
        if (to->words.is_performance)
            shift(to, time);
        else
            go_to_bar(to, time);
        if (tempo < piece->tempo_count && piece->tempos[tempo].time == time)
            say(to, NM_EVENT_TEMPO_WORD, piece->tempos[tempo++].value);
        for (; item < piece->item_count && piece->items[item].time == time; item++)
            say_item(to, &piece->items[item]);
    }
    if (piece->item_count)
        say(to, NM_EVENT_END, 0);
}

void nm_event_encode(nm_encoder *encoder, const neume_score *score) {
    const nm_event_words words = nm_event_words_of(&encoder->codec->options);
    nm_event_piece piece;
    encoder->failed = nm_event_gather(&piece, encoder, score) != NEUME_OK;
    writing to = {.encoder = encoder, .piece = &piece, .words = words};
    if (!encoder->failed) {
        to.metre = to.said_metre = nm_event_find_metre(words.grid, 4, 4);
        if (!words.is_performance)
            begin_bar(&to);
        say_piece(&to);
    }
    nm_encoder_omit(encoder, "unisons", piece.unisons);
    nm_encoder_omit(encoder, "long-gaps", to.long_gaps);
    nm_encoder_omit(encoder, "long-notes", piece.long_notes);
    nm_encoder_omit(encoder, "time-signatures", piece.lost_metres + to.lost_metres);
    nm_event_piece_clear(&piece);
}
