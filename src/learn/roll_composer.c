/* SPDX-License-Identifier: ISC */
#include "learn/roll_composer.h"

#include "base/context.h"
#include "base/mem.h"
#include "base/pool.h"
#include "learn/roll_group.h"

/* The songs of one thread. */
typedef struct share {
    neume_context *alone; /* of one thread; NULL where there is one share, which has all */
    nm_roll_group *group;
    nm_roll_failure failure;
} share;

/* Where there are several songs each thread composes its own, so that it waits for no other at each
 * key. One song has all threads, for steps that are worth it. */
struct nm_roll_composer {
    neume_context *context;
    share *shares; /* [share_count], the songs in order */
    size_t share_count, row_count;
    uint64_t first; /* the number of row 0's song */
};

/* The first song of a share. */
static size_t row_of(const nm_roll_composer *composer, size_t index) {
    return index * composer->row_count / composer->share_count;
}

static neume_status open_share(nm_roll_composer *composer, size_t index, const neume_model *model,
                               const nm_composer_plan *plan) {
    share *s = &composer->shares[index];
    const size_t row_count = row_of(composer, index + 1) - row_of(composer, index);
    if (composer->share_count > 1 && nm_context_alone(&s->alone, composer->context, NULL))
        return NEUME_NO_MEMORY;
    return nm_roll_group_new(&s->group, s->alone ? s->alone : composer->context, model, plan,
                             row_count);
}

typedef struct sharing {
    nm_roll_composer *composer;
    void (*act)(nm_roll_composer *composer, size_t index);
} sharing;

static void act_on_shares(void *data, nm_pool *pool, unsigned thread) {
    const sharing *of = data;
    const nm_range mine = nm_pool_share(pool, thread, of->composer->share_count, 1);
    for (size_t i = mine.begin; i < mine.end; i++)
        of->act(of->composer, i);
}

/* Each share on its thread. */
static void on_threads(nm_roll_composer *composer,
                       void (*act)(nm_roll_composer *composer, size_t index)) {
    if (composer->share_count == 1)
        act(composer, 0);
    else
        nm_pool_run(composer->context->pool, act_on_shares, &(sharing){composer, act});
}

static void pack_share(nm_roll_composer *composer, size_t index) {
    nm_roll_group_pack(composer->shares[index].group);
}

static void compose_share(nm_roll_composer *composer, size_t index) {
    share *s = &composer->shares[index];
    s->failure = nm_roll_group_run(s->group, composer->first + row_of(composer, index));
}

neume_status nm_roll_composer_new(nm_roll_composer **out, neume_context *context,
                                  const neume_model *model, const nm_composer_plan *plan,
                                  size_t row_count) {
    *out = NULL;
    const size_t threads = neume_context_thread_count(context);
    nm_roll_composer *composer = nm_alloc(context, 1, sizeof *composer);
    if (!composer)
        return NEUME_NO_MEMORY;
    *composer = (nm_roll_composer){.context = context,
                                   .share_count = row_count < threads ? row_count : threads,
                                   .row_count = row_count};
    composer->shares = nm_alloc(context, composer->share_count, sizeof *composer->shares);
    neume_status status = composer->shares ? NEUME_OK : NEUME_NO_MEMORY;
    for (size_t i = 0; i < composer->share_count && !status; i++)
        status = open_share(composer, i, model, plan);
    if (status) {
        nm_roll_composer_free(composer);
        return status;
    }
    on_threads(composer, pack_share);
    *out = composer;
    return NEUME_OK;
}

void nm_roll_composer_free(nm_roll_composer *composer) {
    if (!composer)
        return;
    for (size_t i = 0; i < composer->share_count && composer->shares; i++) {
        nm_roll_group_free(composer->shares[i].group);
        neume_context_free(composer->shares[i].alone);
    }
    nm_free(composer->context, composer->shares);
    nm_free(composer->context, composer);
}

/* The same error with any number of threads: the first in the order of keys, then of songs. */
neume_status nm_roll_composer_run(nm_roll_composer *composer, uint64_t first, neume_error *error) {
    const nm_roll_failure *found = NULL;
    composer->first = first;
    on_threads(composer, compose_share);
    for (size_t i = 0; i < composer->share_count; i++) {
        const nm_roll_failure *failure = &composer->shares[i].failure;
        if (failure->status && (!found || failure->place < found->place))
            found = failure;
    }
    if (!found)
        return NEUME_OK;
    if (error)
        *error = found->error;
    return found->status;
}

nm_composed nm_roll_composer_song(const nm_roll_composer *composer, size_t row) {
    size_t index = composer->share_count - 1;
    while (row < row_of(composer, index))
        index--;
    return nm_roll_group_song(composer->shares[index].group, row - row_of(composer, index));
}
