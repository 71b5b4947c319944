/* SPDX-License-Identifier: ISC */
/* Tracks one after the other, each nearly in order: one pass spreads the items by the leading bits
 * of their numbers, about as many values as there are items, and insertion puts in order what is
 * near. Each track is read and written from its begin to its end, so that caches follow. Only where
 * an item is far from its place does a radix sort take all digits, from the least significant on
 * (Knuth, TAOCP 3, 5.2.5, algorithm R). */
#include "music/sort.h"

#include "base/mem.h"

#include <string.h>

enum { NEAR = 32, FAR = 128, MAX_SIZE = 64, DIGIT_BITS = 11, MOST_BITS = 20 };

static inline uint64_t number_of(const uint8_t *item) {
    uint64_t number;
    memcpy(&number, item, sizeof number);
    return number;
}

/* What decides between equal numbers. `size` and `digit_count` are constants in most callers, here
 * and below: so items move in registers, and a rank takes no loop. */
static inline uint64_t rank_of(const uint8_t *item, const nm_sort_key *key, size_t digit_count) {
    uint64_t rank = 0;
    for (size_t d = 0; d < digit_count; d++)
        rank = rank << 8 | item[key->digits[d]];
    return rank;
}

static inline bool is_ordered(const uint8_t *a, const uint8_t *b, const nm_sort_key *key,
                              size_t digit_count) {
    const uint64_t one = number_of(a), other = number_of(b);
    if (one != other)
        return one < other;
    return rank_of(a, key, digit_count) <= rank_of(b, key, digit_count);
}

typedef struct insertion {
    uint8_t *items;
    size_t count;
    const nm_sort_key *key;
    size_t furthest; /* that an item may go */
} insertion;

/* Moves item i down to its place among those before it; false where that is too far. */
static inline bool insert(const insertion *by, size_t i, size_t size, size_t digit_count) {
    uint8_t *const items = by->items;
    uint8_t item[MAX_SIZE];
    size_t place = i;
    memcpy(item, items + i * size, size);
    if (i >= by->furthest &&
        !is_ordered(items + (i - by->furthest) * size, item, by->key, digit_count))
        return false;
    while (place > 0 && !is_ordered(items + (place - 1) * size, item, by->key, digit_count)) {
        memcpy(items + place * size, items + (place - 1) * size, size);
        place--;
    }
    memcpy(items + place * size, item, size);
    return true;
}

/* Puts in order what is nearly so. After false the items are nearer to it, and equals as before. */
static inline bool insert_all(const insertion *by, size_t size, size_t digit_count) {
    for (size_t i = 1; i < by->count; i++)
        if (!is_ordered(by->items + (i - 1) * size, by->items + i * size, by->key, digit_count) &&
            !insert(by, i, size, digit_count))
            return false;
    return true;
}

static bool sort_by_insertion(const insertion *by) {
    const nm_sort_key *key = by->key;
    if (key->size == 24 && key->digit_count == 5)
        return insert_all(by, 24, 5);
    if (key->size == 16 && key->digit_count == 4)
        return insert_all(by, 16, 4);
    return insert_all(by, key->size, key->digit_count);
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
    return by->is_by_rank ? rank_of(item, by->key, by->key->digit_count) : number_of(item);
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
        const size_t place = by->begins[word_of(by, i, size) >> shift & mask]++;
        memcpy(by->to + place * size, by->from + i * size, size);
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

/* Back where they came from. */
static void settle(radix_sort *by, uint8_t *items) {
    if (by->from == items)
        return;
    memcpy(items, by->from, by->count * by->key->size);
    by->to = by->from;
    by->from = items;
}

static void spread_and_insert(radix_sort *by) {
    uint8_t *const items = by->from;
    const unsigned all = bits_of(differences(by));
    const unsigned bits = lesser(all, lesser(bits_of(by->count), MOST_BITS));
    pass_by(by, all - bits, bits);
    settle(by, items);
    if (sort_by_insertion(&(insertion){items, by->count, by->key, FAR}))
        return;
    sort_by_digits(by, true);
    sort_by_digits(by, false);
    settle(by, items);
}

neume_status nm_sort(neume_context *context, void *items, size_t count, const nm_sort_key *key) {
    if (sort_by_insertion(&(insertion){items, count, key, NEAR}))
        return NEUME_OK;
    radix_sort by = {.from = items, .count = count, .key = key};
    const unsigned digit = lesser(bits_of(count), MOST_BITS);
    const unsigned bits = digit < DIGIT_BITS ? DIGIT_BITS : digit;
    uint8_t *room = NULL;
    neume_status status = NEUME_NO_MEMORY;
    if (count <= UINT32_MAX && nm_resize(context, &room, count, key->size) &&
        nm_resize(context, &by.begins, (size_t)1 << bits, sizeof *by.begins)) {
        by.to = room;
        spread_and_insert(&by);
        status = NEUME_OK;
    }
    nm_free(context, by.begins);
    nm_free(context, room);
    return status;
}
