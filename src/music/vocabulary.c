/* SPDX-License-Identifier: ISC */
#include "music/vocabulary.h"

#include "base/mem.h"

#include <string.h>
#include <xxhash.h>

nm_vocabulary nm_vocabulary_on(neume_context *context) {
    return (nm_vocabulary){.context = context};
}

void nm_vocabulary_clear(nm_vocabulary *vocabulary) {
    for (uint32_t i = 0; i < vocabulary->count; i++)
        nm_free(vocabulary->context, vocabulary->texts[i]);
    nm_free(vocabulary->context, vocabulary->texts);
    nm_free(vocabulary->context, vocabulary->slots);
    *vocabulary = nm_vocabulary_on(vocabulary->context);
}

/* The slot that holds the text, or the empty one where it belongs. There is always an empty one. */
static size_t slot_of(const nm_vocabulary *vocabulary, const char *text) {
    const size_t last = vocabulary->slot_count - 1;
    size_t slot = XXH3_64bits(text, strlen(text)) & last;
    while (vocabulary->slots[slot] != UINT32_MAX &&
           strcmp(vocabulary->texts[vocabulary->slots[slot]], text) != 0)
        slot = (slot + 1) & last;
    return slot;
}

uint32_t nm_vocabulary_find(const nm_vocabulary *vocabulary, const char *text) {
    return vocabulary->slot_count ? vocabulary->slots[slot_of(vocabulary, text)] : UINT32_MAX;
}

/* Makes room for one more word: at most half of the slots are in use. */
static bool grow_slots(nm_vocabulary *vocabulary) {
    if (2 * ((size_t)vocabulary->count + 1) <= vocabulary->slot_count)
        return true;
    const size_t slot_count = vocabulary->slot_count ? 2 * vocabulary->slot_count : 64;
    uint32_t *slots = nm_alloc(vocabulary->context, slot_count, sizeof *slots);
    if (!slots)
        return false;
    memset(slots, 0xFF, slot_count * sizeof *slots);
    nm_free(vocabulary->context, vocabulary->slots);
    vocabulary->slots = slots;
    vocabulary->slot_count = slot_count;
    for (uint32_t i = 0; i < vocabulary->count; i++)
        slots[slot_of(vocabulary, vocabulary->texts[i])] = i;
    return true;
}

uint32_t nm_vocabulary_add(nm_vocabulary *vocabulary, const char *text) {
    const uint32_t found = nm_vocabulary_find(vocabulary, text);
    if (found != UINT32_MAX)
        return found;
    if (vocabulary->count == UINT32_MAX - 1 || !grow_slots(vocabulary) ||
        !nm_reserve(vocabulary->context, &vocabulary->texts, &vocabulary->capacity,
                    (size_t)vocabulary->count + 1, sizeof *vocabulary->texts))
        return UINT32_MAX;
    char *copy = nm_copy_text(vocabulary->context, text, strlen(text));
    if (!copy)
        return UINT32_MAX;
    vocabulary->texts[vocabulary->count] = copy;
    vocabulary->slots[slot_of(vocabulary, text)] = vocabulary->count;
    return vocabulary->count++;
}

/* The last word added ends the chain of slots that it is in, so its slot can simply be emptied. */
void nm_vocabulary_truncate(nm_vocabulary *vocabulary, uint32_t count) {
    while (vocabulary->count > count) {
        char *text = vocabulary->texts[vocabulary->count - 1];
        vocabulary->slots[slot_of(vocabulary, text)] = UINT32_MAX;
        nm_free(vocabulary->context, text);
        vocabulary->count--;
    }
}
