/* SPDX-License-Identifier: ISC */
/* Layer norm and batch norm. Rows do not meet in layer norm, nor columns in batch norm: each thread
 * takes some, and every sum has one order. Sums are in double. `kept` is x^ [N,D], then 1 / the
 * deviation of each row [N], or of each column [D]. */
#include "nn/layers.h"

#include <string.h>

enum {
    COLUMNS = 32, /* that are summed at once, down all rows */
    LANES = 8     /* sums of a row that go on side by side */
};

static const double epsilon = 1e-5;

typedef struct norm_work {
    const nm_norm_pass *norm;
    const nm_norm_grad *grad;
    real *y;
    const real *x;
    size_t count; /* of valid positions */
} norm_work;

size_t nm_norm_kept_size(size_t N, size_t D) {
    return N * D + N + D;
}

static real *kept_inverses(const nm_norm_pass *norm) {
    return norm->kept + norm->N * norm->D;
}

static bool is_valid(const nm_norm_pass *norm, size_t n) {
    return !norm->valid || norm->valid[n];
}

/* The columns of a position that count in sums: all of the block, or none. */
static size_t counted_width(const nm_norm_pass *norm, size_t n, nm_range block) {
    return is_valid(norm, n) ? block.end - block.begin : 0;
}

static size_t count_valid(const nm_norm_pass *norm) {
    size_t count = 0;
    for (size_t n = 0; n < norm->N; n++)
        count += is_valid(norm, n);
    return count;
}

static real inverse_deviation(double variance) {
    return (real)(1 / sqrt(variance + epsilon));
}

/* The first COLUMNS of `columns`; fewer at its end. */
static nm_range first_block(nm_range columns) {
    const size_t left = columns.end - columns.begin;
    return (nm_range){columns.begin, columns.begin + (left < COLUMNS ? left : COLUMNS)};
}

static size_t lanes_from(size_t d, size_t D) {
    return D - d < LANES ? D - d : LANES;
}

static double sum_of_lanes(const double *lanes) {
    double sum = 0;
    for (size_t lane = 0; lane < LANES; lane++)
        sum += lanes[lane];
    return sum;
}

static double mean_of_row(const real *x, size_t D) {
    double lanes[LANES] = {0};
    for (size_t d = 0; d < D; d += LANES)
        for (size_t lane = 0; lane < lanes_from(d, D); lane++)
            lanes[lane] += x[d + lane];
    return sum_of_lanes(lanes) / (double)D;
}

static double variance_of_row(const real *x, size_t D, double mean) {
    double lanes[LANES] = {0};
    for (size_t d = 0; d < D; d += LANES)
        for (size_t lane = 0; lane < lanes_from(d, D); lane++) {
            const double off = x[d + lane] - mean;
            lanes[lane] += off * off;
        }
    return sum_of_lanes(lanes) / (double)D;
}

/* r = 1 / sqrt(variance + epsilon), of the row;  x^ = (x - mean) r;  y = gain x^ + bias */
static void normalise_row(const norm_work *work, size_t n) {
    const nm_norm_pass *norm = work->norm;
    const size_t D = norm->D;
    const real *x = work->x + n * D;
    real *y = work->y + n * D;
    const double mean = mean_of_row(x, D);
    const real r = inverse_deviation(variance_of_row(x, D, mean));
    if (norm->kept)
        kept_inverses(norm)[n] = r;
    for (size_t d = 0; d < D; d++) {
        const real normal = (real)(x[d] - mean) * r;
        if (norm->kept)
            norm->kept[n * D + d] = normal;
        y[d] = norm->gain[d] * normal + norm->bias[d];
    }
}

static void rows_forward_job(void *data, nm_pool *pool, unsigned thread) {
    const norm_work *work = data;
    const nm_range share = nm_pool_share(pool, thread, work->norm->N, 1);
    for (size_t n = share.begin; n < share.end; n++)
        normalise_row(work, n);
}

void nm_layer_norm_forward(nm_pool *pool, const nm_norm_pass *norm, real *y, const real *x) {
    norm_work work = {.norm = norm, .y = y, .x = x};
    nm_pool_run(pool, rows_forward_job, &work);
}

/* dy and dy x^, summed over the valid positions. */
typedef struct column_sums {
    double dy[COLUMNS], product[COLUMNS];
} column_sums;

