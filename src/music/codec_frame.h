/* SPDX-License-Identifier: ISC */
/* Codec "frame" beyond what all codecs do: what its two files share. Its words
 * are "." and the 128 pitches; a pitch's *number* is its place in the order in which a frame is
 * said: the MIDI number if that ascends, 127 minus it if that descends. All else goes by numbers.
 */
#ifndef NM_MUSIC_CODEC_FRAME_H
#define NM_MUSIC_CODEC_FRAME_H

#include "music/roll.h"

/* Ids of its words behind <end> and <unk>: the end of a frame, and that of pitch number 0. */
enum {
    NM_FRAME_PERIOD = NM_WORD_FIRST,
    NM_FRAME_PITCH,
    NM_FRAME_WORDS = NM_FRAME_PITCH + NM_PITCHES
};

/* Number to pitch, and pitch to number. */
static inline unsigned nm_frame_mirror(neume_order order, unsigned number) {
    return order == NEUME_ORDER_DESCENDING ? NM_PITCHES - 1 - number : number;
}

/* Side features and maps, for the kind's table. */
enum { NM_FRAME_FEATURES = 16, NM_FRAME_MAPS = 4 };
extern const uint32_t nm_frame_feature_sizes[NM_FRAME_FEATURES];
extern const nm_map_kind nm_frame_maps[NM_FRAME_MAPS];
void nm_frame_track_begin(nm_tracker *tracker, const neume_codec_options *options, int shift);
void nm_frame_track(nm_tracker *tracker, const uint32_t *words);
void nm_frame_read_side(const nm_tracker *tracker, uint32_t *features, uint32_t *contexts);

#endif
