/* SPDX-License-Identifier: ISC */
/* Runs are merged by their numbers; then insertion puts in order what is near. Two runs, melody and
 * chords or two hands, are halved, and both halves merged at once: which item is next is hard to
 * foretell, and takes as long to find out as to move two. More runs go from window to window: what
 * of each run falls into one is spread over its buckets. So runs are read, and the list is written,
 * from begin to end, and the buckets stay in the nearest cache.
 */
#include "music/sort_runs.h"

#include "music/sort_items.h"

enum { MOST_BUCKETS = 1024 };

static void end_run(nm_runs *runs, const uint8_t *end, uint64_t highest) {
    runs->end[runs->count++] = end;
    if (highest > runs->highest)
        runs->highest = highest;
}

static void begin_run(nm_runs *runs, const uint8_t *at) {
    const uint64_t first = nm_number_of(at);
    runs->at[runs->count] = at;
    if (first < runs->lowest)
        runs->lowest = first;
}

static inline bool find_runs(nm_runs *runs, const uint8_t *items, size_t count, size_t size) {
    const uint8_t *const end = items + count * size;
    uint64_t before = 0;
    runs->count = 0;
    runs->lowest = UINT64_MAX;
    runs->highest = 0;
    begin_run(runs, items);
    for (const uint8_t *item = items; item < end; item += size) {
        const uint64_t number = nm_number_of(item);
        if (number < before) {
            end_run(runs, item, before);
            if (runs->count == NM_MOST_RUNS)
                return false;
            begin_run(runs, item);
        }
        before = number;
    }
    end_run(runs, end, before);
    return true;
}

bool nm_find_runs(nm_runs *runs, const uint8_t *items, size_t count, const nm_sort_key *key) {
    if (key->size == 24)
        return find_runs(runs, items, count, 24);
    if (key->size == 16)
        return find_runs(runs, items, count, 16);
    return find_runs(runs, items, count, key->size);
}

/* Two runs that are merged. */
typedef struct pair {
    const uint8_t *a, *a_end, *b, *b_end;
    uint8_t *to;
} pair;

/* How many items may surely be moved before one of the runs ends. */
static inline size_t steps_of(const pair *of, size_t size) {
    const size_t a = (size_t)(of->a_end - of->a), b = (size_t)(of->b_end - of->b);
    return (a < b ? a : b) / size;
}

/* Moves the next item; of equals that of `a`. */
static inline void step(pair *of, size_t size) {
    const size_t is_b = -(size_t)(nm_number_of(of->b) < nm_number_of(of->a));
    memcpy(of->to, of->a + ((size_t)(of->b - of->a) & is_b), size);
    of->to += size;
    of->a += size & ~is_b;
    of->b += size & is_b;
}

static inline void finish(pair *of, size_t size) {
    for (size_t steps = steps_of(of, size); steps; steps = steps_of(of, size))
        for (size_t i = 0; i < steps; i++)
            step(of, size);
    const size_t a = (size_t)(of->a_end - of->a), b = (size_t)(of->b_end - of->b);
    memcpy(of->to, of->a, a);
    memcpy(of->to + a, of->b, b);
}

