/* SPDX-License-Identifier: ISC */
#include "nn/probe.h"

#include "base/clock.h"
#include "base/pool.h"
#include "nn/vector/probes.h"

#include <math.h>

/* The vectors of plain C are those that every machine has. */
static const nm_probe *const probes[NEUME_ISA_AVX512 + 1] = {
    [NEUME_ISA_C] = &nm_probe_baseline,
    [NEUME_ISA_BASELINE] = &nm_probe_baseline,
#if defined(__x86_64__)
    [NEUME_ISA_AVX2] = &nm_probe_avx2,
    [NEUME_ISA_AVX512] = &nm_probe_avx512,
#endif
};

/* Of 512 to 4096 floats ahead the third-level cache was fastest with 2048. */
enum { LEAST_BYTES = 1 << 26, AHEAD = 2048 };

typedef struct probing {
    const nm_probe *probe;
    const float *block;
    size_t count, turns, ahead;
} probing;

static void multiply_job(void *data, nm_pool *pool, unsigned thread) {
    const probing *p = data;
    volatile float *sink = nm_pool_scratch(pool, thread);
    *sink = p->probe->multiply(p->turns);
}

static void read_job(void *data, nm_pool *pool, unsigned thread) {
    enum { FLOATS_A_LINE = 16 };
    const probing *p = data;
    volatile float *sink = nm_pool_scratch(pool, thread);
    const nm_range share = nm_pool_share(pool, thread, p->count, FLOATS_A_LINE);
    for (size_t turn = 0; turn < p->turns; turn++)
        *sink = p->probe->read(p->block + share.begin, share.end - share.begin, p->ahead);
}

static double time_of(neume_context *context, nm_job job, probing *p) {
    const double start = nm_clock_of(context);
    nm_pool_run(context->pool, job, p);
    return nm_clock_of(context) - start;
}

static double peak_of(neume_context *context, const nm_probe *probe) {
    probing p = {.probe = probe, .turns = probe->turns};
    const double flop =
        probe->flop_a_turn * (double)probe->turns * neume_context_thread_count(context);
    return flop / time_of(context, multiply_job, &p);
}

double nm_probe_peak(neume_context *context, nm_products products) {
    return peak_of(context, products == NM_PRODUCTS_FP32 ? probes[context->isa]
                                                         : nm_product_probes[products]);
}

double nm_probe_byte_peak(neume_context *context) {
    const bool has_tiles = nm_ops_at(context, NM_PRODUCTS_FP32) != nm_ops_for(context->isa);
    return peak_of(context, has_tiles ? nm_product_probes[NM_PRODUCTS_FP32] : probes[context->isa]);
}

double nm_probe_bandwidth(neume_context *context, const float *block, size_t size_bytes) {
    probing p = {.probe = probes[context->isa],
                 .block = block,
                 .count = size_bytes / sizeof *block,
                 .turns = LEAST_BYTES / (size_bytes + 1) + 1};
    const double bytes = (double)size_bytes * (double)p.turns;
    const double plain = time_of(context, read_job, &p);
    p.ahead = AHEAD;
    return bytes / fmin(plain, time_of(context, read_job, &p));
}
