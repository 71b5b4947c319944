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

/* Tracks that say who they are, and tracks whose items may be equal: then the first's come first.
 */
static void sorts_tracks_one_after_the_other(void **state) {
    static item items[MOST];
    for (unsigned tracks = 1; tracks <= 50; tracks += tracks < 4 ? 1 : 7)
        for (uint64_t step = 1; step <= 480; step *= 5)
            for (int is_named = 0; is_named < 2; is_named++) {
                for (size_t i = 0, tick = 0; i < MOST; i++) {
                    const size_t track = i / (MOST / tracks);
                    tick = i % (MOST / tracks) ? tick + (size_t)drawn(i, step) : 0;
                    items[i] =
                        (item){tick, 0, (uint8_t)(is_named ? track : 0), (uint8_t)drawn(i, 5)};
                }
                assert_sorts(*state, items, MOST);
            }
}

/* The second begins before the first, ends behind it, or is one item. */
static void sorts_two_tracks_of_any_length(void **state) {
    static item items[MOST];
    for (size_t first = 1; first < 400; first = 2 * first + 1)
        for (size_t second = 1; second < 400; second = 3 * second + 1)
            for (size_t begin = 0; begin <= 400; begin += 200) {
                for (size_t i = 0; i < first; i++)
                    items[i] = (item){200 + i, 0, 0, 0};
                for (size_t i = 0; i < second; i++)
                    items[first + i] = (item){begin + i, 0, 0, 0};
                assert_sorts(*state, items, first + second);
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

static void a_list_without_memory_is_in_order(void **state) {
    item *list = NULL;
    size_t capacity = 0;
    assert_int_equal(nm_sort(*state, &list, &capacity, 0, &item_key), NEUME_OK);
    assert_null(list);
    assert_int_equal(capacity, 0);
}

/* All of the leading bits are those of the last item: what is spread by them stays as it was. */
static void sorts_lists_with_one_item_far_away(void **state) {
    static item items[MOST];
    for (size_t i = 0; i < MOST; i++)
        items[i] = (item){drawn(i, 100000), 0, 0, (uint8_t)drawn(i + MOST, 3)};
    items[MOST - 1].number = UINT64_C(1) << 60;
    assert_sorts(*state, items, MOST);
}

/* Nearly all items of each track are in one place, and one is far away: what takes windows of equal
 * width finds most of them in the first. */
static void sorts_tracks_of_uneven_density(void **state) {
    static item items[MOST];
    for (size_t tracks = 2; tracks <= 40; tracks *= 4)
        for (unsigned bits = 0; bits <= 48; bits += 12) {
            const size_t each = MOST / tracks;
            for (size_t i = 0; i < each * tracks; i++)
                items[i] = (item){i % each / 3, 0, (uint8_t)(i / each), (uint8_t)drawn(i, 3)};
            for (size_t track = 1; track <= tracks; track++)
                items[track * each - 1].number = (MOST + track) << bits;
            assert_sorts(*state, items, each * tracks);
        }
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

static void assert_sorts_notes(neume_context *context, const neume_note *notes) {
    static neume_note expected[MOST];
    size_t capacity = MOST;
    neume_note *list = nm_alloc(context, capacity, sizeof *list);
    assert_non_null(list);
    memcpy(list, notes, sizeof expected);
    memcpy(expected, notes, sizeof expected);
    qsort(expected, MOST, sizeof *expected, compare_notes);
    assert_int_equal(nm_sort(context, &list, &capacity, MOST, &nm_note_key), NEUME_OK);
    assert_memory_equal(list, expected, sizeof expected);
    nm_free(context, list);
}

static neume_note drawn_note(uint64_t tick, size_t i) {
    return (neume_note){.start_ticks = tick,
                        .duration_ticks = i,
                        .track = (uint16_t)(255 + drawn(i + MOST, 3)),
                        .port = (uint8_t)drawn(i + 2 * MOST, 2),
                        .channel = (uint8_t)drawn(i + 3 * MOST, 2),
                        .program = (uint8_t)drawn(i + 4 * MOST, 128),
                        .pitch = (uint8_t)drawn(i + 5 * MOST, 3)};
}

/* Notes have loops of their own in the sort. Their duration says when they came. */
static void sorts_notes(void **state) {
    static neume_note notes[MOST];
    for (uint64_t ticks = 1; ticks <= UINT64_C(1) << 40; ticks <<= 10) {
        for (size_t i = 0; i < MOST; i++)
            notes[i] = drawn_note(drawn(i, ticks), i);
        assert_sorts_notes(*state, notes);
    }
    for (size_t tracks = 1; tracks <= 200; tracks += tracks < 3 ? 1 : 63) {
        for (size_t i = 0; i < MOST; i++)
            notes[i] = drawn_note(i % (MOST / tracks) / 2, i);
        assert_sorts_notes(*state, notes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts_tracks_one_after_the_other),
        cmocka_unit_test(sorts_two_tracks_of_any_length),
        cmocka_unit_test(sorts_what_is_in_no_order),
        cmocka_unit_test(a_list_without_memory_is_in_order),
        cmocka_unit_test(sorts_tracks_of_uneven_density),
        cmocka_unit_test(sorts_lists_with_one_item_far_away),
        cmocka_unit_test(sorts_notes),
    };
    return cmocka_run_group_tests(tests, test_set_up, test_tear_down);
}
