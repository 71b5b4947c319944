/* SPDX-License-Identifier: ISC */
#include "rank_threads.h"

#include "learn/run.h"

#include <math.h>
#include <sys/stat.h>

static void one_rank_trains_as_without_ranks(void **state) {
    (void)state;
    for (size_t i = 0; i < OPENINGS; i++) {
        rank_group group;
        session alone;
        open_group(&group, 1, openings[i]);
        openings[i](&alone, 1, NEUME_ISA_AUTO);
        train_group(&group, NEUME_OK);
        train_well(&alone);
        assert_same_run(&group.sessions[0], &alone);
        close_session(&alone);
        close_group(&group);
    }
}

static void ranks_end_with_the_same_bits_from_run_to_run(void **state) {
    (void)state;
    for (size_t i = 0; i < OPENINGS; i++) {
        rank_group first, second;
        open_group(&first, 2 + (unsigned)i % 2, openings[i]);
        open_group(&second, 2 + (unsigned)i % 2, openings[i]);
        train_group(&first, NEUME_OK);
        train_group(&second, NEUME_OK);
        assert_same_run(&first.sessions[0], &second.sessions[0]);
        for (unsigned r = 1; r < first.count; r++)
            assert_true(first.sessions[r].result.valid_loss == first.sessions[0].result.valid_loss);
        close_group(&second);
        close_group(&first);
    }
}

/* Batch norms see the rows of a rank alone. */
static void without_batch_norm(session *it) {
    if (it->options.network.norm == NEUME_NORM_BATCH)
        it->options.network.norm = NEUME_NORM_LAYER;
}

static void ranks_of_b_rows_are_one_of_as_many_rows_together(void **state) {
    (void)state;
    for (size_t i = 0; i < OPENINGS; i++) {
        rank_group group;
        session alone;
        open_group(&group, 3, openings[i]);
        openings[i](&alone, 1, NEUME_ISA_AUTO);
        without_batch_norm(&alone);
        alone.options.batch = 6;
        for (unsigned r = 0; r < group.count; r++) {
            without_batch_norm(&group.sessions[r]);
            group.sessions[r].options.batch = 2;
        }
        train_group(&group, NEUME_OK);
        train_well(&alone);
        const neume_train_result *a = &group.sessions[0].result, *b = &alone.result;
        assert_int_equal(a->updates, b->updates);
        assert_int_equal(a->epochs, b->epochs);
        assert_true(fabs(a->train_loss - b->train_loss) < 1e-4 * b->train_loss);
        assert_true(fabs(a->valid_loss - b->valid_loss) < 1e-4 * b->valid_loss);
        assert_true(a->trigram == b->trigram);
        close_session(&alone);
        close_group(&group);
    }
}

static void a_run_that_one_rank_stopped_goes_on_as_if_nothing_had_happened(void **state) {
    (void)state;
    for (size_t i = 0; i < OPENINGS; i++) {
        rank_group whole, parts;
        open_group(&whole, 2, openings[i]);
        open_group(&parts, 2, openings[i]);
        train_group(&whole, NEUME_OK);
        parts.sessions[1].seen.stop_after = 7;
        train_group(&parts, NEUME_INTERRUPTED);
        parts.sessions[1].seen.stop_after = 0;
        for (unsigned r = 0; r < 2; r++) {
            assert_int_equal(parts.sessions[r].seen.last.update, 7);
            parts.sessions[r].options.resume = true;
        }
        train_group(&parts, NEUME_OK);
        assert_same_run(&whole.sessions[0], &parts.sessions[0]);
        close_group(&parts);
        close_group(&whole);
    }
}

/* Goes on from the files of another group up to so many updates. */
static void go_on(rank_group *group, const rank_group *from, uint64_t stop_after) {
    for (unsigned r = 0; r < group->count; r++) {
        session *it = &group->sessions[r];
        it->options.output = from->sessions[0].options.output;
        it->options.log = from->sessions[0].options.log;
        it->options.resume = true;
        it->seen.stop_after = stop_after;
    }
    train_group(group, stop_after ? NEUME_INTERRUPTED : NEUME_OK);
}

static void a_run_goes_on_with_another_number_of_ranks(void **state) {
    (void)state;
    for (size_t i = 0; i < OPENINGS; i++) {
        rank_group four, two, three, whole;
        open_group(&whole, 3, openings[i]);
        open_group(&four, 4, openings[i]);
        open_group(&two, 2, openings[i]);
        open_group(&three, 3, openings[i]);
        for (unsigned r = 0; r < 4; r++)
            four.sessions[r].seen.stop_after = 6;
        train_group(&four, NEUME_INTERRUPTED);
        go_on(&two, &four, 11);
        assert_int_equal(two.sessions[0].seen.updates, 5);
        go_on(&three, &four, 0);
        assert_int_equal(three.sessions[0].seen.updates, 9);
        assert_int_equal(three.sessions[0].result.updates, 20);
        train_group(&whole, NEUME_OK);
        const double loss = three.sessions[0].result.valid_loss;
        assert_true(fabs(loss - whole.sessions[0].result.valid_loss) < 0.05 * loss);
        close_group(&whole);
        close_group(&three);
        close_group(&two);
        close_group(&four);
    }
}

