/* SPDX-License-Identifier: ISC */
#include "learn/sampler.h"

#include "base/error.h"

#include <math.h>

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

/* The words to choose from, as a heap: the likeliest first, each before its children 2i + 1 and
 * 2i + 2. Those taken from it stand behind it, the first taken last. */
typedef struct word_heap {
    nm_candidate *items;
    size_t count; /* in the heap */
    size_t total; /* with those taken */
} word_heap;

/* Without a branch: which of two words is likelier is hard to foretell. */
static inline bool is_likelier(const nm_candidate *a, const nm_candidate *b) {
    return (a->weight > b->weight) | ((a->weight == b->weight) & (a->word < b->word));
}

/* Along the likelier children down to a leaf, and up from there: what was at the end of the heap
 * seldom goes far up. */
static void sift_down(const word_heap *heap, size_t parent) {
    nm_candidate *const items = heap->items;
    const nm_candidate item = items[parent];
    size_t hole = parent, child;
    while ((child = 2 * hole + 1) + 1 < heap->count) {
        child += is_likelier(&items[child + 1], &items[child]);
        items[hole] = items[child];
        hole = child;
    }
    if (child < heap->count) {
        items[hole] = items[child];
        hole = child;
    }
    while (hole > parent && is_likelier(&item, &items[(hole - 1) / 2])) {
        items[hole] = items[(hole - 1) / 2];
        hole = (hole - 1) / 2;
    }
    items[hole] = item;
}

static void take(word_heap *heap) {
    const nm_candidate first = heap->items[0];
    heap->count--;
    heap->items[0] = heap->items[heap->count];
    heap->items[heap->count] = first;
    sift_down(heap, 0);
}

/* The i-th likeliest, which is taken if it has not been. */
static const nm_candidate *ranked(word_heap *heap, size_t i) {
    while (heap->total - heap->count <= i)
        take(heap);
    return &heap->items[heap->total - 1 - i];
}

/* Fills the heap with the allowed words; returns the sum of their weights. */
static double gather(word_heap *heap, const nm_choices *choices, double largest,
                     double temperature) {
    double sum = 0;
    for (size_t word = 0; word < choices->V; word++) {
        if (!choices->allowed[word])
            continue;
        const double weight = exp((choices->logits[word] - largest) / temperature);
        heap->items[heap->count++] = (nm_candidate){weight, (uint32_t)word};
        sum += weight;
    }
    heap->total = heap->count;
    for (size_t parent = heap->count / 2; parent-- > 0;)
        sift_down(heap, parent);
    return sum;
}

/* How many of the likeliest are kept, at least one; `*sum` is that of all weights, and becomes that
 * of the kept ones. */
static size_t truncate_to(word_heap *heap, const neume_sampling *sampling, double *sum) {
    size_t most = heap->total, kept = 0;
    if (sampling->top_k && sampling->top_k < most) {
        most = sampling->top_k;
        *sum = 0;
        for (size_t i = 0; i < most; i++)
            *sum += ranked(heap, i)->weight;
    }
    const double enough = sampling->top_p < 1 ? sampling->top_p * *sum : INFINITY;
    const double least = sampling->min_p * ranked(heap, 0)->weight;
    for (*sum = 0; kept < most && *sum < enough; kept++) {
        const double weight = ranked(heap, kept)->weight;
        if (weight < least)
            break;
        *sum += weight;
    }
    return kept;
}

neume_status nm_sample(uint32_t *word, const neume_sampling *sampling, const nm_choices *choices,
                       double uniform, nm_candidate *scratch) {
    const size_t best = likeliest(choices);
    if (best == choices->V)
        return NEUME_BAD_USAGE;
    word_heap heap = {.items = scratch};
    double sum = gather(&heap, choices, choices->logits[best], sampling->temperature);
    if (!isfinite(sum))
        return NEUME_NOT_FINITE;
    *word = (uint32_t)best;
    if (sampling->greedy)
        return NEUME_OK;
    const size_t kept = truncate_to(&heap, sampling, &sum);
    double below = 0;
    for (size_t i = 0; i < kept; i++) {
        *word = ranked(&heap, i)->word;
        below += ranked(&heap, i)->weight;
        if (below > uniform * sum)
            break;
    }
    return NEUME_OK;
}

double nm_log_probability(const nm_choices *choices, uint32_t word) {
    const size_t best = likeliest(choices);
    if (best == choices->V)
        return -INFINITY;
    double sum = 0;
    for (size_t v = 0; v < choices->V; v++)
        if (choices->allowed[v])
            sum += exp((double)choices->logits[v] - choices->logits[best]);
    return (double)choices->logits[word] - choices->logits[best] - log(sum);
}
