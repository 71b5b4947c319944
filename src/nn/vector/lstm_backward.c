/* SPDX-License-Identifier: ISC */
/* A whole LSTM layer backward: step by step from the last, W_hhᵀ da of the step after and then the
 * gates' gradients da, which take the gates' place on the tape; then from all da at once the
 * gradients of x and of the weights. */
#include "nn/vector/functions.h"
#include "nn/vector/lstm.h"

typedef struct backward_work {
    const nm_lstm *layer;
    const nm_lstm_grad *grad;
    nm_lstm_layout layout;
    nm_lstm_tape tape;
    nm_rows h_before, c_before;
    float *dc; /* [B,units], from the step after */
    float *dh; /* [B,units], where the depth has several blocks */
} backward_work;

/* One step for a thread. */
typedef struct backward_step {
    const backward_work *work;
    size_t t;
} backward_step;

/* forward was c = f c_before + i g and h = o tanh(c), hence
 *   dc += dh o (1 - tanh(c)²);  dc_before = dc f;  and with sigmoid' = s (1 - s), tanh' = 1 - t²:
 *   da_i = dc g i (1 - i);  da_f = dc c_before f (1 - f);  da_g = dc i (1 - g²);
 *   da_o = dh tanh(c) o (1 - o).
 * A reset makes c_before zero and takes no gradient back. */
static void finish_cell(const backward_step *step, vec dh, vec tanh_c, size_t b, size_t block) {
    const backward_work *work = step->work;
    const nm_lstm *layer = work->layer;
    const size_t row = step->t * layer->B + b, unit = block * LANES;
    float *gates = work->tape.gates + row * work->layout.gates + block * PANEL;
    float *dc_carried = work->dc + b * work->layout.units + unit;
    const vec i = load(gates), f = load(gates + LANES), g = load(gates + 2 * LANES),
              o = load(gates + 3 * LANES);
    const vec c_before = load(row_at(&work->c_before, row) + unit);
    vec dc = dh * o * (1.0f - tanh_c * tanh_c);
    if (step->t + 1 < layer->T)
        dc += load(dc_carried);
    store(gates, dc * g * i * (1.0f - i));
    store(gates + LANES, dc * c_before * f * (1.0f - f));
    store(gates + 2 * LANES, dc * i * (1.0f - g * g));
    store(gates + 3 * LANES, dh * tanh_c * o * (1.0f - o));
    store(dc_carried, layer->reset[row] ? broadcast(0) : (vec)(dc * f));
}

static void prepare_backward(const void *data, const nm_tile *tile) {
    const backward_step *step = data;
    const backward_work *work = step->work;
    const size_t units = work->layout.units, unit = tile->panel * PANEL;
    for (size_t r = 0; tile->is_last && r < tile->rows; r++) {
        const size_t b = tile->row + r, row = step->t * work->layer->B + b;
        for (size_t q = 0; q < VECTORS; q++)
            fetch_panel_row(work->tape.gates + row * work->layout.gates +
                            (tile->panel * VECTORS + q) * PANEL);
        fetch_panel_row(work->tape.c + row * units + unit);
        fetch_panel_row(row_at(&work->c_before, row) + unit);
        fetch_panel_row(work->grad->dy + row * work->layer->H + unit);
    }
}

/* tanh(c) of one block for all rows of a tile, before what waits for it. */
static void find_tanh(const backward_step *step, vec tanh_c[TILE_ROWS], const nm_tile *tile,
                      size_t unit) {
    const size_t row = step->t * step->work->layer->B + tile->row;
    const size_t units = step->work->layout.units;
    for (size_t r = 0; tile->is_last && r < tile->rows; r++)
        tanh_c[r] = tanh_of(load(step->work->tape.c + (row + r) * units + unit));
}

/* dh = dy + W_hhᵀ da of the step after. A panel here is of units: VECTORS blocks. */
static void finish_backward(const void *data, const nm_tile *tile) {
    const backward_step *step = data;
    const backward_work *work = step->work;
    const size_t H = work->layer->H;
    for (size_t q = 0; q < VECTORS; q++) {
        const size_t unit = tile->panel * PANEL + q * LANES, count = lanes_below(unit, H);
        if (count == 0)
            return;
        vec tanh_c[TILE_ROWS];
        find_tanh(step, tanh_c, tile, unit);
        for (size_t r = 0; r < tile->rows; r++) {
            const size_t b = tile->row + r;
            float *kept = work->dh + b * work->layout.units + unit;
            const float *dy = work->grad->dy + (step->t * work->layer->B + b) * H + unit;
            const vec dh = load(tile->sums + r * PANEL + q * LANES) +
                           (tile->is_first ? load_part(dy, count) : load(kept));
            if (tile->is_last)
                finish_cell(step, dh, tanh_c[r], b, unit / LANES);
            else
                store(kept, dh);
        }
    }
}

