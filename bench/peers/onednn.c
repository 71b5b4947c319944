/* SPDX-License-Identifier: ISC */
/* oneDNN's LSTM on the work of ../train_step.c: weights packed, forward, backward, all gradients.
 * The gradients of the weights stay in oneDNN's own layout, which is to its advantage. As many
 * threads as OMP_NUM_THREADS says. Usage: OMP_NUM_THREADS=N onednn T B H L */
#include "rounds.h"

#include <dnnl.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MAX_ARGUMENTS = 20, MAX_BLOCKS = 48, PACKINGS = 4, HUGE_PAGE = 1 << 21 };

typedef struct operation {
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t arguments[MAX_ARGUMENTS];
    int count;
} operation;

typedef struct shapes {
    dnnl_memory_desc_t x, h, w, any, bias; /* [T,B,H], [L,1,B,H], [L,1,H,4,H] twice, [L,1,4,H] */
} shapes;

typedef struct network {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_memory_t memories[MAX_BLOCKS];
    void *blocks[MAX_BLOCKS];
    size_t count;
    operation pack[PACKINGS], forward, backward;
} network;

static void must(dnnl_status_t status, const char *what) {
    if (status == dnnl_success)
        return;
    fprintf(stderr, "oneDNN: %s: status %d\n", what, (int)status);
    exit(1);
}

/* Numbers uniform in ±size, in huge pages where there are. */
static dnnl_memory_t memory_of(network *n, const dnnl_memory_desc_t *shape, float size) {
    const size_t bytes = dnnl_memory_desc_get_size(shape);
    const size_t room = (bytes / HUGE_PAGE + 1) * HUGE_PAGE;
    float *block = aligned_alloc(HUGE_PAGE, room);
    if (!block || n->count == MAX_BLOCKS) {
        fprintf(stderr, "oneDNN: out of memory\n");
        exit(1);
    }
    madvise(block, room, MADV_HUGEPAGE);
    uint32_t state = 1;
    for (size_t i = 0; i < bytes / sizeof *block; i++) {
        state = state * 1664525u + 1013904223u;
        block[i] = size * ((float)(state >> 8) * 0x1p-23f - 1);
    }
    n->blocks[n->count] = block;
    dnnl_memory_t *memory = &n->memories[n->count++];
    must(dnnl_memory_create(memory, shape, n->engine, block), "memory");
    return *memory;
}

static dnnl_memory_t add(operation *to, int name, dnnl_memory_t memory) {
    to->arguments[to->count++] = (dnnl_exec_arg_t){name, memory};
    return memory;
}

static dnnl_memory_desc_t desc_of(int rank, const dnnl_dim_t *sizes, dnnl_format_tag_t layout) {
    dnnl_memory_desc_t desc;
    must(dnnl_memory_desc_init_by_tag(&desc, rank, sizes, dnnl_f32, layout), "shape");
    return desc;
}

static shapes shapes_of(dnnl_dim_t T, dnnl_dim_t B, dnnl_dim_t H, dnnl_dim_t L) {
    const dnnl_dim_t x[] = {T, B, H}, h[] = {L, 1, B, H}, w[] = {L, 1, H, 4, H};
    const dnnl_dim_t bias[] = {L, 1, 4, H};
    return (shapes){.x = desc_of(3, x, dnnl_tnc),
                    .h = desc_of(4, h, dnnl_ldnc),
                    .w = desc_of(5, w, dnnl_ldigo),
                    .any = desc_of(5, w, dnnl_format_tag_any),
                    .bias = desc_of(4, bias, dnnl_ldgo)};
}

static dnnl_primitive_desc_t forward_desc(const network *n, const shapes *s) {
    dnnl_rnn_desc_t lstm;
    dnnl_primitive_desc_t desc;
    must(dnnl_lstm_forward_desc_init(&lstm, dnnl_forward_training, dnnl_unidirectional_left2right,
                                     &s->x, &s->h, &s->h, &s->any, &s->any, &s->bias, &s->x, &s->h,
                                     &s->h, 0),
         "forward");
    must(dnnl_primitive_desc_create(&desc, &lstm, NULL, n->engine, NULL), "forward");
    return desc;
}

