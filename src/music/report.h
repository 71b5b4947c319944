/* SPDX-License-Identifier: ISC */
/* What a reader mended and left out, counted. The codes' words are a contract with users; their
 * order is that of the list. */
#ifndef NM_MUSIC_REPORT_H
#define NM_MUSIC_REPORT_H

#include <neume/midi.h>

typedef enum nm_repair_code {
    NM_REPAIR_JUNK_BEFORE_HEADER,
    NM_REPAIR_RIFF_SIZE,
    NM_REPAIR_HEADER_LENGTH,
    NM_REPAIR_FORMAT,
    NM_REPAIR_FORMAT_0_TRACKS,
    NM_REPAIR_TRACK_COUNT,
    NM_REPAIR_DIVISION_ZERO,
    NM_REPAIR_SMPTE_RATE,
    NM_REPAIR_JUNK_BETWEEN_CHUNKS,
    NM_REPAIR_TRAILING_BYTES,
    NM_REPAIR_TRUNCATED,
    NM_REPAIR_TRACK_LENGTH,
    NM_REPAIR_MISSING_END_OF_TRACK,
    NM_REPAIR_EARLY_END_OF_TRACK,
    NM_REPAIR_DATA_AFTER_END_OF_TRACK,
    NM_REPAIR_UNREADABLE_EVENT,
    NM_REPAIR_RUNNING_STATUS_AFTER_META,
    NM_REPAIR_RUNNING_STATUS_AFTER_SYSTEM,
    NM_REPAIR_DATA_WITHOUT_STATUS,
    NM_REPAIR_DATA_ABOVE_127,
    NM_REPAIR_SYSTEM_MESSAGE,
    NM_REPAIR_SYSEX_LENGTH,
    NM_REPAIR_LONG_NUMBER,
    NM_REPAIR_META_LENGTH,
    NM_REPAIR_TEMPO,
    NM_REPAIR_TIME_SIGNATURE,
    NM_REPAIR_KEY_SIGNATURE,
    NM_REPAIR_ORPHAN_NOTE_OFF,
    NM_REPAIR_STUCK_NOTE,
    NM_REPAIR_COUNT
} nm_repair_code;

/* The stable word of a code, and the same as a phrase of an error line. Borrowed: static. */
const char *nm_repair_name(nm_repair_code code);
const char *nm_repair_phrase(nm_repair_code code);

typedef enum nm_omission_code {
    NM_OMISSION_SYSEX,
    NM_OMISSION_KEY_PRESSURE,
    NM_OMISSION_CHANNEL_PRESSURE,
    NM_OMISSION_SEQUENCER_SPECIFIC,
    NM_OMISSION_OTHER_META,
    NM_OMISSION_SMPTE_TEMPO,
    NM_OMISSION_FORGOTTEN_ONSET,
    NM_OMISSION_ALIEN_CHUNK,
    NM_OMISSION_COUNT
} nm_omission_code;

const char *nm_omission_name(nm_omission_code code);

#endif
