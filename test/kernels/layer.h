/* SPDX-License-Identifier: ISC */
/* LSTM layers as the checks of lstm_pack, lstm_forward and lstm_backward draw and run them. */
#ifndef NM_TEST_LAYER_H
#define NM_TEST_LAYER_H

#include "in_double.h"
#include "operation.h"

/* Inputs and units at most: wider layers take long and end at nothing that these do not. */
enum { LAYER_WIDEST = 600 };

/* Calls `check_case` with T, B, I, H of each case. */
void layer_each(check *c, void (*check_case)(check *c, const size_t sizes[4]));

/* A layer of these sizes, its input one-hot, of rows that words name, or row by row; with no, some
 * or all rows reset; and the case's name. */
layer_inputs layer_draw(check *c, const size_t sizes[4]);
size_t layer_x_rows(const layer_inputs *in);

/* The same layer for some of the rows. */
layer_inputs layer_rows(check *c, const layer_inputs *in, nm_range rows);

nm_lstm_weights layer_weights(const layer_inputs *in);
const float *layer_pack(check *c, nm_pool *pool, const layer_inputs *in, bool for_backward);

/* Runs forward; the state is carried out where it came in, or to blocks of its own. */
nm_lstm layer_forward(check *c, nm_pool *pool, const layer_inputs *in, const float *packed,
                      bool is_in_place);

/* As layer_in_double wants them; without those of backward where there is no dy. */
layer_in_double layer_wanted(check *c, const layer_inputs *in);

/* A sequence. */
typedef struct layer_block {
    const char *name;
    const float *all; /* [T,B,width] */
    size_t width;
} layer_block;

/* Fails unless `some` [T,rows,width] are those rows of each step. */
void layer_same_rows(const check *c, const layer_inputs *in, nm_range rows, layer_block block,
                     const float *some);

/* Tolerance of what sums `terms` of a layer's outputs: a gate's sum of K = I + H products errs by
 * about sqrt(K) u sum|x w|; with weights of ±1/sqrt(K) that is K u / 2 or less, 4e-5 for K = 1200,
 * as a rule a tenth of it; the functions err by 2e-7. From step to step an error shrinks, since
 * gates are below 1. Gradients sum up to T B such terms, whose errors add up as the square root of
 * their number, and are held relative to the largest. Halves were seen to need 2e-3, and 5e-3 for
 * 2^15 terms. */
double layer_tolerance(const check *c, size_t terms);

/* A layer with blocks of timing: sizes T, B, H; I = H. */
nm_lstm layer_timing(timing *t);

#endif
