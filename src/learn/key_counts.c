/* SPDX-License-Identifier: ISC */
#include "learn/key_counts.h"

#include "base/error.h"

#include <math.h>

static bool has_bit(const neume_sequence *sequence, size_t step, unsigned set, unsigned key) {
    const uint32_t *words = sequence->words + step * sequence->width + (size_t)set * NM_ROLL_WORDS;
    return words[key / 32] >> key % 32 & 1;
}

unsigned nm_key_state(const neume_sequence *sequence, size_t step, unsigned key) {
    if (!has_bit(sequence, step, 0, key))
        return NM_KEY_REST;
    const bool is_struck = sequence->width > NM_ROLL_WORDS && has_bit(sequence, step, 1, key);
    return is_struck ? NM_KEY_STRUCK : NM_KEY_HELD;
}

void nm_key_counts_add(nm_key_counts *counts, const neume_sequence *sequence) {
    counts->steps += sequence->step_count;
    for (unsigned key = 0; key < NM_KEYS; key++) {
        unsigned two = NM_KEY_REST, one = NM_KEY_REST;
        for (size_t t = 0; t < sequence->step_count; t++) {
            const unsigned now = nm_key_state(sequence, t, key);
            counts->of[key][two][one][now]++;
            two = one;
            one = now;
        }
    }
}

/* Counts of a key's states, summed over what came before. */
static void sum_states(uint64_t sums[NM_KEY_STATES], const nm_key_counts *counts, unsigned key) {
    for (unsigned two = 0; two < NM_KEY_STATES; two++)
        for (unsigned one = 0; one < NM_KEY_STATES; one++)
            for (unsigned now = 0; now < NM_KEY_STATES; now++)
                sums[now] += counts->of[key][two][one][now];
}

double nm_key_counts_on(const nm_key_counts *counts, unsigned key) {
    uint64_t sums[NM_KEY_STATES] = {0};
    sum_states(sums, counts, key);
    return ((double)(sums[NM_KEY_HELD] + sums[NM_KEY_STRUCK]) + 0.5) / ((double)counts->steps + 1);
}

/* Which states are possible: without onsets a key that is on is never struck; with them it is held
 * only behind a step in which it was on. */
static bool is_possible(bool has_onsets, unsigned before, unsigned now) {
    if (!has_onsets)
        return now != NM_KEY_STRUCK;
    return now != NM_KEY_HELD || before != NM_KEY_REST;
}

/* -ln p of a state by some counts. */
static double nats(const uint64_t of[NM_KEY_STATES], bool has_onsets, unsigned before,
                   unsigned now) {
    double sum = 0;
    for (unsigned state = 0; state < NM_KEY_STATES; state++)
        if (is_possible(has_onsets, before, state))
            sum += (double)of[state] + 0.5;
    return log(sum) - log((double)of[now] + 0.5);
}

static double possible_count(bool has_onsets, unsigned before) {
    return has_onsets && before != NM_KEY_REST ? 3 : 2;
}

void nm_key_counts_score(nm_baseline_sums *sums, const nm_key_counts *counts,
                         const neume_codec *codec, const neume_sequence *sequence) {
    const neume_pitch_range range = neume_codec_options_of(codec)->pitch_range;
    const bool has_onsets = sequence->width > NM_ROLL_WORDS;
    for (unsigned key = range.low; key <= range.high; key++) {
        uint64_t states[NM_KEY_STATES] = {0};
        unsigned two = NM_KEY_REST, one = NM_KEY_REST;
        sum_states(states, counts, key);
        for (size_t t = 0; t < sequence->step_count; t++) {
            const unsigned now = nm_key_state(sequence, t, key);
            sums->uniform += log(possible_count(has_onsets, one));
            sums->unigram += nats(states, has_onsets, one, now);
            sums->trigram += nats(counts->of[key][two][one], has_onsets, one, now);
            two = one;
            one = now;
        }
    }
}

enum { NUMBERS = NM_KEYS * NM_KEY_STATES * NM_KEY_STATES * NM_KEY_STATES };
static const uint64_t MAX_COUNT = UINT64_C(1) << 48;

void nm_key_counts_write(const nm_key_counts *counts, nm_buffer *out) {
    const uint64_t *numbers = &counts->of[0][0][0][0];
    nm_write_u64_le(out, counts->steps);
    for (size_t i = 0; i < NUMBERS; i++)
        nm_write_u64_le(out, numbers[i]);
}

neume_status nm_key_counts_read(nm_key_counts *out, neume_bytes bytes, neume_error *error) {
    nm_reader reader = nm_reader_on(bytes.data, bytes.size_bytes);
    uint64_t *numbers = &out->of[0][0][0][0];
    out->steps = nm_read_u64_le(&reader);
    bool is_good = out->steps <= MAX_COUNT;
    for (size_t i = 0; i < NUMBERS; i++) {
        numbers[i] = nm_read_u64_le(&reader);
        is_good = is_good && numbers[i] <= MAX_COUNT;
    }
    if (!is_good || reader.failed || nm_reader_left(&reader))
        return nm_fail(error, NEUME_BAD_MODEL, "key counts: not the counts of %d keys", NM_KEYS);
    return NEUME_OK;
}
