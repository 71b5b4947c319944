/* SPDX-License-Identifier: ISC */
#include "music/midi_write.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

enum { MOST_GROUPS = 127 };

/* What keeps output tracks apart: the bits of a group's id. */
#define BY_PROGRAM UINT64_C(0xFF)
#define BY_CHANNEL UINT64_C(0xFFFF00) /* and port */
#define BY_TRACK UINT64_C(0xFFFF000000)

typedef struct place_in_score {
    uint16_t track;
    uint8_t port, channel;
} place_in_score;

void nm_write_plan_clear(nm_write_plan *plan) {
    nm_free(plan->context, plan->notes.items);
    nm_free(plan->context, plan->groups.items);
    nm_free(plan->context, plan->events.items);
}

static unsigned highest_port(const neume_score *score) {
    unsigned highest = 0;
    for (size_t i = 0; i < score->notes.count; i++)
        if (score->notes.items[i].port > highest)
            highest = score->notes.items[i].port;
    for (size_t i = 0; i < score->controls.count; i++)
        if (score->controls.items[i].port > highest)
            highest = score->controls.items[i].port;
    for (size_t i = 0; i < score->pitch_bends.count; i++)
        if (score->pitch_bends.items[i].port > highest)
            highest = score->pitch_bends.items[i].port;
    return highest;
}

static neume_status clean_notes(nm_write_plan *plan) {
    const size_t count = plan->score->notes.count;
    neume_cleaning cleaning;
    plan->has_ports = highest_port(plan->score) > 0;
    if (count == 0)
        return NEUME_OK;
    if (!nm_resize(plan->context, &plan->notes.items, count, sizeof(neume_note)))
        return NEUME_NO_MEMORY;
    memcpy(plan->notes.items, plan->score->notes.items, count * sizeof(neume_note));
    plan->notes.count = count;
    return nm_clean_notes(&cleaning, plan->context, &plan->notes);
}

static nm_write_group group_of(const nm_write_plan *plan, place_in_score place, uint8_t program) {
    const uint64_t id = (uint64_t)place.track << 24 | (uint64_t)place.port << 16 |
                        (uint64_t)place.channel << 8 | program;
    return (nm_write_group){id & plan->group_mask};
}

static nm_write_group group_of_note(const nm_write_plan *plan, const neume_note *note) {
    return group_of(plan, (place_in_score){note->track, note->port, note->channel}, note->program);
}

static nm_write_group group_of_control(const nm_write_plan *plan, const neume_control *control) {
    return group_of(plan, (place_in_score){control->track, control->port, control->channel},
                    NM_GROUP_NONE);
}

static nm_write_group group_of_bend(const nm_write_plan *plan, const neume_pitch_bend *bend) {
    return group_of(plan, (place_in_score){bend->track, bend->port, bend->channel}, NM_GROUP_NONE);
}

static nm_write_group group_of_text(const nm_write_plan *plan, const neume_text *text) {
    return group_of(plan, (place_in_score){text->track, NM_GROUP_NONE, NM_GROUP_NONE},
                    NM_GROUP_NONE);
}

/* The texts of track 0, and all where tracks are not kept apart, are the conductor's. */
static bool is_of_conductor(const nm_write_plan *plan, const neume_text *text) {
    return text->track == 0 || !(plan->group_mask & BY_TRACK);
}

uint8_t nm_group_program(nm_write_group group) {
    return (uint8_t)group.id;
}

uint8_t nm_group_channel(nm_write_group group) {
    return (uint8_t)(group.id >> 8);
}

uint8_t nm_group_port(nm_write_group group) {
    return (uint8_t)(group.id >> 16);
}

/* Lists a group, unless it was the last one listed. */
static bool list_group(nm_write_plan *plan, nm_write_group group) {
    if (plan->groups.count && plan->groups.items[plan->groups.count - 1].id == group.id)
        return true;
    if (plan->groups.count == plan->groups.capacity &&
        !nm_list_grow(plan->context, &plan->groups.items, &plan->groups.capacity, SIZE_MAX,
                      sizeof *plan->groups.items))
        return false;
    plan->groups.items[plan->groups.count++] = group;
    return true;
}

