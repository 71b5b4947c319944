/* SPDX-License-Identifier: ISC */
#include "learn/sampler.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

neume_sampling neume_sampling_default(void) {
    return (neume_sampling){.temperature = 1, .top_p = 0.95};
}

neume_status nm_sampling_check(const neume_sampling *sampling, neume_error *error) {
    if (!(sampling->temperature > 0) || isinf(sampling->temperature))
        return nm_fail(error, NEUME_BAD_USAGE, "temperature %g: expected a number above 0",
                       sampling->temperature);
    if (!(sampling->top_p > 0 && sampling->top_p <= 1))
        return nm_fail(error, NEUME_BAD_USAGE, "top-p %g: expected above 0, at most 1",
                       sampling->top_p);
    if (!(sampling->min_p >= 0 && sampling->min_p <= 1))
        return nm_fail(error, NEUME_BAD_USAGE, "min-p %g: expected 0 to 1", sampling->min_p);
    return NEUME_OK;
}

/* The first of the largest logits of the allowed words; V where none is allowed. */
static size_t likeliest(const nm_choices *choices) {
    size_t best = choices->V;
    for (size_t word = 0; word < choices->V; word++)
        if (choices->allowed[word] &&
            (best == choices->V || choices->logits[word] > choices->logits[best]))
            best = word;
    return best;
}

/* Floats as whole numbers in the same order; of equal ones the lower word is the larger. */
static uint64_t place_of(float logit, uint32_t word) {
    uint32_t bits;
    logit += 0.0F; /* -0 is 0 */
    memcpy(&bits, &logit, sizeof bits);
    bits = bits & 0x80000000 ? ~bits : bits | 0x80000000;
    return (uint64_t)bits << 32 | (uint32_t)~word;
}

static uint32_t word_at(uint64_t place) {
    return (uint32_t)~place;
}

static inline void exchange(uint64_t *a, uint64_t *b) {
    const uint64_t kept = *a;
    *a = *b;
    *b = kept;
}

/* Puts the middle one of the first, the one half-way and the last at the end. */
static void choose_pivot(uint64_t *order, size_t count) {
    uint64_t *a = order, *b = order + count / 2, *c = order + count - 1;
    if (*b > *a)
        exchange(a, b);
    if (*c > *b)
        exchange(b, c);
    if (*b > *a)
        exchange(a, b);
    exchange(b, c);
}

/* Divides words at one of them: the likelier come first, then this one, then the others. Returns
 * how many are likelier. Without a branch: which are is hard to foretell. */
static size_t divide(uint64_t *order, size_t count) {
    choose_pivot(order, count);
    const uint64_t pivot = order[count - 1];
    size_t likelier = 0;
    for (size_t i = 0; i < count - 1; i++) {
        const uint64_t place = order[i];
        order[i] = order[likelier];
        order[likelier] = place;
        likelier += place > pivot;
    }
    exchange(&order[likelier], &order[count - 1]);
    return likelier;
}

static double sum_of(nm_draw_room room, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += room.weights[word_at(room.order[i])];
    return sum;
}

/* Brings to the front the fewest of the likeliest whose weights sum up to `enough`, at least one
 * and not more than `most`, the least likely of them last; in time linear in the number of words,
 * as a rule (Hoare, Algorithm 65: find, 1961). Returns how many they are, and their sum. */
static size_t bring_likeliest(double *sum, nm_draw_room room, size_t count, size_t most,
                              double enough) {
    size_t begin = 0, end = count;
    *sum = 0;
    while (begin < end && begin < most && (begin == 0 || *sum < enough)) {
        const nm_draw_room rest = {room.weights, room.order + begin};
        const size_t first = divide(rest.order, end - begin);
        const double sum_of_first = sum_of(rest, first);
        if (first > 0 && (*sum + sum_of_first >= enough || begin + first >= most)) {
            end = begin + first;
            continue;
        }
        *sum += sum_of_first + room.weights[word_at(rest.order[first])];
        begin += first + 1;
    }
    return begin;
}

