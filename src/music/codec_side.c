/* SPDX-License-Identifier: ISC */
/* Side features and head maps of any kind of codec. */
#include "base/mem.h"
#include "music/codec_kind.h"

unsigned nm_codec_feature_count(const neume_codec *codec) {
    return codec->kind->feature_count;
}

uint32_t nm_codec_feature_size(const neume_codec *codec, unsigned feature) {
    return codec->kind->feature_sizes[feature];
}

unsigned nm_codec_map_count(const neume_codec *codec) {
    return codec->kind->map_count;
}

uint16_t *nm_codec_map(neume_context *context, const neume_codec *codec, unsigned map,
                       uint32_t *context_count, uint32_t *width) {
    const nm_map_kind *of = &codec->kind->maps[map];
    const size_t V = codec->vocabularies[0].count;
    uint16_t *table = nm_alloc(context, of->context_count * V, sizeof *table);
    *context_count = of->context_count;
    *width = of->width == NM_ALL_WORDS ? (uint32_t)V : of->width;
    for (size_t i = 0; table && i < of->context_count * V; i++)
        table[i] = NM_NO_OUTPUT;
    for (uint32_t c = 0; table && c < of->context_count; c++)
        of->fill(table + c * V, &codec->options, c);
    return table;
}

void nm_codec_track_begin(const neume_codec *codec, nm_tracker *tracker, int shift) {
    if (codec->kind->track_begin)
        codec->kind->track_begin(tracker, &codec->options, shift);
}

void nm_codec_track(const neume_codec *codec, nm_tracker *tracker, const uint32_t *words) {
    if (codec->kind->track)
        codec->kind->track(tracker, words);
}

void nm_codec_read_side(const neume_codec *codec, const nm_tracker *tracker, uint32_t *features,
                        uint32_t *contexts) {
    if (codec->kind->read_side)
        codec->kind->read_side(tracker, features, contexts);
}
