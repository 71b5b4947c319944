/* SPDX-License-Identifier: ISC */
/* The time of one update of n ranks, from the time of its parts on one, and named assumptions; the
 * formulas and where they come from are in doc/scaling.md. Seconds and bytes all through. */
#ifndef NM_BENCH_SCALING_MODEL_H
#define NM_BENCH_SCALING_MODEL_H

enum { SCALING_MAX_BUCKETS = 16 };

/* What a rank computes in an update. Each bucket's sum begins when its part of the backward ends.
 */
typedef struct scaling_update {
    double before; /* a batch, packing, forward */
    struct {
        double seconds, bytes;
    } buckets[SCALING_MAX_BUCKETS]; /* in the order of the backward */
    unsigned bucket_count;
    double after; /* norm, optimiser */
} scaling_update;

/* How often a sum over n ranks waits for a message. */
typedef enum scaling_messages {
    SCALING_LINEAR,     /* 2(n-1): a ring; or all to all and back, added in a fixed order */
    SCALING_LOGARITHMIC /* 2 log2 n: recursive halving and doubling */
} scaling_messages;

typedef struct scaling_network {
    double latency;   /* of a message */
    double bandwidth; /* bytes a second, of each rank, both ways at once */
    double summing;   /* seconds to add a byte of another rank */
    scaling_messages messages;
} scaling_network;

typedef struct scaling_ranks {
    double spread;       /* standard deviation of a rank's time of an update, over its mean */
    double overlap;      /* share of a sum that goes on beside the backward, 0..1 */
    double cores;        /* that all ranks share; 0: each has its own */
    double threads;      /* of a rank */
    double gather_bytes; /* of a rank, in each of the update's two gathers */
} scaling_ranks;

typedef struct scaling_time {
    double seconds; /* of the update */
    double compute; /* of them, the slowest rank's own work */
    double sums;    /* of all buckets, hidden or not */
    double hidden;  /* share of the sums that no one waits for; 1 where there are none */
    double sent;    /* bytes of a rank */
} scaling_time;

/* Of one sum of `bytes` over n ranks. */
double scaling_sum_seconds(const scaling_network *network, double bytes, unsigned n);

/* Of one gather of `bytes` a rank, by recursive doubling. */
double scaling_gather_seconds(const scaling_network *network, double bytes, unsigned n);

/* Expected largest of n standard normal numbers. */
double scaling_largest(unsigned n);

scaling_time scaling_update_time(const scaling_update *update, const scaling_network *network,
                                 const scaling_ranks *ranks, unsigned n);

/* An epoch: `updates` and `validation` seconds of one rank, `pieces` dealt out, one checkpoint. */
typedef struct scaling_epoch {
    double updates, validation, pieces, checkpoint;
} scaling_epoch;

double scaling_epoch_seconds(const scaling_epoch *epoch, double update_seconds, unsigned n);

/* How many times fewer updates n ranks of `rows` need to a loss than one does, where the critical
 * batch is of `critical` rows: updates are in proportion to 1 + critical / batch. */
double scaling_fewer_updates(double critical, double rows, unsigned n);

#endif
