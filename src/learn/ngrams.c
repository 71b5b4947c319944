/* SPDX-License-Identifier: ISC */
#include "learn/ngrams.h"

#include "base/mem.h"
#include "music/sort.h"

enum { LEAST_MERGED = 1 << 20 };

static void level_clear(neume_context *context, nm_ngram_level *order) {
    nm_free(context, order->contexts);
    nm_free(context, order->begins);
    nm_free(context, order->backoffs);
    nm_free(context, order->words);
    nm_free(context, order->shares);
    *order = (nm_ngram_level){0};
}

static void clear_model(nm_ngrams *ngrams) {
    nm_free(ngrams->context, ngrams->unigram);
    nm_free(ngrams->context, ngrams->p1);
    ngrams->unigram = ngrams->p1 = NULL;
    level_clear(ngrams->context, &ngrams->pairs);
    level_clear(ngrams->context, &ngrams->triads);
    ngrams->is_finished = false;
}

neume_status nm_ngrams_new(nm_ngrams **out, neume_context *context, uint32_t vocabulary) {
    *out = NULL;
    if (vocabulary < NM_WORD_FIRST || vocabulary > NM_MAX_NGRAM_WORDS)
        return NEUME_BAD_USAGE;
    nm_ngrams *ngrams = nm_alloc(context, 1, sizeof *ngrams);
    if (!ngrams)
        return NEUME_NO_MEMORY;
    ngrams->context = context;
    ngrams->vocabulary = vocabulary;
    ngrams->merge_at = LEAST_MERGED;
    *out = ngrams;
    return NEUME_OK;
}

void nm_ngrams_free(nm_ngrams *ngrams) {
    if (!ngrams)
        return;
    clear_model(ngrams);
    nm_free(ngrams->context, ngrams->triples.items);
    nm_free(ngrams->context, ngrams);
}

static bool reserve(nm_ngrams *ngrams, nm_counted_list *list, size_t count) {
    return nm_reserve(ngrams->context, &list->items, &list->capacity, count, sizeof *list->items);
}

bool nm_ngrams_reserve(nm_ngrams *ngrams, size_t count) {
    return reserve(ngrams, &ngrams->triples, count);
}

/* Sorts a list and adds up what has the same key. */
static bool merge_equal(nm_ngrams *ngrams, nm_counted_list *list) {
    static const nm_sort_key by_key = {sizeof(nm_counted), nm_rank_none};
    if (list->count == 0)
        return true;
    if (nm_sort(ngrams->context, &list->items, &list->capacity, list->count, &by_key))
        return false;
    size_t last = 0;
    for (size_t i = 1; i < list->count; i++) {
        if (list->items[i].key == list->items[last].key)
            list->items[last].count += list->items[i].count;
        else
            list->items[++last] = list->items[i];
    }
    list->count = last + 1;
    return true;
}

/* From where on it is worth it: twice what there is. */
static bool merge_some(nm_ngrams *ngrams) {
    if (!merge_equal(ngrams, &ngrams->triples))
        return false;
    ngrams->merge_at = 2 * ngrams->triples.count;
    if (ngrams->merge_at < LEAST_MERGED)
        ngrams->merge_at = LEAST_MERGED;
    return true;
}

neume_status nm_ngrams_add(nm_ngrams *ngrams, nm_line line) {
    size_t total;
    if (ngrams->triples.count >= ngrams->merge_at && !merge_some(ngrams))
        return NEUME_NO_MEMORY;
    if (__builtin_add_overflow(ngrams->triples.count, line.count, &total) ||
        !reserve(ngrams, &ngrams->triples, total))
        return NEUME_NO_MEMORY;
    uint64_t before = (uint64_t)ngrams->vocabulary << NM_WORD_BITS | ngrams->vocabulary;
    for (size_t i = 0; i < line.count; i++) {
        const uint64_t key = before << NM_WORD_BITS | line.words[i * line.stride];
        ngrams->triples.items[ngrams->triples.count++] = (nm_counted){key, 1};
        before = key & (NM_WORD_MASK << NM_WORD_BITS | NM_WORD_MASK);
    }
    clear_model(ngrams);
    return NEUME_OK;
}

