/* SPDX-License-Identifier: ISC */
/* The work that a network's shape asks for, whatever computes it: what measured speed is compared
 * with. Only products with weights count; embeddings, gates, norms, softmax and the optimiser are
 * small beside them, and their time is the computation's own. */
#ifndef NM_NN_WORK_H
#define NM_NN_WORK_H

#include "nn/biaxial.h"
#include "nn/stack.h"

/* Of one step of one row; a multiply-add is two operations. */
typedef struct nm_work {
    double forward;      /* operations */
    double training;     /* forward and backward: three times as many, but for gradients of inputs
                            that nobody wants */
    double weights;      /* that the products use */
    double weights_read; /* by a step of composing, of any number of rows: each once, but those
                            along the keys of a biaxial network once a key */
} nm_work;

nm_work nm_stack_work(const nm_stack_shape *shape);
nm_work nm_biaxial_work(const nm_biaxial_shape *shape);

#endif
