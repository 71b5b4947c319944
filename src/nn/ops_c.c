/* SPDX-License-Identifier: ISC */
/* The reference: the operations of ops.h in plain C. It is meant to be read, and to be what every
 * other table is tested against. Matrices are "packed" as wᵀ [k,n], so that the inner loops run
 * along memory; each sum runs upwards. */
#include "nn/narrow_c.h"

#include <string.h>

/* y[n] += x[k] w, w [k,n] */
static void add_row_product(real *restrict y, const real *restrict x, const real *restrict w,
                            size_t n, size_t k) {
    for (size_t p = 0; p < k; p++)
        for (size_t j = 0; j < n; j++)
            y[j] += x[p] * w[p * n + j];
}

/* y[n] += a x[n] */
static void add_scaled(real *restrict y, real a, const real *restrict x, size_t n) {
    for (size_t j = 0; j < n; j++)
        y[j] += a * x[j];
}

static size_t packed_size(size_t n, size_t k) {
    return n * k;
}

static void pack(nm_pool *pool, real *packed, const real *w, size_t n, size_t k) {
    (void)pool;
    for (size_t j = 0; j < n; j++)
        for (size_t p = 0; p < k; p++)
            packed[p * n + j] = w[j * k + p];
}

static void pack_transposed(nm_pool *pool, real *packed, const real *w, size_t n, size_t k) {
    (void)pool;
    memcpy(packed, w, n * k * sizeof *w);
}

/* y = x wᵀ + bias, each thread some of the rows. */
static void matmul_job(void *data, nm_pool *pool, unsigned thread) {
    const nm_matmul *a = data;
    const nm_range share = nm_pool_share(pool, thread, a->m, 1);
    for (size_t i = share.begin; i < share.end; i++) {
        real *y = a->y + i * a->n;
        if (!a->accumulate)
            memset(y, 0, a->n * sizeof *y);
        if (a->bias)
            add_scaled(y, 1, a->bias, a->n);
        add_row_product(y, a->x + i * a->k, a->packed, a->n, a->k);
    }
}

static void matmul(nm_pool *pool, const nm_matmul *product) {
    nm_matmul copy = *product;
    nm_pool_run(pool, matmul_job, &copy);
}

/* forward was y_ij = sum over p of x_ip w_jp + bias_j, hence
 * dw_jp = sum over i of dy_ij x_ip;  dbias_j = sum over i of dy_ij. Each thread some of the rows of
 * dw. */
static void matmul_grad_job(void *data, nm_pool *pool, unsigned thread) {
    const nm_matmul_grad *a = data;
    const nm_range share = nm_pool_share(pool, thread, a->n, 1);
    for (size_t j = share.begin; j < share.end; j++)
        for (size_t i = 0; i < a->m; i++) {
            const real dy = a->dy[i * a->n + j];
            add_scaled(a->dw + j * a->k, dy, a->x + i * a->k, a->k);
            if (a->dbias)
                a->dbias[j] += dy;
        }
}

static void matmul_grad(nm_pool *pool, const nm_matmul_grad *product) {
    nm_matmul_grad copy = *product;
    nm_pool_run(pool, matmul_grad_job, &copy);
}

/* Where lstm_pack puts things: for forward weight_ihᵀ [I,4H], weight_hhᵀ [H,4H] and bias [4H]; for
 * backward the weights as they are. */
typedef struct lstm_layout {
    size_t ih_transposed, hh_transposed, bias, ih, hh;
} lstm_layout;

static lstm_layout lstm_layout_of(size_t I, size_t H) {
    lstm_layout at = {.ih_transposed = 0};
    at.hh_transposed = at.ih_transposed + I * 4 * H;
    at.bias = at.hh_transposed + H * 4 * H;
    at.ih = at.bias + 4 * H;
    at.hh = at.ih + 4 * H * I;
    return at;
}

static size_t lstm_packed_size(size_t I, size_t H, bool for_backward) {
    return 4 * H * (I + H + 1) + (for_backward ? 4 * H * (I + H) : 0);
}

