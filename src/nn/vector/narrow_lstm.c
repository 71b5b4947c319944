/* SPDX-License-Identifier: ISC */
/* An LSTM layer with weights of a precision, step by step: a tile gets W_ih x and W_hh h one after
 * the other and becomes gates, c and h at once, so that a step reads the weights once, writes
 * nothing but c and h, and each thread meets its own units alone. */
#include "nn/vector/functions.h"
#include "nn/vector/narrow.h"

/* Where a layer's weights lie: panels of weight_ih and weight_hh, each panel i f g o of LANES
 * units, then the bias [panels][PANEL]. Of NM_FP32 as lstm.h has it. */
typedef struct narrow_layer {
    nm_narrow ih, hh;
    float *bias;
} narrow_layer;

static size_t gates_of(size_t H) {
    return blocks_of(H) * PANEL;
}

static narrow_layer layer_at(nm_precision precision, const float *block, size_t I, size_t H) {
    const size_t G = gates_of(H), ih = narrow_floats(precision, G, I);
    narrow_layer at = {.ih = narrow_at(precision, block, G, I)};
    at.hh = narrow_at(precision, block + ih, G, H);
    at.bias = (float *)(uintptr_t)(block + ih + narrow_floats(precision, G, H));
    return at;
}

size_t nm_narrow_lstm_size(nm_precision precision, size_t I, size_t H) {
    const size_t G = gates_of(H);
    return narrow_floats(precision, G, I) + narrow_floats(precision, G, H) + G;
}

typedef struct pack_work {
    narrow_layer layer;
    const nm_lstm_weights *weights;
} pack_work;

static void pack_job(void *data, nm_pool *pool, unsigned thread) {
    const pack_work *work = data;
    const nm_lstm_weights *w = work->weights;
    const nm_order order = {.units = w->H};
    const nm_range share = nm_pool_share(pool, thread, blocks_of(w->H), 1);
    for (size_t block = share.begin; block < share.end; block++) {
        nm_narrow_pack_panel(&work->layer.ih, w->weight_ih, order, block);
        nm_narrow_pack_panel(&work->layer.hh, w->weight_hh, order, block);
        for (size_t column = block * PANEL; column < (block + 1) * PANEL; column++) {
            const size_t row = row_of_column(order, column);
            work->layer.bias[column] = row == NM_NO_ROW ? 0 : w->bias[row];
        }
    }
}

void nm_narrow_lstm_pack(nm_pool *pool, nm_precision precision, float *packed,
                         const nm_lstm_weights *weights) {
    if (precision == NM_FP32) {
        nm_lstm_pack(pool, packed, weights, false);
        return;
    }
    pack_work work = {layer_at(precision, packed, weights->I, weights->H), weights};
    nm_pool_run(pool, pack_job, &work);
}

typedef struct step_work {
    const nm_lstm *layer;
    float *bias;
    const float *zeros; /* [H] */
    nm_factor x, h;
    size_t t;
} step_work;

/* Four gates of LANES units of a one-hot input's column. */
static void add_word(const step_work *work, const nm_narrow_tile *tile) {
    const nm_narrow *w = &work->x.w;
    const size_t numbers = numbers_a_lane(w->precision), bits = 32 / numbers;
    for (size_t r = 0; r < tile->rows; r++) {
        const uint32_t word = work->layer->words[work->t * work->layer->B + tile->row + r];
        const uint32_t *lane = panel_at(w, tile->panel) + word / numbers * PANEL;
        const unsigned above = (unsigned)(32 - bits * (word % numbers + 1));
        for (size_t q = 0; q < VECTORS; q++) {
            float *sums = tile->sums + r * PANEL + q * LANES;
            const uvec top = (uvec)load((const float *)(lane + q * LANES)) << above;
            vec value = (vec)top;
            if (w->precision == NM_INT8)
                value = __builtin_convertvector((ivec)top >> 24, vec) *
                        load(w->scales + tile->panel * PANEL + q * LANES);
            else if (w->precision == NM_BF16)
                value = (vec)(top & 0xffff0000u);
            store(sums, value + load(sums));
        }
    }
}

