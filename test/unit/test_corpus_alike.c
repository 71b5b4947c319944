/* SPDX-License-Identifier: ISC */
/* Near duplicates in a corpus: on which side of the split they go, and what is said of them. */
#include "folder.h"

#include "learn/corpus.h"

enum { TUNES = 20, COPIES = 4 };

/* The tune of a seed, so many semitones higher and its quarters so many ticks long. */
static void put_copy(const test_folder *folder, const char *name, unsigned seed, unsigned higher) {
    uint8_t bytes[2048];
    const size_t size = test_tune(bytes, seed, 60, 0);
    for (size_t i = 22; i + 9 <= size - 4; i += 9) {
        bytes[i + 2] = (uint8_t)(bytes[i + 2] + higher);
        bytes[i + 7] = (uint8_t)(bytes[i + 7] + higher);
        bytes[i + 3] = (uint8_t)(70 + higher);
    }
    test_put(folder, name, bytes, size);
}

static test_folder folder_of_families(void) {
    const test_folder folder = test_folder_new(test_context(2, NEUME_ISA_C, NULL));
    for (unsigned i = 0; i < TUNES * COPIES; i++) {
        char name[32];
        snprintf(name, sizeof name, "%u-%u.mid", i / TUNES, i % TUNES);
        put_copy(&folder, name, i % TUNES, i / TUNES);
    }
    return folder;
}

static neume_corpus *load(const test_folder *folder, const neume_corpus_options *options) {
    const char *path = folder->path;
    neume_corpus *corpus = NULL;
    neume_error error = {0};
    if (neume_corpus_load(&corpus, folder->context, options, (neume_inputs){&path, 1}, &error))
        fail_msg("%s", error.line);
    return corpus;
}

static void folder_clear(const test_folder *folder) {
    test_folder_remove(folder);
    neume_context_free(folder->context);
}

/* "2-17.mid" is of tune 17. */
static unsigned tune_of(const neume_corpus_file *file) {
    return (unsigned)strtoul(file->name + 2, NULL, 10);
}

static size_t divided_families(const neume_corpus *corpus) {
    bool has[2][TUNES] = {{false}};
    size_t divided = 0;
    for (size_t i = 0; i < corpus->file_count; i++)
        has[corpus->files[i].split == NEUME_SPLIT_VALID][tune_of(&corpus->files[i])] = true;
    for (size_t t = 0; t < TUNES; t++)
        divided += has[0][t] && has[1][t];
    return divided;
}

