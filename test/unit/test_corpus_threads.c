/* SPDX-License-Identifier: ISC */
/* A corpus is the same, and as careful with memory, for any number of threads. */
#include "folder.h"

#include "learn/corpus.h"

#include <stdatomic.h>
#include <time.h>

enum { TUNES = 40 };

static test_folder folder_of_all_kinds(void) {
    test_folder folder = test_folder_new(NULL);
    uint8_t bytes[1024];
    for (unsigned i = 0; i < TUNES; i++) {
        char name[32];
        snprintf(name, sizeof name, "%02u.mid", i * 7 % TUNES);
        test_put_tune(&folder, name, i % 30, 20 + i % 30);
    }
    test_put(&folder, "10-cut.mid", bytes, test_tune(bytes, 50, 20, 0) - 10);
    test_put(&folder, "20-drums.mid", bytes, test_tune(bytes, 51, 20, 9));
    test_put(&folder, "30-page.mid", "<html>not found</html>", 22);
    test_put(&folder, "notes.txt", "read me", 7);
    return folder;
}

/* An allocator that sleeps now and then, so that other threads come to the turn whatever the
 * machine does, and finds out whether two were in it at once. */
typedef struct watched_memory {
    test_memory memory;
    atomic_uint inside, most, calls;
} watched_memory;

static void *watched_reallocate(void *data, void *block, size_t size) {
    watched_memory *watched = data;
    const unsigned inside = atomic_fetch_add(&watched->inside, 1) + 1;
    if (inside > watched->most)
        watched->most = inside;
    if (atomic_fetch_add(&watched->calls, 1) % 8 == 0)
        nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
    void *moved = test_reallocate(&watched->memory, block, size);
    atomic_fetch_sub(&watched->inside, 1);
    return moved;
}

static neume_context *watched_context(watched_memory *watched, unsigned threads) {
    neume_context_options options = neume_context_options_default();
    options.thread_count = threads;
    options.isa = NEUME_ISA_C;
    options.allocator = (neume_allocator){watched_reallocate, watched};
    neume_context *context = NULL;
    assert_int_equal(neume_context_new(&context, &options, NULL), NEUME_OK);
    return context;
}

static neume_status load(neume_corpus **out, neume_context *context, const test_folder *folder,
                         neume_error *error) {
    const char *path = folder->path;
    const neume_corpus_options options = neume_corpus_options_default();
    return neume_corpus_load(out, context, &options, (neume_inputs){&path, 1}, error);
}

static void assert_same_entries(const neume_corpus *a, const neume_corpus *b) {
    assert_int_equal(a->file_count, b->file_count);
    for (size_t i = 0; i < a->file_count; i++) {
        const neume_corpus_file *one = &a->files[i], *other = &b->files[i];
        assert_string_equal(one->path, other->path);
        assert_string_equal(one->reason, other->reason);
        assert_true(one->status == other->status && one->split == other->split);
        assert_true(one->has_offset == other->has_offset && one->offset == other->offset);
        assert_int_equal(one->note_count, other->note_count);
        assert_int_equal(one->step_count, other->step_count);
        assert_int_equal(one->hash, other->hash);
    }
}

static void assert_same_words(const neume_corpus *a, const neume_corpus *b) {
    const uint32_t count = neume_codec_word_count(a->codec, 0);
    assert_int_equal(count, neume_codec_word_count(b->codec, 0));
    for (uint32_t i = 0; i < count; i++)
        assert_string_equal(neume_codec_word(a->codec, 0, i), neume_codec_word(b->codec, 0, i));
    assert_int_equal(a->train_count, b->train_count);
    for (size_t i = 0; i < a->train_count; i++) {
        const neume_sequence *one = &a->train[i].sequence, *other = &b->train[i].sequence;
        assert_int_equal(a->train[i].file, b->train[i].file);
        assert_int_equal(one->step_count, other->step_count);
        assert_memory_equal(one->words, other->words, one->step_count * sizeof *one->words);
    }
}

static void is_the_same_for_any_number_of_threads(void **state) {
    (void)state;
    const test_folder folder = folder_of_all_kinds();
    neume_context *alone = test_context(1, NEUME_ISA_C, NULL);
    neume_corpus *expected = NULL;
    assert_int_equal(load(&expected, alone, &folder, NULL), NEUME_OK);
    assert_true(expected->train_count > 20);
    for (unsigned threads = 2; threads <= 64; threads *= 2) {
        watched_memory watched = {0};
        neume_context *context = watched_context(&watched, threads);
        neume_corpus *corpus = NULL;
        assert_int_equal(load(&corpus, context, &folder, NULL), NEUME_OK);
        assert_same_entries(expected, corpus);
        assert_same_words(expected, corpus);
        assert_int_equal(nm_corpus_hash(expected), nm_corpus_hash(corpus));
        neume_corpus_free(corpus);
        neume_context_free(context);
    }
    neume_corpus_free(expected);
    neume_context_free(alone);
    test_folder_remove(&folder);
}

static void asks_a_foreign_allocator_with_one_thread_at_a_time(void **state) {
    (void)state;
    const test_folder folder = folder_of_all_kinds();
    watched_memory watched = {0};
    neume_context *context = watched_context(&watched, 3);
    neume_corpus *corpus = NULL;
    assert_int_equal(load(&corpus, context, &folder, NULL), NEUME_OK);
    neume_corpus_free(corpus);
    neume_context_free(context);
    assert_int_equal(watched.most, 1);
    assert_int_equal(watched.memory.blocks_out, 0);
    test_folder_remove(&folder);
}

static void survives_failing_allocations_on_any_thread(void **state) {
    (void)state;
    const test_folder folder = folder_of_all_kinds();
    neume_status status = NEUME_NO_MEMORY;
    for (size_t fail_at = 1; status; fail_at += 1 + fail_at / 16) {
        watched_memory watched = {0};
        neume_context *context = watched_context(&watched, 3);
        neume_corpus *corpus = NULL;
        neume_error error = {0};
        const size_t before = watched.memory.blocks_out;
        watched.memory.allocations = 0;
        watched.memory.fail_at = fail_at;
        status = load(&corpus, context, &folder, &error);
        assert_true(status == NEUME_OK || status == NEUME_NO_MEMORY);
        assert_int_equal(corpus != NULL, status == NEUME_OK);
        neume_corpus_free(corpus);
        assert_int_equal(watched.memory.blocks_out, before);
        neume_context_free(context);
    }
    test_folder_remove(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_same_for_any_number_of_threads),
        cmocka_unit_test(asks_a_foreign_allocator_with_one_thread_at_a_time),
        cmocka_unit_test(survives_failing_allocations_on_any_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
