/* SPDX-License-Identifier: ISC */
/* What follows from a stack's shape: whether it is possible, and the widths between its parts. */
#ifndef NM_NN_STACK_SHAPE_H
#define NM_NN_STACK_SHAPE_H

#include "nn/stack.h"

/* Fails with NEUME_BAD_MODEL; the size of the table is not checked. */
neume_status nm_stack_check_shape(const nm_stack_shape *shape, neume_error *error);

/* I of the first LSTM, layer or branch. */
size_t nm_stack_input_width(const nm_stack_shape *shape);

/* I of an LSTM layer. */
size_t nm_stack_layer_input(const nm_stack_shape *shape, unsigned layer);

/* Columns of what the body hands to the heads. */
size_t nm_stack_body_width(const nm_stack_shape *shape);

/* Columns of what enters the last dense layer of a head. */
size_t nm_stack_head_width(const nm_stack_shape *shape);

/* Z, the outputs of a head: V, or the sum of the maps' widths. */
size_t nm_stack_output_width(const nm_stack_shape *shape, unsigned stream);

#endif