/* The rows da of the step after, of which those that it reset are cut off; after the last step
 * there is nothing. */
static void backward_one_step(const backward_work *work, size_t t, const nm_part *part,
                              float *scratch) {
    const nm_lstm *layer = work->layer;
    const backward_step step = {work, t};
    const size_t next = (t + 1) * layer->B;
    nm_sweep sweep = {.packed = layer->packed + work->layout.hh_backward,
                      .columns = layer->H,
                      .is_repeated = true,
                      .scratch = scratch,
                      .prepare = prepare_backward,
                      .finish = finish_backward,
                      .data = &step};
    sweep.a = (nm_rows){.first = work->tape.zeros, .count = layer->B};
    if (t + 1 < layer->T) {
        sweep.a = (nm_rows){.first = work->tape.gates + next * work->layout.gates,
                            .count = layer->B,
                            .stride = work->layout.gates,
                            .cut = layer->reset + next,
                            .zeros = work->tape.zeros};
        sweep.depth = work->layout.gates;
    }
    nm_sweep_run(&sweep, part);
}

/* Of each row of x the sum of its positions' da, in the place of the table. Each thread some blocks
 * of units. */
static void sum_table(const backward_work *work, nm_pool *pool, unsigned thread) {
    const nm_lstm *layer = work->layer;
    const size_t gates = work->layout.gates;
    const nm_range share = nm_pool_share(pool, thread, work->layout.blocks, 1);
    const size_t first = share.begin * PANEL, width = (share.end - share.begin) * PANEL;
    for (size_t word = 0; word < layer->D; word++)
        memset(layer->table + word * gates + first, 0, width * sizeof(float));
    for (size_t row = 0; row < layer->T * layer->B; row++) {
        float *sum = layer->table + layer->words[row] * gates + first;
        const float *da = work->tape.gates + row * gates + first;
        for (size_t q = 0; q < width; q += LANES)
            store(sum + q, load(sum + q) + load(da + q));
    }
}

/* The gradients da of all rows of x. */
typedef struct input_da {
    const float *da; /* [rows,gates] */
    size_t rows;
} input_da;

static input_da input_da_of(const backward_work *work) {
    const nm_lstm *layer = work->layer;
    if (layer->words)
        return (input_da){layer->table, layer->D};
    return (input_da){work->tape.gates, layer->T * layer->B};
}

/* forward was a = W_ih x + .., hence dx = W_ihᵀ da. */
static void input_gradient(const backward_work *work, const nm_part *part, float *scratch) {
    const nm_lstm *layer = work->layer;
    const input_da input = input_da_of(work);
    const nm_matmul product = {.m = input.rows,
                               .n = layer->I,
                               .k = work->layout.gates,
                               .x = input.da,
                               .packed = layer->packed + work->layout.ih_backward,
                               .y = work->grad->dx};
    nm_matmul_part(&product, part, scratch);
}

/* Each thread its own units, or rows, of a step before those of the step before. */
static void backward_by_step(const backward_work *work, const nm_part *part, nm_pool *pool,
                             unsigned thread) {
    const nm_lstm *layer = work->layer;
    float *scratch = nm_pool_scratch(pool, thread);
    for (size_t t = layer->T; t-- > 0;) {
        backward_one_step(work, t, part, scratch);
        if (!part->has_all_panels || t == 0)
            nm_pool_barrier(pool);
    }
    if (layer->x && layer->words) {
        sum_table(work, pool, thread);
        nm_pool_barrier(pool);
    }
    if (!work->grad->dx)
        return;
    const nm_part all = nm_part_of(pool, thread, input_da_of(work).rows, panels_of(layer->I));
    input_gradient(work, &all, scratch);
}

/* Each thread its own rows, all steps of a few rows before the next few. */
static void backward_by_rows(const backward_work *work, const nm_course *course, nm_pool *pool,
                             unsigned thread) {
    const nm_lstm *layer = work->layer;
    float *scratch = nm_pool_scratch(pool, thread);
    const nm_range mine = course->part.rows;
    nm_part recurrent = course->part, input = {.panels = {0, panels_of(layer->I)}};
    for (size_t row = mine.begin; row < mine.end; row += course->height) {
        const size_t left = mine.end - row;
        recurrent.rows = (nm_range){row, row + (left < course->height ? left : course->height)};
        for (size_t t = layer->T; t-- > 0;) {
            backward_one_step(work, t, &recurrent, scratch);
            input.rows = rows_at_step(layer, recurrent.rows, t);
            if (work->grad->dx)
                input_gradient(work, &input, scratch);
        }
    }
    nm_pool_barrier(pool);
}

