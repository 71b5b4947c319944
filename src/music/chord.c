/* SPDX-License-Identifier: ISC */
#include "music/chord.h"

#include <string.h>

enum { MIDDLE_C = 60, ALL_CLASSES = 0xFFF };

unsigned nm_pitch_set_count(const nm_pitch_set *set) {
    return (unsigned)(__builtin_popcountll(set->bits[0]) + __builtin_popcountll(set->bits[1]));
}

nm_pitch_set nm_pitch_set_without(const nm_pitch_set *set, const nm_pitch_set *other) {
    return (nm_pitch_set){{set->bits[0] & ~other->bits[0], set->bits[1] & ~other->bits[1]}};
}

unsigned nm_pitch_set_transpose(nm_pitch_set *set, int semitones) {
    const uint64_t low = set->bits[0], high = set->bits[1];
    const unsigned by = (unsigned)(semitones < 0 ? -semitones : semitones);
    if (semitones == 0)
        return 0;
    if (semitones > 0) {
        *set = (nm_pitch_set){{low << by, high << by | low >> (64 - by)}};
        return (unsigned)__builtin_popcountll(high >> (64 - by));
    }
    *set = (nm_pitch_set){{low >> by | high << (64 - by), high >> by}};
    return (unsigned)__builtin_popcountll(low << (64 - by));
}

unsigned nm_pitch_set_classes(const nm_pitch_set *set) {
    nm_pitch_set left = *set;
    unsigned classes = 0;
    while (!nm_pitch_set_is_empty(&left))
        classes |= 1u << nm_pitch_set_take_lowest(&left) % NM_PITCH_CLASSES;
    return classes;
}

/* The intervals from class `first` up to each class of the set, as a set. */
static unsigned intervals_above(unsigned classes, unsigned first) {
    return (classes >> first | classes << (NM_PITCH_CLASSES - first)) & ALL_CLASSES;
}

/* Whether intervals `a` come before `b` in normal order. The highest bit is the span; the lowest
 * bit that differs is the first interval that one has and the other has not: who has it is packed
 * more closely to the left. */
static bool is_more_compact(unsigned a, unsigned b) {
    const int span_a = __builtin_clz(a), span_b = __builtin_clz(b);
    if (span_a != span_b)
        return span_a > span_b;
    return a != b && (a >> __builtin_ctz(a ^ b) & 1);
}

unsigned nm_normal_order(uint8_t order[NM_PITCH_CLASSES], unsigned classes) {
    unsigned best = 0, root = 0, count = 0;
    for (unsigned first = 0; first < NM_PITCH_CLASSES; first++) {
        if (!(classes >> first & 1))
            continue;
        const unsigned intervals = intervals_above(classes, first);
        if (!best || is_more_compact(intervals, best)) {
            best = intervals;
            root = first;
        }
    }
    for (unsigned interval = 0; interval < NM_PITCH_CLASSES; interval++)
        if (best >> interval & 1)
            order[count++] = (uint8_t)((root + interval) % NM_PITCH_CLASSES);
    return count;
}

