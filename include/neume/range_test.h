/* SPDX-License-Identifier: ISC */
/* The learning-rate range test (Smith 2017): some updates of a fresh model, or of the one that the
 * corpus was made to start from, with a rate that rises exponentially, and what the loss does
 * meanwhile. It writes no file, and no model comes of it. Thread rule: as a training. */
#ifndef NEUME_RANGE_TEST_H
#define NEUME_RANGE_TEST_H

#include <neume/train.h>

NEUME_BEGIN_DECLS

/** What is tested. */
typedef struct neume_range_options {
    const neume_train_options
        *training;    /**< its rate, schedule, limits and files are not looked at,
                         except where said; its observer is told of each update */
    double low, high; /**< rates of the first and the last update; 0: a thousandth of the training's
                         rate, and a hundred times it */
    uint64_t updates; /**< from one to the other, 10..100000; 0: 200 */
} neume_range_options;

/** An update. */
typedef struct neume_range_point {
    double learning_rate;
    double loss;     /**< nats a step, before the update */
    double smoothed; /**< mean of this and the losses before, the older the less */
    double gradient_norm;
} neume_range_point;

/** Why the rates went no higher. */
typedef enum neume_range_end {
    NEUME_RANGE_WHOLE,     /**< the highest was reached */
    NEUME_RANGE_DIVERGED,  /**< the smoothed loss was half as high again as at the start */
    NEUME_RANGE_NOT_FINITE /**< a loss or a gradient was not finite */
} neume_range_end;

/** What the curve says of rates; NAN where it does not. */
typedef struct neume_range_verdict {
    neume_range_end end;
    double ended_at;    /**< the highest rate tried */
    double steepest;    /**< where the smoothed loss falls fastest */
    double lowest;      /**< where it is lowest */
    double lowest_loss; /**< and what it is there */
    double suggestion;  /**< the rate to train with: a tenth of the lowest; NAN where the loss never
                           fell */
} neume_range_verdict;

typedef struct neume_range_test neume_range_test;

/** Runs a test. Fails with NEUME_BAD_USAGE, NEUME_BAD_INPUT where there is nothing to train on,
 * NEUME_INTERRUPTED where the observer asked to stop. The caller frees. */
NEUME_API NEUME_MUST_USE neume_status neume_range_test_new(neume_range_test **out,
                                                           neume_context *context,
                                                           const neume_corpus *corpus,
                                                           const neume_range_options *options,
                                                           neume_error *error);
NEUME_API void neume_range_test_free(neume_range_test *test);

/** Its updates in order. Borrowed: as long as the test. */
NEUME_API const neume_range_point *neume_range_test_points(const neume_range_test *test,
                                                           size_t *count);

NEUME_API neume_range_verdict neume_range_test_verdict(const neume_range_test *test);

NEUME_END_DECLS

#endif
