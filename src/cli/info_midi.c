/* SPDX-License-Identifier: ISC */
#include "cli/info_midi.h"

#include "cli/instruments.h"
#include "cli/report.h"

#include <stdlib.h>
#include <string.h>

/* The notes of some tracks, without drums where there is a pitch. */
typedef struct voice {
    size_t notes, drums;
    int lowest, highest; /* MIDI pitches; -1 without a note that is no drum */
    int program;         /* of the first note that is no drum; -1 */
    bool has_more_programs;
} voice;

static void add_to_voice(voice *v, const neume_note *note) {
    v->notes++;
    v->drums += note->is_drum;
    if (note->is_drum)
        return;
    if (v->lowest < 0 || note->pitch < v->lowest)
        v->lowest = note->pitch;
    if (note->pitch > v->highest)
        v->highest = note->pitch;
    if (v->program < 0)
        v->program = note->program;
    v->has_more_programs |= v->program != note->program;
}

static const voice silence = {.lowest = -1, .highest = -1, .program = -1};

static voice voice_of_all(const neume_score *score) {
    size_t count;
    const neume_note *notes = neume_score_notes(score, &count);
    voice all = silence;
    for (size_t i = 0; i < count; i++)
        add_to_voice(&all, &notes[i]);
    return all;
}

/* [track count]; the caller frees. NULL: no memory. */
static voice *voices_of_tracks(const neume_score *score) {
    const unsigned tracks = neume_score_track_count(score);
    voice *voices = malloc(((size_t)tracks + 1) * sizeof *voices);
    for (unsigned t = 0; voices && t < tracks; t++)
        voices[t] = silence;
    size_t count;
    const neume_note *notes = neume_score_notes(score, &count);
    for (size_t i = 0; voices && i < count; i++)
        if (notes[i].track < tracks)
            add_to_voice(&voices[notes[i].track], &notes[i]);
    return voices;
}

double nm_info_midi_seconds(const neume_score *score) {
    return neume_score_seconds_at(score, neume_score_end_ticks(score));
}

const char *nm_info_midi_key(char *out, const neume_score *score) {
    static const char *const names[] = {"Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F",  "C",  "G",
                                        "D",  "A",  "E",  "B",  "F#", "C#", "G#", "D#", "A#"};
    size_t count;
    const neume_key_signature *keys = neume_score_key_signatures(score, &count);
    snprintf(out, NM_REPORT_TEXT, "-");
    if (count)
        snprintf(out, NM_REPORT_TEXT, "%s %s", names[keys->sharps + 7 + 3 * keys->is_minor],
                 keys->is_minor ? "minor" : "major");
    return out;
}

const char *nm_info_midi_metre(char *out, const neume_score *score) {
    size_t count;
    const neume_time_signature *metres = neume_score_time_signatures(score, &count);
    snprintf(out, NM_REPORT_TEXT, "-");
    if (count)
        snprintf(out, NM_REPORT_TEXT, "%u/%u", metres->numerator, metres->denominator);
    return out;
}

/* Quarters a minute at the first tempo; 0 where the file does not say. */
static double first_tempo(const neume_score *score, size_t *count) {
    const neume_tempo *tempos = neume_score_tempos(score, count);
    return *count ? 6e7 / tempos->microseconds_per_quarter : 0;
}

/* Kinds of texts that are shown: MIDI meta types. */
enum { COPYRIGHT = 2, NAME = 3, LYRIC = 5 };

static const char *text_kind(unsigned kind) {
    static const char *const kinds[] = {"text",       "text",  "copyright", "name",
                                        "instrument", "lyric", "marker",    "cue"};
    return kind < sizeof kinds / sizeof *kinds ? kinds[kind] : "text";
}