/* One matrix of w, row by row, in pieces. */
static void pack_matrix(real *transposed, real *straight, const nm_lstm_weights *w,
                        nm_lstm_matrix matrix) {
    enum { PIECE = 256 };
    const size_t rows = 4 * w->H, columns = matrix == NM_WEIGHT_IH ? w->I : w->H;
    for (size_t j = 0; j < rows; j++)
        for (size_t begin = 0; begin < columns; begin += PIECE) {
            const size_t end = begin + PIECE < columns ? begin + PIECE : columns;
            real scratch[PIECE];
            const nm_patch patch = {{j, j + 1}, {begin, end}};
            const real *row = nm_lstm_patch(w, matrix, patch, scratch).first;
            for (size_t p = begin; p < end; p++)
                transposed[p * rows + j] = row[p - begin];
            if (straight)
                memcpy(straight + j * columns + begin, row, (end - begin) * sizeof *row);
        }
}

static void lstm_pack(nm_pool *pool, real *packed, const nm_lstm_weights *weights,
                      bool for_backward) {
    (void)pool;
    const lstm_layout at = lstm_layout_of(weights->I, weights->H);
    pack_matrix(packed + at.ih_transposed, for_backward ? packed + at.ih : NULL, weights,
                NM_WEIGHT_IH);
    pack_matrix(packed + at.hh_transposed, for_backward ? packed + at.hh : NULL, weights,
                NM_WEIGHT_HH);
    memcpy(packed + at.bias, weights->bias, 4 * weights->H * sizeof *weights->bias);
}

/* What backward needs: the gates after their functions, the cells, and the state carried in (which
 * the state carried out may overwrite). */
typedef struct lstm_tape {
    real *gates;   /* [T,B,4H] i f g o */
    real *c;       /* [T,B,H] */
    real *h0, *c0; /* [B,H] */
} lstm_tape;

static lstm_tape lstm_tape_of(const nm_lstm *l) {
    lstm_tape tape = {.gates = l->tape};
    tape.c = tape.gates + l->T * l->B * 4 * l->H;
    tape.h0 = tape.c + l->T * l->B * l->H;
    tape.c0 = tape.h0 + l->B * l->H;
    return tape;
}

/* Nothing is computed once for several positions. */
static size_t lstm_table_size(size_t D, size_t H) {
    (void)D;
    (void)H;
    return 0;
}

static size_t lstm_tape_size(size_t T, size_t B, size_t I, size_t H) {
    (void)I;
    return T * B * 5 * H + 2 * B * H;
}

/* The rows of step t-1 in a sequence [T,B,H] that was preceded by `first` [B,H]. */
static const real *row_before(const nm_lstm *l, const real *first, const real *sequence, size_t t,
                              size_t b) {
    return t == 0 ? first + b * l->H : sequence + ((t - 1) * l->B + b) * l->H;
}

/* The row of x, or of dx, of a position. */
static size_t input_row(const nm_lstm *l, size_t at) {
    return l->words ? l->words[at] : at;
}

static real sigmoid(real a) {
    return 1 / (1 + nm_exp(-a));
}

/* a = W_ih x + W_hh h_before + b */
static void lstm_gates(const nm_lstm *l, const nm_lstm_row *row, real *gates, void *scratch) {
    (void)scratch;
    const lstm_layout part = lstm_layout_of(l->I, l->H);
    const real *ih_transposed = l->packed + part.ih_transposed;
    const size_t G = 4 * l->H;
    memcpy(gates, l->packed + part.bias, G * sizeof *gates);
    if (row->x)
        add_row_product(gates, row->x, ih_transposed, G, l->I);
    else
        add_scaled(gates, 1, ih_transposed + row->word * G, G);
    if (row->h)
        add_row_product(gates, row->h, l->packed + part.hh_transposed, G, l->H);
}