static dnnl_primitive_desc_t backward_desc(const network *n, const shapes *s,
                                           dnnl_primitive_desc_t forward) {
    dnnl_rnn_desc_t lstm;
    dnnl_primitive_desc_t desc;
    must(dnnl_lstm_backward_desc_init(&lstm, dnnl_backward, dnnl_unidirectional_left2right, &s->x,
                                      &s->h, &s->h, &s->any, &s->any, &s->bias, &s->x, &s->h, &s->h,
                                      &s->x, &s->h, &s->h, &s->any, &s->any, &s->bias, &s->x, &s->h,
                                      &s->h, 0),
         "backward");
    must(dnnl_primitive_desc_create(&desc, &lstm, NULL, n->engine, forward), "backward");
    return desc;
}

static const dnnl_memory_desc_t *wanted(dnnl_primitive_desc_t desc, dnnl_query_t what, int index) {
    return dnnl_primitive_desc_query_md(desc, what, index);
}

/* Weights in the layout that the primitive wants, packed anew in each step. */
static void add_weights(network *n, operation *to, dnnl_primitive_desc_t desc, operation *packs) {
    static const int names[] = {DNNL_ARG_WEIGHTS_LAYER, DNNL_ARG_WEIGHTS_ITER};
    for (int i = 0; i < 2; i++) {
        const dnnl_memory_desc_t *packed = wanted(desc, dnnl_query_weights_md, i);
        dnnl_memory_t memory = add(to, names[i], memory_of(n, packed, 0));
        const dnnl_memory_desc_t *plain;
        must(dnnl_memory_get_memory_desc(packs[i].arguments[0].memory, &plain), "weights");
        dnnl_primitive_desc_t reorder;
        must(
            dnnl_reorder_primitive_desc_create(&reorder, plain, n->engine, packed, n->engine, NULL),
            "packing");
        must(dnnl_primitive_create(&packs[i].primitive, reorder), "packing");
        dnnl_primitive_desc_destroy(reorder);
        add(&packs[i], DNNL_ARG_TO, memory);
    }
}

/* What forward reads and writes, and backward reads. */
static void add_shared(network *n, const shapes *s, dnnl_primitive_desc_t desc) {
    operation *to = &n->forward;
    add(to, DNNL_ARG_SRC_LAYER, memory_of(n, &s->x, 1));
    add(to, DNNL_ARG_SRC_ITER, memory_of(n, &s->h, 0));
    add(to, DNNL_ARG_SRC_ITER_C, memory_of(n, &s->h, 0));
    add(to, DNNL_ARG_BIAS, memory_of(n, &s->bias, 0.1f));
    add(to, DNNL_ARG_DST_LAYER, memory_of(n, &s->x, 0));
    add(to, DNNL_ARG_DST_ITER, memory_of(n, &s->h, 0));
    add(to, DNNL_ARG_DST_ITER_C, memory_of(n, &s->h, 0));
    add(to, DNNL_ARG_WORKSPACE, memory_of(n, wanted(desc, dnnl_query_workspace_md, 0), 0));
    memcpy(n->backward.arguments, to->arguments, sizeof to->arguments);
    n->backward.count = to->count;
}