/* forward was a = W x + .., hence dW = da xᵀ, summed over the rows of x. */
static void weight_gradient(const backward_work *work, nm_gradient gradient, nm_pool *pool,
                            unsigned thread) {
    gradient.columns = work->layout.gates;
    gradient.order = (nm_order){.units = work->layer->H};
    const nm_part part =
        nm_part_of(pool, thread, gradient_tiles(gradient.columns), gradient_panels(&gradient));
    nm_gradient_part(&gradient, &part, nm_pool_scratch(pool, thread));
}

/* Of W_hh and W_ih: together where each position has its own row of x, whose da is then the same.
 */
static void weight_gradients(const backward_work *work, nm_pool *pool, unsigned thread) {
    const nm_lstm *layer = work->layer;
    const input_da input = input_da_of(work);
    const nm_gradient_input of_x = {{.first = layer->x, .count = input.rows, .stride = layer->I},
                                    layer->I,
                                    work->grad->dweight_ih};
    nm_gradient all = {.positions = layer->T * layer->B,
                       .dy = work->tape.gates,
                       .of = {{work->h_before, layer->H, work->grad->dweight_hh}},
                       .dbias = work->grad->dbias};
    if (!layer->words)
        all.of[1] = of_x;
    weight_gradient(work, all, pool, thread);
    const nm_gradient of_table = {.positions = input.rows, .dy = input.da, .of = {of_x}};
    if (layer->x && layer->words)
        weight_gradient(work, of_table, pool, thread);
}

/* sums[word] += the positions' da of one block of units, for the words of one piece. */
static void sum_words(const backward_work *work, float *sums, nm_range words, size_t block) {
    const nm_lstm *layer = work->layer;
    memset(sums, 0, (words.end - words.begin) * PANEL * sizeof *sums);
    for (size_t row = 0; row < layer->T * layer->B; row++) {
        const size_t word = layer->words[row];
        if (word < words.begin || word >= words.end)
            continue;
        float *sum = sums + (word - words.begin) * PANEL;
        const float *da = work->tape.gates + row * work->layout.gates + block * PANEL;
        for (size_t q = 0; q < PANEL; q += LANES)
            store(sum + q, load(sum + q) + load(da + q));
    }
}

/* dW_ih += the sums of one block of units: [word][column] to [row][word]. */
static void add_words(const backward_work *work, const float *sums, nm_range words, size_t block) {
    const nm_order order = {.units = work->layer->H};
    for (size_t column = 0; column < PANEL; column++) {
        const size_t row = row_of_column(order, block * PANEL + column);
        if (row == NM_NO_ROW)
            continue;
        float *dw = work->grad->dweight_ih + row * work->layer->I;
        for (size_t word = words.begin; word < words.end; word++)
            dw[word] += sums[(word - words.begin) * PANEL + column];
    }
}

/* forward was a = column `word` of W_ih + .., hence that column of dW_ih += da. Each thread some
 * blocks of units, and as many words at a time as its scratch holds. */
static void word_gradient(const backward_work *work, nm_pool *pool, unsigned thread) {
    enum { WORDS = NM_POOL_SCRATCH / (PANEL * sizeof(float)) };
    const size_t I = work->layer->I;
    float *sums = nm_pool_scratch(pool, thread);
    const nm_range share = nm_pool_share(pool, thread, work->layout.blocks, 1);
    for (size_t block = share.begin; block < share.end; block++)
        for (size_t word = 0; word < I; word += WORDS) {
            const nm_range words = {word, word + WORDS < I ? word + WORDS : I};
            sum_words(work, sums, words, block);
            add_words(work, sums, words, block);
        }
}

static void backward_job(void *data, nm_pool *pool, unsigned thread) {
    const backward_work *work = data;
    const nm_lstm *layer = work->layer;
    const nm_course course = nm_course_of(pool, thread, layer, panels_of(layer->H));
    if (course.height)
        backward_by_rows(work, &course, pool, thread);
    else
        backward_by_step(work, &course.part, pool, thread);
    weight_gradients(work, pool, thread);
    if (!layer->x)
        word_gradient(work, pool, thread);
}

void nm_lstm_backward(nm_pool *pool, const nm_lstm *layer, const nm_lstm_grad *grad) {
    backward_work work = {.layer = layer,
                          .grad = grad,
                          .layout = lstm_layout_of(layer->I, layer->H),
                          .tape = lstm_tape_at(layer->tape, layer->T, layer->B, layer->H)};
    work.h_before = rows_before(layer, &work.tape, work.tape.h0, layer->y, layer->H);
    work.c_before = rows_before(layer, &work.tape, work.tape.c0, work.tape.c, work.layout.units);
    work.dc = grad->scratch;
    work.dh = work.dc + layer->B * work.layout.units;
    nm_pool_run(pool, backward_job, &work);
}