static bool list_groups(nm_write_plan *plan) {
    const neume_score *score = plan->score;
    bool is_listed = true;
    for (size_t i = 0; i < plan->notes.count && is_listed; i++)
        is_listed = list_group(plan, group_of_note(plan, &plan->notes.items[i]));
    for (size_t i = 0; i < score->controls.count && is_listed; i++)
        is_listed = list_group(plan, group_of_control(plan, &score->controls.items[i]));
    for (size_t i = 0; i < score->pitch_bends.count && is_listed; i++)
        is_listed = list_group(plan, group_of_bend(plan, &score->pitch_bends.items[i]));
    for (size_t i = 0; i < score->texts.count && is_listed; i++)
        if (!is_of_conductor(plan, &score->texts.items[i]))
            is_listed = list_group(plan, group_of_text(plan, &score->texts.items[i]));
    return is_listed;
}

/* Whether events without a program, or without a channel, are at home in the group before. */
static bool is_at_home(nm_write_group group, nm_write_group before) {
    if (nm_group_channel(group) == NM_GROUP_NONE)
        return group.id >> 24 == before.id >> 24;
    return nm_group_program(group) == NM_GROUP_NONE && group.id >> 8 == before.id >> 8;
}

static neume_status make_groups_of_mask(nm_write_plan *plan) {
    static const nm_sort_key group_key = {sizeof(nm_write_group), nm_rank_none};
    size_t kept = 0;
    plan->groups.count = 0;
    if (!list_groups(plan) || nm_sort(plan->context, &plan->groups.items, &plan->groups.capacity,
                                      plan->groups.count, &group_key))
        return NEUME_NO_MEMORY;
    nm_write_group *groups = plan->groups.items;
    for (size_t i = 0; i < plan->groups.count; i++)
        if (i == 0 ||
            (groups[i].id != groups[kept - 1].id && !is_at_home(groups[i], groups[kept - 1])))
            groups[kept++] = groups[i];
    plan->groups.count = kept;
    return NEUME_OK;
}

/* Players have room for 128 tracks (FluidSynth: MAX_NUMBER_OF_TRACKS). Where there would be more,
 * programs share a track, or tracks do, or both; with several ports that may still be too many. */
static neume_status make_groups(nm_write_plan *plan) {
    static const uint64_t masks[] = {BY_TRACK | BY_CHANNEL | BY_PROGRAM, BY_TRACK | BY_CHANNEL,
                                     BY_CHANNEL | BY_PROGRAM, BY_CHANNEL};
    neume_status status = NEUME_OK;
    for (size_t i = 0; i < sizeof masks / sizeof *masks && !status; i++) {
        plan->group_mask = masks[i];
        status = make_groups_of_mask(plan);
        if (plan->groups.count <= MOST_GROUPS)
            break;
    }
    return status;
}

/* The output track of events: that of the first group not below `group`, where they are at home. */
static uint16_t track_of(const nm_write_plan *plan, nm_write_group group) {
    size_t low = 0, high = plan->groups.count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (plan->groups.items[middle].id < group.id)
            low = middle + 1;
        else
            high = middle;
    }
    return (uint16_t)(low + 1);
}

/* Notes of several tracks may come together on one; they stand in it as in a score that has it. */
static neume_status put_notes_on_tracks(nm_write_plan *plan) {
    for (size_t i = 0; i < plan->notes.count; i++) {
        neume_note *note = &plan->notes.items[i];
        note->track = track_of(plan, group_of_note(plan, note));
    }
    return nm_sort(plan->context, &plan->notes.items, &plan->notes.capacity, plan->notes.count,
                   &nm_note_key);
}

static void add_event(nm_write_plan *plan, uint64_t start_ticks, uint16_t track, size_t index,
                      nm_event_kind kind) {
    plan->events.items[plan->events.count++] =
        (nm_write_event){start_ticks, (uint32_t)index, track, (uint8_t)kind};
}