/* forward was y = gain x^ + bias, hence  dbias = sum of dy;  dgain = sum of dy x^. */
static void sum_columns(const norm_work *work, nm_range block, column_sums *sums) {
    const nm_norm_pass *norm = work->norm;
    const size_t width = block.end - block.begin;
    *sums = (column_sums){.dy = {0}};
    for (size_t n = 0; n < norm->N; n++) {
        const size_t counted = counted_width(norm, n, block);
        const real *dy = work->grad->dy + n * norm->D + block.begin;
        const real *normal = norm->kept + n * norm->D + block.begin;
        for (size_t d = 0; d < counted; d++) {
            sums->dy[d] += dy[d];
            sums->product[d] += (double)dy[d] * normal[d];
        }
    }
    for (size_t d = 0; d < width; d++) {
        work->grad->dbias[block.begin + d] += (real)sums->dy[d];
        work->grad->dgain[block.begin + d] += (real)sums->product[d];
    }
}

static void parameters_job(void *data, nm_pool *pool, unsigned thread) {
    nm_range share = nm_pool_share(pool, thread, ((norm_work *)data)->norm->D, COLUMNS);
    for (; share.begin < share.end; share.begin += COLUMNS) {
        column_sums sums;
        sum_columns(data, first_block(share), &sums);
    }
}

/* forward was x^ = (x - mean) r with mean and r of the row, y = gain x^ + bias, hence
 *   dx = r (u - mean of u - x^ mean of (u x^)),  u = gain dy. */
static void row_backward(const norm_work *work, size_t n) {
    const nm_norm_pass *norm = work->norm;
    const size_t D = norm->D;
    const real *dy = work->grad->dy + n * D, *normal = norm->kept + n * D, *gain = norm->gain;
    real *dx = work->grad->dx + n * D;
    const real r = kept_inverses(norm)[n];
    double lanes[LANES] = {0}, product_lanes[LANES] = {0};
    for (size_t d = 0; d < D; d += LANES)
        for (size_t lane = 0; lane < lanes_from(d, D); lane++) {
            const double u = (double)gain[d + lane] * dy[d + lane];
            lanes[lane] += u;
            product_lanes[lane] += u * normal[d + lane];
        }
    const real mean = (real)(sum_of_lanes(lanes) / (double)D);
    const real product_mean = (real)(sum_of_lanes(product_lanes) / (double)D);
    for (size_t d = 0; d < D; d++)
        dx[d] = r * (gain[d] * dy[d] - mean - normal[d] * product_mean);
}

static void rows_backward_job(void *data, nm_pool *pool, unsigned thread) {
    const norm_work *work = data;
    const nm_norm_pass *norm = work->norm;
    const nm_range share = nm_pool_share(pool, thread, norm->N, 1);
    for (size_t n = share.begin; n < share.end; n++) {
        real *dx = work->grad->dx + n * norm->D;
        if (is_valid(norm, n))
            row_backward(work, n);
        else
            memset(dx, 0, norm->D * sizeof *dx);
    }
}

/* The sums down the columns come first, because dx may be dy. */
void nm_layer_norm_backward(nm_pool *pool, const nm_norm_pass *norm, const nm_norm_grad *grad) {
    norm_work work = {.norm = norm, .grad = grad};
    nm_pool_run(pool, parameters_job, &work);
    nm_pool_run(pool, rows_backward_job, &work);
}

/* mean_d and variance_d over the valid positions, the variance around the mean in a second pass. */
static void column_statistics(const norm_work *work, nm_range block) {
    const nm_norm_pass *norm = work->norm;
    const size_t width = block.end - block.begin;
    double means[COLUMNS] = {0}, squares[COLUMNS] = {0};
    for (size_t n = 0; n < norm->N; n++) {
        const size_t counted = counted_width(norm, n, block);
        for (size_t d = 0; d < counted; d++)
            means[d] += work->x[n * norm->D + block.begin + d];
    }
    for (size_t d = 0; d < width; d++)
        means[d] = work->count > 0 ? means[d] / (double)work->count : 0;
    for (size_t n = 0; n < norm->N; n++) {
        const size_t counted = counted_width(norm, n, block);
        for (size_t d = 0; d < counted; d++) {
            const double off = work->x[n * norm->D + block.begin + d] - means[d];
            squares[d] += off * off;
        }
    }
    for (size_t d = 0; d < width; d++) {
        norm->mean[block.begin + d] = (real)means[d];
        norm->variance[block.begin + d] =
            work->count > 0 ? (real)(squares[d] / (double)work->count) : 1;
    }
}

