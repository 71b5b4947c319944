/* SPDX-License-Identifier: ISC */
/* The grammar of a closed codec: its automaton, and the rules that states have in common. */
#include "base/mem.h"
#include "music/codec_kind.h"

#include <string.h>
#include <xxhash.h>

void nm_codec_grammar_clear(neume_codec *codec) {
    nm_grammar *grammar = &codec->grammar;
    for (unsigned stream = 0; stream < codec->kind->stream_count; stream++)
        nm_free(codec->context, grammar->word_class[stream]);
    nm_free(codec->context, grammar->rule);
    nm_free(codec->context, grammar->allowed);
    nm_free(codec->context, grammar->next);
    nm_free(codec->context, grammar->stream);
    *grammar = (nm_grammar){0};
}

/* The automaton's tables. */
static bool make_automaton(neume_codec *codec) {
    const nm_codec_kind *kind = codec->kind;
    const size_t states = kind->state_count, classes = kind->class_count;
    nm_grammar *grammar = &codec->grammar;
    if (kind->make_grammar)
        return kind->make_grammar(grammar, codec->context, &codec->options);
    *grammar = (nm_grammar){.state_count = kind->state_count, .class_count = kind->class_count};
    grammar->allowed = nm_alloc(codec->context, states * classes, 1);
    grammar->next = nm_alloc(codec->context, states * classes, sizeof *grammar->next);
    grammar->stream = nm_alloc(codec->context, states, 1);
    if (!grammar->allowed || !grammar->next || !grammar->stream)
        return false;
    for (uint32_t state = 0; state < states; state++) {
        grammar->stream[state] =
            kind->state_stream ? (uint8_t)kind->state_stream(state) : (uint8_t)0;
        for (uint32_t c = 0; c < classes; c++) {
            grammar->allowed[state * classes + c] = kind->allows(state, c);
            grammar->next[state * classes + c] = kind->next_state(state, c);
        }
    }
    return true;
}

/* While states are given their rules, `allowed` still has a row for each state that comes later. */
static bool has_rule_of(const nm_grammar *grammar, uint32_t state, uint32_t other) {
    const size_t classes = grammar->class_count;
    return grammar->stream[state] == grammar->stream[other] &&
           memcmp(grammar->allowed + state * classes,
                  grammar->allowed + grammar->rule[other] * classes, classes) == 0;
}

/* `slots` has `last` + 1 places, a power of two, for states that were the first of their rule: a
 * table by the hash of what they allow. */
static void give_rules(nm_grammar *grammar, uint32_t *slots, size_t last) {
    const size_t classes = grammar->class_count;
    for (uint32_t state = 0; state < grammar->state_count; state++) {
        const uint8_t *row = grammar->allowed + state * classes;
        size_t slot = XXH3_64bits_withSeed(row, classes, grammar->stream[state]) & last;
        while (slots[slot] && !has_rule_of(grammar, state, slots[slot] - 1))
            slot = (slot + 1) & last;
        if (slots[slot]) {
            grammar->rule[state] = grammar->rule[slots[slot] - 1];
            continue;
        }
        slots[slot] = state + 1;
        grammar->rule[state] = grammar->rule_count;
        memmove(grammar->allowed + grammar->rule_count++ * classes, row, classes);
    }
}

/* Of codec "event" 27,314 states have 4,982 rules. */
static bool share_rules(nm_grammar *grammar, neume_context *context) {
    size_t slot_count = 4;
    while (slot_count < 2 * (size_t)grammar->state_count)
        slot_count *= 2;
    uint32_t *slots = nm_alloc(context, slot_count, sizeof *slots);
    grammar->rule = nm_alloc(context, grammar->state_count, sizeof *grammar->rule);
    if (slots && grammar->rule) {
        give_rules(grammar, slots, slot_count - 1);
        (void)nm_resize(context, &grammar->allowed, grammar->rule_count, grammar->class_count);
    }
    nm_free(context, slots);
    return slots && grammar->rule;
}

static bool class_words(neume_codec *codec, unsigned stream) {
    const uint32_t count = codec->vocabularies[stream].count;
    uint32_t *classes = nm_alloc(codec->context, count, sizeof *classes);
    codec->grammar.word_class[stream] = classes;
    for (uint32_t word = 0; classes && word < count; word++)
        classes[word] = codec->kind->word_class(&codec->options, stream, word);
    return classes != NULL;
}

bool nm_codec_make_grammar(neume_codec *codec) {
    bool is_made = make_automaton(codec) && share_rules(&codec->grammar, codec->context);
    for (unsigned stream = 0; stream < codec->kind->stream_count && is_made; stream++)
        is_made = class_words(codec, stream);
    return is_made;
}

const nm_grammar *nm_codec_grammar(const neume_codec *codec) {
    return &codec->grammar;
}

uint8_t *nm_codec_masks(neume_context *context, const neume_codec *codec, unsigned stream) {
    const nm_grammar *grammar = &codec->grammar;
    const size_t count = codec->vocabularies[stream].count;
    const uint32_t *classes = grammar->word_class[stream];
    uint8_t *masks = nm_alloc(context, grammar->rule_count * count, 1);
    uint32_t rules = 0;
    for (uint32_t state = 0; masks && state < grammar->state_count; state++) {
        if (grammar->rule[state] < rules)
            continue;
        const uint8_t *allowed = nm_grammar_allowed(grammar, state);
        uint8_t *mask = masks + rules++ * count;
        for (size_t word = 0; word < count && grammar->stream[state] == stream; word++)
            mask[word] = allowed[classes[word]];
    }
    return masks;
}
