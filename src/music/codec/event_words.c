/* SPDX-License-Identifier: ISC */
/* The words of codec "event". */
#include "music/codec/event.h"

#include <math.h>
#include <stdio.h>

enum { LOWEST_TEMPO = 20, BINS_AN_OCTAVE = 12, MOST_NUMERATOR = 16 };

static const uint16_t denominators[] = {1, 2, 4, 8, 16};

/* Visits the time signatures N/D of at most 16 beats and 8 quarters whose bars are whole cells,
 * until one has index `index` or is `wanted`; returns its index. */
static uint32_t find_metre(nm_event_metre *found, uint32_t grid, uint32_t index,
                           const nm_event_metre *wanted) {
    uint32_t at = 0;
    for (size_t i = 0; i < sizeof denominators / sizeof *denominators; i++) {
        const uint16_t d = denominators[i];
        for (uint16_t n = 1; n <= MOST_NUMERATOR && 4 * n <= NM_EVENT_BAR_QUARTERS * d; n++) {
            if (4 * grid * n % d != 0)
                continue;
            *found = (nm_event_metre){n, d, 4 * grid * n / d};
            if (at == index || (wanted && wanted->numerator == n && wanted->denominator == d))
                return at;
            at++;
        }
    }
    return wanted ? NM_EVENT_MAX_METRES : at;
}

/* Of a denominator d every d / gcd(d, 4 grid)-th numerator makes whole cells. */
static uint32_t metre_count(uint32_t grid) {
    uint32_t count = 0;
    for (size_t i = 0; i < sizeof denominators / sizeof *denominators; i++) {
        const uint32_t d = denominators[i];
        const uint32_t most = NM_EVENT_BAR_QUARTERS * d / 4;
        uint32_t step = 1;
        while (4 * grid * step % d != 0)
            step *= 2;
        count += (most < MOST_NUMERATOR ? most : MOST_NUMERATOR) / step;
    }
    return count;
}

nm_event_metre nm_event_metre_at(uint32_t grid, uint32_t index) {
    nm_event_metre found = {0};
    (void)find_metre(&found, grid, index, NULL);
    return found;
}

uint32_t nm_event_find_metre(uint32_t grid, unsigned numerator, unsigned denominator) {
    nm_event_metre found;
    const nm_event_metre wanted = {(uint16_t)numerator, (uint16_t)denominator, 0};
    return find_metre(&found, grid, NM_EVENT_MAX_METRES, &wanted);
}

uint32_t nm_event_metre_of_cells(uint32_t grid, uint64_t cells) {
    for (unsigned d = 4; d <= 16 && cells <= (uint64_t)NM_EVENT_BAR_QUARTERS * grid; d *= 2)
        if (cells * d % (4 * (uint64_t)grid) == 0)
            return nm_event_find_metre(grid, (unsigned)(cells * d / (4 * grid)), d);
    return NM_EVENT_MAX_METRES;
}

/* bin = 12 log2(quarters a minute / 20), rounded */
uint32_t nm_event_tempo_bin(uint32_t microseconds_per_quarter) {
    const double bpm = 60e6 / (microseconds_per_quarter ? microseconds_per_quarter : 1);
    const double bin = round(BINS_AN_OCTAVE * log2(bpm / LOWEST_TEMPO));
    return (uint32_t)fmin(fmax(bin, 0), NM_EVENT_TEMPI - 1);
}

uint32_t nm_event_tempo_bpm(uint32_t bin) {
    return (uint32_t)lround(LOWEST_TEMPO * exp2((double)bin / BINS_AN_OCTAVE));
}

uint32_t nm_event_tempo_microseconds(uint32_t bin) {
    return 60000000 / nm_event_tempo_bpm(bin);
}

