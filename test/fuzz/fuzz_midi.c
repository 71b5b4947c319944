/* SPDX-License-Identifier: ISC */
/* MIDI files. Whatever the bytes, they are read, leniently and strictly, within the memory that is
 * promised; and what was read is written as a file that needs no repair and is then written as
 * itself. */
#include "base/context.h"

#include <neume/midi.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An allocator that stops the program where more is out than `most`. Each block has its size before
 * it. */
typedef struct account {
    size_t out, most;
} account;

enum { HEAD = 16 };

static void *counted_reallocate(void *data, void *block, size_t size) {
    account *sum = data;
    char *old = block ? (char *)block - HEAD : NULL;
    size_t old_size = 0;
    if (old)
        memcpy(&old_size, old, sizeof old_size);
    sum->out += size - old_size;
    if (sum->out > sum->most)
        abort();
    if (size == 0) {
        free(old);
        return NULL;
    }
    char *grown = realloc(old, size + HEAD);
    if (!grown)
        abort();
    memcpy(grown, &size, sizeof size);
    return grown + HEAD;
}

static neume_score *read_bytes(neume_context *context, neume_bytes bytes, bool strict,
                               neume_pairing pairing) {
    neume_midi_read_options options = neume_midi_read_options_default();
    neume_score *score = NULL;
    neume_error error = {0};
    options.strict = strict;
    options.pairing = pairing;
    const neume_status status = neume_midi_read(&score, context, bytes, &options, &error);
    if (status != NEUME_OK && status != NEUME_BAD_INPUT)
        abort();
    if ((status == NEUME_OK) != (score != NULL) || (status == NEUME_OK) != (error.line[0] == '\0'))
        abort();
    return score;
}

static void check_repairs(const neume_score *lenient, const neume_score *strict, size_t size) {
    size_t count;
    if (!lenient) {
        if (strict)
            abort();
        return;
    }
    const neume_repair *repairs = neume_score_repairs(lenient, &count);
    if ((count == 0) != (strict != NULL))
        abort();
    for (size_t i = 0; i < count; i++)
        if (repairs[i].count == 0 || repairs[i].offset > size)
            abort();
}

/* Writes, reads strictly, writes again: the same bytes. Ticks beyond what is written are refused.
 */
static void check_writing(neume_context *context, const neume_score *score) {
    neume_bytes first, second;
    if (neume_midi_write(&first, context, score, NULL))
        return;
    neume_score *again = read_bytes(context, first, true, NEUME_PAIRING_FIFO);
    if (!again || neume_midi_write(&second, context, again, NULL))
        abort();
    if (first.size_bytes != second.size_bytes ||
        memcmp(first.data, second.data, first.size_bytes) != 0)
        abort();
    neume_midi_bytes_free(context, second);
    neume_midi_bytes_free(context, first);
    neume_score_free(again);
}

/* One for all inputs: making it costs more than reading most of them. */
static neume_context *context_on(account *sum) {
    neume_context_options options = neume_context_options_default();
    neume_context *context;
    options.thread_count = 1;
    options.allocator = (neume_allocator){counted_reallocate, sum};
    if (neume_context_new(&context, &options, NULL))
        abort();
    return context;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static account sum = {.most = SIZE_MAX};
    static neume_context *context;
    if (!context)
        context = context_on(&sum);
    const neume_bytes bytes = {data, size};
    const size_t before = sum.out;
    sum.most = before + 16 * size + (8u << 20);
    neume_score *lenient = read_bytes(context, bytes, false, NEUME_PAIRING_FIFO);
    neume_score_free(read_bytes(context, bytes, false, NEUME_PAIRING_LAST));
    sum.most = SIZE_MAX;
    neume_score *strict = read_bytes(context, bytes, true, NEUME_PAIRING_FIFO);
    check_repairs(lenient, strict, size);
    if (lenient)
        check_writing(context, lenient);
    neume_score_free(strict);
    neume_score_free(lenient);
    if (sum.out != before)
        abort();
    return 0;
}
