/* SPDX-License-Identifier: ISC */
/* A corpus with a cache is the corpus without, whatever is done to the cache. */
#include "folder.h"

#include "learn/cache.h"
#include "learn/corpus.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include <xxhash.h>

typedef struct setting {
    test_folder songs, caches;
    char log[4096]; /* warnings, a line each */
    neume_codec_options codec;
    bool verifies;
} setting;

static void keep_warnings(void *data, neume_log_level level, const char *line) {
    setting *s = data;
    const size_t used = strlen(s->log);
    if (level >= NEUME_LOG_WARNING)
        snprintf(s->log + used, sizeof s->log - used, "%s\n", line);
}

/* Files whose last change lies back: those of this moment are not kept. */
static void age(const test_folder *folder, const char *name, time_t seconds) {
    const struct timespec times[2] = {{.tv_sec = seconds, .tv_nsec = 5},
                                      {.tv_sec = seconds, .tv_nsec = 5}};
    assert_int_equal(utimensat(AT_FDCWD, test_path(folder, name), times, 0), 0);
}

enum { TUNES = 12, FILES = TUNES + 5 };

static void setting_init(setting *s, unsigned threads) {
    neume_context_options options = neume_context_options_default();
    *s = (setting){.codec = neume_codec_options_default()};
    options.thread_count = threads;
    options.isa = NEUME_ISA_C;
    options.log = keep_warnings;
    options.log_data = s;
    neume_context *context = NULL;
    assert_int_equal(neume_context_new(&context, &options, NULL), NEUME_OK);
    s->songs = test_folder_new(context);
    s->caches = test_folder_new(context);
    uint8_t bytes[1024];
    for (unsigned i = 0; i < TUNES; i++) {
        char name[32];
        snprintf(name, sizeof name, "%02u.mid", i);
        test_put_tune(&s->songs, name, i, 20 + i);
        age(&s->songs, name, 1000 + i);
    }
    test_put(&s->songs, "cut.mid", bytes, test_tune(bytes, 50, 20, 0) - 10);
    test_put(&s->songs, "drums.mid", bytes, test_tune(bytes, 51, 20, 9));
    test_put(&s->songs, "page.mid", "<html>not found</html>", 22);
    test_put(&s->songs, "notes.txt", "read me", 7);
    test_put_tune(&s->songs, "twice.mid", 3, 23);
    static const char *const names[] = {"cut.mid", "drums.mid", "page.mid", "notes.txt",
                                        "twice.mid"};
    for (size_t i = 0; i < 5; i++)
        age(&s->songs, names[i], 2000);
}

static void setting_clear(setting *s) {
    test_folder_remove(&s->songs);
    test_folder_remove(&s->caches);
    neume_context_free(s->songs.context);
}

static neume_corpus *load(const setting *s, const char *cache) {
    const char *path = s->songs.path;
    neume_corpus_options options = neume_corpus_options_default();
    neume_corpus *corpus = NULL;
    neume_error error = {0};
    options.cache = cache;
    options.codec = s->codec;
    options.verify_cache = s->verifies;
    if (neume_corpus_load(&corpus, s->songs.context, &options, (neume_inputs){&path, 1}, &error))
        fail_msg("%s", error.line);
    return corpus;
}

static size_t cached_count(const neume_corpus *corpus) {
    size_t count = 0;
    for (size_t i = 0; i < corpus->file_count; i++)
        count += corpus->origins[i].cached != NULL;
    return count;
}

static void assert_same_pieces(const nm_piece *a, const nm_piece *b, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const neume_sequence *one = &a[i].sequence, *other = &b[i].sequence;
        assert_true(a[i].hash == b[i].hash && a[i].file == b[i].file);
        assert_int_equal(one->step_count, other->step_count);
        assert_int_equal(one->note_count, other->note_count);
        assert_memory_equal(one->words, other->words,
                            one->step_count * one->width * sizeof *one->words);
        assert_int_equal(one->given != NULL, other->given != NULL);
        if (one->given)
            assert_memory_equal(one->given, other->given, one->step_count * sizeof *one->given);
    }
}

