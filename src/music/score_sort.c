/* SPDX-License-Identifier: ISC */
/* Radix sort by bytes from the least significant on (Knuth, TAOCP 3, 5.2.5, algorithm R). Bytes in
 * which no two items differ are passed over: most of a 64-bit tick. */
#include "music/score_sort.h"

#include "base/mem.h"

#include <string.h>

/* Where byte `k` of a field lies in its struct; k = 0 is the least significant. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BYTE_OF(type, field, k) (offsetof(type, field) + (k))
#else
#define BYTE_OF(type, field, k) (offsetof(type, field) + sizeof(((type *)0)->field) - 1 - (k))
#endif

#define START_BYTES(type)                                                                          \
    BYTE_OF(type, start_ticks, 0), BYTE_OF(type, start_ticks, 1), BYTE_OF(type, start_ticks, 2),   \
        BYTE_OF(type, start_ticks, 3), BYTE_OF(type, start_ticks, 4),                              \
        BYTE_OF(type, start_ticks, 5), BYTE_OF(type, start_ticks, 6),                              \
        BYTE_OF(type, start_ticks, 7)

enum { MAX_DIGITS = 13, MAX_ITEM = 24 };

/* The digits of a kind's key, least significant first, as positions of bytes in an item. */
typedef struct sort_key {
    size_t size;
    size_t digit_count;
    uint8_t digits[MAX_DIGITS];
} sort_key;

static const sort_key keys[] = {
    [NM_ITEM_NOTE] = {sizeof(neume_note),
                      13,
                      {BYTE_OF(neume_note, pitch, 0), BYTE_OF(neume_note, channel, 0),
                       BYTE_OF(neume_note, port, 0), BYTE_OF(neume_note, track, 0),
                       BYTE_OF(neume_note, track, 1), START_BYTES(neume_note)}},
    [NM_ITEM_GLOBAL] = {sizeof(neume_tempo), 8, {START_BYTES(neume_tempo)}},
    [NM_ITEM_CONTROL] = {sizeof(neume_control),
                         12,
                         {BYTE_OF(neume_control, channel, 0), BYTE_OF(neume_control, port, 0),
                          BYTE_OF(neume_control, track, 0), BYTE_OF(neume_control, track, 1),
                          START_BYTES(neume_control)}},
    [NM_ITEM_PITCH_BEND] = {sizeof(neume_pitch_bend),
                            12,
                            {BYTE_OF(neume_pitch_bend, channel, 0),
                             BYTE_OF(neume_pitch_bend, port, 0),
                             BYTE_OF(neume_pitch_bend, track, 0),
                             BYTE_OF(neume_pitch_bend, track, 1), START_BYTES(neume_pitch_bend)}},
    [NM_ITEM_TEXT] = {sizeof(neume_text),
                      10,
                      {BYTE_OF(neume_text, track, 0), BYTE_OF(neume_text, track, 1),
                       START_BYTES(neume_text)}},
};

_Static_assert(sizeof(neume_note) <= MAX_ITEM && sizeof(neume_text) <= MAX_ITEM, "items grew");
_Static_assert(sizeof(neume_tempo) == sizeof(neume_time_signature) &&
                   sizeof(neume_tempo) == sizeof(neume_key_signature) &&
                   offsetof(neume_tempo, start_ticks) == 0 &&
                   offsetof(neume_time_signature, start_ticks) == 0 &&
                   offsetof(neume_key_signature, start_ticks) == 0,
               "NM_ITEM_GLOBAL is one layout");

static bool is_ordered(const uint8_t *a, const uint8_t *b, const sort_key *key) {
    for (size_t d = key->digit_count; d-- > 0;) {
        const size_t at = key->digits[d];
        if (a[at] != b[at])
            return a[at] < b[at];
    }
    return true;
}

static bool is_sorted(const uint8_t *items, size_t count, const sort_key *key) {
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

neume_status nm_sort_items(neume_context *context, void *items, size_t count, nm_item_kind kind) {
    const sort_key *key = &keys[kind];
    if (is_sorted(items, count, key))
        return NEUME_OK;
    uint8_t *scratch = NULL;
    if (!nm_resize(context, &scratch, count, key->size))
        return NEUME_NO_MEMORY;
    uint8_t differs[MAX_ITEM] = {0};
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
