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
    nm_free(codec->context, grammar->plan);
    nm_free(codec->context, grammar->stream);
    *grammar = (nm_grammar){0};
}

/* How many states and classes there are. */
static bool plan(nm_grammar *grammar, const neume_codec *codec) {
    const nm_codec_kind *kind = codec->kind;
    *grammar = (nm_grammar){.state_count = kind->state_count,
                            .class_count = kind->class_count,
                            .next = kind->next_state};
    return !kind->plan_grammar || kind->plan_grammar(grammar, codec->context, &codec->options);
}

/* Rules under way. `slots` has `last` + 1 places, a power of two, for states that were the first of
 * their rule, counted from 1: a table by the hash of what they allow. */
typedef struct rule_maker {
    nm_grammar *grammar;
    const nm_codec_kind *kind;
    neume_context *context;
    uint32_t *slots;
    size_t last, capacity;
} rule_maker;

/* What a state allows, behind the rules that there are. */
static uint8_t *read_rule(rule_maker *maker, uint32_t state) {
    nm_grammar *grammar = maker->grammar;
    const uint32_t classes = grammar->class_count;
    if (!nm_reserve(maker->context, &grammar->allowed, &maker->capacity,
                    (grammar->rule_count + (size_t)1) * classes, 1))
        return NULL;
    uint8_t *row = grammar->allowed + (size_t)grammar->rule_count * classes;
    memset(row, 0, classes);
    if (maker->kind->allow)
        maker->kind->allow(row, grammar, state);
    else
        for (uint32_t c = 0; c < classes; c++)
            row[c] = maker->kind->allows(state, c);
    return row;
}

static bool has_rule_of(const nm_grammar *grammar, uint32_t other, unsigned stream,
                        const uint8_t *row) {
    return grammar->stream[other] == stream &&
           memcmp(row, nm_grammar_allowed(grammar, other), grammar->class_count) == 0;
}

static bool give_rule(rule_maker *maker, uint32_t state) {
    nm_grammar *grammar = maker->grammar;
    const unsigned stream = grammar->stream[state];
    const uint8_t *row = read_rule(maker, state);
    if (!row)
        return false;
    size_t slot = XXH3_64bits_withSeed(row, grammar->class_count, stream) & maker->last;
    while (maker->slots[slot] && !has_rule_of(grammar, maker->slots[slot] - 1, stream, row))
        slot = (slot + 1) & maker->last;
    if (maker->slots[slot]) {
        grammar->rule[state] = grammar->rule[maker->slots[slot] - 1];
    } else {
        maker->slots[slot] = state + 1;
        grammar->rule[state] = grammar->rule_count++;
    }
    return true;
}

/* Of codec "event" 27,314 states have 4,982 rules. */
static bool make_rules(nm_grammar *grammar, const neume_codec *codec) {
    const nm_codec_kind *kind = codec->kind;
    rule_maker maker = {.grammar = grammar, .kind = kind, .context = codec->context, .last = 3};
    while (maker.last < 2 * (size_t)grammar->state_count)
        maker.last = 2 * maker.last + 1;
    maker.slots = nm_alloc(codec->context, maker.last + 1, sizeof *maker.slots);
    grammar->rule = nm_alloc(codec->context, grammar->state_count, sizeof *grammar->rule);
    grammar->stream = nm_alloc(codec->context, grammar->state_count, 1);
    bool is_made = maker.slots && grammar->rule && grammar->stream;
    for (uint32_t state = 0; is_made && state < grammar->state_count; state++) {
        if (kind->state_stream)
            grammar->stream[state] = (uint8_t)kind->state_stream(state);
        is_made = give_rule(&maker, state);
    }
    nm_free(codec->context, maker.slots);
    return is_made;
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
    bool is_made = plan(&codec->grammar, codec) && make_rules(&codec->grammar, codec);
    for (unsigned stream = 0; stream < codec->kind->stream_count && is_made; stream++)
        is_made = class_words(codec, stream);
    return is_made;
}

const nm_grammar *nm_codec_grammar(const neume_codec *codec) {
    return &codec->grammar;
}

void nm_codec_mask(uint8_t *mask, const neume_codec *codec, unsigned stream, uint32_t state) {
    const uint8_t *allowed = nm_grammar_allowed(&codec->grammar, state);
    const uint32_t *classes = codec->grammar.word_class[stream];
    for (uint32_t word = 0; word < codec->vocabularies[stream].count; word++)
        mask[word] = allowed[classes[word]];
}

uint8_t *nm_codec_masks(neume_context *context, const neume_codec *codec, unsigned stream) {
    const nm_grammar *grammar = &codec->grammar;
    const size_t count = codec->vocabularies[stream].count;
    uint8_t *masks = nm_alloc(context, grammar->rule_count * count, 1);
    uint32_t rules = 0;
    for (uint32_t state = 0; masks && state < grammar->state_count; state++) {
        if (grammar->rule[state] < rules)
            continue;
        if (grammar->stream[state] == stream)
            nm_codec_mask(masks + rules * count, codec, stream, state);
        rules++;
    }
    return masks;
}

bool nm_codec_all_masks(uint8_t *masks[NEUME_MAX_STREAMS], neume_context *context,
                        const neume_codec *codec) {
    for (unsigned s = 0; s < codec->kind->stream_count && !codec->kind->is_roll; s++)
        if (!(masks[s] = nm_codec_masks(context, codec, s)))
            return false;
    return true;
}
