/* SPDX-License-Identifier: ISC */
#include "learn/units.h"

#include "base/mem.h"
#include "music/codec_frame.h"

#include <math.h>
#include <string.h>

static bool ends_unit(const nm_units *units, size_t piece, size_t step) {
    const uint32_t word = units->pieces[piece].sequence.words[step];
    return !units->are_frames || word == NM_FRAME_PERIOD || word == NM_WORD_END;
}

static size_t count_units(const nm_units *units, size_t piece) {
    size_t count = 0;
    for (size_t i = 0; i < units->pieces[piece].sequence.step_count; i++)
        count += ends_unit(units, piece, i);
    return count;
}

neume_status nm_units_init(nm_units *units, const neume_codec *codec, neume_context *context,
                           const nm_piece *pieces, size_t count) {
    *units = (nm_units){.context = context,
                        .pieces = pieces,
                        .piece_count = count,
                        .are_frames = strcmp(neume_codec_options_of(codec)->name, "frame") == 0};
    units->starts = nm_alloc(context, count + 1, sizeof *units->starts);
    if (!units->starts)
        return NEUME_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        units->starts[i + 1] = units->starts[i] + count_units(units, i);
    units->unit_count = units->starts[count];
    return NEUME_OK;
}

void nm_units_clear(nm_units *units) {
    if (units->context)
        nm_free(units->context, units->starts);
    *units = (nm_units){0};
}

bool nm_units_correspond(const nm_units *a, const nm_units *b) {
    return a->piece_count == b->piece_count &&
           memcmp(a->starts, b->starts, (a->piece_count + 1) * sizeof *a->starts) == 0;
}

typedef struct collector {
    const nm_units *units;
    double *nats;
    size_t *at; /* [piece_count] the unit that a piece's next step belongs to */
} collector;

static void take(void *data, size_t piece, size_t step, double nats) {
    const collector *to = data;
    to->nats[to->at[piece]] += nats;
    to->at[piece] += ends_unit(to->units, piece, step);
}

neume_status nm_units_score(double *nats, const nm_units *units, nm_scorer *scorer,
                            const real *weights) {
    neume_context *context = units->context;
    size_t *at = nm_alloc(context, units->piece_count, sizeof *at);
    nm_score_sums *sums = nm_alloc(context, units->piece_count, sizeof *sums);
    neume_status status = at && sums ? NEUME_OK : NEUME_NO_MEMORY;
    if (!status) {
        collector to = {units, nats, at};
        memcpy(at, units->starts, units->piece_count * sizeof *at);
        memset(nats, 0, units->unit_count * sizeof *nats);
        nm_scorer_set_sink(scorer, &(const nm_score_sink){take, &to});
        status = nm_scorer_run(scorer, weights, units->pieces, units->piece_count, sums);
        nm_scorer_set_sink(scorer, NULL);
    }
    nm_free(context, sums);
    nm_free(context, at);
    return status;
}

static double mean(double sum, size_t count) {
    return count ? sum / (double)count : NAN;
}

neume_unit_likelihood nm_units_average(const nm_units *units, const double *nats,
                                       const bool *chosen) {
    neume_unit_likelihood average = {0};
    double sum = 0, first = 0, means = 0;
    for (size_t i = 0; i < units->piece_count; i++) {
        const size_t begin = units->starts[i], end = units->starts[i + 1];
        double piece = 0;
        if (begin == end || (chosen && !chosen[i]))
            continue;
        for (size_t u = begin; u < end; u++)
            piece += nats[u];
        sum += piece;
        first += nats[begin];
        means += piece / (double)(end - begin);
        average.piece_count++;
        average.unit_count += end - begin;
    }
    average.micro = mean(sum, average.unit_count);
    average.micro_without_first = mean(sum - first, average.unit_count - average.piece_count);
    average.mean_of_sequences = mean(means, average.piece_count);
    return average;
}