static void assert_same(const neume_corpus *a, const neume_corpus *b) {
    assert_int_equal(a->file_count, b->file_count);
    for (size_t i = 0; i < a->file_count; i++) {
        const neume_corpus_file *one = &a->files[i], *other = &b->files[i];
        assert_string_equal(one->path, other->path);
        assert_string_equal(one->reason, other->reason);
        assert_string_equal(one->alike, other->alike);
        assert_true(one->status == other->status && one->split == other->split);
        assert_true(one->has_offset == other->has_offset && one->offset == other->offset);
        assert_true(one->note_count == other->note_count && one->step_count == other->step_count);
    }
    assert_true(a->train_count == b->train_count && a->valid_count == b->valid_count);
    assert_same_pieces(a->train, b->train, a->train_count);
    assert_same_pieces(a->valid, b->valid, a->valid_count);
    assert_int_equal(nm_corpus_hash(a), nm_corpus_hash(b));
}

/* Loads with the cache, which must give what the files give; returns how many files it knew. */
static size_t load_same(const setting *s) {
    neume_corpus *without = load(s, NULL), *with = load(s, s->caches.path);
    const size_t cached = cached_count(with);
    assert_same(without, with);
    neume_corpus_free(without);
    neume_corpus_free(with);
    return cached;
}

static void the_second_time_no_file_is_read(void **state) {
    static const char *const codecs[] = {"word", "event", "stream", "interval", "frame", "roll"};
    (void)state;
    for (size_t i = 0; i < sizeof codecs / sizeof *codecs; i++) {
        setting s;
        setting_init(&s, 2);
        s.codec.name = codecs[i];
        s.codec.grid = 4;
        assert_int_equal(load_same(&s), 0);
        assert_int_equal(load_same(&s), FILES);
        assert_string_equal(s.log, "");
        setting_clear(&s);
    }
}

static void what_is_new_has_changed_or_went_is_seen(void **state) {
    (void)state;
    setting s;
    setting_init(&s, 2);
    (void)load_same(&s);
    test_put_tune(&s.songs, "05.mid", 99, 25); /* of the same size */
    age(&s.songs, "05.mid", 3000);
    test_put_tune(&s.songs, "new.mid", 98, 25);
    age(&s.songs, "new.mid", 3000);
    assert_int_equal(unlink(test_path(&s.songs, "07.mid")), 0);
    assert_int_equal(rename(test_path(&s.songs, "08.mid"), test_path(&s.songs, "first.mid")), 0);
    assert_int_equal(rename(test_path(&s.songs, "notes.txt"), test_path(&s.songs, "notes.mid")), 0);
    assert_int_equal(load_same(&s), FILES - 3);
    assert_int_equal(load_same(&s), FILES);
    assert_string_equal(s.log, "");
    setting_clear(&s);
}

/* The same size, the same time, the same inode, and other bytes. */
static void only_their_bytes_give_some_changes_away(void **state) {
    (void)state;
    setting s;
    setting_init(&s, 2);
    neume_corpus_free(load(&s, s.caches.path));
    const int file = open(test_path(&s.songs, "03.mid"), O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(file, "\x55", 1, 24), 1);
    assert_int_equal(close(file), 0);
    age(&s.songs, "03.mid", 1003);
    neume_corpus *corpus = load(&s, s.caches.path);
    assert_int_equal(cached_count(corpus), FILES);
    neume_corpus_free(corpus);
    s.verifies = true;
    assert_int_equal(load_same(&s), FILES - 1);
    assert_int_equal(load_same(&s), FILES);
    setting_clear(&s);
}

static void what_was_written_just_now_is_read_again(void **state) {
    (void)state;
    setting s;
    setting_init(&s, 1);
    test_put_tune(&s.songs, "now.mid", 77, 30);
    age(&s.songs, "now.mid", time(NULL) + 100);
    assert_int_equal(load_same(&s), 0);
    assert_int_equal(load_same(&s), FILES);
    setting_clear(&s);
}

