/* SPDX-License-Identifier: ISC */
/* From a score to the notes, pedals, tempos and metres that codec "event" says of it. */
#include "base/mem.h"
#include "music/codec/event.h"
#include "music/sort.h"

enum { LONGEST_QUARTERS = 64, LONGEST_UNITS = 3200 };

_Static_assert(offsetof(nm_event_item, time) == 0, "what is sorted begins with its time");

static uint64_t rank_item(const void *item) {
    const nm_event_item *it = item;
    return (uint64_t)it->program << 8 | it->key;
}

static const nm_sort_key item_key = {sizeof(nm_event_item), rank_item};

uint32_t nm_event_longest(const nm_event_words *words) {
    return words->is_performance ? (uint32_t)LONGEST_UNITS
                                 : (uint32_t)LONGEST_QUARTERS * words->grid;
}

void nm_event_piece_clear(nm_event_piece *piece) {
    nm_free(piece->context, piece->items);
    nm_free(piece->context, piece->tempos);
    nm_free(piece->context, piece->metres);
}

neume_status nm_event_add_item(nm_event_piece *piece, const nm_event_item *item) {
    if (!nm_reserve(piece->context, &piece->items, &piece->item_capacity, piece->item_count + 1,
                    sizeof *item))
        return NEUME_NO_MEMORY;
    piece->items[piece->item_count++] = *item;
    return NEUME_OK;
}

static uint64_t end_ticks(const neume_note *note) {
    const uint64_t room = UINT64_MAX - note->start_ticks;
    return note->start_ticks + (note->duration_ticks < room ? note->duration_ticks : room);
}

/* From onset to end, both rounded: a unit at least; drums have no length to speak of. */
static neume_status gather_note(nm_event_piece *piece, const nm_event_clock *clock,
                                const neume_note *note, uint32_t longest) {
    nm_event_item item = {.time = nm_event_time(clock, note->start_ticks),
                          .program = note->is_drum ? NM_EVENT_DRUMS : note->program & 127,
                          .key = NM_EVENT_NOTE + (note->pitch & 127),
                          .velocity = note->velocity & 127,
                          .length = 1};
    if (!note->is_drum) {
        const uint64_t length = nm_event_time(clock, end_ticks(note)) - item.time;
        piece->long_notes += length > longest;
        item.length = length > longest ? longest : length ? (uint32_t)length : 1;
    }
    if (piece->end < item.time + item.length)
        piece->end = item.time + item.length;
    return nm_event_add_item(piece, &item);
}

static neume_status gather_notes(nm_event_piece *piece, const nm_event_clock *clock,
                                 nm_encoder *encoder, const neume_score *score) {
    const nm_event_words words = nm_event_words_of(&encoder->codec->options);
    const uint32_t longest = nm_event_longest(&words);
    size_t count;
    const neume_note *notes = neume_score_notes(score, &count);
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < count && !status; i++)
        if (nm_encoder_wants(encoder, &notes[i]))
            status = gather_note(piece, clock, &notes[i], longest);
    return status;
}

static bool is_unison(const nm_event_item *a, const nm_event_item *b) {
    return a->key >= NM_EVENT_NOTE && a->key == b->key && a->time == b->time &&
           a->program == b->program;
}

/* Voices of one program may double each other, drums may not: of notes beyond that one stays, as
 * long and as loud as any. */
static void merge_unisons(nm_event_piece *piece) {
    size_t kept = 0;
    unsigned voices = 0;
    for (size_t i = 0; i < piece->item_count; i++) {
        const nm_event_item *item = &piece->items[i];
        nm_event_item *before = kept ? &piece->items[kept - 1] : NULL;
        const unsigned most = item->program == NM_EVENT_DRUMS ? 1 : NM_EVENT_VOICES;
        voices = before && is_unison(before, item) ? voices + 1 : 1;
        if (voices <= most) {
            piece->items[kept++] = *item;
            continue;
        }
        piece->unisons++;
        if (before->length < item->length)
            before->length = item->length;
        if (before->velocity < item->velocity)
            before->velocity = item->velocity;
    }
    piece->item_count = kept;
}

/* Marks a change, unless it changes nothing; the last one of a cell counts. */
static neume_status add_tempo(nm_event_piece *piece, nm_event_mark mark) {
    if (piece->tempo_count && piece->tempos[piece->tempo_count - 1].time == mark.time)
        piece->tempo_count--;
    const uint32_t before = piece->tempo_count ? piece->tempos[piece->tempo_count - 1].value
                                               : (uint32_t)NM_EVENT_USUAL_TEMPO;
    if (mark.value == before)
        return NEUME_OK;
    if (!nm_reserve(piece->context, &piece->tempos, &piece->tempo_capacity, piece->tempo_count + 1,
                    sizeof mark))
        return NEUME_NO_MEMORY;
    piece->tempos[piece->tempo_count++] = mark;
    return NEUME_OK;
}

static neume_status gather_tempos(nm_event_piece *piece, const nm_event_clock *clock,
                                  const neume_score *score) {
    size_t count;
    const neume_tempo *tempos = neume_score_tempos(score, &count);
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < count && !status; i++) {
        const uint64_t time = nm_event_time(clock, tempos[i].start_ticks);
        if (time >= piece->end)
            break;
        status = add_tempo(
            piece, (nm_event_mark){time, nm_event_tempo_bin(tempos[i].microseconds_per_quarter)});
    }
    return status;
}

static neume_status gather_metres(nm_event_piece *piece, const nm_event_clock *clock,
                                  const neume_score *score) {
    size_t count;
    const neume_time_signature *metres = neume_score_time_signatures(score, &count);
    for (size_t i = 0; i < count; i++) {
        const nm_event_mark mark = {
            nm_event_time(clock, metres[i].start_ticks),
            nm_event_find_metre(clock->grid, metres[i].numerator, metres[i].denominator)};
        if (mark.time >= piece->end)
            break;
        piece->lost_metres += mark.value == NM_EVENT_MAX_METRES;
        if (mark.value == NM_EVENT_MAX_METRES)
            continue;
        if (piece->metre_count && piece->metres[piece->metre_count - 1].time == mark.time)
            piece->metre_count--;
        if (!nm_reserve(piece->context, &piece->metres, &piece->metre_capacity,
                        piece->metre_count + 1, sizeof mark))
            return NEUME_NO_MEMORY;
        piece->metres[piece->metre_count++] = mark;
    }
    return NEUME_OK;
}

static neume_status gather_with(nm_event_piece *piece, const nm_event_clock *clock,
                                nm_encoder *encoder, const neume_score *score) {
    neume_status status = gather_notes(piece, clock, encoder, score);
    if (!status)
        status = nm_event_gather_pedals(piece, clock, score, encoder);
    if (!status && !clock->microseconds)
        status = gather_tempos(piece, clock, score);
    if (!status && !clock->microseconds)
        status = gather_metres(piece, clock, score);
    if (!status)
        status = nm_sort(piece->context, &piece->items, &piece->item_capacity, piece->item_count,
                         &item_key);
    return status;
}

neume_status nm_event_gather(nm_event_piece *piece, nm_encoder *encoder, const neume_score *score) {
    const nm_event_words words = nm_event_words_of(&encoder->codec->options);
    nm_event_clock clock;
    *piece = (nm_event_piece){.context = encoder->codec->context};
    neume_status status = nm_event_clock_new(&clock, piece->context, &words, score);
    if (!status)
        status = gather_with(piece, &clock, encoder, score);
    nm_free(piece->context, clock.microseconds);
    if (!status)
        merge_unisons(piece);
    return status;
}
