/* SPDX-License-Identifier: ISC */
#include "cli/instruments.h"

#include "cli/report.h"

#include <stdlib.h>
#include <string.h>

enum { INSTRUMENTS = 128 };

/* Source: General MIDI System Level 1, sound set (MIDI Manufacturers Association, RP-003). */
static const char *const names[INSTRUMENTS] = {"Acoustic Grand Piano",
                                               "Bright Acoustic Piano",
                                               "Electric Grand Piano",
                                               "Honky-tonk Piano",
                                               "Electric Piano 1",
                                               "Electric Piano 2",
                                               "Harpsichord",
                                               "Clavi",
                                               "Celesta",
                                               "Glockenspiel",
                                               "Music Box",
                                               "Vibraphone",
                                               "Marimba",
                                               "Xylophone",
                                               "Tubular Bells",
                                               "Dulcimer",
                                               "Drawbar Organ",
                                               "Percussive Organ",
                                               "Rock Organ",
                                               "Church Organ",
                                               "Reed Organ",
                                               "Accordion",
                                               "Harmonica",
                                               "Tango Accordion",
                                               "Acoustic Guitar (nylon)",
                                               "Acoustic Guitar (steel)",
                                               "Electric Guitar (jazz)",
                                               "Electric Guitar (clean)",
                                               "Electric Guitar (muted)",
                                               "Overdriven Guitar",
                                               "Distortion Guitar",
                                               "Guitar Harmonics",
                                               "Acoustic Bass",
                                               "Electric Bass (finger)",
                                               "Electric Bass (pick)",
                                               "Fretless Bass",
                                               "Slap Bass 1",
                                               "Slap Bass 2",
                                               "Synth Bass 1",
                                               "Synth Bass 2",
                                               "Violin",
                                               "Viola",
                                               "Cello",
                                               "Contrabass",
                                               "Tremolo Strings",
                                               "Pizzicato Strings",
                                               "Orchestral Harp",
                                               "Timpani",
                                               "String Ensemble 1",
                                               "String Ensemble 2",
                                               "Synth Strings 1",
                                               "Synth Strings 2",
                                               "Choir Aahs",
                                               "Voice Oohs",
                                               "Synth Voice",
                                               "Orchestra Hit",
                                               "Trumpet",
                                               "Trombone",
                                               "Tuba",
                                               "Muted Trumpet",
                                               "French Horn",
                                               "Brass Section",
                                               "Synth Brass 1",
                                               "Synth Brass 2",
                                               "Soprano Sax",
                                               "Alto Sax",
                                               "Tenor Sax",
                                               "Baritone Sax",
                                               "Oboe",
                                               "English Horn",
                                               "Bassoon",
                                               "Clarinet",
                                               "Piccolo",
                                               "Flute",
                                               "Recorder",
                                               "Pan Flute",
                                               "Blown Bottle",
                                               "Shakuhachi",
                                               "Whistle",
                                               "Ocarina",
                                               "Lead 1 (square)",
                                               "Lead 2 (sawtooth)",
                                               "Lead 3 (calliope)",
                                               "Lead 4 (chiff)",
                                               "Lead 5 (charang)",
                                               "Lead 6 (voice)",
                                               "Lead 7 (fifths)",
                                               "Lead 8 (bass + lead)",
                                               "Pad 1 (new age)",
                                               "Pad 2 (warm)",
                                               "Pad 3 (polysynth)",
                                               "Pad 4 (choir)",
                                               "Pad 5 (bowed)",
                                               "Pad 6 (metallic)",
                                               "Pad 7 (halo)",
                                               "Pad 8 (sweep)",
                                               "FX 1 (rain)",
                                               "FX 2 (soundtrack)",
                                               "FX 3 (crystal)",
                                               "FX 4 (atmosphere)",
                                               "FX 5 (brightness)",
                                               "FX 6 (goblins)",
                                               "FX 7 (echoes)",
                                               "FX 8 (sci-fi)",
                                               "Sitar",
                                               "Banjo",
                                               "Shamisen",
                                               "Koto",
                                               "Kalimba",
                                               "Bagpipe",
                                               "Fiddle",
                                               "Shanai",
                                               "Tinkle Bell",
                                               "Agogo",
                                               "Steel Drums",
                                               "Woodblock",
                                               "Taiko Drum",
                                               "Melodic Tom",
                                               "Synth Drum",
                                               "Reverse Cymbal",
                                               "Guitar Fret Noise",
                                               "Breath Noise",
                                               "Seashore",
                                               "Bird Tweet",
                                               "Telephone Ring",
                                               "Helicopter",
                                               "Applause",
                                               "Gunshot"};

enum { FAMILY_SIZE = 8, FAMILIES = INSTRUMENTS / FAMILY_SIZE };

/* Families of the same source, eight instruments each. */
static const char *const families[FAMILIES] = {"Piano",         "Chromatic Percussion",
                                               "Organ",         "Guitar",
                                               "Bass",          "Strings",
                                               "Ensemble",      "Brass",
                                               "Reed",          "Pipe",
                                               "Synth Lead",    "Synth Pad",
                                               "Synth Effects", "Ethnic",
                                               "Percussive",    "Sound Effects"};

const char *nm_instrument_name(unsigned program) {
    return names[program % INSTRUMENTS];
}

static neume_status fail_ambiguous(neume_error *error, const char *text) {
    char list[256] = "";
    size_t used = 0;
    for (unsigned i = 0; i < INSTRUMENTS && used < sizeof list; i++)
        if (strcasestr(names[i], text))
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "",
                                     names[i]);
    return nm_report_fail(error, NEUME_BAD_USAGE,
                          "--instrument %s: expected the name of one instrument, this is part of "
                          "several: %s",
                          text, list);
}

static bool is_number(int *out, const char *text) {
    char *end;
    const unsigned long number = strtoul(text, &end, 10);
    *out = (int)number;
    return text[strspn(text, "0123456789")] == '\0' && end != text && number < INSTRUMENTS;
}

/* A whole name: of an instrument, or of a family, which stands for its first. */
static bool is_name(int *out, const char *text) {
    for (*out = 0; *out < INSTRUMENTS; ++*out)
        if (strcasecmp(names[*out], text) == 0)
            return true;
    for (*out = 0; *out < INSTRUMENTS; *out += FAMILY_SIZE)
        if (strcasecmp(families[*out / FAMILY_SIZE], text) == 0)
            return true;
    return false;
}

static unsigned names_with(int *out, const char *text) {
    unsigned count = 0;
    for (int i = 0; i < INSTRUMENTS; i++)
        if (strcasestr(names[i], text)) {
            *out = i;
            count++;
        }
    return count;
}

neume_status nm_instrument_find(int *out, const char *text, neume_error *error) {
    if (is_number(out, text) || is_name(out, text))
        return NEUME_OK;
    const unsigned count = names_with(out, text);
    if (count == 1)
        return NEUME_OK;
    if (count > 1)
        return fail_ambiguous(error, text);
    return nm_report_fail(error, NEUME_BAD_USAGE,
                          "--instrument %s: expected a number from 0 to 127 or a part of a General "
                          "MIDI name such as violin or flute",
                          text);
}
