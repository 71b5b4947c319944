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

neume_status nm_instrument_find(int *out, const char *text, neume_error *error) {
    char *end;
    const unsigned long number = strtoul(text, &end, 10);
    if (text[strspn(text, "0123456789")] == '\0' && end != text && number < INSTRUMENTS) {
        *out = (int)number;
        return NEUME_OK;
    }
    unsigned found = 0;
    for (unsigned i = 0; i < INSTRUMENTS; i++) {
        if (strcasecmp(names[i], text) == 0) {
            *out = (int)i;
            return NEUME_OK;
        }
        if (strcasestr(names[i], text)) {
            *out = (int)i;
            found++;
        }
    }
    if (found == 1)
        return NEUME_OK;
    if (found > 1)
        return fail_ambiguous(error, text);
    return nm_report_fail(error, NEUME_BAD_USAGE,
                          "--instrument %s: expected a number from 0 to 127 or a part of a General "
                          "MIDI name such as violin or flute",
                          text);
}
