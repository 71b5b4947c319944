/* SPDX-License-Identifier: ISC */
/* Side features and head maps of codec "event". */
#ifndef NM_MUSIC_CODEC_EVENT_SIDE_H
#define NM_MUSIC_CODEC_EVENT_SIDE_H

#include "music/codec/event.h"

enum { NM_EVENT_KEYS = 128 };

/* Features, in event_side.c. */
enum { NM_EVENT_FEATURES = 24 };
extern const uint32_t nm_event_feature_sizes[NM_EVENT_FEATURES];
void nm_event_track_begin(nm_tracker *tracker, const neume_codec_options *options, int shift);
void nm_event_track(nm_tracker *tracker, const uint32_t *words);
void nm_event_read_side(const nm_tracker *tracker, uint32_t *features, uint32_t *contexts);

/* Maps, in event_maps.c: by word; by the interval above the last key of the group; by the interval
 * from v(1, j); by what a velocity, a duration or a position differs from the last. */
enum { NM_EVENT_MAPS = 4 };
extern const nm_map_kind nm_event_maps[NM_EVENT_MAPS];

/* What the contexts of the maps are made of. */
typedef struct nm_event_known {
    uint32_t last, same; /* keys, or NM_EVENT_KEYS */
    uint32_t velocity;   /* to compare with, or NM_EVENT_VELOCITIES */
    uint32_t length;     /* to compare with, or 0 */
    uint32_t position;
    bool is_drum, wants_velocity, wants_length, has_time;
} nm_event_known;

void nm_event_contexts(const nm_event_known *known, uint32_t *contexts);

/* A difference, clipped to -most..most, from 0 on. */
static inline uint32_t nm_event_clip(int difference, int most) {
    return (uint32_t)((difference < -most ? -most : difference > most ? most : difference) + most);
}

#endif
