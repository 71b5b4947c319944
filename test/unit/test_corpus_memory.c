/* SPDX-License-Identifier: ISC */
/* With a cache the words of a corpus are not held in memory. */
#include "folder.h"

#include "learn/corpus.h"

#include <fcntl.h>

/* Each block has its size before it. */
typedef struct account {
    size_t out, most; /* bytes */
} account;

enum { HEAD = 16, TUNES = 200, NOTES = 200 };

static void *counted_reallocate(void *data, void *block, size_t size) {
    account *sum = data;
    char *old = block ? (char *)block - HEAD : NULL;
    size_t old_size = 0;
    if (old)
        memcpy(&old_size, old, sizeof old_size);
    sum->out += size - old_size;
    sum->most = sum->out > sum->most ? sum->out : sum->most;
    if (size == 0) {
        free(old);
        return NULL;
    }
    char *grown = realloc(old, size + HEAD);
    assert_non_null(grown);
    memcpy(grown, &size, sizeof size);
    return grown + HEAD;
}

/* Bytes at most while a corpus of `count` tunes is read; `steps` gets those of its pieces. */
static size_t most_bytes(const char *songs, const char *cache, size_t *steps) {
    account sum = {0};
    neume_context_options machine = neume_context_options_default();
    neume_corpus_options options = neume_corpus_options_default();
    neume_context *context = NULL;
    neume_corpus *corpus = NULL;
    machine.thread_count = 1;
    machine.isa = NEUME_ISA_C;
    machine.allocator = (neume_allocator){counted_reallocate, &sum};
    options.cache = cache;
    assert_int_equal(neume_context_new(&context, &machine, NULL), NEUME_OK);
    assert_int_equal(neume_corpus_load(&corpus, context, &options, (neume_inputs){&songs, 1}, NULL),
                     NEUME_OK);
    const neume_corpus_counts counts = neume_corpus_count(corpus);
    *steps = counts.train_steps + counts.valid_steps;
    neume_corpus_free(corpus);
    neume_context_free(context);
    assert_int_equal(sum.out, 0);
    return sum.most;
}

/* Read in one block: so it is the second start, which takes a piece after the other, that shows it.
 */
static void words_are_not_held_where_there_is_a_cache(void **state) {
    (void)state;
    const test_folder songs = test_folder_new(NULL), caches = test_folder_new(NULL);
    const struct timespec past[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    size_t steps;
    for (unsigned i = 0; i < TUNES; i++) {
        char name[32];
        snprintf(name, sizeof name, "%u.mid", i);
        test_put_tune(&songs, name, i, NOTES);
        assert_int_equal(utimensat(AT_FDCWD, test_path(&songs, name), past, 0), 0);
    }
    const size_t in_memory = most_bytes(songs.path, NULL, &steps);
    (void)most_bytes(songs.path, caches.path, &steps);
    const size_t cached = most_bytes(songs.path, caches.path, &steps);
    assert_true(in_memory - cached > steps * sizeof(uint32_t) * 3 / 4);
    test_folder_remove(&songs);
    test_folder_remove(&caches);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_not_held_where_there_is_a_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