/* i,f,o = sigmoid(a_i, a_f, a_o);  g = tanh(a_g);  c = f c_before + i g;  h = o tanh(c) */
static void finish_cell(const step_work *work, const float *a, size_t row, size_t block) {
    const nm_lstm *layer = work->layer;
    const size_t H = layer->H, unit = block * LANES, at = work->t * layer->B + row;
    const size_t count = lanes_below(unit, H);
    const vec i = sigmoid_of(load(a)), f = sigmoid_of(load(a + LANES)),
              g = tanh_of(load(a + 2 * LANES)), o = sigmoid_of(load(a + 3 * LANES));
    const float *c_before = (work->t ? layer->c1 : layer->c0) + row * H + unit;
    if (layer->reset[at])
        c_before = work->zeros;
    const vec c = f * load_part(c_before, count) + i * g;
    store_part(layer->c1 + row * H + unit, c, count);
    store_part(layer->y + at * H + unit, o * tanh_of(c), count);
}

/* Bias and W_ih x. */
static void hear_input(const step_work *work, const nm_narrow_tile *tile) {
    const float *bias = work->bias + tile->panel * PANEL;
    for (size_t r = 0; r < tile->rows; r++)
        memcpy(tile->sums + r * PANEL, bias, PANEL * sizeof *bias);
    if (work->layer->x)
        nm_factor_add(&work->x, tile);
    else
        add_word(work, tile);
}

static void finish_tile(const step_work *work, const nm_narrow_tile *tile) {
    for (size_t r = 0; r < tile->rows; r++)
        finish_cell(work, tile->sums + r * PANEL, tile->row + r, tile->panel);
}

static void step_tile(const step_work *work, nm_narrow_tile *tile, const uint32_t *next) {
    tile->next = panel_at(&work->h.w, tile->panel);
    hear_input(work, tile);
    tile->next = next;
    nm_factor_add(&work->h, tile);
    finish_tile(work, tile);
}

static void step_rows(step_work *work, nm_range rows, nm_range panels, char *scratch) {
    _Alignas(64) float sums[NM_MOST_TALL * PANEL];
    nm_narrow_tile tile = {.sums = sums};
    if (work->layer->x)
        scratch = nm_factor_ready(&work->x, rows, scratch);
    nm_factor_ready(&work->h, rows, scratch);
    for (tile.panel = panels.begin; tile.panel < panels.end; tile.panel++) {
        const uint32_t *next = panel_after(&work->x.w, tile.panel, panels);
        for (tile.row = rows.begin; tile.row < rows.end; tile.row += tile.rows) {
            tile.rows = next_factor_rows(&work->h, rows.end - tile.row);
            step_tile(work, &tile, next);
        }
    }
}

/* The rows of a step. */
static void begin_step(step_work *work, size_t t) {
    const nm_lstm *layer = work->layer;
    const size_t B = layer->B, H = layer->H;
    work->t = t;
    work->x.index = layer->words ? layer->words + t * B : NULL;
    work->x.rows = (nm_rows){.first = layer->x, .count = SIZE_MAX, .stride = layer->I};
    if (layer->x && !layer->words)
        work->x.rows.first += t * B * layer->I;
    work->h.rows = (nm_rows){.first = t ? layer->y + (t - 1) * B * H : layer->h0,
                             .count = B,
                             .stride = H,
                             .cut = layer->reset + t * B,
                             .zeros = work->zeros};
}

/* Rows of a layer whose factors are made ready at a time. */
static size_t height_of(const step_work *work) {
    const nm_narrow *x = &work->x.w, *h = &work->h.w;
    return nm_narrow_height(h->precision, x->depth + h->depth, factor_stride(x) + factor_stride(h));
}

static void forward_job(void *data, nm_pool *pool, unsigned thread) {
    step_work work = *(const step_work *)data;
    const nm_lstm *layer = work.layer;
    const size_t B = layer->B, H = layer->H;
    const nm_part part = nm_part_of(pool, thread, B, blocks_of(H));
    const size_t height = height_of(&work), rows = part.rows.end - part.rows.begin;
    nm_factor_begin(&work.h, rows);
    for (size_t t = 0; t < layer->T; t++) {
        begin_step(&work, t);
        for (size_t row = part.rows.begin; row < part.rows.end; row += height) {
            const size_t end = row + height;
            step_rows(&work, (nm_range){row, end < part.rows.end ? end : part.rows.end},
                      part.panels, nm_pool_scratch(pool, thread));
        }
        if (!part.has_all_panels && t + 1 < layer->T)
            nm_pool_barrier(pool);
    }
    nm_factor_end(&work.h, rows);
}