/* D(1), D(2), D(3 and more) from the numbers of n-grams seen once, twice, ...:
 *   Y = n1 / (n1 + 2 n2);  D(1) = 1 - 2 Y n2/n1;  D(2) = 2 - 3 Y n3/n2;  D(3) = 3 - 4 Y n4/n3.
 * Where there are too few for that, half of a count, one, one and a half. */
typedef struct discounts {
    double of[4]; /* of[0] = 0 */
} discounts;

static discounts discounts_of(const nm_counted *items, size_t count) {
    double n[5] = {0};
    for (size_t i = 0; i < count; i++)
        if (items[i].count < 5)
            n[items[i].count]++;
    discounts d = {{0, 0.5, 1, 1.5}};
    if (n[1] == 0 || n[2] == 0 || n[3] == 0)
        return d;
    const double y = n[1] / (n[1] + 2 * n[2]);
    const discounts fitted = {
        {0, 1 - 2 * y * n[2] / n[1], 2 - 3 * y * n[3] / n[2], 3 - 4 * y * n[4] / n[3]}};
    for (int c = 1; c < 4; c++)
        if (fitted.of[c] <= 0)
            return d;
    return fitted;
}

static double discount(const discounts *d, uint64_t count) {
    return d->of[count < 3 ? count : 3];
}

/* The lowest order: p(w) = (c - D(c)) / N + g / (V - 1), for the known words. */
static double *lowest_new(const nm_ngrams *ngrams, const nm_counted_list *words) {
    double *p = nm_alloc(ngrams->context, ngrams->vocabulary, sizeof *p);
    if (!p)
        return NULL;
    const discounts d = discounts_of(words->items, words->count);
    double total = 0, left = 0;
    for (size_t i = 0; i < words->count; i++) {
        total += (double)words->items[i].count;
        left += discount(&d, words->items[i].count);
    }
    const double even = (total > 0 ? left / total : 1) / (ngrams->vocabulary - 1);
    for (uint32_t w = 0; w < ngrams->vocabulary; w++)
        p[w] = w == NM_WORD_UNKNOWN ? 0 : even;
    for (size_t i = 0; i < words->count; i++)
        p[words->items[i].key] +=
            ((double)words->items[i].count - discount(&d, words->items[i].count)) / total;
    return p;
}

static bool level_reserve(neume_context *context, nm_ngram_level *order, size_t contexts,
                          size_t words) {
    order->contexts = nm_alloc(context, contexts, sizeof *order->contexts);
    order->begins = nm_alloc(context, contexts + 1, sizeof *order->begins);
    order->backoffs = nm_alloc(context, contexts, sizeof *order->backoffs);
    order->words = nm_alloc(context, words, sizeof *order->words);
    order->shares = nm_alloc(context, words, sizeof *order->shares);
    return order->contexts && order->begins && order->backoffs && order->words && order->shares;
}

static uint64_t context_of(uint64_t key) {
    return key >> NM_WORD_BITS;
}

/* One context's words: items[begin..end). */
static void fill_context(nm_ngram_level *order, const nm_counted *items, size_t begin, size_t end,
                         const discounts *d) {
    double total = 0, left = 0;
    for (size_t i = begin; i < end; i++) {
        total += (double)items[i].count;
        left += discount(d, items[i].count);
    }
    for (size_t i = begin; i < end; i++) {
        order->words[i] = (uint32_t)(items[i].key & NM_WORD_MASK);
        order->shares[i] = ((double)items[i].count - discount(d, items[i].count)) / total;
    }
    order->contexts[order->context_count] = context_of(items[begin].key);
    order->backoffs[order->context_count++] = left / total;
    order->begins[order->context_count] = end;
}

