/* SPDX-License-Identifier: ISC */
/* What the machine can do at most, measured: multiply-adds in registers, and reading of memory, by
 * all threads of a context in the vectors of its kernels. What a computation reaches is a share of
 * these. */
#ifndef NM_NN_PROBE_H
#define NM_NN_PROBE_H

#include "nn/ops.h"

/* Floating-point operations a second in such products, which the context must have (nm_ops_at); a
 * fused multiply-add is two. Takes about a millisecond. */
double nm_probe_peak(neume_context *context, nm_products products);

/* The same for weights of 8 bits: of whole numbers where the context multiplies them in tile
 * registers, else of floats. */
double nm_probe_byte_peak(neume_context *context);

/* Bytes a second, of a block of `size_bytes` (a multiple of 4) that is read again and again, each
 * thread its own share of it: so from whatever holds the block, a cache or memory. The better of
 * two ways, with and without fetching ahead: the second-level cache is faster without, what is
 * behind it with. Takes some milliseconds. */
double nm_probe_bandwidth(neume_context *context, const float *block, size_t size_bytes);

#endif