/* i,f,o = sigmoid(a_i, a_f, a_o);  g = tanh(a_g);  c = f c_before + i g;  h = o tanh(c) */
static void lstm_forward_cell(const nm_lstm *l, size_t t, size_t b, nm_lstm_gates compute,
                              void *scratch) {
    const lstm_tape tape = lstm_tape_of(l);
    const size_t H = l->H, at = t * l->B + b;
    const bool is_reset = l->reset[at];
    real *gates = tape.gates + at * 4 * H, *c = tape.c + at * H, *h = l->y + at * H;
    const nm_lstm_row row = {.x = l->x ? l->x + input_row(l, at) * l->I : NULL,
                             .word = l->x ? 0 : l->words[at],
                             .h = is_reset ? NULL : row_before(l, tape.h0, l->y, t, b)};
    compute(l, &row, gates, scratch);
    const real *c_before = row_before(l, tape.c0, tape.c, t, b);
    for (size_t u = 0; u < H; u++) {
        const real i = sigmoid(gates[u]), f = sigmoid(gates[H + u]), g = nm_tanh(gates[2 * H + u]),
                   o = sigmoid(gates[3 * H + u]);
        c[u] = f * (is_reset ? 0 : c_before[u]) + i * g;
        h[u] = o * nm_tanh(c[u]);
        gates[u] = i;
        gates[H + u] = f;
        gates[2 * H + u] = g;
        gates[3 * H + u] = o;
    }
}

typedef struct lstm_forward_work {
    const nm_lstm *layer;
    nm_lstm_gates compute;
} lstm_forward_work;

/* Each thread some of the rows: they do not meet. */
static void lstm_forward_job(void *data, nm_pool *pool, unsigned thread) {
    const lstm_forward_work *work = data;
    const nm_lstm *l = work->layer;
    const lstm_tape tape = lstm_tape_of(l);
    const size_t row = l->H * sizeof(real);
    const nm_range share = nm_pool_share(pool, thread, l->B, 1);
    for (size_t b = share.begin; b < share.end; b++) {
        memcpy(tape.h0 + b * l->H, l->h0 + b * l->H, row);
        memcpy(tape.c0 + b * l->H, l->c0 + b * l->H, row);
        for (size_t t = 0; t < l->T; t++)
            lstm_forward_cell(l, t, b, work->compute, nm_pool_scratch(pool, thread));
        memcpy(l->h1 + b * l->H, row_before(l, tape.h0, l->y, l->T, b), row);
        memcpy(l->c1 + b * l->H, row_before(l, tape.c0, tape.c, l->T, b), row);
    }
}

void nm_c_lstm_forward(nm_pool *pool, const nm_lstm *layer, nm_lstm_gates compute) {
    nm_pool_run(pool, lstm_forward_job, &(lstm_forward_work){layer, compute});
}

static void lstm_forward(nm_pool *pool, const nm_lstm *layer) {
    nm_c_lstm_forward(pool, layer, lstm_gates);
}

typedef struct lstm_backward_work {
    const nm_lstm *layer;
    const nm_lstm_grad *grad;
    real *da;      /* [T,B,4H] gradient of the gates before their functions */
    real *dh, *dc; /* [B,H] what flows back from step t+1 */
    real *zeros;   /* [H] */
} lstm_backward_work;

static size_t lstm_scratch_size(size_t T, size_t B, size_t I, size_t H) {
    (void)I;
    return T * B * 4 * H + 2 * B * H + H;
}

/* forward was c = f c_before + i g and h = o tanh(c), hence
 *   do = dh tanh(c);  dc += dh o (1 - tanh(c)²);  di = dc g;  df = dc c_before;  dg = dc i;
 *   dc_before = dc f;  and with sigmoid' = s (1 - s), tanh' = 1 - t²:
 *   da_i = di i (1 - i);  da_f = df f (1 - f);  da_g = dg (1 - g²);  da_o = do o (1 - o).
 * Then a = W_hh h_before + .. gives dh_before = W_hhᵀ da. A reset stops both. */
