/* SPDX-License-Identifier: ISC */
#include "learn/range_curve.h"

#include "trainings.h"

#include <math.h>

enum { POINTS = 61 };

/* Rates from 1e-6 to 1; a loss that is lowest at 1e-2 and as steep as can be at 1e-4. */
static void draw_curve(neume_range_point *points) {
    for (size_t i = 0; i < POINTS; i++) {
        const double log_rate = -6 + 0.1 * (double)i;
        const double fall = 1 / (1 + exp(-3 * (log_rate + 4))), rise = fmax(log_rate + 2, 0);
        points[i].learning_rate = pow(10, log_rate);
        points[i].loss = points[i].smoothed = 5 - 2 * fall + rise * rise;
    }
}

static void suggests_a_tenth_of_where_the_loss_is_lowest(void **state) {
    (void)state;
    neume_range_point points[POINTS];
    draw_curve(points);
    const neume_range_verdict verdict = nm_range_judge(points, POINTS);
    assert_true(fabs(log10(verdict.steepest) + 4) < 0.11);
    assert_true(fabs(log10(verdict.lowest) + 2) < 0.11);
    assert_true(verdict.suggestion == verdict.lowest / 10);
    assert_true(verdict.lowest_loss < 3.01 && verdict.ended_at == points[POINTS - 1].learning_rate);
}

static void suggests_nothing_where_the_loss_never_falls(void **state) {
    (void)state;
    neume_range_point points[POINTS];
    draw_curve(points);
    for (size_t i = 0; i < POINTS; i++)
        points[i].smoothed = 5 + (double)i;
    assert_true(isnan(nm_range_judge(points, POINTS).suggestion));
    assert_true(isnan(nm_range_judge(points, 1).suggestion));
    assert_true(isnan(nm_range_judge(points, 0).suggestion));
}

/* mean = sum b^(last - i) loss_i / sum b^(last - i) */
static void smooths_with_weights_that_fall(void **state) {
    (void)state;
    neume_range_point points[POINTS];
    double sum = 0, weights = 0;
    for (size_t count = 1; count <= POINTS; count++) {
        points[count - 1].loss = sin((double)count);
        nm_range_smooth(points, count);
        sum = 0.95 * sum + points[count - 1].loss;
        weights = 0.95 * weights + 1;
        assert_true(fabs(points[count - 1].smoothed - sum / weights) < 1e-12);
    }
}

static void diverged_is_half_as_high_again_as_at_the_start(void **state) {
    (void)state;
    const neume_range_point points[] = {{.smoothed = 2}, {.smoothed = 2.99}, {.smoothed = 3.01}};
    assert_false(nm_range_has_diverged(points, 1));
    assert_false(nm_range_has_diverged(points, 2));
    assert_true(nm_range_has_diverged(points, 3));
}

typedef struct tested {
    neume_range_test *test;
    const neume_range_point *points;
    size_t count;
    neume_range_verdict verdict;
} tested;

static tested test_rates(session *it, neume_range_options options) {
    tested out;
    options.training = &it->options;
    it->options.observer = (neume_train_observer){note_progress, is_enough, &it->seen};
    if (neume_range_test_new(&out.test, it->context, it->corpus, &options, &it->error))
        fail_msg("%s", it->error.line);
    out.points = neume_range_test_points(out.test, &out.count);
    out.verdict = neume_range_test_verdict(out.test);
    return out;
}

static void rates_rise_exponentially_and_no_file_is_written(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    const tested found =
        test_rates(&it, (neume_range_options){.low = 1e-4, .high = 1e-2, .updates = 41});
    assert_int_equal(found.count, 41);
    assert_int_equal(it.seen.updates, 41);
    assert_int_equal(found.verdict.end, NEUME_RANGE_WHOLE);
    for (size_t i = 0; i < 41; i++) {
        assert_true(fabs(log10(found.points[i].learning_rate) + 4 - 0.05 * (double)i) < 1e-9);
        assert_true(found.points[i].loss > 0 && found.points[i].gradient_norm > 0);
    }
    assert_true(found.points[40].smoothed < found.points[0].smoothed);
    assert_int_equal(rmdir(it.folder.path), 0); /* nothing is in it */
    assert_non_null(mkdtemp(strcpy(it.folder.path, "/tmp/neume-XXXXXX")));
    neume_range_test_free(found.test);
    close_session(&it);
}

static void what_is_left_to_it_follows_from_the_rate(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    it.options.learning_rate = 1e-3;
    const tested found = test_rates(&it, (neume_range_options){0});
    assert_true(fabs(found.points[0].learning_rate - 1e-6) < 1e-12);
    assert_true(found.count == 200 || found.verdict.end != NEUME_RANGE_WHOLE);
    assert_true(found.count < 200 || fabs(found.points[199].learning_rate - 0.1) < 1e-9);
    neume_range_test_free(found.test);
    close_session(&it);
}

