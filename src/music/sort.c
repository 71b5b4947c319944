/* SPDX-License-Identifier: ISC */
/* Radix sort from the least significant digit on (Knuth, TAOCP 3, 5.2.5, algorithm R), by the first
 * number alone: what is equal there comes nearly ordered from tracks one after the other, and is
 * put in order by insertion. Only where that would be far does the radix sort take all digits. */
#include "music/sort.h"

#include "base/mem.h"

#include <string.h>

enum { RADIX_BITS = 10, RADIX = 1 << RADIX_BITS, FURTHEST_INSERTION = 32, MAX_SIZE = 64 };

static inline uint64_t number_of(const uint8_t *item) {
    uint64_t number;
    memcpy(&number, item, sizeof number);
    return number;
}

static inline bool is_ordered(const uint8_t *a, const uint8_t *b, const nm_sort_key *key) {
    const uint64_t one = number_of(a), other = number_of(b);
    if (one != other)
        return one < other;
    for (size_t d = 0; d < key->digit_count; d++)
        if (a[key->digits[d]] != b[key->digits[d]])
            return a[key->digits[d]] < b[key->digits[d]];
    return true;
}

/* The digit of an item: some bits of its number, or the byte at `place`. */
typedef struct digit {
    unsigned shift, place;
    bool is_byte;
} digit;

static inline unsigned digit_of(const uint8_t *item, digit by) {
    return by.is_byte ? item[by.place] : (unsigned)(number_of(item) >> by.shift) & (RADIX - 1);
}

typedef struct lists {
    uint8_t *from, *to; /* sorted so far; room */
    size_t count;
} lists;

/* One pass of the radix sort. `size` is a constant in each caller, so that items move in registers.
 */
static inline void pass(lists *of, digit by, size_t size) {
    size_t place[RADIX] = {0}, sum = 0;
    for (size_t i = 0; i < of->count; i++)
        place[digit_of(of->from + i * size, by)]++;
    for (size_t value = 0; value < RADIX; value++) {
        const size_t of_value = place[value];
        place[value] = sum;
        sum += of_value;
    }
    for (size_t i = 0; i < of->count; i++) {
        const uint8_t *item = of->from + i * size;
        memcpy(of->to + place[digit_of(item, by)]++ * size, item, size);
    }
    uint8_t *sorted = of->to;
    of->to = of->from;
    of->from = sorted;
}

static void pass_by_number(lists *of, unsigned shift, size_t size) {
    const digit by = {.shift = shift};
    if (size == 24)
        pass(of, by, 24);
    else if (size == 16)
        pass(of, by, 16);
    else
        pass(of, by, size);
}

/* Digits in which no two items differ are passed over: most of a 64-bit tick. */
static void sort_by_number(lists *of, const nm_sort_key *key) {
    uint64_t differences = 0;
    for (size_t i = 1; i < of->count; i++)
        differences |= number_of(of->from + i * key->size) ^ number_of(of->from);
    for (unsigned shift = 0; shift < 64; shift += RADIX_BITS)
        if (differences >> shift & (RADIX - 1))
            pass_by_number(of, shift, key->size);
}

/* Moves an item down to its place among those before it; false where that is too far. */
static inline bool insert(uint8_t *items, size_t i, const nm_sort_key *key, size_t size) {
    uint8_t item[MAX_SIZE];
    size_t place = i;
    memcpy(item, items + i * size, size);
    while (place > 0 && i - place < FURTHEST_INSERTION &&
           !is_ordered(items + (place - 1) * size, item, key)) {
        memcpy(items + place * size, items + (place - 1) * size, size);
        place--;
    }
    memcpy(items + place * size, item, size);
    return i - place < FURTHEST_INSERTION;
}

/* Puts in order what is nearly so. After false the items are nearer to it, and equals as before. */
static inline bool insert_all(lists *of, const nm_sort_key *key, size_t size) {
    for (size_t i = 1; i < of->count; i++)
        if (!is_ordered(of->from + (i - 1) * size, of->from + i * size, key) &&
            !insert(of->from, i, key, size))
            return false;
    return true;
}

static bool sort_by_insertion(lists *of, const nm_sort_key *key) {
    if (key->size == 24)
        return insert_all(of, key, 24);
    if (key->size == 16)
        return insert_all(of, key, 16);
    return insert_all(of, key, key->size);
}

neume_status nm_sort(neume_context *context, void *items, size_t count, const nm_sort_key *key) {
    lists of = {items, NULL, count};
    if (sort_by_insertion(&of, key))
        return NEUME_OK;
    uint8_t *scratch = NULL;
    if (!nm_resize(context, &scratch, count, key->size))
        return NEUME_NO_MEMORY;
    of.to = scratch;
    sort_by_number(&of, key);
    if (!sort_by_insertion(&of, key)) {
        for (size_t d = key->digit_count; d-- > 0;)
            pass(&of, (digit){.place = key->digits[d], .is_byte = true}, key->size);
        sort_by_number(&of, key);
    }
    if (of.from == scratch)
        memcpy(items, scratch, count * key->size);
    nm_free(context, scratch);
    return NEUME_OK;
}
