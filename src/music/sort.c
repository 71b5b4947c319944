/* SPDX-License-Identifier: ISC */
/* Tracks one after the other, each nearly in order, are merged: see sort_runs.c. What is in no such
 * order is spread by the leading bits of its numbers, about as many values as there are items, and
 * insertion puts in order what is near. Only where an item is far from its place does a radix sort
 * take all digits, from the least significant on (Knuth, TAOCP 3, 5.2.5, algorithm R).
 */
#include "music/sort.h"

#include "base/mem.h"
#include "music/sort_items.h"
#include "music/sort_runs.h"

enum { DIGIT_BITS = 11, MOST_BITS = 20 };

static uint64_t rank_of_note(const void *item) {
    return nm_rank_of_note(item);
}

const nm_sort_key nm_note_key = {sizeof(neume_note), rank_of_note};

uint64_t nm_rank_none(const void *item) {
    (void)item;
    return 0;
}

static bool sort_by_insertion(uint8_t *items, size_t count, const nm_sort_key *key) {
    if (key == &nm_note_key)
        return nm_insert_all(items, count, sizeof(neume_note), nm_rank_of_note);
    if (key->size == 16)
        return nm_insert_all(items, count, 16, key->rank);
    return nm_insert_all(items, count, key->size, key->rank);
}

typedef struct radix_sort {
    uint8_t *from, *to; /* items in their order so far; room */
    uint32_t *begins;   /* where the items of a digit go */
    size_t count;
    const nm_sort_key *key;
    bool is_by_rank; /* else by number */
} radix_sort;

static inline uint64_t word_of(const radix_sort *by, size_t i, size_t size) {
    const uint8_t *item = by->from + i * size;
    return by->is_by_rank ? by->key->rank(item) : nm_number_of(item);
}

/* A stable pass by `bits` bits from `shift` on. */
static inline void pass(radix_sort *by, unsigned shift, unsigned bits, size_t size) {
    const uint64_t mask = (UINT64_C(1) << bits) - 1;
    uint32_t sum = 0;
    memset(by->begins, 0, sizeof *by->begins << bits);
    for (size_t i = 0; i < by->count; i++)
        by->begins[word_of(by, i, size) >> shift & mask]++;
    for (size_t digit = 0; digit <= mask; digit++) {
        const uint32_t of_digit = by->begins[digit];
        by->begins[digit] = sum;
        sum += of_digit;
    }
    for (size_t i = 0; i < by->count; i++) {
        const size_t at = by->begins[word_of(by, i, size) >> shift & mask]++;
        memcpy(by->to + at * size, by->from + i * size, size);
    }
    uint8_t *sorted = by->to;
    by->to = by->from;
    by->from = sorted;
}

static void pass_by(radix_sort *by, unsigned shift, unsigned bits) {
    if (by->key->size == 24)
        pass(by, shift, bits, 24);
    else if (by->key->size == 16)
        pass(by, shift, bits, 16);
    else
        pass(by, shift, bits, by->key->size);
}

/* The bits in which some items differ. */
static uint64_t differences(const radix_sort *by) {
    const uint64_t first = word_of(by, 0, by->key->size);
    uint64_t found = 0;
    for (size_t i = 1; i < by->count; i++)
        found |= word_of(by, i, by->key->size) ^ first;
    return found;
}

/* Digits in which no two items differ are passed over: most of a 64-bit tick. */
static void sort_by_digits(radix_sort *by, bool is_by_rank) {
    by->is_by_rank = is_by_rank;
    const uint64_t different = differences(by);
    for (unsigned shift = 0; shift < 64; shift += DIGIT_BITS)
        if (different >> shift & ((1u << DIGIT_BITS) - 1))
            pass_by(by, shift, DIGIT_BITS);
}

static unsigned bits_of(uint64_t number) {
    return number ? 64 - (unsigned)__builtin_clzll(number) : 0;
}

static unsigned lesser(unsigned a, unsigned b) {
    return a < b ? a : b;
}

static void spread_and_insert(radix_sort *by) {
    const unsigned all = bits_of(differences(by));
    const unsigned bits = lesser(all, lesser(bits_of(by->count), MOST_BITS));
    pass_by(by, all - bits, bits);
    if (sort_by_insertion(by->from, by->count, by->key))
        return;
    sort_by_digits(by, true);
    sort_by_digits(by, false);
}

static neume_status spread(neume_context *context, uint8_t **items, size_t count,
                           const nm_sort_key *key) {
    radix_sort by = {.from = *items, .count = count, .key = key};
    const unsigned digit = lesser(bits_of(count), MOST_BITS);
    const unsigned bits = digit < DIGIT_BITS ? DIGIT_BITS : digit;
    neume_status status = NEUME_NO_MEMORY;
    if (count <= UINT32_MAX && nm_resize(context, &by.to, count, key->size) &&
        nm_resize(context, &by.begins, (size_t)1 << bits, sizeof *by.begins)) {
        spread_and_insert(&by);
        *items = by.from;
        status = NEUME_OK;
    }
    nm_free(context, by.begins);
    nm_free(context, by.to);
    return status;
}

/* Of a list whose numbers do not fall, equals alone may be out of order. */
static inline bool order_equals(uint8_t *items, size_t count, size_t size, nm_rank_of *rank) {
    for (size_t i = 1; i < count; i++) {
        const uint8_t *item = items + i * size, *before = item - size;
        if (nm_number_of(before) == nm_number_of(item) && rank(before) > rank(item) &&
            !nm_insert(items, i, size, rank))
            return false;
    }
    return true;
}

static bool sort_run(uint8_t *items, size_t count, const nm_sort_key *key) {
    if (key == &nm_note_key)
        return order_equals(items, count, sizeof(neume_note), nm_rank_of_note);
    if (key->size == 16)
        return order_equals(items, count, 16, key->rank);
    return order_equals(items, count, key->size, key->rank);
}

/* False where the list is in no order that could be used, or there is no memory to use it. */
static bool sort_runs(neume_context *context, uint8_t **items, size_t count,
                      const nm_sort_key *key) {
    nm_runs runs;
    uint8_t *to = NULL;
    if (!nm_find_runs(&runs, *items, count, key))
        return false;
    if (runs.count == 1)
        return sort_run(*items, count, key);
    if (count > UINT32_MAX || !nm_resize(context, &to, count, key->size))
        return false;
    const bool is_merged = nm_merge_runs(to, &runs, count, key);
    nm_free(context, is_merged ? *items : to);
    if (is_merged)
        *items = to;
    return is_merged;
}

neume_status nm_sort(neume_context *context, void *items, size_t *capacity, size_t count,
                     const nm_sort_key *key) {
    uint8_t *before, *list;
    memcpy(&before, items, sizeof before);
    if (count == 0)
        return NEUME_OK;
    list = before;
    if (!sort_runs(context, &list, count, key)) {
        const neume_status status = spread(context, &list, count, key);
        if (status)
            return status;
    }
    if (list != before) {
        memcpy(items, &list, sizeof list);
        *capacity = count;
    }
    return NEUME_OK;
}
