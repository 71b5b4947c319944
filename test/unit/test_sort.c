/* SPDX-License-Identifier: ISC */
/* Lists of all shapes against the definition: ordered, and equals as they came. */
#include "test.h"

#include "base/mem.h"
#include "base/rng.h"
#include "music/sort.h"

#include <string.h>

typedef struct item {
    uint64_t number;
    uint32_t came; /* the index that it had */
    uint8_t high, low;
} item;

static uint64_t rank_item(const void *it) {
    return (uint64_t)((const item *)it)->high << 8 | ((const item *)it)->low;
}

static const nm_sort_key item_key = {sizeof(item), rank_item};

enum { MOST = 20000 };

static int compare(const void *a, const void *b) {
    const item *x = a, *y = b;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    if (x->high != y->high)
        return x->high - y->high;
    if (x->low != y->low)
        return x->low - y->low;
    return (x->came > y->came) - (x->came < y->came);
}

static void assert_sorts(neume_context *context, const item *items, size_t count) {
    static item expected[MOST];
    size_t capacity = MOST;
    item *list = nm_alloc(context, capacity, sizeof *list);
    assert_non_null(list);
    for (size_t i = 0; i < count; i++) {
        list[i] = items[i];
        list[i].came = (uint32_t)i;
    }
    memcpy(expected, list, count * sizeof *list);
    qsort(expected, count, sizeof *expected, compare);
    assert_int_equal(nm_sort(context, &list, &capacity, count, &item_key), NEUME_OK);
    assert_in_range(capacity, count, MOST);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(list[i].came, expected[i].came);
    nm_free(context, list);
}

static uint64_t drawn(uint64_t draw, uint64_t below) {
    const nm_random random = nm_random_at(7, NM_PURPOSE_TEST, 0, draw);
    return ((uint64_t)random.word[0] << 32 | random.word[1]) % below;
}

static void sorts_tracks_one_after_the_other(void **state) {
    static item items[MOST];
    for (unsigned tracks = 1; tracks <= 50; tracks += 7)
        for (uint64_t step = 1; step <= 480; step *= 5) {
            for (size_t i = 0, tick = 0; i < MOST; i++) {
                tick = i % (MOST / tracks) ? tick + (size_t)drawn(i, step) : 0;
                items[i] = (item){tick, 0, (uint8_t)(i / (MOST / tracks)), (uint8_t)drawn(i, 5)};
            }
            assert_sorts(*state, items, MOST);
        }
}

static void sorts_what_is_in_no_order(void **state) {
    static const uint64_t ranges[] = {1, 3, 1000, UINT64_C(1) << 33, UINT64_MAX};
    static item items[MOST];
    for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++)
        for (size_t count = 0; count <= MOST; count = 3 * count + 1) {
            for (size_t i = 0; i < count; i++)
                items[i] = (item){drawn(i, ranges[r]), 0, (uint8_t)drawn(i + MOST, 3),
                                  (uint8_t)drawn(i + 2 * MOST, 200)};
            assert_sorts(*state, items, count);
        }
}

/* All of the leading bits are those of the last item: what is spread by them stays as it was. */
static void sorts_lists_with_one_item_far_away(void **state) {
    static item items[MOST];
    for (size_t i = 0; i < MOST; i++)
        items[i] = (item){drawn(i, 100000), 0, 0, (uint8_t)drawn(i + MOST, 3)};
    items[MOST - 1].number = UINT64_C(1) << 60;
    assert_sorts(*state, items, MOST);
}

static int compare_notes(const void *a, const void *b) {
    const neume_note *x = a, *y = b;
    if (x->start_ticks != y->start_ticks)
        return x->start_ticks < y->start_ticks ? -1 : 1;
    const int differences[] = {x->track - y->track, x->port - y->port, x->channel - y->channel,
                               x->pitch - y->pitch};
    for (size_t i = 0; i < sizeof differences / sizeof *differences; i++)
        if (differences[i])
            return differences[i];
    return (x->duration_ticks > y->duration_ticks) - (x->duration_ticks < y->duration_ticks);
}

/* Notes have a loop of their own in the sort. Their duration says when they came. */
static void sorts_notes(void **state) {
    static neume_note expected[MOST];
    for (uint64_t ticks = 1; ticks <= UINT64_C(1) << 40; ticks <<= 10) {
        size_t capacity = MOST;
        neume_note *notes = nm_alloc(*state, capacity, sizeof *notes);
        assert_non_null(notes);
        for (size_t i = 0; i < MOST; i++)
            notes[i] = (neume_note){.start_ticks = drawn(i, ticks),
                                    .duration_ticks = i,
                                    .track = (uint16_t)(255 + drawn(i + MOST, 3)),
                                    .port = (uint8_t)drawn(i + 2 * MOST, 2),
                                    .channel = (uint8_t)drawn(i + 3 * MOST, 2),
                                    .program = (uint8_t)drawn(i + 4 * MOST, 128),
                                    .pitch = (uint8_t)drawn(i + 5 * MOST, 3)};
        memcpy(expected, notes, sizeof expected);
        qsort(expected, MOST, sizeof *expected, compare_notes);
        assert_int_equal(nm_sort(*state, &notes, &capacity, MOST, &nm_note_key), NEUME_OK);
        assert_memory_equal(notes, expected, sizeof expected);
        nm_free(*state, notes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts_tracks_one_after_the_other),
        cmocka_unit_test(sorts_what_is_in_no_order),
        cmocka_unit_test(sorts_lists_with_one_item_far_away),
        cmocka_unit_test(sorts_notes),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
