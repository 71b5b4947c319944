/* SPDX-License-Identifier: ISC */
/* From integers to what enters the first LSTM layer: rows of the embedding, summed, or a branch for
 * each stream. */
#include "nn/stack_run.h"

/* Feature dropout: element i of the rows of all ranks is left out where word i mod 4 of draw i / 4
 * is below. */
typedef struct rows_work {
    const nm_stack_pass *pass;
    double least; /* 0: no dropout */
} rows_work;

static unsigned columns_of(const nm_stack_run *run) {
    return run->stack->shape.stream_count + run->stack->shape.feature_count;
}

/* Place of a position's first column among those of all ranks. */
static uint64_t place_of(const nm_stack_run *run, size_t position) {
    const size_t B = run->options.max_B, all = run->options.all_rows;
    const size_t row = run->options.first_row + position % B;
    return ((uint64_t)(position / B) * (all ? all : B) + row) * columns_of(run);
}

/* The streams stand in reverse, so that the first and the side features, which are summed into the
 * branch of the first, lie side by side. */
static void rows_job(void *data, nm_pool *pool, unsigned thread) {
    const rows_work *work = data;
    const nm_stack_run *run = work->pass->run;
    const unsigned S = run->stack->shape.stream_count, columns = columns_of(run);
    const nm_range share = nm_pool_share(pool, thread, work->pass->N * columns, NM_MASK_UNIT);
    nm_random random = {{0}};
    uint64_t drawn = UINT64_MAX; /* which of the draws that is */
    for (size_t i = share.begin; i < share.end; i++) {
        const unsigned c = (unsigned)(i % columns), input = c < S ? S - 1 - c : c;
        const size_t position = i / columns;
        const uint64_t place = place_of(run, position) + c;
        if (work->least > 0 && place / NM_MASK_UNIT != drawn) {
            drawn = place / NM_MASK_UNIT;
            random = nm_random_at(run->options.seed, NM_PURPOSE_FEATURE_DROPOUT, work->pass->update,
                                  drawn);
        }
        const bool is_dropped = random.word[place % NM_MASK_UNIT] < work->least;
        const uint32_t value = work->pass->batch->inputs[position * columns + input];
        run->rows[i] = is_dropped ? NM_NO_ROW : run->first_row[input] + value;
    }
}

static void find_rows(const nm_stack_pass *p) {
    const bool is_noisy = p->kind == NM_PASS_TRAIN;
    rows_work work = {.pass = p};
    work.least = is_noisy ? (double)p->run->options.noise.feature_dropout * 0x1p32 : 0;
    nm_pool_run(p->pool, rows_job, &work);
}

/* Where the rows of a branch begin among those of a position. */
static unsigned first_column(const nm_stack_run *run, unsigned branch) {
    return run->branch_count ? run->stack->shape.stream_count - 1 - branch : 0;
}

/* Each row that the positions of a part have, once. `places` may hold anything before: a row was
 * met where it stands at its place. */
static void find_words(const nm_stack_pass *p, nm_stack_words *words, const uint32_t *rows) {
    const nm_stack_run *run = p->run;
    const unsigned columns = columns_of(run);
    words->D = 0;
    for (size_t n = 0; n < p->N; n++) {
        const uint32_t row = rows[n * columns];
        uint32_t *place = &run->places[row == NM_NO_ROW ? run->row_count : row];
        if (*place >= words->D || words->rows[*place] != row) {
            *place = (uint32_t)words->D;
            words->rows[words->D++] = row;
        }
        words->index[n] = *place;
    }
}

/* What is embedded for a branch; without branches all is one. */
static nm_embed embed_of(const nm_stack_pass *p, unsigned branch) {
    const nm_stack_run *run = p->run;
    const nm_stack_shape *shape = &run->stack->shape;
    const nm_stack_words *words = &run->words[branch];
    nm_embed embed = {.N = p->N, .E = shape->embed, .rows = run->rows, .stride = columns_of(run)};
    if (words->rows)
        return (nm_embed){
            .N = words->D, .E = shape->embed, .columns = 1, .rows = words->rows, .stride = 1};
    embed.columns = embed.stride;
    if (run->branch_count == 0)
        return embed;
    embed.rows += first_column(run, branch);
    embed.columns = branch == 0 ? 1 + shape->feature_count : 1;
    return embed;
}

