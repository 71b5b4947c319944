/* SPDX-License-Identifier: ISC */
/* Elements of parameter blocks that no update moves: parts of a network that stay as they came. */
#ifndef NM_NN_FROZEN_H
#define NM_NN_FROZEN_H

#include "base/pool.h"
#include "nn/params.h"

typedef struct nm_frozen {
    neume_context *context;
    nm_range *ranges; /* ascending, with something between; owned */
    size_t count, capacity;
} nm_frozen;

nm_frozen nm_frozen_on(neume_context *context);
void nm_frozen_clear(nm_frozen *frozen);

/* Adds elements behind all that there are; false for want of memory. */
bool nm_frozen_add(nm_frozen *frozen, nm_range range);

/* Zeroes these elements of a gradient: the others' norm is that of what moves. */
void nm_frozen_zero(const nm_frozen *frozen, real *gradient);

/* Copies these elements of a block. */
void nm_frozen_copy(const nm_frozen *frozen, real *to, const real *from);

/* How many elements they are. */
size_t nm_frozen_size(const nm_frozen *frozen);

/* The first element of a parameter that is not among them; the size of a block where all are. */
size_t nm_frozen_first_moving(const nm_frozen *frozen, const nm_params *params);

#endif