void nm_pitch_spell(char text[NM_PITCH_TEXT_SIZE], unsigned pitch) {
    static const char names[NM_PITCH_CLASSES][3] = {"C",  "C#", "D",  "E-", "E",  "F",
                                                    "F#", "G",  "G#", "A",  "B-", "B"};
    static const char octaves[][3] = {"-1", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    const unsigned class = pitch % NM_PITCH_CLASSES, octave = pitch % NM_PITCHES / NM_PITCH_CLASSES;
    const bool reads_as_flat = octave == 0 && (class == 4 || class == 11);
    stpcpy(stpcpy(stpcpy(text, names[class]), reads_as_flat ? "n" : ""), octaves[octave]);
}

static void spell_pitches(char *text, const nm_pitch_set *set) {
    nm_pitch_set left = *set;
    const char *dot = "";
    while (!nm_pitch_set_is_empty(&left)) {
        char name[NM_PITCH_TEXT_SIZE];
        nm_pitch_spell(name, nm_pitch_set_take_lowest(&left));
        text = stpcpy(stpcpy(text, dot), name);
        dot = ".";
    }
}

static void spell_classes(char *text, unsigned classes) {
    static const char names[NM_PITCH_CLASSES][3] = {"0", "1", "2", "3", "4",  "5",
                                                    "6", "7", "8", "9", "10", "11"};
    uint8_t order[NM_PITCH_CLASSES];
    const unsigned count = nm_normal_order(order, classes);
    for (unsigned i = 0; i < count; i++)
        text = stpcpy(stpcpy(text, i ? "." : ""), names[order[i]]);
}

void nm_chord_spell(char text[NM_CHORD_TEXT_SIZE], const nm_pitch_set *set, neume_voicing voicing) {
    text[0] = '\0';
    if (voicing == NEUME_VOICING_PITCHES || nm_pitch_set_count(set) == 1)
        spell_pitches(text, set);
    else
        spell_classes(text, nm_pitch_set_classes(set));
}

/* The class that `size` bytes write in one or two digits, or NM_PITCH_CLASSES. */
static unsigned read_class(const char *text, size_t size) {
    unsigned class = 0;
    if (size < 1 || size > 2)
        return NM_PITCH_CLASSES;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return NM_PITCH_CLASSES;
        class = 10 * class + (unsigned)(text[i] - '0');
    }
    return class < NM_PITCH_CLASSES ? class : NM_PITCH_CLASSES;
}

/* The pitch that `size` bytes name, or NM_PITCHES. The last digit of the octave spares spelling
 * most of them. */
static unsigned read_pitch(const char *text, size_t size) {
    for (unsigned pitch = 0; pitch < NM_PITCHES && size; pitch++) {
        const unsigned octave = pitch / NM_PITCH_CLASSES;
        if (text[size - 1] != (char)('0' + (octave ? octave - 1 : 1)))
            continue;
        char name[NM_PITCH_TEXT_SIZE];
        nm_pitch_spell(name, pitch);
        if (strlen(name) == size && memcmp(name, text, size) == 0)
            return pitch;
    }
    return NM_PITCHES;
}

bool nm_chord_read(nm_pitch_set *out, const char *text) {
    const bool is_classes = text[0] >= '0' && text[0] <= '9';
    const bool is_single = !strchr(text, '.');
    *out = (nm_pitch_set){{0}};
    for (const char *part = text;; part++) {
        const size_t size = strcspn(part, ".");
        const unsigned number = is_classes ? read_class(part, size) : read_pitch(part, size);
        if (number == (is_classes ? NM_PITCH_CLASSES : NM_PITCHES))
            return false;
        nm_pitch_set_add(out, is_classes ? MIDDLE_C + number : number);
        if (is_classes && is_single)
            nm_pitch_set_add(out, MIDDLE_C + NM_PITCH_CLASSES + number);
        part += size;
        if (!*part)
            return true;
    }
}

static unsigned turn_classes(unsigned classes, int semitones) {
    const unsigned up =
        (unsigned)(semitones % NM_PITCH_CLASSES + NM_PITCH_CLASSES) % NM_PITCH_CLASSES;
    return (classes << up | classes >> (NM_PITCH_CLASSES - up)) & ALL_CLASSES;
}

static bool move_pitches(nm_pitch_set *out, const nm_pitch_set *set, int semitones) {
    *out = (nm_pitch_set){{0}};
    for (nm_pitch_set left = *set; !nm_pitch_set_is_empty(&left);) {
        const int pitch = (int)nm_pitch_set_take_lowest(&left) + semitones;
        if (pitch < 0 || pitch >= NM_PITCHES)
            return false;
        nm_pitch_set_add(out, (unsigned)pitch);
    }
    return true;
}

bool nm_chord_transpose(char out[NM_CHORD_TEXT_SIZE], const char *text, neume_voicing voicing,
                        int semitones) {
    nm_pitch_set set, moved;
    if (!nm_chord_read(&set, text))
        return false;
    if (text[0] >= '0' && text[0] <= '9') {
        spell_classes(out, turn_classes(nm_pitch_set_classes(&set), semitones));
        return true;
    }
    if (!move_pitches(&moved, &set, semitones))
        return false;
    nm_chord_spell(out, &moved, voicing);
    return true;
}
