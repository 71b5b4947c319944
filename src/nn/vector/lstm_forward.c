/* SPDX-License-Identifier: ISC */
/* A whole LSTM layer forward. First W_ih x for all steps at once, or for all words; then step by
 * step W_hh h, where each thread keeps its own units' weights in its cache, and a tile that is
 * summed up becomes gates, c and h at once. */
#include "nn/vector/functions.h"
#include "nn/vector/lstm.h"

typedef struct forward_work {
    const nm_lstm *layer;
    nm_lstm_layout layout;
    nm_lstm_tape tape;
    nm_rows h_before, c_before;
} forward_work;

/* A panel of W_ih x + b of the row's word, in the table. */
INLINE const float *of_word(const forward_work *work, size_t row, size_t panel) {
    return work->layer->table + work->layer->words[row] * work->layout.gates + panel * PANEL;
}

/* A panel of W_ih: of a one-hot x, the word's column of it is what the word brings beside b. */
INLINE const float *panel_of_words(const forward_work *work, size_t panel) {
    const size_t turns = turns_of(work->layer->I);
    return work->layer->packed + work->layout.ih + panel * turns * PANEL;
}

INLINE vec input_of_word(const forward_work *work, size_t row, size_t panel, size_t q) {
    const nm_lstm *layer = work->layer;
    if (layer->x)
        return load(of_word(work, row, panel) + q * LANES);
    return load_packed(panel_of_words(work, panel), layer->words[row], q) +
           load(layer->packed + work->layout.bias + panel * PANEL + q * LANES);
}

INLINE void fetch_word(const forward_work *work, size_t row, size_t panel) {
    const nm_lstm *layer = work->layer;
    fetch_panel_row(layer->x ? of_word(work, row, panel)
                             : panel_of_words(work, panel) + turn_of(layer->words[row]) * PANEL);
}

/* What W_hh h is added to: W_ih x + b from the tape, or that of the word. */
INLINE vec input_of(const forward_work *work, size_t row, size_t panel, size_t q, bool is_first) {
    if (!work->layer->words || !is_first)
        return load(work->tape.gates + row * work->layout.gates + panel * PANEL + q * LANES);
    return input_of_word(work, row, panel, q);
}

/* i,f,o = sigmoid(a_i, a_f, a_o);  g = tanh(a_g);  c = f c_before + i g */
static void finish_gates(const forward_work *work, const vec a[VECTORS], size_t row, size_t block) {
    const size_t unit = block * LANES;
    const vec i = sigmoid_of(a[0]), f = sigmoid_of(a[1]), g = tanh_of(a[2]), o = sigmoid_of(a[3]);
    float *gates = work->tape.gates + row * work->layout.gates + block * PANEL;
    store(gates, i);
    store(gates + LANES, f);
    store(gates + 2 * LANES, g);
    store(gates + 3 * LANES, o);
    const vec c = f * load(row_at(&work->c_before, row) + unit) + i * g;
    store(work->tape.c + row * work->layout.units + unit, c);
}

/* h = o tanh(c) */
static void finish_output(const forward_work *work, size_t row, size_t block) {
    const size_t H = work->layer->H, unit = block * LANES;
    const vec o = load(work->tape.gates + row * work->layout.gates + block * PANEL + 3 * LANES);
    const vec c = load(work->tape.c + row * work->layout.units + unit);
    store_part(work->layer->y + row * H + unit, o * tanh_of(c), lanes_below(unit, H));
}

static void prepare_forward(const void *data, const nm_tile *tile) {
    const forward_work *work = data;
    const size_t unit = tile->panel * LANES;
    for (size_t row = tile->row; row < tile->row + tile->rows; row++) {
        fetch_panel_row(work->tape.gates + row * work->layout.gates + tile->panel * PANEL);
        if (work->layer->words && tile->is_first)
            fetch_word(work, row, tile->panel);
        __builtin_prefetch(row_at(&work->c_before, row) + unit, 0, 3);
        __builtin_prefetch(work->tape.c + row * work->layout.units + unit, 1, 3);
        __builtin_prefetch(work->layer->y + row * work->layer->H + unit, 1, 3);
    }
}

/* Rows together: each alone is one long chain of operations, for each of which the processor would
 * wait. */
static void finish_forward(const void *data, const nm_tile *tile) {
    const forward_work *work = data;
    for (size_t r = 0; r < tile->rows; r++) {
        const size_t row = tile->row + r;
        float *gates = work->tape.gates + row * work->layout.gates + tile->panel * PANEL;
        vec a[VECTORS];
        for (size_t q = 0; q < VECTORS; q++)
            a[q] = load(tile->sums + r * PANEL + q * LANES) +
                   input_of(work, row, tile->panel, q, tile->is_first);
        if (tile->is_last)
            finish_gates(work, a, row, tile->panel);
        else
            memcpy(gates, a, sizeof a);
    }
    for (size_t r = 0; tile->is_last && r < tile->rows; r++)
        finish_output(work, tile->row + r, tile->panel);
}