static void other_options_have_another_cache(void **state) {
    (void)state;
    setting s;
    setting_init(&s, 1);
    (void)load_same(&s);
    s.codec.grid = 4;
    assert_int_equal(load_same(&s), 0);
    assert_int_equal(load_same(&s), FILES);
    s.codec.grid = 12;
    assert_int_equal(load_same(&s), FILES);
    setting_clear(&s);
}

/* The one file in the folder of caches. */
static const char *cache_in(const setting *s) {
    static char path[512];
    DIR *entries = opendir(s->caches.path);
    const struct dirent *entry;
    unsigned count = 0;
    while ((entry = readdir(entries)))
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", s->caches.path, entry->d_name);
            count++;
        }
    closedir(entries);
    assert_int_equal(count, 1);
    return path;
}

static nm_buffer bytes_of(const setting *s) {
    nm_buffer bytes = nm_buffer_on(s->songs.context);
    assert_int_equal(nm_file_read(&bytes, cache_in(s), SIZE_MAX, NULL), NEUME_OK);
    return bytes;
}

static void put_bytes(const setting *s, const uint8_t *bytes, size_t size) {
    char path[512];
    snprintf(path, sizeof path, "%s", cache_in(s));
    FILE *file = fopen(path, "wb");
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* One line says so, the corpus is as without, and the next time the cache is whole. */
static void assert_made_anew(setting *s, const char *why) {
    s->log[0] = '\0';
    assert_int_equal(load_same(s), 0);
    if (!strstr(s->log, why) || strchr(s->log, '\n') != s->log + strlen(s->log) - 1)
        fail_msg("expected one line with \"%s\", not: %s", why, s->log);
    s->log[0] = '\0';
    assert_int_equal(load_same(s), FILES);
    assert_string_equal(s->log, "");
}

static void a_damaged_cache_is_made_anew(void **state) {
    (void)state;
    setting s;
    setting_init(&s, 1);
    (void)load_same(&s);
    nm_buffer bytes = bytes_of(&s);
    for (size_t at = 0; at < bytes.size; at += 1 + bytes.size / 40) {
        bytes.data[at] ^= 4;
        put_bytes(&s, bytes.data, bytes.size);
        assert_made_anew(&s, "it is made anew");
        bytes.data[at] ^= 4;
    }
    for (size_t size = 0; size < bytes.size; size += 1 + bytes.size / 20) {
        put_bytes(&s, bytes.data, size);
        assert_made_anew(&s, "it is made anew");
    }
    nm_write_u8(&bytes, 0);
    put_bytes(&s, bytes.data, bytes.size);
    assert_made_anew(&s, "cut off");
    nm_buffer_clear(&bytes);
    setting_clear(&s);
}

/* Someone who can make the sum right: whatever it says then, nothing breaks. */
static void a_forged_cache_breaks_nothing(void **state) {
    (void)state;
    setting s;
    setting_init(&s, 1);
    (void)load_same(&s);
    nm_buffer bytes = bytes_of(&s);
    for (size_t at = 16; at < bytes.size; at += 1 + at / 200) {
        const uint8_t before = bytes.data[at];
        bytes.data[at] ^= 0x81;
        const uint64_t sum = XXH3_64bits(bytes.data + 16, bytes.size - 16);
        memcpy(bytes.data + 8, &sum, sizeof sum);
        put_bytes(&s, bytes.data, bytes.size);
        neume_corpus_free(load(&s, s.caches.path));
        bytes.data[at] = before;
    }
    nm_buffer_clear(&bytes);
    setting_clear(&s);
}

static void what_is_no_cache_is_replaced(void **state) {
    (void)state;
    setting s;
    setting_init(&s, 1);
    (void)load_same(&s);
    put_bytes(
        &s, (const uint8_t *)"something else that is longer than a header, whatever it may be", 64);
    assert_made_anew(&s, "not a cache of words");
    char path[512];
    snprintf(path, sizeof path, "%s", cache_in(&s));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    s.log[0] = '\0';
    assert_int_equal(load_same(&s), 0);
    assert_non_null(strstr(s.log, "it is made anew"));
    setting_clear(&s);
}

/* Where the cache cannot be written words stay in memory, and one line says so. */
static void assert_goes_on(setting *s, const char *cache, const char *why) {
    s->log[0] = '\0';
    neume_corpus *without = load(s, NULL), *with = load(s, cache);
    assert_same(without, with);
    if (!strstr(s->log, why) || strchr(s->log, '\n') != s->log + strlen(s->log) - 1)
        fail_msg("expected one line with \"%s\", not: %s", why, s->log);
    neume_corpus_free(without);
    neume_corpus_free(with);
}

static void a_folder_that_cannot_be_written_is_one_line(void **state) {
    (void)state;
    setting s;
    setting_init(&s, 1);
    assert_goes_on(&s, "/proc/nowhere", "cache: /proc/nowhere: cannot be");
    assert_goes_on(&s, "/dev/null/caches", "cache: /dev/null: cannot be made: Not a directory");
    setting_clear(&s);
}

/* A disk that is full from some byte on: the spool, then the cache. */
static void a_full_disk_is_one_line(void **state) {
    (void)state;
    setting s;
    struct rlimit before;
    setting_init(&s, 1);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (rlim_t room = 0; room < 4000; room += 150) {
        const struct rlimit narrow = {room, before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &narrow), 0);
        assert_goes_on(&s, s.caches.path, "cannot be written: File too large");
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    }
    assert_int_equal(load_same(&s), 0);
    assert_int_equal(load_same(&s), FILES);
    setting_clear(&s);
}