static neume_status validate(session *it) {
    nm_run run;
    neume_status status = nm_run_init(&run, it->context, it->corpus, &it->options, &it->error);
    if (!status)
        status = nm_run_validate(&run, &it->error);
    it->result.valid_loss = run.state.last.valid.loss;
    nm_run_clear(&run);
    return status;
}

static void a_validation_that_is_dealt_out_is_that_of_one_rank_to_the_bit(void **state) {
    (void)state;
    for (size_t i = 0; i < OPENINGS; i++) {
        session alone;
        openings[i](&alone, 1, NEUME_ISA_AUTO);
        assert_int_equal(validate(&alone), NEUME_OK);
        for (unsigned count = 2; count <= MOST_RANKS; count++) {
            rank_group group;
            open_group(&group, count, openings[i]);
            assert_int_equal(run_group(&group, validate), NEUME_OK);
            for (unsigned r = 0; r < count; r++)
                assert_true(group.sessions[r].result.valid_loss == alone.result.valid_loss);
            close_group(&group);
        }
        close_session(&alone);
    }
}

static void a_rank_with_another_corpus_ends_all_with_its_name(void **state) {
    (void)state;
    rank_group group;
    open_group(&group, 3, open_session);
    neume_corpus_free(group.sessions[2].corpus);
    group.sessions[2].corpus =
        test_corpus(group.sessions[2].context, TRAIN_PIECES - 1, VALID_PIECES);
    train_group(&group, NEUME_BAD_INPUT);
    for (unsigned r = 0; r < 3; r++)
        assert_non_null(
            strstr(group.sessions[r].error.line,
                   "rank 2: corpus: 8 pieces to train on, others than those of rank 0"));
    close_group(&group);
}

static void a_rank_that_cannot_begin_ends_all_with_its_line(void **state) {
    (void)state;
    rank_group group;
    open_group(&group, 2, open_session);
    group.sessions[1].options.clip = -1;
    train_group(&group, NEUME_BAD_USAGE);
    assert_non_null(strstr(group.sessions[0].error.line, "rank 1: clip -1: expected"));
    close_group(&group);
}

static void only_the_first_rank_logs_and_writes(void **state) {
    (void)state;
    rank_group group;
    open_group(&group, 2, open_session);
    group.sessions[1].options.output = group.sessions[1].folder.model;
    group.sessions[1].options.log = group.sessions[1].folder.log;
    train_group(&group, NEUME_OK);
    assert_true(nm_file_exists(group.sessions[0].folder.model));
    assert_true(nm_file_exists(group.sessions[0].folder.log));
    assert_int_equal(rmdir(group.sessions[1].folder.path), 0); /* it is empty */
    assert_int_equal(mkdir(group.sessions[1].folder.path, 0700), 0);
    close_group(&group);
}

static void layers_are_summed_one_by_one(void **state) {
    (void)state;
    rank_group group;
    open_group(&group, 2, open_session);
    for (unsigned r = 0; r < 2; r++) {
        group.sessions[r].options.network = (neume_network_options){
            .embed = 96, .layers = {96, 96}, .layer_count = 2, .trunk = 128};
        group.sessions[r].options.max_updates = 2;
    }
    train_group(&group, NEUME_OK);
    assert_true(group.most_sums >= 3);
    close_group(&group);
}

/* Wherever it happens, the checkpoint that there is leads to the same end. */
static void a_lost_rank_ends_all_and_the_run_goes_on_from_its_checkpoint(void **state) {
    (void)state;
    rank_group whole;
    open_group(&whole, 2, open_session);
    train_group(&whole, NEUME_OK);
    assert_true(whole.threads[0].operations > 105); /* fewer checkpoints where time is short */
    for (uint64_t lost_at = 1; lost_at <= 105; lost_at += 8) {
        rank_group group;
        open_group(&group, 2, open_session);
        group.lost_at = lost_at;
        train_group(&group, NEUME_FAILED);
        assert_non_null(strstr(group.sessions[0].error.line, "rank 1 no longer answers"));
        group.lost_at = 0;
        for (unsigned r = 0; r < 2; r++)
            group.sessions[r].options.resume = true;
        train_group(&group, NEUME_OK);
        assert_same_run(&whole.sessions[0], &group.sessions[0]);
        close_group(&group);
    }
    close_group(&whole);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_rank_trains_as_without_ranks),
        cmocka_unit_test(ranks_end_with_the_same_bits_from_run_to_run),
        cmocka_unit_test(ranks_of_b_rows_are_one_of_as_many_rows_together),
        cmocka_unit_test(a_run_that_one_rank_stopped_goes_on_as_if_nothing_had_happened),
        cmocka_unit_test(a_run_goes_on_with_another_number_of_ranks),
        cmocka_unit_test(a_validation_that_is_dealt_out_is_that_of_one_rank_to_the_bit),
        cmocka_unit_test(a_rank_with_another_corpus_ends_all_with_its_name),
        cmocka_unit_test(a_rank_that_cannot_begin_ends_all_with_its_line),
        cmocka_unit_test(only_the_first_rank_logs_and_writes),
        cmocka_unit_test(layers_are_summed_one_by_one),
        cmocka_unit_test(a_lost_rank_ends_all_and_the_run_goes_on_from_its_checkpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
