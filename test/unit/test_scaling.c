/* SPDX-License-Identifier: ISC */
#include "scaling_model.h"

#include "test.h"

#include <math.h>

/* 1 s a message, 10 bytes a second, sums for nothing. */
static const scaling_network slow = {.latency = 1, .bandwidth = 10, .messages = SCALING_LINEAR};
static const scaling_ranks alike = {.overlap = 1, .threads = 1};

static void assert_is(double value, double expected) {
    if (!(fabs(value - expected) < 1e-6))
        fail_msg("%.9f, expected %.9f", value, expected);
}

/* Backward in two parts of 2 and 3 s, of 40 and 20 bytes. */
static scaling_update two_buckets(void) {
    return (scaling_update){
        .before = 4, .buckets = {{2, 40}, {3, 20}}, .bucket_count = 2, .after = 1};
}

static void one_rank_exchanges_nothing(void **state) {
    (void)state;
    const scaling_update update = two_buckets();
    const scaling_time time = scaling_update_time(&update, &slow, &alike, 1);
    assert_is(time.seconds, 10);
    assert_is(time.compute, 10);
    assert_is(time.sums, 0);
    assert_is(time.sent, 0);
    assert_is(time.hidden, 1);
}

static void a_sum_waits_for_messages_bytes_and_additions(void **state) {
    (void)state;
    scaling_network network = slow;
    assert_is(scaling_sum_seconds(&network, 40, 1), 0);
    assert_is(scaling_sum_seconds(&network, 40, 2), 2 + 4);
    assert_is(scaling_sum_seconds(&network, 40, 8), 14 + 7);
    network.summing = 0.1;
    assert_is(scaling_sum_seconds(&network, 40, 8), 14 + 7 + 3.5);
    network.messages = SCALING_LOGARITHMIC;
    assert_is(scaling_sum_seconds(&network, 40, 8), 6 + 7 + 3.5);
    assert_is(scaling_sum_seconds(&network, 40, 5), 6 + 6.4 + 3.2);
}

static void a_gather_doubles_what_each_rank_has(void **state) {
    (void)state;
    assert_is(scaling_gather_seconds(&slow, 5, 1), 0);
    assert_is(scaling_gather_seconds(&slow, 5, 4), 2 + 1.5);
}

/* The first sum takes 6 s from second 6 on, and the second 4 s behind it, where the backward ends
 * at 9: 16; then 1 for the optimiser, and two gathers of 1 s each. */
static void sums_queue_behind_each_other(void **state) {
    (void)state;
    const scaling_update update = two_buckets();
    const scaling_time time = scaling_update_time(&update, &slow, &alike, 2);
    assert_is(time.seconds, 19);
    assert_is(time.sums, 10);
    assert_is(time.hidden, 0.3);
    assert_is(time.sent, 60);
}

/* A bucket of 10 bytes takes 3 s, as long as the next part of the backward; an empty one 2 s. */
static void a_sum_that_ends_with_the_backward_costs_nothing(void **state) {
    (void)state;
    const scaling_update update = {.before = 4, .buckets = {{2, 10}, {3, 0}}, .bucket_count = 2};
    const scaling_network network = {.latency = 1, .bandwidth = 10, .messages = SCALING_LINEAR};
    const scaling_time time = scaling_update_time(&update, &network, &alike, 2);
    assert_is(time.seconds, 4 + 2 + 3 + 2 + 2);
    assert_is(time.hidden, 1 - 2 / 5.0);
}

static void what_does_not_overlap_keeps_the_backward_waiting(void **state) {
    (void)state;
    const scaling_update update = two_buckets();
    scaling_ranks ranks = alike;
    ranks.overlap = 0;
    const scaling_time time = scaling_update_time(&update, &slow, &ranks, 2);
    assert_is(time.seconds, 22);
    assert_is(time.hidden, 0);
    ranks.overlap = 0.5; /* 4 + 2 + 3, the sum on to 12; 9 + 3 + 2, the second on to 16 */
    assert_is(scaling_update_time(&update, &slow, &ranks, 2).seconds, 19);
}

static void ranks_share_the_cores_that_there_are(void **state) {
    (void)state;
    const scaling_update update = {.before = 4, .after = 2};
    const scaling_network none = {.bandwidth = INFINITY};
    scaling_ranks ranks = alike;
    ranks.cores = 2;
    assert_is(scaling_update_time(&update, &none, &ranks, 2).seconds, 6);
    assert_is(scaling_update_time(&update, &none, &ranks, 4).seconds, 12);
    ranks.threads = 2;
    assert_is(scaling_update_time(&update, &none, &ranks, 4).seconds, 24);
}

/* Of 2 normal numbers 1/sqrt(pi), of 3 one and a half times that; of 100 from tables of order
 * statistics (Harter 1961). */
static void all_wait_for_the_slowest(void **state) {
    (void)state;
    assert_is(scaling_largest(1), 0);
    assert_is(scaling_largest(2), 0.5641895835);
    assert_is(scaling_largest(3), 0.8462843753);
    assert_true(fabs(scaling_largest(100) - 2.50759) < 1e-4);
    const scaling_update update = {.before = 10};
    const scaling_network none = {.bandwidth = INFINITY};
    scaling_ranks ranks = alike;
    ranks.spread = 0.1;
    assert_is(scaling_update_time(&update, &none, &ranks, 2).seconds, 10.5641895835);
}

static void an_epoch_deals_out_validation_but_not_its_checkpoint(void **state) {
    (void)state;
    const scaling_epoch epoch = {.updates = 10, .validation = 6, .pieces = 3, .checkpoint = 1};
    assert_is(scaling_epoch_seconds(&epoch, 2, 1), 20 + 6 + 1);
    assert_is(scaling_epoch_seconds(&epoch, 2, 2), 10 + 4 + 1);
    assert_is(scaling_epoch_seconds(&epoch, 2, 4), 6 + 2 + 1);
}

static void larger_batches_save_updates_up_to_the_critical_one(void **state) {
    (void)state;
    assert_is(scaling_fewer_updates(0, 16, 8), 1);
    assert_is(scaling_fewer_updates(16, 16, 1), 1);
    assert_is(scaling_fewer_updates(16, 16, 4), 1.6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_rank_exchanges_nothing),
        cmocka_unit_test(a_sum_waits_for_messages_bytes_and_additions),
        cmocka_unit_test(a_gather_doubles_what_each_rank_has),
        cmocka_unit_test(sums_queue_behind_each_other),
        cmocka_unit_test(a_sum_that_ends_with_the_backward_costs_nothing),
        cmocka_unit_test(what_does_not_overlap_keeps_the_backward_waiting),
        cmocka_unit_test(ranks_share_the_cores_that_there_are),
        cmocka_unit_test(all_wait_for_the_slowest),
        cmocka_unit_test(an_epoch_deals_out_validation_but_not_its_checkpoint),
        cmocka_unit_test(larger_batches_save_updates_up_to_the_critical_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