/* The allowed words with their weights; returns how many, and the sum of the weights. */
static size_t gather(double *sum, nm_draw_room room, const nm_choices *choices, double largest,
                     double temperature) {
    size_t count = 0;
    *sum = 0;
    for (size_t word = 0; word < choices->V; word++) {
        if (!choices->allowed[word])
            continue;
        const double weight = exp((choices->logits[word] - largest) / temperature);
        room.weights[word] = weight;
        room.order[count++] = place_of((float)choices->logits[word], (uint32_t)word);
        *sum += weight;
    }
    return count;
}

/* Keeps the words of a weight of at least `least`. */
static size_t drop_unlikely(double *sum, nm_draw_room room, size_t count, double least) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (room.weights[word_at(room.order[i])] >= least)
            room.order[kept++] = room.order[i];
    *sum = sum_of(room, kept);
    return kept;
}

/* Leaves the words that may be drawn, at least one. The likeliest weighs 1. */
static size_t truncate_to(const neume_sampling *sampling, double *sum, nm_draw_room room,
                          size_t count) {
    if (sampling->top_k && sampling->top_k < count)
        count = bring_likeliest(sum, room, count, sampling->top_k, INFINITY);
    if (sampling->top_p < 1)
        count = bring_likeliest(sum, room, count, count, sampling->top_p * *sum);
    if (sampling->min_p > 0)
        count = drop_unlikely(sum, room, count, sampling->min_p);
    return count;
}

/* The first word from `word` on that is possible, but may not be drawn; V where there is none. */
static size_t next_beside(const nm_choices *choices, size_t word) {
    enum { AT_ONCE = 8 };
    const uint8_t *allowed = choices->allowed, *possible = choices->possible;
    while (word + AT_ONCE <= choices->V && memcmp(allowed + word, possible + word, AT_ONCE) == 0)
        word += AT_ONCE;
    while (word < choices->V && possible[word] <= allowed[word])
        word++;
    return word;
}

/* The sum of exp(z - largest) over the words that may be drawn. */
static double sum_at_temperature_1(const nm_choices *choices, double largest) {
    double sum = 0;
    for (size_t word = 0; word < choices->V; word++)
        if (choices->allowed[word])
            sum += exp(choices->logits[word] - largest);
    return sum;
}

/* ln of the sum over all possible words of exp(z); over those that may be drawn it is `sum`
 * exp(largest). */
static double log_of_all(const nm_choices *choices, double sum, double largest) {
    const size_t V = choices->V;
    double top = largest;
    for (size_t word = next_beside(choices, 0); word < V; word = next_beside(choices, word + 1))
        top = fmax(top, choices->logits[word]);
    double all = sum * exp(largest - top);
    for (size_t word = next_beside(choices, 0); word < V; word = next_beside(choices, word + 1))
        all += exp(choices->logits[word] - top);
    return top + log(all);
}

neume_status nm_sample(nm_drawn *drawn, const neume_sampling *sampling, const nm_choices *choices,
                       double uniform, nm_draw_room room) {
    const size_t best = likeliest(choices);
    if (best == choices->V)
        return NEUME_BAD_USAGE;
    double sum, below;
    const double largest = choices->logits[best];
    size_t count = gather(&sum, room, choices, largest, sampling->temperature);
    if (!isfinite(sum))
        return NEUME_NOT_FINITE;
    const double sum_at_1 =
        sampling->temperature == 1 ? sum : sum_at_temperature_1(choices, largest);
    drawn->word = (uint32_t)best;
    if (!sampling->greedy) {
        count = truncate_to(sampling, &sum, room, count);
        const double above = nextafter(uniform * sum, INFINITY);
        count = bring_likeliest(&below, room, count, count, above);
        drawn->word = word_at(room.order[count - 1]);
    }
    drawn->log_probability = choices->logits[drawn->word] - log_of_all(choices, sum_at_1, largest);
    return NEUME_OK;
}
