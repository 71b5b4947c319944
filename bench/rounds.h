/* SPDX-License-Identifier: ISC */
/* A measurement that waits to be asked, so that one driver (peers/compare) can let programs take
 * turns: a line on standard input, seconds, is answered by a round of at least so long, one line of
 * JSON. It knows nothing of neume: the programs of peers are built on it too. */
#ifndef NM_BENCH_ROUNDS_H
#define NM_BENCH_ROUNDS_H

typedef struct bench_rounds {
    const char *what, *peer, *shape, *unit;
    unsigned threads; /* 1: the clock is the processor's time of this program, else real time */
    double units;     /* of work that a call does */
    void (*body)(void *data);
    void *data;
} bench_rounds;

/* Prints {what, peer, shape, threads, value, unit} for each line, `value` in units a second, until
 * the input ends. A round has one call at least. */
void bench_serve(const bench_rounds *rounds);

#endif