static void a_family_is_on_one_side_of_the_split(void **state) {
    (void)state;
    const test_folder folder = folder_of_families();
    neume_corpus_options options = neume_corpus_options_default();
    options.valid_fraction = 0.3;
    neume_corpus *corpus = load(&folder, &options);
    const neume_corpus_counts counts = neume_corpus_count(corpus);
    assert_int_equal(counts.clean, TUNES * COPIES);
    assert_int_equal(counts.alike, TUNES * (COPIES - 1));
    assert_true(counts.valid_pieces >= COPIES && counts.valid_pieces % COPIES == 0);
    assert_int_equal(divided_families(corpus), 0);
    for (size_t i = 0; i < corpus->file_count; i++) {
        char first[32];
        snprintf(first, sizeof first, "0-%u.mid", tune_of(&corpus->files[i]));
        assert_string_equal(corpus->files[i].alike, i < TUNES ? "" : first);
    }
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

static void a_number_of_pieces_is_not_exceeded(void **state) {
    (void)state;
    const test_folder folder = folder_of_families();
    neume_corpus_options options = neume_corpus_options_default();
    for (size_t wanted = 1; wanted <= 9; wanted++) {
        options.valid_count = wanted;
        neume_corpus *corpus = load(&folder, &options);
        assert_int_equal(neume_corpus_count(corpus).valid_pieces, wanted - wanted % COPIES);
        neume_corpus_free(corpus);
    }
    put_copy(&folder, "0-99.mid", 99, 0);
    options.valid_count = 5;
    neume_corpus *corpus = load(&folder, &options);
    assert_int_equal(neume_corpus_count(corpus).valid_pieces, 5);
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

static void one_family_alone_is_trained_on(void **state) {
    (void)state;
    const test_folder folder = test_folder_new(test_context(1, NEUME_ISA_C, NULL));
    put_copy(&folder, "0-1.mid", 1, 0);
    put_copy(&folder, "1-1.mid", 1, 1);
    const neume_corpus_options options = neume_corpus_options_default();
    neume_corpus *corpus = load(&folder, &options);
    assert_int_equal(neume_corpus_count(corpus).train_pieces, 2);
    assert_int_equal(neume_corpus_count(corpus).valid_pieces, 0);
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

static void drops_all_but_the_first_where_told_to(void **state) {
    (void)state;
    const test_folder folder = folder_of_families();
    neume_corpus_options options = neume_corpus_options_default();
    options.near_duplicates = NEUME_NEAR_DROP;
    neume_corpus *corpus = load(&folder, &options);
    const neume_corpus_counts counts = neume_corpus_count(corpus);
    assert_int_equal(counts.clean, TUNES);
    assert_int_equal(counts.duplicate, TUNES * (COPIES - 1));
    assert_int_equal(counts.alike, 0);
    assert_string_equal(corpus->files[TUNES].reason, "the same notes as 0-0.mid");
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

static void ignores_them_where_told_to(void **state) {
    (void)state;
    const test_folder folder = folder_of_families();
    neume_corpus_options options = neume_corpus_options_default();
    options.near_duplicates = NEUME_NEAR_IGNORE;
    options.valid_fraction = 0.3;
    neume_corpus *corpus = load(&folder, &options);
    assert_int_equal(neume_corpus_count(corpus).alike, 0);
    assert_true(divided_families(corpus) > 0);
    neume_corpus_free(corpus);
    folder_clear(&folder);
}

static void leave_training_where_a_validation_piece_is_given(void **state) {
    (void)state;
    const test_folder folder = folder_of_families();
    const test_folder other = test_folder_new(folder.context);
    put_copy(&other, "9-3.mid", 3, 9);
    put_copy(&other, "8-3.mid", 3, 8);
    const char *path = other.path;
    neume_corpus_options options = neume_corpus_options_default();
    options.valid_from = (neume_inputs){&path, 1};
    neume_corpus *corpus = load(&folder, &options);
    const neume_corpus_counts counts = neume_corpus_count(corpus);
    assert_int_equal(counts.valid_pieces, 2);
    assert_int_equal(counts.train_pieces, (TUNES - 1) * COPIES);
    assert_int_equal(counts.duplicate, COPIES);
    const neume_corpus_file *file = &corpus->files[corpus->file_count - 1];
    assert_string_equal(file->alike, "8-3.mid");
    for (size_t i = 0; i < TUNES * COPIES; i++)
        if (corpus->files[i].status == NEUME_FILE_DUPLICATE)
            assert_string_equal(corpus->files[i].reason,
                                "the same notes as 8-3.mid, a validation piece");
    neume_corpus_free(corpus);
    test_folder_remove(&other);
    folder_clear(&folder);
}

/* Which pieces validate among those without a family does not change with families beside. */
static void families_do_not_move_others(void **state) {
    (void)state;
    const test_folder folder = test_folder_new(test_context(1, NEUME_ISA_C, NULL));
    for (unsigned i = 0; i < 40; i++) {
        char name[32];
        snprintf(name, sizeof name, "0-%u.mid", i);
        put_copy(&folder, name, i, 0);
    }
    neume_corpus_options options = neume_corpus_options_default();
    options.valid_fraction = 0.3;
    neume_corpus *before = load(&folder, &options);
    put_copy(&folder, "1-7.mid", 7, 5);
    neume_corpus *after = load(&folder, &options);
    for (size_t i = 0; i < before->file_count; i++)
        if (tune_of(&before->files[i]) != 7)
            assert_int_equal(before->files[i].split, after->files[i].split);
    neume_corpus_free(before);
    neume_corpus_free(after);
    folder_clear(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_family_is_on_one_side_of_the_split),
        cmocka_unit_test(a_number_of_pieces_is_not_exceeded),
        cmocka_unit_test(one_family_alone_is_trained_on),
        cmocka_unit_test(drops_all_but_the_first_where_told_to),
        cmocka_unit_test(ignores_them_where_told_to),
        cmocka_unit_test(leave_training_where_a_validation_piece_is_given),
        cmocka_unit_test(families_do_not_move_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
