/* SPDX-License-Identifier: ISC */
/* Ranks over MPI exchange bytes and sums, started by a launcher. Usage: exchange sum|tree COUNT;
 * fails where there are not COUNT ranks. */
#include "mpi/ranks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 40, ROUNDS = 3, MOST_RANKS = 16 };

static const neume_ranks *ranks;
static neume_error error;
static unsigned faults;

#define CHECK(condition) check((condition), #condition, __LINE__)

static void check(bool holds, const char *what, int line) {
    if (holds)
        return;
    if (faults++ < 10)
        printf("rank %u: line %d: %s does not hold; %s\n", ranks->rank, line, what, error.line);
}

/* Of rank, bucket and place: numbers whose sums depend on the order in which they are added. */
static float number(unsigned rank, size_t bucket, size_t i) {
    uint32_t x = (uint32_t)(i * 2654435761u) ^ (rank * 40503u + 17u) ^ (uint32_t)(bucket * 97u);
    x = (x ^ x >> 15) * 2246822519u;
    x ^= x >> 13;
    return ((float)(x & 0xffff) - 32768.0f) / (float)(1 + (x >> 28));
}

/* ((0 + 1) + (2 + 3)) + ... */
static float tree(unsigned first, unsigned count, size_t bucket, size_t i) {
    if (count == 1)
        return number(first, bucket, i);
    unsigned half = 1;
    while (2 * half < count)
        half *= 2;
    return tree(first, half, bucket, i) + tree(first + half, count - half, bucket, i);
}

/* Odd ones, none, fewer than ranks, and one longer than a piece of 4 Mi values. */
static size_t size_of(size_t bucket) {
    static const size_t sizes[] = {1, 0, 3, 4097, 65537, 129, 2, 1000003};
    return bucket == 7 ? ((size_t)4 << 20) + 5 : sizes[bucket % 8] % 300007;
}

static void gathers_what_each_rank_has(size_t size) {
    unsigned char *mine = malloc(size + 1), *all = malloc(size * ranks->count + 1);
    memset(mine, (int)ranks->rank + 1, size + 1);
    mine[0] = (unsigned char)(ranks->rank + 101);
    CHECK(ranks->gather(ranks->data, all, mine, size, &error) == NEUME_OK);
    for (unsigned r = 0; r < ranks->count && size > 1; r++) {
        const unsigned char *of = all + r * size;
        CHECK(of[0] == r + 101 && of[1] == r + 1 && of[size - 1] == r + 1);
    }
    free(mine);
    free(all);
}

static void broadcasts_what_one_rank_has(unsigned from, size_t size) {
    unsigned char *bytes = malloc(size + 1);
    memset(bytes, ranks->rank == from ? 42 : 7, size + 1);
    CHECK(ranks->broadcast(ranks->data, from, bytes, size, &error) == NEUME_OK);
    size_t same = 0;
    while (same < size && bytes[same] == 42)
        same++;
    CHECK(same == size);
    CHECK(bytes[size] == (ranks->rank == from ? 42 : 7));
    free(bytes);
}

/* As a backward pass does between two buckets. */
static double compute(size_t bucket) {
    double sum = 0;
    for (size_t i = 0; i < 200000; i++)
        sum += 1.0 / (double)(i + bucket + 1);
    return sum;
}

static uint64_t hash(uint64_t seed, const float *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, values + i, sizeof bits);
        seed = (seed ^ bits) * 1099511628211u;
    }
    return seed;
}

static bool is_near(float sum, size_t bucket, size_t i) {
    double exact = 0, size = 0;
    for (unsigned r = 0; r < ranks->count; r++) {
        exact += (double)number(r, bucket, i);
        size += 65536;
    }
    const double error_of_sum = (double)sum - exact;
    return error_of_sum * error_of_sum <= size * size * 1e-12;
}

static void has_the_sums(const float *values, size_t bucket, bool is_tree) {
    const size_t count = size_of(bucket);
    size_t wrong = 0;
    for (size_t i = 0; i < count; i += 1 + count / 5003) {
        const float of_tree = tree(0, ranks->count, bucket, i);
        wrong += is_tree ? memcmp(&of_tree, values + i, sizeof of_tree) != 0
                         : !is_near(values[i], bucket, i);
    }
    CHECK(wrong == 0);
}

static void adds_many_buckets_under_way_at_once(bool is_tree) {
    float *values[BUCKETS];
    double computed = 0;
    for (size_t b = 0; b < BUCKETS; b++) {
        values[b] = malloc((size_of(b) + 1) * sizeof(float));
        for (size_t i = 0; i <= size_of(b); i++)
            values[b][i] = number(ranks->rank, b, i);
        ranks->reduce_begin(ranks->data, values[b], size_of(b));
        computed += compute(b);
        if (b % 16 == 5)
            gathers_what_each_rank_has(64);
    }
    CHECK(computed > 0);
    CHECK(ranks->reduce_end(ranks->data, &error) == NEUME_OK);
    uint64_t mine = 14695981039346656037u, all[MOST_RANKS];
    for (size_t b = 0; b < BUCKETS; b++) {
        const float after = number(ranks->rank, b, size_of(b));
        has_the_sums(values[b], b, is_tree);
        CHECK(memcmp(&after, values[b] + size_of(b), sizeof after) == 0);
        mine = hash(mine, values[b], size_of(b));
        free(values[b]);
    }
    CHECK(ranks->gather(ranks->data, all, &mine, sizeof mine, &error) == NEUME_OK);
    for (unsigned r = 0; r < ranks->count; r++)
        CHECK(all[r] == mine);
}

/* Of all ranks, for others than rank 0 cannot say theirs. */
static unsigned gather_faults(void) {
    unsigned all[MOST_RANKS], sum = 0;
    CHECK(ranks->gather(ranks->data, all, &faults, sizeof faults, &error) == NEUME_OK);
    for (unsigned r = 0; r < ranks->count; r++) {
        sum += all[r];
        if (all[r])
            printf("rank %u: %u faults\n", r, all[r]);
    }
    return sum;
}

int main(int argc, char **argv) {
    const bool is_tree = argc == 3 && strcmp(argv[1], "tree") == 0;
    const unsigned count = argc == 3 ? (unsigned)atoi(argv[2]) : 0;
    const nm_mpi_options options = {.is_deterministic = is_tree};
    nm_mpi *mpi;
    neume_status status = nm_mpi_start(&mpi, &options, &error);
    ranks = nm_mpi_ranks(mpi);
    if (status || !ranks || ranks->count != count || count > MOST_RANKS) {
        fprintf(stderr, "expected %u ranks, found %u; %s\n", count, ranks ? ranks->count : 0,
                error.line);
        return 1;
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        static const size_t sizes[] = {0, 1, 64, 100003, 9000001};
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            gathers_what_each_rank_has(sizes[i]);
            broadcasts_what_one_rank_has((unsigned)i % count, 2 * sizes[i]);
        }
        adds_many_buckets_under_way_at_once(is_tree);
    }
    const unsigned sum = gather_faults();
    if (!nm_mpi_finish(mpi, &status, &error))
        nm_mpi_abort(mpi, 1);
    printf("%u faults on %u ranks\n", sum, count);
    return sum || status;
}