nm_event_words nm_event_words_of(const neume_codec_options *options) {
    const uint32_t grid = options->grid;
    const bool is_metrical = options->timing == NEUME_TIMING_METRICAL;
    const uint32_t counts[NM_EVENT_FAMILIES] = {
        [NM_EVENT_END] = 1,
        [NM_EVENT_UNKNOWN] = 1,
        [NM_EVENT_PITCH] = NM_EVENT_PITCHES,
        [NM_EVENT_DRUM] = NM_EVENT_PITCHES,
        [NM_EVENT_VELOCITY] = NM_EVENT_VELOCITIES,
        [NM_EVENT_PROGRAM] = NM_EVENT_PROGRAMS,
        [NM_EVENT_PEDAL] = 2,
        [NM_EVENT_BAR] = is_metrical,
        [NM_EVENT_METRE] = is_metrical ? metre_count(grid) : 0,
        [NM_EVENT_TEMPO_WORD] = is_metrical ? NM_EVENT_TEMPI : 0,
        [NM_EVENT_POSITION] = is_metrical ? NM_EVENT_BAR_QUARTERS * grid : 0,
        [NM_EVENT_SHIFT] = is_metrical ? 0 : NM_EVENT_SHIFTS,
        [NM_EVENT_DURATION] = is_metrical ? 4 * grid : NM_EVENT_SHIFTS,
        [NM_EVENT_MORE] = 1,
    };
    nm_event_words words = {.grid = (uint8_t)grid, .is_performance = !is_metrical};
    for (size_t f = 0; f < NM_EVENT_FAMILIES; f++)
        words.first[f + 1] = (uint16_t)(words.first[f] + counts[f]);
    return words;
}

nm_event_word nm_event_read(const nm_event_words *words, uint32_t id) {
    if (id >= words->first[NM_EVENT_FAMILIES])
        return (nm_event_word){NM_EVENT_UNKNOWN, 0};
    unsigned family = 0;
    while (id >= words->first[family + 1])
        family++;
    return (nm_event_word){(nm_event_family)family, id - words->first[family]};
}

static void write_metre(char text[NM_MAX_WORD_TEXT], uint32_t grid, uint32_t index) {
    const nm_event_metre metre = nm_event_metre_at(grid, index);
    snprintf(text, NM_MAX_WORD_TEXT, "TimeSig_%u/%u", metre.numerator, metre.denominator);
}

/* The number behind a word's name. */
static uint32_t number_of(const nm_event_words *words, nm_event_word word) {
    switch (word.family) {
    case NM_EVENT_VELOCITY:
        return 4 * word.value + 2;
    case NM_EVENT_TEMPO_WORD:
        return nm_event_tempo_bpm(word.value);
    case NM_EVENT_SHIFT:
    case NM_EVENT_DURATION:
        return word.value + 1;
    case NM_EVENT_MORE:
        return nm_event_count(words, NM_EVENT_DURATION);
    default:
        return word.value;
    }
}

static bool has_number(nm_event_family family) {
    return family != NM_EVENT_END && family != NM_EVENT_UNKNOWN && family != NM_EVENT_BAR;
}

void nm_event_text(char text[NM_MAX_WORD_TEXT], const nm_event_words *words, nm_event_word word) {
    static const char *const names[NM_EVENT_FAMILIES] = {
        "<end>", "<unk>", "Pitch", "PitchDrum", "Velocity",  "Program",  "Pedal",
        "Bar",   "",      "Tempo", "Position",  "TimeShift", "Duration", "Duration",
    };
    if (word.family == NM_EVENT_METRE)
        write_metre(text, words->grid, word.value);
    else if (word.family == NM_EVENT_PEDAL)
        snprintf(text, NM_MAX_WORD_TEXT, "Pedal_%s", word.value ? "On" : "Off");
    else if (word.family == NM_EVENT_PROGRAM && word.value == NM_EVENT_DRUMS)
        snprintf(text, NM_MAX_WORD_TEXT, "Program_Drums");
    else if (has_number(word.family))
        snprintf(text, NM_MAX_WORD_TEXT, "%s_%u%s", names[word.family], number_of(words, word),
                 word.family == NM_EVENT_MORE ? "+" : "");
    else
        snprintf(text, NM_MAX_WORD_TEXT, "%s", names[word.family]);
}
