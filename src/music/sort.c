/* SPDX-License-Identifier: ISC */
/* Tracks one after the other, each nearly in order: one pass spreads the items by the leading bits
 * of their numbers, about as many values as there are items, and insertion puts in order what is
 * near. Each track is read and written from its begin to its end, so that caches follow. Two
 * tracks, melody and chords or two hands, are merged instead. Only where an item is far from its
 * place does a radix sort take all digits, from the least significant on (Knuth, TAOCP 3, 5.2.5,
 * algorithm R).
 */
#include "music/sort.h"

#include "base/mem.h"

#include <string.h>

enum { NEAR = 8, FAR = 128, MAX_SIZE = 64, DIGIT_BITS = 11, MOST_BITS = 20 };

typedef uint64_t rank_of(const void *item);

/* `size` and `rank` are constants in most callers, here and below: so items move in registers, and
 * a note's rank takes no call. */
static inline uint64_t rank_of_note(const void *item) {
    const neume_note *note = item;
    return (uint64_t)note->track << 24 | (uint64_t)note->port << 16 | (uint64_t)note->channel << 8 |
           note->pitch;
}

const nm_sort_key nm_note_key = {sizeof(neume_note), rank_of_note};

uint64_t nm_rank_none(const void *item) {
    (void)item;
    return 0;
}

static inline uint64_t number_of(const uint8_t *item) {
    uint64_t number;
    memcpy(&number, item, sizeof number);
    return number;
}

/* What decides between two items. */
typedef struct place {
    uint64_t number, rank;
} place;

static inline place place_of(const uint8_t *item, rank_of *rank) {
    return (place){number_of(item), rank(item)};
}

/* Without a branch: whether numbers are equal is hard to foretell. */
static inline bool is_behind(place a, place b) {
    return (a.number > b.number) | ((a.number == b.number) & (a.rank > b.rank));
}

typedef struct insertion {
    uint8_t *items;
    size_t count;
    size_t furthest; /* that an item may go */
} insertion;

/* Moves item i down to its place among those before it; false where that is too far. */
static inline bool insert(const insertion *by, size_t i, size_t size, rank_of *rank) {
    uint8_t *const items = by->items;
    uint8_t item[MAX_SIZE];
    size_t to = i;
    memcpy(item, items + i * size, size);
    const place its = place_of(item, rank);
    if (i >= by->furthest && is_behind(place_of(items + (i - by->furthest) * size, rank), its))
        return false;
    do {
        memcpy(items + to * size, items + (to - 1) * size, size);
        to--;
    } while (to > 0 && is_behind(place_of(items + (to - 1) * size, rank), its));
    memcpy(items + to * size, item, size);
    return true;
}

/* Puts in order what is nearly so, up to an item that is too far from its place: how many these
 * are. Equals stay as they were. */
static inline size_t insert_all(const insertion *by, size_t size, rank_of *rank) {
    place highest = {0};
    for (size_t i = 0; i < by->count; i++) {
        const place its = place_of(by->items + i * size, rank);
        if (!is_behind(highest, its))
            highest = its;
        else if (!insert(by, i, size, rank))
            return i;
    }
    return by->count;
}

static size_t sort_by_insertion(const insertion *by, const nm_sort_key *key) {
    if (key == &nm_note_key)
        return insert_all(by, sizeof(neume_note), rank_of_note);
    if (key->size == 16)
        return insert_all(by, 16, key->rank);
    return insert_all(by, key->size, key->rank);
}

/* Whether the items, put in order where they nearly are, make one run, or two, of which the second
 * begins at `*second`: at the end of the list where one is enough. */
static bool find_runs(size_t *second, const insertion *by, const nm_sort_key *key) {
    *second = sort_by_insertion(by, key);
    if (*second == by->count)
        return true;
    const insertion rest = {by->items + *second * key->size, by->count - *second, by->furthest};
    return sort_by_insertion(&rest, key) == rest.count;
}

/* Two runs into one; of equals those of the first come first. Which item is next is hard to
 * foretell, so nothing branches on it. */
static inline void merge(uint8_t *to, const insertion *from, size_t second, size_t size,
                         rank_of *rank) {
    const uint8_t *a = from->items, *b = a + second * size;
    const uint8_t *const middle = b, *const end = a + from->count * size;
    while (a < middle && b < end) {
        const bool is_b = is_behind(place_of(a, rank), place_of(b, rank));
        memcpy(to, is_b ? b : a, size);
        to += size;
        a += is_b ? 0 : size;
        b += is_b ? size : 0;
    }
    memcpy(to, a, (size_t)(middle - a));
    memcpy(to + (middle - a), b, (size_t)(end - b));
}

static void merge_by(uint8_t *to, const insertion *from, size_t second, const nm_sort_key *key) {
    if (key == &nm_note_key)
        merge(to, from, second, sizeof(neume_note), rank_of_note);
    else
        merge(to, from, second, key->size, key->rank);
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
    return by->is_by_rank ? by->key->rank(item) : number_of(item);
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
    if (sort_by_insertion(&(insertion){by->from, by->count, FAR}, by->key) == by->count)
        return;
    sort_by_digits(by, true);
    sort_by_digits(by, false);
}

/* The items of both runs to fresh memory, which takes the place of the list's. */
static neume_status merge_runs(neume_context *context, uint8_t **items, const insertion *runs,
                               size_t second, const nm_sort_key *key) {
    uint8_t *to = NULL;
    if (!nm_resize(context, &to, runs->count, key->size))
        return NEUME_NO_MEMORY;
    merge_by(to, runs, second, key);
    nm_free(context, *items);
    *items = to;
    return NEUME_OK;
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

neume_status nm_sort(neume_context *context, void *items, size_t *capacity, size_t count,
                     const nm_sort_key *key) {
    uint8_t *list;
    size_t second;
    memcpy(&list, items, sizeof list);
    const insertion by = {list, count, NEAR};
    const bool has_runs = find_runs(&second, &by, key);
    if (has_runs && second == count)
        return NEUME_OK;
    const neume_status status = has_runs ? merge_runs(context, &list, &by, second, key)
                                         : spread(context, &list, count, key);
    if (status)
        return status;
    memcpy(items, &list, sizeof list);
    *capacity = count; /* at least, whichever block it is */
    return NEUME_OK;
}