static void lstm_backward_cell(const lstm_backward_work *work, size_t t, size_t b) {
    const nm_lstm *l = work->layer;
    const lstm_tape tape = lstm_tape_of(l);
    const size_t H = l->H, G = 4 * H, at = t * l->B + b;
    const real *gates = tape.gates + at * G, *c = tape.c + at * H;
    const real *c_before = row_before(l, tape.c0, tape.c, t, b);
    const real *dy = work->grad->dy + at * H;
    real *da = work->da + at * G, *dh_row = work->dh + b * H, *dc_row = work->dc + b * H;
    const bool is_reset = l->reset[at];
    for (size_t u = 0; u < H; u++) {
        const real i = gates[u], f = gates[H + u], g = gates[2 * H + u], o = gates[3 * H + u];
        const real tanh_c = nm_tanh(c[u]), dh = dy[u] + dh_row[u];
        const real dc = dc_row[u] + dh * o * (1 - tanh_c * tanh_c);
        da[u] = dc * g * i * (1 - i);
        da[H + u] = dc * (is_reset ? 0 : c_before[u]) * f * (1 - f);
        da[2 * H + u] = dc * i * (1 - g * g);
        da[3 * H + u] = dh * tanh_c * o * (1 - o);
        dc_row[u] = is_reset ? 0 : dc * f;
    }
    memset(dh_row, 0, H * sizeof *dh_row);
    if (!is_reset)
        add_row_product(dh_row, da, l->packed + lstm_layout_of(l->I, H).hh, H, G);
}

static void lstm_backward_rows_job(void *data, nm_pool *pool, unsigned thread) {
    const lstm_backward_work *work = data;
    const nm_lstm *l = work->layer;
    const nm_range share = nm_pool_share(pool, thread, l->B, 1);
    for (size_t b = share.begin; b < share.end; b++) {
        memset(work->dh + b * l->H, 0, l->H * sizeof(real));
        memset(work->dc + b * l->H, 0, l->H * sizeof(real));
        for (size_t t = l->T; t-- > 0;)
            lstm_backward_cell(work, t, b);
    }
}

/* forward was a = W_ih x + .., hence dx = W_ihᵀ da, summed over the positions of a row of x. Each
 * thread some of the columns. */
static void lstm_backward_inputs_job(void *data, nm_pool *pool, unsigned thread) {
    const lstm_backward_work *work = data;
    const nm_lstm *l = work->layer;
    const size_t I = l->I, G = 4 * l->H, rows = l->words ? l->D : l->T * l->B;
    const real *ih = l->packed + lstm_layout_of(I, l->H).ih;
    const nm_range share = nm_pool_share(pool, thread, I, 1);
    const size_t width = share.end - share.begin;
    for (size_t row = 0; row < rows; row++)
        memset(work->grad->dx + row * I + share.begin, 0, width * sizeof(real));
    for (size_t at = 0; at < l->T * l->B; at++) {
        real *dx = work->grad->dx + input_row(l, at) * I + share.begin;
        for (size_t j = 0; j < G; j++)
            add_scaled(dx, work->da[at * G + j], ih + j * I + share.begin, width);
    }
}

/* forward was a_j = sum over p of W_ih_jp x_p + sum over p of W_hh_jp h_before_p + b_j, hence,
 * summed over t and b,  dW_ih_jp = da_j x_p;  dW_hh_jp = da_j h_before_p;  db_j = da_j. Behind a
 * reset h_before is 0, and so a da_j that is no number stays visible. */
static void lstm_backward_weights_job(void *data, nm_pool *pool, unsigned thread) {
    const lstm_backward_work *work = data;
    const nm_lstm *l = work->layer;
    const real *h0 = lstm_tape_of(l).h0;
    const size_t I = l->I, H = l->H;
    const nm_range share = nm_pool_share(pool, thread, 4 * H, 1);
    for (size_t j = share.begin; j < share.end; j++)
        for (size_t at = 0; at < l->T * l->B; at++) {
            const real da = work->da[at * 4 * H + j];
            if (l->x)
                add_scaled(work->grad->dweight_ih + j * I, da, l->x + input_row(l, at) * I, I);
            else
                work->grad->dweight_ih[j * I + l->words[at]] += da;
            const real *h = row_before(l, h0, l->y, at / l->B, at % l->B);
            add_scaled(work->grad->dweight_hh + j * H, da, l->reset[at] ? work->zeros : h, H);
            work->grad->dbias[j] += da;
        }
}

static void lstm_backward(nm_pool *pool, const nm_lstm *layer, const nm_lstm_grad *grad) {
    lstm_backward_work work = {.layer = layer, .grad = grad, .da = grad->scratch};
    work.dh = work.da + layer->T * layer->B * 4 * layer->H;
    work.dc = work.dh + layer->B * layer->H;
    work.zeros = work.dc + layer->B * layer->H;
    memset(work.zeros, 0, layer->H * sizeof *work.zeros);
    nm_pool_run(pool, lstm_backward_rows_job, &work);
    if (grad->dx)
        nm_pool_run(pool, lstm_backward_inputs_job, &work);
    nm_pool_run(pool, lstm_backward_weights_job, &work);
}