static void add_note_events(nm_write_plan *plan) {
    for (size_t i = 0; i < plan->notes.count; i++) {
        const neume_note *note = &plan->notes.items[i];
        add_event(plan, note->start_ticks, note->track, i, NM_EVENT_NOTE_ON);
        add_event(plan, note->start_ticks + note->duration_ticks, note->track, i,
                  NM_EVENT_NOTE_OFF);
    }
}

/* A group's lowest id, with which the search for events without program begins. */
static nm_write_group lowest(nm_write_group group) {
    if (nm_group_channel(group) == NM_GROUP_NONE)
        return (nm_write_group){group.id >> 24 << 24};
    return (nm_write_group){group.id >> 8 << 8};
}

/* A file says its tempo and metre from the start. */
static void add_globals(nm_write_plan *plan) {
    const neume_score *score = plan->score;
    bool has_tempo = false, has_metre = false;
    for (size_t i = 0; i < score->tempos.count; i++) {
        add_event(plan, score->tempos.items[i].start_ticks, 0, i, NM_EVENT_TEMPO);
        has_tempo |= score->tempos.items[i].start_ticks == 0;
    }
    for (size_t i = 0; i < score->time_signatures.count; i++) {
        const uint64_t start = score->time_signatures.items[i].start_ticks;
        add_event(plan, start, 0, i, NM_EVENT_TIME_SIGNATURE);
        has_metre |= start == 0;
    }
    if (!has_tempo)
        add_event(plan, 0, 0, NM_DEFAULT, NM_EVENT_TEMPO);
    if (!has_metre)
        add_event(plan, 0, 0, NM_DEFAULT, NM_EVENT_TIME_SIGNATURE);
    for (size_t i = 0; i < score->key_signatures.count; i++)
        add_event(plan, score->key_signatures.items[i].start_ticks, 0, i, NM_EVENT_KEY_SIGNATURE);
}

static void add_other_events(nm_write_plan *plan) {
    const neume_score *score = plan->score;
    for (size_t i = 0; i < score->texts.count; i++) {
        const neume_text *text = &score->texts.items[i];
        const uint16_t track =
            is_of_conductor(plan, text) ? 0 : track_of(plan, lowest(group_of_text(plan, text)));
        add_event(plan, text->start_ticks, track, i, NM_EVENT_TEXT);
    }
    for (size_t i = 0; i < score->controls.count; i++) {
        const neume_control *control = &score->controls.items[i];
        add_event(plan, control->start_ticks,
                  track_of(plan, lowest(group_of_control(plan, control))), i, NM_EVENT_CONTROL);
    }
    for (size_t i = 0; i < score->pitch_bends.count; i++) {
        const neume_pitch_bend *bend = &score->pitch_bends.items[i];
        add_event(plan, bend->start_ticks, track_of(plan, lowest(group_of_bend(plan, bend))), i,
                  NM_EVENT_PITCH_BEND);
    }
}

static uint64_t rank_event(const void *item) {
    const nm_write_event *event = item;
    return (uint64_t)event->track << 8 | event->kind;
}

static neume_status make_events(nm_write_plan *plan) {
    static const nm_sort_key event_key = {sizeof(nm_write_event), rank_event};
    const neume_score *score = plan->score;
    const size_t count = 2 * plan->notes.count + score->texts.count + score->tempos.count +
                         score->time_signatures.count + score->key_signatures.count +
                         score->controls.count + score->pitch_bends.count + 2;
    if (!nm_resize(plan->context, &plan->events.items, count, sizeof(nm_write_event)))
        return NEUME_NO_MEMORY;
    add_note_events(plan);
    add_globals(plan);
    add_other_events(plan);
    return nm_sort(plan->context, &plan->events.items, &plan->events.capacity, plan->events.count,
                   &event_key);
}

neume_status nm_plan_midi(nm_write_plan *plan, neume_error *error) {
    neume_status status = nm_check_writable(plan->score, error);
    if (status)
        return status;
    status = clean_notes(plan);
    if (!status)
        status = make_groups(plan);
    if (!status)
        status = put_notes_on_tracks(plan);
    if (!status)
        status = make_events(plan);
    return status == NEUME_NO_MEMORY ? nm_fail_memory(error, "score to MIDI") : status;
}