static size_t input_rows(const nm_lstm *layer) {
    return layer->words ? layer->D : layer->T * layer->B;
}

/* W_ih x + b for rows of x, to the gates or the table. */
static void project_input(const forward_work *work, const nm_part *part, float *scratch) {
    const nm_lstm *layer = work->layer;
    const nm_matmul product = {.m = input_rows(layer),
                               .n = work->layout.gates,
                               .k = layer->I,
                               .x = layer->x,
                               .packed = layer->packed + work->layout.ih,
                               .bias = layer->packed + work->layout.bias,
                               .y = layer->words ? layer->table : work->tape.gates};
    nm_matmul_part(&product, part, scratch);
}

/* The state carried in is kept, because the one carried out may overwrite it. */
static void keep_state(const forward_work *work, nm_range rows) {
    const nm_lstm *layer = work->layer;
    const size_t H = layer->H, units = work->layout.units;
    for (size_t b = rows.begin; b < rows.end; b++) {
        memcpy(work->tape.h0 + b * H, layer->h0 + b * H, H * sizeof(float));
        memcpy(work->tape.c0 + b * units, layer->c0 + b * H, H * sizeof(float));
        memset(work->tape.c0 + b * units + H, 0, (units - H) * sizeof(float));
    }
}

static void carry_state_out(const forward_work *work, nm_range rows) {
    const nm_lstm *layer = work->layer;
    const size_t H = layer->H, last = (layer->T - 1) * layer->B;
    for (size_t b = rows.begin; b < rows.end; b++) {
        memcpy(layer->h1 + b * H, layer->y + (last + b) * H, H * sizeof(float));
        memcpy(layer->c1 + b * H, work->tape.c + (last + b) * work->layout.units,
               H * sizeof(float));
    }
}

static void forward_one_step(const forward_work *work, const nm_part *part, float *scratch) {
    const nm_sweep sweep = {.a = work->h_before,
                            .packed = work->layer->packed + work->layout.hh,
                            .depth = work->layer->H,
                            .columns = work->layout.gates,
                            .is_repeated = true,
                            .scratch = scratch,
                            .prepare = prepare_forward,
                            .finish = finish_forward,
                            .data = work};
    nm_sweep_run(&sweep, part);
}

/* Each thread its own units, or rows, of a step before those of the next. */
static void forward_by_step(const forward_work *work, nm_part part, nm_pool *pool,
                            unsigned thread) {
    const nm_lstm *layer = work->layer;
    float *scratch = nm_pool_scratch(pool, thread);
    if (layer->x) {
        const nm_part all = nm_part_of(pool, thread, input_rows(layer), work->layout.blocks);
        project_input(work, &all, scratch);
    }
    nm_pool_barrier(pool);
    const nm_range rows = part.rows;
    for (size_t t = 0; t < layer->T; t++) {
        part.rows = rows_at_step(layer, rows, t);
        forward_one_step(work, &part, scratch);
        if (!part.has_all_panels || t + 1 == layer->T)
            nm_pool_barrier(pool);
    }
}

/* Each thread its own rows, all steps of a few rows before the next few. */
static void forward_by_rows(const forward_work *work, const nm_course *course, nm_pool *pool,
                            unsigned thread) {
    const nm_lstm *layer = work->layer;
    float *scratch = nm_pool_scratch(pool, thread);
    const nm_range mine = course->part.rows;
    nm_part part = course->part;
    nm_pool_barrier(pool);
    for (size_t row = mine.begin; row < mine.end; row += course->height) {
        const size_t left = mine.end - row;
        const nm_range rows = {row, row + (left < course->height ? left : course->height)};
        for (size_t t = 0; t < layer->T; t++) {
            part.rows = rows_at_step(layer, rows, t);
            project_input(work, &part, scratch);
            forward_one_step(work, &part, scratch);
        }
    }
    nm_pool_barrier(pool);
}

static void forward_job(void *data, nm_pool *pool, unsigned thread) {
    const forward_work *work = data;
    const nm_course course = nm_course_of(pool, thread, work->layer, work->layout.blocks);
    const nm_range rows = nm_pool_share(pool, thread, work->layer->B, 1);
    keep_state(work, rows);
    if (thread == 0)
        memset(work->tape.zeros, 0, work->layout.gates * sizeof(float));
    if (course.height)
        forward_by_rows(work, &course, pool, thread);
    else
        forward_by_step(work, course.part, pool, thread);
    carry_state_out(work, rows);
}

void nm_lstm_forward(nm_pool *pool, const nm_lstm *layer) {
    forward_work work = {.layer = layer,
                         .layout = lstm_layout_of(layer->I, layer->H),
                         .tape = lstm_tape_at(layer->tape, layer->T, layer->B, layer->H)};
    work.h_before = rows_before(layer, &work.tape, work.tape.h0, layer->y, layer->H);
    work.c_before = rows_before(layer, &work.tape, work.tape.c0, work.tape.c, work.layout.units);
    nm_pool_run(pool, forward_job, &work);
}