/* A training at one rate is what the test does at the rates it has. */
static void its_losses_are_those_of_a_training(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    const tested found =
        test_rates(&it, (neume_range_options){.low = 1e-3, .high = 1.0000001e-3, .updates = 12});
    it.options.schedule = NEUME_SCHEDULE_CONSTANT;
    it.options.warmup = 0;
    it.options.learning_rate = 1e-3;
    it.options.max_updates = 12;
    it.options.valid_every = 1;
    it.options.ema = 0;
    train_well(&it);
    json_t *lines = log_of(&it);
    for (size_t i = 0; i < 12; i++) {
        const json_t *line = json_array_get(lines, i);
        const double loss = json_real_value(json_object_get(line, "train_loss"));
        assert_true(fabs(found.points[i].loss - loss) < 1e-5);
    }
    json_decref(lines);
    neume_range_test_free(found.test);
    close_session(&it);
}

static void any_number_of_threads_gives_the_same_curve(void **state) {
    (void)state;
    session one, two;
    open_session(&one, 1, NEUME_ISA_AUTO);
    open_session(&two, 2, NEUME_ISA_AUTO);
    const tested a = test_rates(&one, (neume_range_options){.updates = 60});
    const tested b = test_rates(&two, (neume_range_options){.updates = 60});
    assert_int_equal(a.count, b.count);
    assert_memory_equal(a.points, b.points, a.count * sizeof *a.points);
    neume_range_test_free(a.test);
    neume_range_test_free(b.test);
    close_session(&one);
    close_session(&two);
}

static void ends_where_it_diverges_or_is_not_finite(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    it.options.clip = 0;
    const tested high = test_rates(&it, (neume_range_options){.low = 1e-4, .high = 100});
    assert_int_equal(high.verdict.end, NEUME_RANGE_DIVERGED);
    assert_true(high.count < 200 && high.verdict.ended_at < 100);
    assert_true(high.verdict.suggestion > 1e-4 && high.verdict.suggestion < 0.1);
    it.options.weight_decay = 1e6;
    it.options.network.head = 6; /* a product of three matrices of such weights is too much */
    const tested mad = test_rates(&it, (neume_range_options){.low = 1e5, .high = 1e6});
    assert_int_equal(mad.verdict.end, NEUME_RANGE_NOT_FINITE);
    assert_true(mad.count < 20 && isnan(mad.verdict.suggestion));
    neume_range_test_free(high.test);
    neume_range_test_free(mad.test);
    close_session(&it);
}

static void refuses_what_is_no_range(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    const neume_range_options bad[] = {{.updates = 9},
                                       {.updates = 100001},
                                       {.low = 1, .high = 0.5},
                                       {.low = 1, .high = 1},
                                       {.low = NAN, .high = NAN, .updates = 9},
                                       {.high = INFINITY}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        neume_range_test *test = (neume_range_test *)&it;
        neume_range_options options = bad[i];
        options.training = &it.options;
        assert_int_equal(neume_range_test_new(&test, it.context, it.corpus, &options, &it.error),
                         NEUME_BAD_USAGE);
        assert_null(test);
    }
    close_session(&it);
}

static void stops_when_asked_to(void **state) {
    (void)state;
    session it;
    open_session(&it, 1, NEUME_ISA_C);
    it.seen.stop_after = 7;
    it.options.observer = (neume_train_observer){note_progress, is_enough, &it.seen};
    const neume_range_options options = {.training = &it.options};
    neume_range_test *test;
    assert_int_equal(neume_range_test_new(&test, it.context, it.corpus, &options, &it.error),
                     NEUME_INTERRUPTED);
    assert_null(test);
    assert_int_equal(it.seen.updates, 7);
    close_session(&it);
}

static neume_status test_once(neume_context *context, void *data) {
    neume_corpus *corpus = nm_alloc(context, 1, sizeof *corpus);
    if (!corpus)
        return NEUME_NO_MEMORY;
    *corpus = (neume_corpus){.context = context, .owns_codec = true, .found.context = context};
    neume_status status = fill_corpus(corpus, 3, 1);
    if (!status) {
        const neume_train_options training = small_options(data);
        const neume_range_options options = {.training = &training, .updates = 10};
        neume_range_test *test;
        status = neume_range_test_new(&test, context, corpus, &options, NULL);
        neume_range_test_free(test);
    }
    neume_corpus_free(corpus);
    return status;
}

static void survives_each_failing_allocation(void **state) {
    (void)state;
    run_folder folder = new_folder();
    test_each_allocation_failing(test_once, &folder);
    remove_folder(&folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suggests_a_tenth_of_where_the_loss_is_lowest),
        cmocka_unit_test(suggests_nothing_where_the_loss_never_falls),
        cmocka_unit_test(smooths_with_weights_that_fall),
        cmocka_unit_test(diverged_is_half_as_high_again_as_at_the_start),
        cmocka_unit_test(rates_rise_exponentially_and_no_file_is_written),
        cmocka_unit_test(what_is_left_to_it_follows_from_the_rate),
        cmocka_unit_test(its_losses_are_those_of_a_training),
        cmocka_unit_test(any_number_of_threads_gives_the_same_curve),
        cmocka_unit_test(ends_where_it_diverges_or_is_not_finite),
        cmocka_unit_test(refuses_what_is_no_range),
        cmocka_unit_test(stops_when_asked_to),
        cmocka_unit_test(survives_each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