/* [N,E], or [D,E] where the layer has words; NULL for one-hot. */
static const real *embed_forward(const nm_stack_pass *p, unsigned branch) {
    nm_stack_run *run = p->run;
    nm_stack_lstm *lstm = &run->lstm[branch];
    nm_stack_words *words = &run->words[branch];
    real *embedded = run->embedded[branch];
    lstm->words = run->stack->shape.embed ? words->index : p->batch->inputs;
    if (run->stack->shape.embed == 0)
        return NULL;
    if (words->rows)
        find_words(p, words, run->rows + first_column(run, branch));
    lstm->D = words->D;
    const nm_embed embed = embed_of(p, branch);
    nm_embed_forward(p->pool, &embed, embedded, run->weights + run->stack->params.table[0].offset);
    return nm_stack_drop(p, &run->input_dropout[branch], embedded, embedded);
}

static void embed_backward(const nm_stack_pass *p, unsigned branch, real *gradient, real *dx) {
    const nm_stack_run *run = p->run;
    const nm_embed embed = embed_of(p, branch);
    nm_stack_drop_backward(p, &run->input_dropout[branch], dx);
    nm_embed_backward(p->pool, &embed, gradient + run->stack->params.table[0].offset, dx);
}

/* A branch's columns of all branches' outputs. */
static nm_columns columns_of_branch(const nm_stack_pass *p) {
    const size_t H = p->run->lstm[0].w.H, all = p->run->branch_count * H;
    return (nm_columns){.N = p->N, .width = H, .to_stride = all, .from_stride = H};
}

const real *nm_stack_input_forward(const nm_stack_pass *p) {
    nm_stack_run *run = p->run;
    if (run->stack->shape.embed)
        find_rows(p);
    if (run->branch_count == 0)
        return embed_forward(p, 0);
    for (unsigned s = 0; s < run->branch_count; s++) {
        const nm_columns columns = columns_of_branch(p);
        nm_stack_lstm_forward(p, &run->lstm[s], 1, embed_forward(p, s));
        nm_columns_copy(p->pool, &columns, run->branches + s * columns.width, run->lstm[s].y);
    }
    return nm_stack_drop(p, &run->branch_dropout, run->branches, run->branches);
}

/* A branch's dy is copied to the buffer where dx is not. */
static void branch_backward(const nm_stack_pass *p, unsigned branch, real *gradient,
                            const real *dx) {
    const nm_stack_run *run = p->run;
    const nm_stack_lstm *lstm = &run->lstm[branch];
    const bool embedding_moves = run->options.moving_from < run->lstm[0].w.ih;
    real *dy = run->buffers[dx == run->buffers[0]];
    real *dembedded = lstm->x && embedding_moves ? run->dembedded : NULL;
    nm_columns columns = columns_of_branch(p);
    columns.from_stride = columns.to_stride;
    columns.to_stride = lstm->w.H;
    nm_columns_copy(p->pool, &columns, dy, dx + branch * lstm->w.H);
    nm_stack_lstm_backward(p, lstm, gradient, dy, dembedded);
    if (dembedded)
        embed_backward(p, branch, gradient, dembedded);
}

void nm_stack_input_backward(const nm_stack_pass *p, real *gradient, real *dx) {
    const nm_stack_run *run = p->run;
    if (run->branch_count == 0 && run->stack->shape.embed)
        embed_backward(p, 0, gradient, dx);
    if (run->branch_count == 0)
        return;
    nm_stack_drop_backward(p, &run->branch_dropout, dx);
    for (unsigned s = 0; s < run->branch_count; s++)
        branch_backward(p, s, gradient, dx);
}
