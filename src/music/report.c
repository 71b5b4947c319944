/* SPDX-License-Identifier: ISC */
#include "music/report.h"

static const struct {
    const char *name, *phrase;
} repairs[NM_REPAIR_COUNT] = {
    [NM_REPAIR_JUNK_BEFORE_HEADER] = {"junk-before-header", "there are other bytes before MThd"},
    [NM_REPAIR_RIFF_SIZE] = {"riff-size", "the RIFF chunk is longer than the file"},
    [NM_REPAIR_HEADER_LENGTH] = {"header-length", "the header's length is not 6"},
    [NM_REPAIR_FORMAT] = {"format", "the format is not 0, 1 or 2"},
    [NM_REPAIR_FORMAT_0_TRACKS] = {"format-0-tracks", "format 0 has more than one track"},
    [NM_REPAIR_TRACK_COUNT] = {"track-count", "the header counts other tracks than there are"},
    [NM_REPAIR_DIVISION_ZERO] = {"division-zero", "a quarter note has no ticks"},
    [NM_REPAIR_SMPTE_RATE] = {"smpte-rate", "the SMPTE rate is not 24, 25, 29 or 30"},
    [NM_REPAIR_JUNK_BETWEEN_CHUNKS] = {"junk-between-chunks", "there is no chunk where one begins"},
    [NM_REPAIR_TRAILING_BYTES] = {"trailing-bytes", "there are other bytes after the last chunk"},
    [NM_REPAIR_TRUNCATED] = {"truncated", "the file ends within a track"},
    [NM_REPAIR_TRACK_LENGTH] = {"track-length", "the track's length does not fit its events"},
    [NM_REPAIR_MISSING_END_OF_TRACK] = {"missing-end-of-track", "the end of track is missing"},
    [NM_REPAIR_EARLY_END_OF_TRACK] = {"early-end-of-track", "events follow the end of track"},
    [NM_REPAIR_DATA_AFTER_END_OF_TRACK] = {"data-after-end-of-track",
                                           "other bytes follow the end of track"},
    [NM_REPAIR_UNREADABLE_EVENT] = {"unreadable-event", "an event does not fit into its track"},
    [NM_REPAIR_RUNNING_STATUS_AFTER_META] = {"running-status-after-meta",
                                             "running status continues after a meta event"},
    [NM_REPAIR_RUNNING_STATUS_AFTER_SYSTEM] = {"running-status-after-system",
                                               "running status continues after a system message"},
    [NM_REPAIR_DATA_WITHOUT_STATUS] = {"data-without-status", "data without a status byte"},
    [NM_REPAIR_DATA_ABOVE_127] = {"data-above-127", "a data byte is above 127"},
    [NM_REPAIR_SYSTEM_MESSAGE] = {"system-message", "a system message stands in a track"},
    [NM_REPAIR_SYSEX_LENGTH] = {"sysex-length", "the length of a system exclusive is wrong"},
    [NM_REPAIR_LONG_NUMBER] = {"long-number", "a variable-length number has more than 4 bytes"},
    [NM_REPAIR_META_LENGTH] = {"meta-length", "the length of a meta event is wrong"},
    [NM_REPAIR_TEMPO] = {"tempo", "a tempo is 0 or not 3 bytes long"},
    [NM_REPAIR_TIME_SIGNATURE] = {"time-signature", "a time signature makes no sense"},
    [NM_REPAIR_KEY_SIGNATURE] = {"key-signature", "a key signature makes no sense"},
    [NM_REPAIR_ORPHAN_NOTE_OFF] = {"orphan-note-off", "a note ends that has not begun"},
    [NM_REPAIR_STUCK_NOTE] = {"stuck-note", "a note does not end"},
};

_Static_assert(NM_REPAIR_COUNT <= 64, "an event's repairs are the bits of 64");

const char *nm_repair_name(nm_repair_code code) {
    return repairs[code].name;
}

const char *nm_repair_phrase(nm_repair_code code) {
    return repairs[code].phrase;
}

const char *nm_omission_name(nm_omission_code code) {
    static const char *const names[NM_OMISSION_COUNT] = {
        [NM_OMISSION_SYSEX] = "sysex",
        [NM_OMISSION_KEY_PRESSURE] = "key-pressure",
        [NM_OMISSION_CHANNEL_PRESSURE] = "channel-pressure",
        [NM_OMISSION_SEQUENCER_SPECIFIC] = "sequencer-specific",
        [NM_OMISSION_OTHER_META] = "other-meta",
        [NM_OMISSION_SMPTE_TEMPO] = "smpte-tempo",
        [NM_OMISSION_FORGOTTEN_ONSET] = "forgotten-onset",
        [NM_OMISSION_ALIEN_CHUNK] = "alien-chunk",
    };
    return names[code];
}
