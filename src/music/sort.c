/* SPDX-License-Identifier: ISC */
/* Radix sort by bytes from the least significant on (Knuth, TAOCP 3, 5.2.5, algorithm R). Bytes in
 * which no two items differ are passed over: most of a 64-bit tick. */
#include "music/sort.h"

#include "base/mem.h"

#include <string.h>

static bool is_ordered(const uint8_t *a, const uint8_t *b, const nm_sort_key *key) {
    for (size_t d = key->digit_count; d-- > 0;) {
        const size_t at = key->digits[d];
        if (a[at] != b[at])
            return a[at] < b[at];
    }
    return true;
}

static bool is_sorted(const uint8_t *items, size_t count, const nm_sort_key *key) {
    for (size_t i = 1; i < count; i++)
        if (!is_ordered(items + (i - 1) * key->size, items + i * key->size, key))
            return false;
    return true;
}

/* One pass by the byte at `digit`. `size` is a constant in each caller, so that items move in
 * registers. */
static inline void pass(uint8_t *restrict to, const uint8_t *restrict from, size_t count,
                        size_t digit, size_t size) {
    size_t place[256] = {0};
    for (size_t i = 0; i < count; i++)
        place[from[i * size + digit]]++;
    size_t sum = 0;
    for (size_t value = 0; value < 256; value++) {
        const size_t of_value = place[value];
        place[value] = sum;
        sum += of_value;
    }
    for (size_t i = 0; i < count; i++)
        memcpy(to + place[from[i * size + digit]]++ * size, from + i * size, size);
}

static void pass_of_size(uint8_t *to, const uint8_t *from, size_t count, size_t digit,
                         size_t size) {
    if (size == 24)
        pass(to, from, count, digit, 24);
    else if (size == 16)
        pass(to, from, count, digit, 16);
    else
        pass(to, from, count, digit, size);
}

/* The bits of every byte of an item in which any item differs from the first. */
static void find_differences(uint8_t *differs, const uint8_t *items, size_t count, size_t size) {
    for (size_t i = 1; i < count; i++)
        for (size_t at = 0; at < size; at++)
            differs[at] |= items[i * size + at] ^ items[at];
}

neume_status nm_sort(neume_context *context, void *items, size_t count, const nm_sort_key *key) {
    if (is_sorted(items, count, key))
        return NEUME_OK;
    uint8_t *scratch = NULL;
    if (!nm_resize(context, &scratch, count, key->size))
        return NEUME_NO_MEMORY;
    uint8_t differs[NM_SORT_MAX_SIZE] = {0};
    find_differences(differs, items, count, key->size);
    uint8_t *from = items, *to = scratch;
    for (size_t d = 0; d < key->digit_count; d++) {
        if (!differs[key->digits[d]])
            continue;
        pass_of_size(to, from, count, key->digits[d], key->size);
        uint8_t *sorted = to;
        to = from;
        from = sorted;
    }
    if (from == scratch)
        memcpy(items, scratch, count * key->size);
    nm_free(context, scratch);
    return NEUME_OK;
}