static step_work work_of(nm_precision precision, const nm_lstm *layer,
                         const nm_int8_kernel *kernel) {
    const narrow_layer at = layer_at(precision, layer->packed, layer->I, layer->H);
    return (step_work){.layer = layer,
                       .bias = at.bias,
                       .zeros = layer->tape,
                       .x = {.w = at.ih, .kernel = *kernel},
                       .h = {.w = at.hh, .kernel = *kernel}};
}

/* It may lie where the state carried in does, which all have read by now. */
static void carry_out(const nm_lstm *layer) {
    const size_t size = layer->B * layer->H;
    memcpy(layer->h1, layer->y + (layer->T - 1) * size, size * sizeof(float));
}

/* A sequence of floats is done with fewer reads of its weights where W_ih x of all steps comes
 * first. */
static void forward_layer(nm_pool *pool, nm_precision precision, const nm_lstm *layer,
                          const nm_int8_kernel *kernel) {
    if (precision == NM_FP32 && layer->T > 1) {
        nm_lstm_forward(pool, layer);
        return;
    }
    step_work work = work_of(precision, layer, kernel);
    memset(layer->tape, 0, layer->H * sizeof(float));
    nm_pool_run(pool, forward_job, &work);
    carry_out(layer);
}

/* One step of layers, each of which hears the one before. W_hh h needs nothing of this step: a
 * thread does it while others are still at the layer before, and seldom waits for them. */
typedef struct chain {
    nm_precision precision;
    const nm_lstm *layers;
    size_t count;
    const nm_int8_kernel *kernel;
} chain;

/* A thread's part of a layer. */
typedef struct link {
    step_work work;
    nm_part part;
    float *kept;   /* [panels][rows][PANEL] W_hh h */
    char *scratch; /* what is left of it */
} link;

enum { CHAIN_FLOATS = 64 * 1024 }; /* of W_hh h */

/* Where rows are few enough to be none of a tall tile, they may be wider. */
_Static_assert(CHAIN_FLOATS * sizeof(float) + NM_HEIGHT_BYTES +
                       NM_HEIGHT_BYTES / NM_LEAST_TALL * NM_TALL_STEP <
                   NM_POOL_SCRATCH,
               "what a tall tile reads behind the last row is scratch");

/* Not where W_hh h is more than one sum, which would then be added to others in another order, nor
 * where it and all rows' factors do not fit a thread's scratch. */
static bool is_chain(const chain *of) {
    bool is = of->count > 1;
    for (size_t l = 0; l < of->count; l++) {
        const nm_lstm *layer = &of->layers[l];
        const step_work work = work_of(of->precision, layer, of->kernel);
        const bool is_one_sum = of->precision == NM_INT8 || layer->H <= DEPTH_BLOCK;
        const bool fits = layer->B * gates_of(layer->H) <= CHAIN_FLOATS;
        is = is && layer->T == 1 && is_one_sum && fits && layer->B <= height_of(&work);
    }
    return is;
}

static link link_at(const chain *of, size_t l, nm_pool *pool, unsigned thread) {
    const nm_lstm *layer = &of->layers[l];
    link at = {.work = work_of(of->precision, layer, of->kernel),
               .part = nm_part_of(pool, thread, layer->B, blocks_of(layer->H)),
               .kept = nm_pool_scratch(pool, thread)};
    at.scratch = (char *)(at.kept + CHAIN_FLOATS);
    begin_step(&at.work, 0);
    return at;
}

/* The panel behind one of a matrix; `next` after the thread's last. */
static const uint32_t *panel_behind(const nm_narrow *w, const link *of, size_t panel,
                                    const uint32_t *next) {
    const uint32_t *behind = panel_after(w, panel, of->part.panels);
    return behind ? behind : next;
}

