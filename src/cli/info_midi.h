/* SPDX-License-Identifier: ISC */
/* What `neume info` says of a score that was read. */
#ifndef NM_CLI_INFO_MIDI_H
#define NM_CLI_INFO_MIDI_H

#include <neume/neume.h>

#include <jansson.h>

/* The score's part of the JSON object; NULL: no memory. */
json_t *nm_info_midi_json(const neume_score *score, const char *charset);

/* A few lines for people, indented by two. False: no memory, after some of them. */
bool nm_info_midi_print(const neume_score *score, const char *charset);

/* Seconds to the end of the last note. */
double nm_info_midi_seconds(const neume_score *score);

/* "G major", "4/4", into `out` [NM_REPORT_TEXT]; "-" where the file does not say. */
const char *nm_info_midi_key(char *out, const neume_score *score);
const char *nm_info_midi_metre(char *out, const neume_score *score);

#endif