static json_t *repairs_json(const neume_score *score) {
    size_t count;
    const neume_repair *repairs = neume_score_repairs(score, &count);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(list, json_pack("{s:s, s:I, s:I}", "code", repairs[i].code,
                                                  "count", (json_int_t)repairs[i].count, "offset",
                                                  (json_int_t)repairs[i].offset))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *texts_json(const neume_score *score, const char *charset) {
    size_t count;
    const neume_text *texts = neume_score_texts(score, &count);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        char *utf8 = nm_report_utf8((const char *)texts[i].bytes, texts[i].size_bytes, charset);
        const int failed = json_array_append_new(
            list, json_pack("{s:s, s:i, s:s}", "kind", text_kind(texts[i].kind), "track",
                            (int)texts[i].track, "text", utf8));
        free(utf8);
        if (failed) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *pitch_json(int pitch) {
    return pitch < 0 ? json_null() : json_integer(pitch);
}

json_t *nm_info_midi_json(const neume_score *score, const char *charset) {
    char key[NM_REPORT_TEXT], metre[NM_REPORT_TEXT];
    size_t tempo_count;
    const double tempo = first_tempo(score, &tempo_count);
    const voice all = voice_of_all(score);
    const bool has_key = strcmp(nm_info_midi_key(key, score), "-") != 0;
    const bool has_metre = strcmp(nm_info_midi_metre(metre, score), "-") != 0;
    return json_pack("{s:i, s:i, s:i, s:I, s:o, s:o, s:s?, s:s?, s:o, s:o, s:o, s:o}", "format",
                     (int)neume_score_format(score), "ticks_per_quarter",
                     (int)neume_score_ticks_per_quarter(score), "tracks",
                     (int)neume_score_track_count(score), "notes",
                     (json_int_t)neume_score_note_ons(score), "seconds",
                     nm_report_json_number(nm_info_midi_seconds(score)), "tempo",
                     tempo_count ? nm_report_json_number(tempo) : json_null(), "time_signature",
                     has_metre ? metre : NULL, "key", has_key ? key : NULL, "lowest",
                     pitch_json(all.lowest), "highest", pitch_json(all.highest), "repairs",
                     repairs_json(score), "texts", texts_json(score, charset));
}

/* The track's name as UTF-8 without spaces at its end, or NULL; the caller frees. False: no memory.
 */
static bool track_name(char **out, const neume_score *score, unsigned track, const char *charset) {
    size_t count, named = 0;
    const neume_text *texts = neume_score_texts(score, &count);
    while (named < count && (texts[named].track != track || texts[named].kind != NAME))
        named++;
    *out = NULL;
    if (named == count)
        return true;
    char *name = nm_report_utf8((const char *)texts[named].bytes, texts[named].size_bytes, charset);
    size_t length = name ? strlen(name) : 0;
    while (length > 0 && name[length - 1] == ' ')
        name[--length] = '\0';
    if (length)
        *out = name;
    else
        free(name);
    return name != NULL;
}

static void print_range(const voice *v) {
    char low[NM_REPORT_TEXT], high[NM_REPORT_TEXT];
    if (v->lowest >= 0)
        printf(", %s to %s", nm_report_pitch(low, v->lowest), nm_report_pitch(high, v->highest));
    if (v->drums && v->drums == v->notes)
        printf(", drums");
    else if (v->drums)
        printf(", drums among them");
}

static bool print_track(const neume_score *score, unsigned track, const voice *v,
                        const char *charset) {
    char count[NM_REPORT_TEXT];
    char *name;
    if (!track_name(&name, score, track, charset))
        return false;
    if (name || v->notes) {
        printf("  track %-3u %s%s%s", track, name ? "\"" : "", name ? name : "", name ? "\"" : "");
        if (v->notes) {
            printf("%s%s note%s", name ? ", " : "", nm_report_count(count, v->notes),
                   v->notes == 1 ? "" : "s");
            print_range(v);
            if (v->program >= 0)
                printf(", %s%s", nm_instrument_name((unsigned)v->program),
                       v->has_more_programs ? " and others" : "");
        }
        putchar('\n');
    }
    free(name);
    return true;
}

static bool print_tracks(const neume_score *score, const char *charset) {
    voice *voices = voices_of_tracks(score);
    const unsigned tracks = neume_score_track_count(score);
    bool has_memory = voices || tracks == 0;
    for (unsigned t = 0; has_memory && t < tracks; t++)
        has_memory = print_track(score, t, &voices[t], charset);
    free(voices);
    return has_memory;
}

enum { LYRICS_SHOWN = 64 };

/* The first words of a song. */
static bool print_lyrics(const neume_score *score, const char *charset) {
    size_t count, shown = 0;
    const neume_text *texts = neume_score_texts(score, &count);
    for (size_t i = 0; i < count && shown < LYRICS_SHOWN; i++) {
        if (texts[i].kind != LYRIC)
            continue;
        char *utf8 = nm_report_utf8((const char *)texts[i].bytes, texts[i].size_bytes, charset);
        if (!utf8)
            return false;
        printf("%s%s", shown ? "" : "  lyrics    ", utf8);
        shown += 1 + strlen(utf8);
        free(utf8);
    }
    if (shown)
        puts(shown < LYRICS_SHOWN ? "" : " ...");
    return true;
}

enum { TEXTS_SHOWN = 4 };

/* Texts and copyright notices, the first few. */
static bool print_texts(const neume_score *score, const char *charset) {
    size_t count, shown = 0;
    const neume_text *texts = neume_score_texts(score, &count);
    for (size_t i = 0; i < count && shown < TEXTS_SHOWN; i++) {
        if (texts[i].kind > COPYRIGHT)
            continue;
        char *utf8 = nm_report_utf8((const char *)texts[i].bytes, texts[i].size_bytes, charset);
        if (!utf8)
            return false;
        printf("  %-9s \"%s\"\n", text_kind(texts[i].kind), utf8);
        shown++;
        free(utf8);
    }
    return true;
}

static void print_repairs(const neume_score *score) {
    size_t count;
    const neume_repair *repairs = neume_score_repairs(score, &count);
    for (size_t i = 0; i < count; i++)
        printf("  repaired  %s, %llu time%s, first at byte %llu\n", repairs[i].code,
               (unsigned long long)repairs[i].count, repairs[i].count == 1 ? "" : "s",
               (unsigned long long)repairs[i].offset);
}

static void print_time(const neume_score *score) {
    char text[NM_REPORT_TEXT];
    size_t count;
    const double tempo = first_tempo(score, &count);
    if (count)
        printf("  %.4g quarters a minute", tempo);
    else
        printf("  no tempo");
    if (count > 1)
        printf(" (%zu tempos)", count);
    neume_score_time_signatures(score, &count);
    printf(", %s", count ? nm_info_midi_metre(text, score) : "no time signature");
    if (count > 1)
        printf(" (%zu time signatures)", count);
    neume_score_key_signatures(score, &count);
    printf(", %s", count ? nm_info_midi_key(text, score) : "no key");
    if (count > 1)
        printf(" (%zu keys)", count);
    putchar('\n');
}

bool nm_info_midi_print(const neume_score *score, const char *charset) {
    char count[NM_REPORT_TEXT], time[NM_REPORT_TEXT];
    const voice all = voice_of_all(score);
    const unsigned tracks = neume_score_track_count(score);
    printf("  MIDI file, format %u, %u track%s, %u ticks a quarter\n", neume_score_format(score),
           tracks, tracks == 1 ? "" : "s", neume_score_ticks_per_quarter(score));
    printf("  %s note%s in %s", nm_report_count(count, neume_score_note_ons(score)),
           neume_score_note_ons(score) == 1 ? "" : "s",
           nm_report_duration(time, nm_info_midi_seconds(score)));
    print_range(&all);
    putchar('\n');
    print_time(score);
    if (!print_tracks(score, charset) || !print_lyrics(score, charset) ||
        !print_texts(score, charset))
        return false;
    print_repairs(score);
    return true;
}