static void what_was_left_over_is_removed_when_it_is_old(void **state) {
    (void)state;
    setting s;
    setting_init(&s, 1);
    test_put(&s.caches, "a.words.part-abcdef", "x", 1);
    test_put(&s.caches, "b.words.part-abcdef", "x", 1);
    age(&s.caches, "a.words.part-abcdef", 1000);
    neume_corpus_free(load(&s, s.caches.path));
    assert_int_equal(access(test_path(&s.caches, "a.words.part-abcdef"), F_OK), -1);
    assert_int_equal(access(test_path(&s.caches, "b.words.part-abcdef"), F_OK), 0);
    setting_clear(&s);
}

static neume_status load_and_free(neume_context *context, void *data) {
    const setting *s = data;
    const char *path = s->songs.path;
    neume_corpus_options options = neume_corpus_options_default();
    neume_corpus *corpus = NULL;
    options.cache = s->caches.path;
    const neume_status status =
        neume_corpus_load(&corpus, context, &options, (neume_inputs){&path, 1}, NULL);
    neume_corpus_free(corpus);
    return status;
}

/* The same where the cache has to be made anew. */
static neume_status save_and_free(neume_context *context, void *data) {
    put_bytes(data, (const uint8_t *)"x", 1);
    return load_and_free(context, data);
}

/* A cache that memory is wanting for is not written: the corpus is then read all the same. */
static void survives_every_failing_allocation(void **state) {
    (void)state;
    setting s;
    setting_init(&s, 1);
    for (unsigned i = 4; i < TUNES; i++) {
        char name[32];
        snprintf(name, sizeof name, "%02u.mid", i);
        assert_int_equal(unlink(test_path(&s.songs, name)), 0);
    }
    neume_corpus_free(load(&s, s.caches.path));
    test_each_allocation_failing(load_and_free, &s);
    test_each_allocation_failing(save_and_free, &s);
    setting_clear(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_time_no_file_is_read),
        cmocka_unit_test(what_is_new_has_changed_or_went_is_seen),
        cmocka_unit_test(only_their_bytes_give_some_changes_away),
        cmocka_unit_test(what_was_written_just_now_is_read_again),
        cmocka_unit_test(other_options_have_another_cache),
        cmocka_unit_test(a_damaged_cache_is_made_anew),
        cmocka_unit_test(a_forged_cache_breaks_nothing),
        cmocka_unit_test(what_is_no_cache_is_replaced),
        cmocka_unit_test(a_folder_that_cannot_be_written_is_one_line),
        cmocka_unit_test(a_full_disk_is_one_line),
        cmocka_unit_test(what_was_left_over_is_removed_when_it_is_old),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
