/* SPDX-License-Identifier: ISC */
#include "learn/families.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Of two pieces with a likeness of 0.8 some row of four bins is the same with a chance of 1 - (1 -
 * 0.8^4)^16 = 0.9998; of 0.3, of 0.12. */
enum { ROW = 4, ROWS = NM_FINGERPRINT_BINS / ROW };

_Static_assert(ROW * sizeof(uint16_t) == sizeof(uint64_t), "a row is compared as one number");

typedef struct placed {
    uint64_t row;
    size_t piece;
} placed;

static int by_row(const void *a, const void *b) {
    const placed *x = a, *y = b;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    return (x->piece > y->piece) - (x->piece < y->piece);
}

static size_t find_first(size_t *first, size_t piece) {
    while (first[piece] != piece) {
        first[piece] = first[first[piece]];
        piece = first[piece];
    }
    return piece;
}

static void join(size_t *first, const nm_fingerprint *prints, size_t a, size_t b) {
    size_t x = find_first(first, a), y = find_first(first, b);
    if (x == y || nm_fingerprint_likeness(&prints[a], &prints[b]) < NM_FAMILY_LIKENESS)
        return;
    first[x > y ? x : y] = x > y ? y : x;
}

/* Each of those that have a row in common is compared with the first of them and with the one
 * before it. */
static void join_row(size_t *first, const nm_fingerprint *prints, const placed *order,
                     size_t count) {
    for (size_t i = 1, begin = 0; i < count; i++) {
        if (order[i].row != order[begin].row)
            begin = i;
        if (i == begin)
            continue;
        join(first, prints, order[i].piece, order[begin].piece);
        join(first, prints, order[i].piece, order[i - 1].piece);
    }
}

neume_status nm_families_find(size_t *first, neume_context *context, const nm_fingerprint *prints,
                              size_t count) {
    placed *order = nm_alloc(context, count, sizeof *order);
    if (!order)
        return NEUME_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        first[i] = i;
    for (size_t row = 0; row < ROWS; row++) {
        size_t used = 0;
        for (size_t i = 0; i < count; i++) {
            placed at = {.piece = i};
            memcpy(&at.row, &prints[i].bins[row * ROW], sizeof at.row);
            if (at.row)
                order[used++] = at;
        }
        qsort(order, used, sizeof *order, by_row);
        join_row(first, prints, order, used);
    }
    for (size_t i = 0; i < count; i++)
        first[i] = find_first(first, i);
    nm_free(context, order);
    return NEUME_OK;
}
