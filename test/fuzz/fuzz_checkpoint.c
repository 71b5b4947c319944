/* SPDX-License-Identifier: ISC */
/* Checkpoints. Whatever the bytes, a run goes on from them or refuses to in one line; one that goes
 * on trains, validates and looks for its temperature. Bred from a checkpoint of this very run. */
#include "trainings.h"

#include "learn/checkpoint.h"
#include "learn/plan.h"
#include "tensor_mutator.h"

/* A run after a few updates, and its checkpoint. */
typedef struct bench {
    neume_context *context;
    run_folder folder;
    nm_run run;
    nm_buffer seed;
} bench;

static void must(neume_status status) {
    if (status)
        abort();
}

static bench *new_bench(void) {
    static bench it;
    neume_context_options options = neume_context_options_default();
    options.thread_count = 1;
    must(neume_context_new(&it.context, &options, NULL));
    it.folder = new_folder();
    neume_train_options training = small_options(&it.folder);
    training.network = (neume_network_options){.embed = 2, .layers = {3}, .layer_count = 1};
    training.batch = 2;
    training.steps = 4;
    neume_corpus *corpus = test_corpus(it.context, TRAIN_PIECES, VALID_PIECES);
    must(nm_run_init(&it.run, it.context, corpus, &training, NULL));
    must(nm_plan(&it.run, NULL));
    for (int update = 0; update < 10; update++)
        must(nm_run_update(&it.run, NULL));
    must(nm_run_validate(&it.run, NULL));
    must(nm_run_update(&it.run, NULL));
    must(nm_checkpoint_save(&it.run, it.folder.checkpoint, NULL));
    it.seed = bytes_of(it.context, it.folder.checkpoint);
    remove_folder(&it.folder);
    return &it;
}

static bench *only_bench(void) {
    static bench *it;
    if (!it)
        it = new_bench();
    return it;
}

/* What is no file of tensors gives way to the seed. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    const nm_buffer *whole = &only_bench()->seed;
    if (!nm_is_tensor_file(data, size)) {
        must(whole->size <= max_size ? NEUME_OK : NEUME_FAILED);
        memcpy(data, whole->data, whole->size);
        size = whole->size;
    }
    return mutate_tensors(data, size, max_size, seed);
}

static void check(neume_status status, const neume_error *error) {
    if (status != NEUME_OK && status != NEUME_BAD_MODEL && status != NEUME_BAD_USAGE)
        abort();
    if ((status == NEUME_OK) != (error->line[0] == '\0'))
        abort();
}

/* The numbers of a checkpoint are finite, what they make of each other may not be. */
static void go_on(nm_run *run) {
    neume_status status = nm_plan(run, NULL);
    if (!status)
        status = nm_run_update(run, NULL);
    if (!status)
        status = nm_run_validate(run, NULL);
    if (!status)
        status = nm_run_calibrate(run, NULL);
    if (status != NEUME_OK && status != NEUME_NOT_FINITE && status != NEUME_BAD_USAGE)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    bench *it = only_bench();
    nm_buffer bytes = nm_buffer_on(it->context);
    nm_write_bytes(&bytes, data, size);
    nm_tensor_file file;
    neume_error error = {0};
    neume_status status = nm_tensor_file_read(&file, &bytes, "input", &error);
    check(status, &error);
    if (status)
        return 0;
    nm_run_restart(&it->run);
    check(status = nm_checkpoint_read(&it->run, &file, "input", &error), &error);
    const bool is_seed = size == it->seed.size && memcmp(data, it->seed.data, size) == 0;
    if (is_seed && status)
        abort();
    nm_tensor_file_clear(&file);
    if (!status)
        go_on(&it->run);
    return 0;
}