static void add_gradients(network *n, const shapes *s, dnnl_primitive_desc_t desc) {
    operation *to = &n->backward;
    add(to, DNNL_ARG_DIFF_SRC_LAYER, memory_of(n, &s->x, 0));
    add(to, DNNL_ARG_DIFF_SRC_ITER, memory_of(n, &s->h, 0));
    add(to, DNNL_ARG_DIFF_SRC_ITER_C, memory_of(n, &s->h, 0));
    add(to, DNNL_ARG_DIFF_WEIGHTS_LAYER,
        memory_of(n, wanted(desc, dnnl_query_diff_weights_md, 0), 0));
    add(to, DNNL_ARG_DIFF_WEIGHTS_ITER,
        memory_of(n, wanted(desc, dnnl_query_diff_weights_md, 1), 0));
    add(to, DNNL_ARG_DIFF_BIAS, memory_of(n, &s->bias, 0));
    add(to, DNNL_ARG_DIFF_DST_LAYER, memory_of(n, &s->x, 0.01f));
    add(to, DNNL_ARG_DIFF_DST_ITER, memory_of(n, &s->h, 0));
    add(to, DNNL_ARG_DIFF_DST_ITER_C, memory_of(n, &s->h, 0));
}

static void network_init(network *n, const shapes *s) {
    must(dnnl_engine_create(&n->engine, dnnl_cpu, 0), "engine");
    must(dnnl_stream_create(&n->stream, n->engine, dnnl_stream_default_flags), "stream");
    dnnl_primitive_desc_t forward = forward_desc(n, s), backward = backward_desc(n, s, forward);
    must(dnnl_primitive_create(&n->forward.primitive, forward), "forward");
    must(dnnl_primitive_create(&n->backward.primitive, backward), "backward");
    dnnl_memory_t weights[2] = {memory_of(n, &s->w, 0.05f), memory_of(n, &s->w, 0.05f)};
    for (int i = 0; i < PACKINGS; i++)
        add(&n->pack[i], DNNL_ARG_FROM, weights[i % 2]);
    add_shared(n, s, forward);
    add_weights(n, &n->forward, forward, n->pack);
    add_weights(n, &n->backward, backward, n->pack + 2);
    add_gradients(n, s, backward);
    dnnl_primitive_desc_destroy(backward);
    dnnl_primitive_desc_destroy(forward);
}

static void network_clear(network *n) {
    for (int i = 0; i < PACKINGS; i++)
        dnnl_primitive_destroy(n->pack[i].primitive);
    dnnl_primitive_destroy(n->forward.primitive);
    dnnl_primitive_destroy(n->backward.primitive);
    for (size_t i = 0; i < n->count; i++) {
        dnnl_memory_destroy(n->memories[i]);
        free(n->blocks[i]);
    }
    dnnl_stream_destroy(n->stream);
    dnnl_engine_destroy(n->engine);
}

static void execute(const network *n, const operation *it) {
    must(dnnl_primitive_execute(it->primitive, n->stream, it->count, it->arguments), "execution");
}

static void step(void *data) {
    const network *n = data;
    for (int i = 0; i < PACKINGS; i++)
        execute(n, &n->pack[i]);
    execute(n, &n->forward);
    execute(n, &n->backward);
    must(dnnl_stream_wait(n->stream), "execution");
}

int main(int argc, char **argv) {
    const char *threads = getenv("OMP_NUM_THREADS");
    if (argc != 5 || !threads) {
        fprintf(stderr, "usage: OMP_NUM_THREADS=N onednn T B H L\n");
        return 2;
    }
    const dnnl_dim_t T = atoi(argv[1]), B = atoi(argv[2]), H = atoi(argv[3]), L = atoi(argv[4]);
    const shapes s = shapes_of(T, B, H, L);
    network n = {0};
    network_init(&n, &s);
    const dnnl_version_t *version = dnnl_version();
    char peer[32], shape[64];
    snprintf(peer, sizeof peer, "oneDNN %d.%d.%d", version->major, version->minor, version->patch);
    snprintf(shape, sizeof shape, "%s, %s, %s, %s", argv[1], argv[2], argv[3], argv[4]);
    bench_serve(&(bench_rounds){.what = "layers",
                                .peer = peer,
                                .shape = shape,
                                .unit = "tokens/s",
                                .threads = (unsigned)atoi(threads),
                                .units = (double)(T * B),
                                .body = step,
                                .data = &n});
    network_clear(&n);
    return 0;
}
