/* SPDX-License-Identifier: ISC */
/* Standard MIDI Files to scores and back. Lenient by default: what a file of the world gets wrong
 * is repaired, and every repair is counted with the offset of its first; `strict` refuses instead.
 * Source: MIDI 1.0 Detailed Specification, Standard MIDI Files 1.0 (RP-001). Thread rule: as the
 * context. */
#ifndef NEUME_MIDI_H
#define NEUME_MIDI_H

#include <neume/score.h>

NEUME_BEGIN_DECLS

/** A key struck again while it sounds, within one track, port, channel and pitch. */
typedef enum neume_pairing {
    NEUME_PAIRING_FIFO, /**< first in, first out */
    NEUME_PAIRING_LAST  /**< forget the earlier onset */
} neume_pairing;

typedef struct neume_midi_read_options {
    bool strict;           /**< refuse where a repair would be made; default false */
    neume_pairing pairing; /**< default NEUME_PAIRING_FIFO */
    uint32_t
        ticks_per_quarter; /**< 1..32,767: believe this, not the header; default 0: the header's */
    size_t max_file_bytes; /**< default 64 MiB; 4 GiB at the very most */
    size_t max_events;     /**< default 16,777,216 */
    size_t max_chunks;     /**< default 4,096; 65,535 tracks at the very most */
} neume_midi_read_options;

NEUME_API neume_midi_read_options neume_midi_read_options_default(void);

/** Something that was wrong in a file, and was mended. */
typedef struct neume_repair {
    const char *code; /**< a stable word such as "running-status-after-meta". Borrowed: static. */
    uint64_t count;
    uint64_t offset; /**< of the first, in bytes from the start of the file */
} neume_repair;

/** Reads a file in memory; `options` may be NULL. The tracks of format 2 are songs: they follow one
 * another, each at first with 120 quarters a minute and 4/4. SMPTE time becomes 480 ticks a quarter
 * at 120 quarters a minute. Fails with NEUME_BAD_INPUT and an offset where nothing can be read,
 * with NEUME_NO_MEMORY; takes memory for at most 16 times the file and 8 MiB. */
NEUME_API NEUME_MUST_USE neume_status neume_midi_read(neume_score **out, neume_context *context,
                                                      neume_bytes bytes,
                                                      const neume_midi_read_options *options,
                                                      neume_error *error);

/** Reads the regular file at `path` (never a FIFO or device). `options` may be NULL. */
NEUME_API NEUME_MUST_USE neume_status neume_midi_load(neume_score **out, neume_context *context,
                                                      const char *path,
                                                      const neume_midi_read_options *options,
                                                      neume_error *error);

/** What was repaired on reading, in the order of neume_repair's codes. Borrowed: as long as the
 * score. */
NEUME_API const neume_repair *neume_score_repairs(const neume_score *score, size_t *count);

/** What the file held and a score does not keep, such as "sysex". Borrowed: as long as the score.
 */
NEUME_API const neume_omission *neume_score_omissions(const neume_score *score, size_t *count);

/** Note-ons with velocity > 0 that were read, drums, stuck and zero-length ones too; 0 for a score
 * not read. */
NEUME_API size_t neume_score_note_ons(const neume_score *score);

/** Whether the bytes look like a MIDI file: MThd at the start, in a RIFF, or in the first 4 KiB. */
NEUME_API bool neume_midi_is_midi(neume_bytes bytes);

/** Makes a clean type 1 file in memory: paired notes, off before on at one tick, no two at once on
 * a key of a channel, tempo, metre, program, end of track; a conductor's track, then one for each
 * track, port, channel and program of the score as long as that makes 128 at most. Read again, it
 * is written as itself. Fails with NEUME_BAD_INPUT where a value is out of its range or a tick is
 * not below 2^36. The caller gives `*out` back with neume_midi_bytes_free. */
NEUME_API NEUME_MUST_USE neume_status neume_midi_write(neume_bytes *out, neume_context *context,
                                                       const neume_score *score,
                                                       neume_error *error);
NEUME_API void neume_midi_bytes_free(neume_context *context, neume_bytes bytes);

/** Writes that file at `path`, atomically; "-" is standard output. */
NEUME_API NEUME_MUST_USE neume_status neume_midi_save(const char *path, neume_context *context,
                                                      const neume_score *score, neume_error *error);

NEUME_END_DECLS

#endif