/* W_hh h. */
static void hear_past(link *of) {
    const nm_range rows = of->part.rows, panels = of->part.panels;
    const nm_narrow *w = &of->work.h.w;
    const uint32_t *next = of->work.layer->x ? panel_at(&of->work.x.w, panels.begin) : NULL;
    nm_narrow_tile tile = {.sums = of->kept};
    of->scratch = nm_factor_ready(&of->work.h, rows, of->scratch);
    for (tile.panel = panels.begin; tile.panel < panels.end; tile.panel++) {
        tile.next = panel_behind(w, of, tile.panel, next);
        for (tile.row = rows.begin; tile.row < rows.end; tile.row += tile.rows) {
            tile.rows = next_factor_rows(&of->work.h, rows.end - tile.row);
            memset(tile.sums, 0, tile.rows * PANEL * sizeof *tile.sums);
            nm_factor_add(&of->work.h, &tile);
            tile.sums += tile.rows * PANEL;
        }
    }
}

/* All else of the layer; `next` is the panel that will be wanted after it. */
static void hear_present(link *of, const uint32_t *next) {
    _Alignas(64) float sums[NM_MOST_TALL * PANEL];
    const nm_range rows = of->part.rows, panels = of->part.panels;
    const float *kept = of->kept;
    nm_narrow_tile tile = {.sums = sums};
    if (of->work.layer->x)
        nm_factor_ready(&of->work.x, rows, of->scratch);
    for (tile.panel = panels.begin; tile.panel < panels.end; tile.panel++) {
        tile.next = panel_behind(&of->work.x.w, of, tile.panel, next);
        for (tile.row = rows.begin; tile.row < rows.end; tile.row += tile.rows) {
            tile.rows = next_factor_rows(&of->work.h, rows.end - tile.row);
            hear_input(&of->work, &tile);
            for (size_t i = 0; i < tile.rows * PANEL; i += LANES)
                store(sums + i, load(kept + i) + load(sums + i));
            kept += tile.rows * PANEL;
            finish_tile(&of->work, &tile);
        }
    }
}

/* This thread's units of h: the layer after the next may overwrite y. */
static void carry_part(const link *of) {
    const nm_lstm *layer = of->work.layer;
    const size_t begin = of->part.panels.begin * LANES, end = of->part.panels.end * LANES;
    const size_t count = (end < layer->H ? end : layer->H) - begin;
    for (size_t row = of->part.rows.begin; row < of->part.rows.end; row++)
        memcpy(layer->h1 + row * layer->H + begin, layer->y + row * layer->H + begin,
               count * sizeof(float));
}

static void chain_job(void *data, nm_pool *pool, unsigned thread) {
    const chain *of = data;
    link at = link_at(of, 0, pool, thread);
    nm_factor_begin(&at.work.h, of->layers->B);
    hear_past(&at);
    for (size_t l = 0; l + 1 < of->count; l++) {
        link next = link_at(of, l + 1, pool, thread);
        hear_present(&at, panel_at(&next.work.h.w, next.part.panels.begin));
        const unsigned arrival = nm_pool_arrive(pool);
        hear_past(&next);
        nm_pool_wait(pool, arrival);
        carry_part(&at);
        at = next;
    }
    hear_present(&at, NULL);
    nm_factor_end(&at.work.h, of->layers->B);
}

void nm_narrow_lstm_forward_by(nm_pool *pool, nm_precision precision, const nm_lstm *layers,
                               size_t count, const nm_int8_kernel *kernel) {
    chain all = {precision, layers, count, kernel};
    if (is_chain(&all)) {
        for (size_t l = 0; l < count; l++)
            memset(layers[l].tape, 0, layers[l].H * sizeof(float));
        nm_pool_run(pool, chain_job, &all);
        carry_out(&layers[count - 1]);
        return;
    }
    for (size_t l = 0; l < count; l++)
        forward_layer(pool, precision, &layers[l], kernel);
}

void nm_narrow_lstm_forward(nm_pool *pool, nm_precision precision, const nm_lstm *layers,
                            size_t count) {
    const nm_int8_kernel kernel = {.tile = nm_int8_tile_here()};
    nm_narrow_lstm_forward_by(pool, precision, layers, count, &kernel);
}
