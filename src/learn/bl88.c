/* SPDX-License-Identifier: ISC */
#include "learn/bl88.h"

#include <math.h>
#include <string.h>

/* NM_BL88_KEYS or more: none. */
static unsigned key_of(neume_order order, uint32_t word) {
    return nm_frame_mirror(order, word - NM_FRAME_PITCH) - NM_BL88_LOWEST;
}

void nm_bl88_forbid(uint8_t never[NM_FRAME_WORDS], neume_order order) {
    for (uint32_t word = 0; word < NM_FRAME_WORDS; word++)
        never[word] =
            word >= NM_FRAME_PITCH ? key_of(order, word) >= NM_BL88_KEYS : word != NM_FRAME_PERIOD;
}

size_t nm_bl88_cut(neume_sequence *sequence, const uint8_t never[NM_FRAME_WORDS]) {
    size_t kept = 0, pitches = 0;
    for (size_t i = 0; i < sequence->step_count; i++) {
        const uint32_t word = sequence->words[i];
        if (never[word])
            pitches += word >= NM_FRAME_PITCH;
        else
            sequence->words[kept++] = word;
    }
    sequence->step_count = kept;
    return pitches;
}

size_t nm_bl88_beyond(const neume_sequence *roll) {
    size_t notes = 0;
    for (size_t t = 0; t < roll->step_count; t++)
        for (unsigned key = 0; key < NM_KEYS; key++)
            if (key - NM_BL88_LOWEST >= NM_BL88_KEYS)
                notes += nm_key_state(roll, t, key) != NM_KEY_REST;
    return notes;
}

static void add_key(double *nats, const neume_sequence *roll, unsigned key, double p) {
    const double is_on = -log(p), is_off = -log1p(-p);
    for (size_t t = 0; t < roll->step_count; t++)
        nats[t] += nm_key_state(roll, t, key) == NM_KEY_REST ? is_off : is_on;
}

void nm_bl88_add_outside(double *nats, const nm_units *units, const nm_key_counts *counts,
                         neume_pitch_range range) {
    for (unsigned key = NM_BL88_LOWEST; key <= NM_BL88_HIGHEST; key++) {
        if (key >= range.low && key <= range.high)
            continue;
        const double p = nm_key_counts_on(counts, key);
        for (size_t i = 0; i < units->piece_count; i++)
            add_key(nats + units->starts[i], &units->pieces[i].sequence, key, p);
    }
}

static void count_frame(nm_bl88_counts *counts, const bool *last, const bool *now) {
    counts->frames++;
    for (unsigned k = 0; k < NM_BL88_KEYS; k++) {
        counts->frames_after[last[k]][k]++;
        counts->after[last[k]][k] += now[k];
    }
}

static void count_first(nm_bl88_counts *counts, const bool *now) {
    counts->frames++;
    counts->pieces++;
    for (unsigned k = 0; k < NM_BL88_KEYS; k++)
        counts->first[k] += now[k];
}

/* The frame after `t` others. */
static void count_next(nm_bl88_counts *counts, size_t t, bool frames[2][NM_BL88_KEYS]) {
    if (t == 0)
        count_first(counts, frames[0]);
    else
        count_frame(counts, frames[(t + 1) % 2], frames[t % 2]);
}

static void count_roll(nm_bl88_counts *counts, const neume_sequence *roll) {
    bool frames[2][NM_BL88_KEYS];
    for (size_t t = 0; t < roll->step_count; t++) {
        for (unsigned k = 0; k < NM_BL88_KEYS; k++)
            frames[t % 2][k] = nm_key_state(roll, t, NM_BL88_LOWEST + k) != NM_KEY_REST;
        count_next(counts, t, frames);
    }
}

static void count_words(nm_bl88_counts *counts, neume_order order, const neume_sequence *sequence) {
    bool frames[2][NM_BL88_KEYS] = {{false}};
    size_t t = 0;
    for (size_t i = 0; i < sequence->step_count; i++) {
        bool *now = frames[t % 2];
        if (sequence->words[i] != NM_FRAME_PERIOD) {
            now[key_of(order, sequence->words[i])] = true;
            continue;
        }
        count_next(counts, t, frames);
        t++;
        memset(frames[t % 2], 0, sizeof frames[0]);
    }
}

void nm_bl88_count(nm_bl88_counts *counts, const neume_codec *codec,
                   const neume_sequence *sequence) {
    if (nm_codec_is_roll(codec))
        count_roll(counts, sequence);
    else
        count_words(counts, neume_codec_options_of(codec)->order, sequence);
}

static uint64_t sounding(const nm_bl88_counts *counts, unsigned key) {
    return counts->first[key] + counts->after[0][key] + counts->after[1][key];
}

/* Of a key that sounds in so many frames: -[on ln p + (frames - on) ln(1 - p)]. */
static double nats(uint64_t on, uint64_t frames, double p) {
    const double sounds = on ? (double)on * log(p) : 0;
    return -(sounds + (frames > on ? (double)(frames - on) * log1p(-p) : 0));
}

static double smoothed(uint64_t on, uint64_t frames) {
    return ((double)on + 0.5) / ((double)frames + 1);
}

static double density_of(const nm_bl88_counts *counts) {
    uint64_t on = 0;
    for (unsigned k = 0; k < NM_BL88_KEYS; k++)
        on += sounding(counts, k);
    return (double)on / ((double)counts->frames * NM_BL88_KEYS);
}

/* Before the first frame there is silence. */
static double repeat_accuracy(const nm_bl88_counts *test) {
    uint64_t right = 0, guessed_or_there = 0;
    for (unsigned k = 0; k < NM_BL88_KEYS; k++) {
        right += test->after[1][k];
        guessed_or_there += test->frames_after[1][k] + test->after[0][k] + test->first[k];
    }
    return guessed_or_there ? (double)right / (double)guessed_or_there : NAN;
}

neume_key_baselines nm_bl88_baselines(const nm_bl88_counts *train, const nm_bl88_counts *test) {
    if (train->frames == 0 || test->frames == 0)
        return (neume_key_baselines){NAN, NAN, NAN, NAN, NAN};
    const double frames = (double)test->frames, density = density_of(train);
    neume_key_baselines sums = {.half = NM_BL88_KEYS * log(2),
                                .repeat_accuracy = repeat_accuracy(test)};
    for (unsigned k = 0; k < NM_BL88_KEYS; k++) {
        const double p = smoothed(sounding(train, k), train->frames);
        sums.density += nats(sounding(test, k), test->frames, density) / frames;
        sums.key += nats(sounding(test, k), test->frames, p) / frames;
        sums.key_given_last += nats(test->first[k], test->pieces, p) / frames;
        for (unsigned s = 0; s < 2; s++)
            sums.key_given_last += nats(test->after[s][k], test->frames_after[s][k],
                                        smoothed(train->after[s][k], train->frames_after[s][k])) /
                                   frames;
    }
    return sums;
}