/* The first of the largest allowed logits. */
static size_t likeliest(const real *z, const uint8_t *mask, size_t V) {
    size_t best = V;
    for (size_t v = 0; v < V; v++)
        if ((!mask || mask[v]) && (best == V || z[v] > z[best]))
            best = v;
    return best;
}

static size_t count_allowed(const uint8_t *mask, size_t V) {
    size_t count = 0;
    for (size_t v = 0; v < V; v++)
        count += !mask || mask[v];
    return count;
}

/* p_v = exp(z_v) / sum over allowed u of exp(z_u);  loss = -ln p_target;
 * dz_v = (p_v - (1 - e) [v = target] - e / A) scale, A words allowed.  The largest logit is taken
 * off first, lest exp overflow. */
static void softmax_loss_row(const nm_softmax_loss *a, size_t row) {
    real *z = a->logits + row * a->V;
    const uint8_t *mask = a->masks ? a->masks + a->rules[row] * a->V : NULL;
    const size_t best = likeliest(z, mask, a->V), target = a->targets[row];
    const real largest = z[best];
    double sum = 0;
    for (size_t v = 0; v < a->V; v++)
        if (!mask || mask[v])
            sum += nm_exp(z[v] - largest);
    a->loss[row] = (real)(log(sum) + (largest - z[target]));
    if (a->correct)
        a->correct[row] = best == target;
    if (a->scale == 0)
        return;
    const real share = a->scale / (real)sum;
    const real e = a->smoothing, even = e > 0 ? e * a->scale / (real)count_allowed(mask, a->V) : 0;
    for (size_t v = 0; v < a->V; v++)
        z[v] = mask && !mask[v] ? 0 : nm_exp(z[v] - largest) * share - even;
    z[target] -= (1 - e) * a->scale;
}

static void softmax_loss_job(void *data, nm_pool *pool, unsigned thread) {
    const nm_softmax_loss *a = data;
    const nm_range share = nm_pool_share(pool, thread, a->N, 1);
    for (size_t row = share.begin; row < share.end; row++) {
        if (!a->valid || a->valid[row]) {
            softmax_loss_row(a, row);
            continue;
        }
        a->loss[row] = 0;
        if (a->correct)
            a->correct[row] = 0;
        if (a->scale != 0)
            memset(a->logits + row * a->V, 0, a->V * sizeof *a->logits);
    }
}

static void softmax_loss(nm_pool *pool, const nm_softmax_loss *rows) {
    nm_softmax_loss copy = *rows;
    nm_pool_run(pool, softmax_loss_job, &copy);
}

static void random_draws(uint32_t (*words)[4], const nm_draw *draw, uint64_t first, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const nm_random random = nm_random_at(draw->seed, draw->purpose, draw->update, first + i);
        memcpy(words[i], random.word, sizeof random.word);
    }
}

const nm_ops nm_ops_c = {
    .name = "c",
    .packed_size = packed_size,
    .pack = pack,
    .pack_transposed = pack_transposed,
    .matmul = matmul,
    .matmul_grad = matmul_grad,
    .lstm_packed_size = lstm_packed_size,
    .lstm_table_size = lstm_table_size,
    .lstm_tape_size = lstm_tape_size,
    .lstm_scratch_size = lstm_scratch_size,
    .lstm_pack = lstm_pack,
    .lstm_forward = lstm_forward,
    .lstm_backward = lstm_backward,
    .narrow_size = nm_c_narrow_size,
    .narrow_pack = nm_c_narrow_pack,
    .narrow_matmul = nm_c_narrow_matmul,
    .narrow_lstm_size = nm_c_narrow_lstm_size,
    .narrow_lstm_pack = nm_c_narrow_lstm_pack,
    .narrow_lstm_forward = nm_c_narrow_lstm_forward,
    .softmax_loss = softmax_loss,
    .random_draws = random_draws,
};