static bool level_init(neume_context *context, nm_ngram_level *order, const nm_counted_list *list) {
    size_t contexts = 0;
    for (size_t i = 0; i < list->count; i++)
        contexts += i == 0 || context_of(list->items[i].key) != context_of(list->items[i - 1].key);
    if (!level_reserve(context, order, contexts, list->count))
        return false;
    const discounts d = discounts_of(list->items, list->count);
    for (size_t begin = 0, end; begin < list->count; begin = end) {
        for (end = begin + 1; end < list->count && context_of(list->items[end].key) ==
                                                       context_of(list->items[begin].key);)
            end++;
        fill_context(order, list->items, begin, end, &d);
    }
    return true;
}

/* The pairs in the triples, at their newer end: how many different words stood before each; or,
 * behind the begin, how often it was seen. */
static bool make_pairs(nm_ngrams *ngrams, nm_counted_list *out) {
    const nm_counted_list *triples = &ngrams->triples;
    if (!reserve(ngrams, out, triples->count))
        return false;
    for (size_t i = 0; i < triples->count; i++) {
        const uint64_t key = triples->items[i].key & (NM_WORD_MASK << NM_WORD_BITS | NM_WORD_MASK);
        const bool is_begin = context_of(key) == ngrams->vocabulary;
        out->items[i] = (nm_counted){key, is_begin ? triples->items[i].count : 1};
    }
    out->count = triples->count;
    return merge_equal(ngrams, out);
}

/* The last words of n-grams: how often they were seen; or, not `is_seen`, behind how many different
 * words. */
static bool make_words(nm_ngrams *ngrams, nm_counted_list *out, const nm_counted_list *longer,
                       bool is_seen) {
    if (!reserve(ngrams, out, ngrams->vocabulary))
        return false;
    for (uint32_t w = 0; w < ngrams->vocabulary; w++)
        out->items[w] = (nm_counted){w, 0};
    for (size_t i = 0; i < longer->count; i++)
        out->items[longer->items[i].key & NM_WORD_MASK].count +=
            is_seen ? longer->items[i].count : 1;
    for (uint32_t w = 0; w < ngrams->vocabulary; w++)
        if (out->items[w].count)
            out->items[out->count++] = out->items[w];
    return true;
}

/* The chance of an unseen word, s = (words seen once + 1/2) / (words + 1), the halves keep it off 0
 * and 1. */
static double unseen_of(const nm_counted_list *words) {
    double total = 0, once = 0;
    for (size_t i = 0; i < words->count; i++) {
        total += (double)words->items[i].count;
        once += words->items[i].count == 1;
    }
    return (once + 0.5) / (total + 1);
}

neume_status nm_ngrams_finish(nm_ngrams *ngrams) {
    nm_counted_list words = {0}, pairs = {0}, ones = {0};
    clear_model(ngrams);
    const bool is_done = merge_equal(ngrams, &ngrams->triples) &&
                         make_words(ngrams, &words, &ngrams->triples, true) &&
                         make_pairs(ngrams, &pairs) && make_words(ngrams, &ones, &pairs, false) &&
                         (ngrams->unigram = lowest_new(ngrams, &words)) &&
                         (ngrams->p1 = lowest_new(ngrams, &ones)) &&
                         level_init(ngrams->context, &ngrams->pairs, &pairs) &&
                         level_init(ngrams->context, &ngrams->triads, &ngrams->triples);
    if (is_done)
        ngrams->unseen = unseen_of(&words);
    nm_free(ngrams->context, words.items);
    nm_free(ngrams->context, pairs.items);
    nm_free(ngrams->context, ones.items);
    if (!is_done)
        clear_model(ngrams);
    ngrams->is_finished = is_done;
    return is_done ? NEUME_OK : NEUME_NO_MEMORY;
}