/* r_d = 1 / sqrt(variance_d + epsilon);  x^ = (x - mean_d) r_d;  y = gain x^ + bias */
static void normalise_columns(const norm_work *work, nm_range block) {
    const nm_norm_pass *norm = work->norm;
    const size_t width = block.end - block.begin;
    const real *mean = norm->mean + block.begin, *gain = norm->gain + block.begin,
               *bias = norm->bias + block.begin;
    real r[COLUMNS];
    for (size_t d = 0; d < width; d++)
        r[d] = inverse_deviation(norm->variance[block.begin + d]);
    if (norm->kept)
        memcpy(kept_inverses(norm) + block.begin, r, width * sizeof *r);
    for (size_t n = 0; n < norm->N; n++) {
        const size_t at = n * norm->D + block.begin;
        for (size_t d = 0; d < width; d++) {
            const real normal = (work->x[at + d] - mean[d]) * r[d];
            if (norm->kept)
                norm->kept[at + d] = normal;
            work->y[at + d] = gain[d] * normal + bias[d];
        }
    }
}

static void columns_forward_job(void *data, nm_pool *pool, unsigned thread) {
    nm_range share = nm_pool_share(pool, thread, ((norm_work *)data)->norm->D, COLUMNS);
    for (; share.begin < share.end; share.begin += COLUMNS) {
        column_statistics(data, first_block(share));
        normalise_columns(data, first_block(share));
    }
}

void nm_batch_norm_forward(nm_pool *pool, const nm_norm_pass *norm, real *y, const real *x) {
    norm_work work = {.norm = norm, .y = y, .x = x, .count = count_valid(norm)};
    nm_pool_run(pool, columns_forward_job, &work);
}

static void columns_evaluate_job(void *data, nm_pool *pool, unsigned thread) {
    nm_range share = nm_pool_share(pool, thread, ((norm_work *)data)->norm->D, COLUMNS);
    for (; share.begin < share.end; share.begin += COLUMNS)
        normalise_columns(data, first_block(share));
}

void nm_batch_norm_evaluate(nm_pool *pool, const nm_norm_pass *norm, real *y, const real *x) {
    nm_norm_pass pass = *norm;
    pass.kept = NULL;
    norm_work work = {.norm = &pass, .y = y, .x = x};
    nm_pool_run(pool, columns_evaluate_job, &work);
}

/* forward was x^ = (x - mean) r with mean and r of the column's valid positions, y = gain x^ +
 * bias, hence for these
 *   dx = gain r (dy - mean of dy - x^ mean of (dy x^)). */
static void columns_backward(const norm_work *work, nm_range block) {
    const nm_norm_pass *norm = work->norm;
    const real *gain = norm->gain + block.begin, *r = kept_inverses(norm) + block.begin;
    const double share = work->count > 0 ? 1 / (double)work->count : 0;
    const size_t width = block.end - block.begin;
    real mean[COLUMNS], product_mean[COLUMNS];
    column_sums sums;
    sum_columns(work, block, &sums);
    for (size_t d = 0; d < width; d++) {
        mean[d] = (real)(sums.dy[d] * share);
        product_mean[d] = (real)(sums.product[d] * share);
    }
    for (size_t n = 0; n < norm->N; n++) {
        const size_t at = n * norm->D + block.begin;
        const real *dy = work->grad->dy + at, *normal = norm->kept + at;
        real *dx = work->grad->dx + at;
        const size_t counted = counted_width(norm, n, block);
        for (size_t d = 0; d < counted; d++)
            dx[d] = gain[d] * r[d] * (dy[d] - mean[d] - normal[d] * product_mean[d]);
        memset(dx + counted, 0, (width - counted) * sizeof *dx);
    }
}

static void columns_backward_job(void *data, nm_pool *pool, unsigned thread) {
    nm_range share = nm_pool_share(pool, thread, ((norm_work *)data)->norm->D, COLUMNS);
    for (; share.begin < share.end; share.begin += COLUMNS)
        columns_backward(data, first_block(share));
}

void nm_batch_norm_backward(nm_pool *pool, const nm_norm_pass *norm, const nm_norm_grad *grad) {
    norm_work work = {.norm = norm, .grad = grad, .count = count_valid(norm)};
    nm_pool_run(pool, columns_backward_job, &work);
}