/* How many of the first `half` items in order are of the first run. */
static inline size_t share_of_first(const nm_runs *runs, size_t half, size_t size) {
    const size_t a = (size_t)(runs->end[0] - runs->at[0]) / size;
    const size_t b = (size_t)(runs->end[1] - runs->at[1]) / size;
    size_t low = half > b ? half - b : 0, high = half < a ? half : a;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const uint8_t *of_b = runs->at[1] + (half - 1 - middle) * size;
        if (nm_number_of(of_b) < nm_number_of(runs->at[0] + middle * size))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static inline void merge_two(uint8_t *to, const nm_runs *runs, size_t count, size_t size) {
    const size_t half = count / 2, share = share_of_first(runs, half, size);
    const uint8_t *a = runs->at[0] + share * size, *b = runs->at[1] + (half - share) * size;
    pair first = {runs->at[0], a, runs->at[1], b, to};
    pair second = {a, runs->end[0], b, runs->end[1], to + half * size};
    for (;;) {
        const size_t of_first = steps_of(&first, size), of_second = steps_of(&second, size);
        const size_t steps = of_first < of_second ? of_first : of_second;
        for (size_t i = 0; i < steps; i++) {
            step(&first, size);
            step(&second, size);
        }
        if (!steps)
            break;
    }
    finish(&first, size);
    finish(&second, size);
}

/* Buckets of numbers from `low` on. */
typedef struct window {
    uint64_t low;
    unsigned shift;                /* 2^shift numbers make a bucket */
    size_t bucket_count;           /* as many as the items of a small list, or a power of two */
    uint32_t begins[MOST_BUCKETS]; /* where the items of a bucket go */
    const uint8_t *end[NM_MOST_RUNS];
} window;

static inline uint64_t bucket_of(const window *of, const uint8_t *item) {
    return (nm_number_of(item) - of->low) >> of->shift;
}

/* All numbers take twice as many buckets as there are items, or less. */
static void begin_windows(window *first, const nm_runs *runs, size_t count) {
    first->low = runs->lowest;
    first->bucket_count = MOST_BUCKETS;
    while (first->bucket_count / 2 > count)
        first->bucket_count /= 2;
    first->shift = 0;
    while ((runs->highest - runs->lowest) >> first->shift > 2 * count)
        first->shift++;
}

/* Where each run leaves the window, and where the items of each bucket go: how many there are. */
static inline size_t count_items(window *in, const nm_runs *runs, size_t size) {
    uint32_t sum = 0;
    memset(in->begins, 0, in->bucket_count * sizeof *in->begins);
    for (size_t r = 0; r < runs->count; r++) {
        const uint8_t *item = runs->at[r];
        for (; item < runs->end[r]; item += size) {
            const uint64_t bucket = bucket_of(in, item);
            if (bucket >= in->bucket_count)
                break;
            in->begins[bucket]++;
        }
        in->end[r] = item;
    }
    for (size_t i = 0; i < in->bucket_count; i++) {
        const uint32_t count = in->begins[i];
        in->begins[i] = sum;
        sum += count;
    }
    return sum;
}

static inline void spread_items(uint8_t *to, window *in, nm_runs *runs, size_t size) {
    for (size_t r = 0; r < runs->count; r++) {
        const uint8_t *item = runs->at[r];
        for (; item < in->end[r]; item += size)
            memcpy(to + in->begins[bucket_of(in, item)]++ * size, item, size);
        runs->at[r] = item;
    }
}

static inline bool merge_many(uint8_t *to, nm_runs *runs, size_t count, size_t size,
                              nm_rank_of *rank) {
    window now;
    begin_windows(&now, runs, count);
    for (;; now.low += (uint64_t)now.bucket_count << now.shift) {
        const size_t here = count_items(&now, runs, size);
        spread_items(to, &now, runs, size);
        if (!nm_insert_all(to, here, size, rank))
            return false;
        if ((runs->highest - now.low) >> now.shift < now.bucket_count)
            return true;
        to += here * size;
    }
}

static inline bool merge(uint8_t *to, nm_runs *runs, size_t count, size_t size, nm_rank_of *rank) {
    if (runs->count > 2)
        return merge_many(to, runs, count, size, rank);
    merge_two(to, runs, count, size);
    return nm_insert_all(to, count, size, rank);
}

bool nm_merge_runs(uint8_t *to, nm_runs *runs, size_t count, const nm_sort_key *key) {
    if (key == &nm_note_key)
        return merge(to, runs, count, sizeof(neume_note), nm_rank_of_note);
    if (key->size == 16)
        return merge(to, runs, count, 16, key->rank);
    return merge(to, runs, count, key->size, key->rank);
}
