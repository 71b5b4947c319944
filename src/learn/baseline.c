/* SPDX-License-Identifier: ISC */
#include "learn/baseline.h"

#include "base/error.h"
#include "learn/ngrams.h"

#include <math.h>

static void write_number(nm_buffer *out, uint64_t number) {
    for (; number > 0x7F; number >>= 7)
        nm_write_u8(out, (uint8_t)(number & 0x7F) | 0x80);
    nm_write_u8(out, (uint8_t)number);
}

static uint64_t read_number(nm_reader *reader) {
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const uint8_t byte = nm_read_u8(reader);
        number |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            break;
    }
    return number;
}

neume_status nm_ngrams_write(const nm_ngrams *ngrams, nm_buffer *out) {
    uint64_t before = 0;
    write_number(out, ngrams->triples.count);
    for (size_t i = 0; i < ngrams->triples.count; i++) {
        write_number(out, ngrams->triples.items[i].key - before);
        write_number(out, ngrams->triples.items[i].count);
        before = ngrams->triples.items[i].key;
    }
    return out->failed ? NEUME_NO_MEMORY : NEUME_OK;
}

/* Words of the vocabulary and known ones; begin words only where nothing but begin is before them.
 */
static bool is_possible(const nm_ngrams *ngrams, uint64_t key) {
    const uint64_t u = key >> 2 * NM_WORD_BITS, v = key >> NM_WORD_BITS & NM_WORD_MASK,
                   w = key & NM_WORD_MASK;
    return u <= ngrams->vocabulary && v <= ngrams->vocabulary && w < ngrams->vocabulary &&
           w != NM_WORD_UNKNOWN && (v != ngrams->vocabulary || u == ngrams->vocabulary);
}

#define MAX_COUNT (UINT64_C(1) << 32) /* of a triple: so that no sum of counts can overflow */

static bool read_triples(nm_ngrams *ngrams, nm_reader *reader, uint64_t count) {
    uint64_t key = 0;
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t step = read_number(reader), times = read_number(reader);
        const bool is_next = step > 0 || i == 0;
        if (reader->failed || !is_next || __builtin_add_overflow(key, step, &key) ||
            key >> 3 * NM_WORD_BITS || !is_possible(ngrams, key) || times == 0 || times > MAX_COUNT)
            return false;
        ngrams->triples.items[ngrams->triples.count++] = (nm_counted){key, times};
    }
    return !reader->failed && nm_reader_left(reader) == 0;
}

neume_status nm_ngrams_read(nm_ngrams **out, neume_context *context, uint32_t vocabulary,
                            neume_bytes bytes, neume_error *error) {
    nm_ngrams *ngrams;
    *out = NULL;
    if (nm_ngrams_new(&ngrams, context, vocabulary))
        return nm_fail_memory(error, "n-grams");
    nm_reader reader = nm_reader_on(bytes.data, bytes.size_bytes);
    const uint64_t count = read_number(&reader);
    neume_status status = NEUME_OK;
    if (count > nm_reader_left(&reader) / 2)
        status = nm_fail(error, NEUME_BAD_MODEL, "n-grams: %llu triples in %zu bytes",
                         (unsigned long long)count, bytes.size_bytes);
    else if (!nm_ngrams_reserve(ngrams, (size_t)count))
        status = nm_fail_memory(error, "n-grams");
    else if (!read_triples(ngrams, &reader, count))
        status = nm_fail_at(error, NEUME_BAD_MODEL, reader.position,
                            "n-grams: triple %zu is not valid", ngrams->triples.count);
    else if (nm_ngrams_finish(ngrams))
        status = nm_fail_memory(error, "n-grams");
    if (status)
        nm_ngrams_free(ngrams);
    else
        *out = ngrams;
    return status;
}

nm_ngram_mask nm_ngram_mask_of(const nm_ngrams *ngrams, const uint32_t *word_class,
                               const uint8_t *allowed) {
    nm_ngram_mask mask = {.word_class = word_class, .allowed = allowed};
    for (uint32_t w = 0; w < ngrams->vocabulary; w++) {
        if (!allowed[word_class[w]])
            continue;
        mask.word_count++;
        mask.unigram += ngrams->unigram[w];
        mask.p1 += ngrams->p1[w];
    }
    return mask;
}

/* The probability of a word, and the sum of those of the allowed words. */
typedef struct weighed {
    double word, allowed;
} weighed;

static size_t find_context(const nm_ngram_level *order, uint64_t context) {
    size_t low = 0, high = order->context_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (order->contexts[middle] < context)
            low = middle + 1;
        else
            high = middle;
    }
    return low < order->context_count && order->contexts[low] == context ? low : SIZE_MAX;
}

/* Interpolates an order with what the order below it says. */
static weighed interpolate(const nm_ngram_level *order, uint64_t context, const nm_ngram_mask *mask,
                           uint32_t word, weighed below) {
    const size_t c = find_context(order, context);
    if (c == SIZE_MAX)
        return below;
    weighed here = {order->backoffs[c] * below.word, order->backoffs[c] * below.allowed};
    for (size_t i = order->begins[c]; i < order->begins[c + 1]; i++) {
        const double share = order->shares[i];
        here.word += order->words[i] == word ? share : 0;
        here.allowed += mask->allowed[mask->word_class[order->words[i]]] ? share : 0;
    }
    return here;
}

/* -ln p(word) among the allowed words, with s for <unk> and 1 - s for all others. */
static double nats(const nm_ngrams *ngrams, const nm_ngram_mask *mask, uint32_t word,
                   weighed known) {
    const double s = ngrams->unseen;
    const bool has_unknown = mask->allowed[mask->word_class[NM_WORD_UNKNOWN]];
    const double all = (1 - s) * known.allowed + (has_unknown ? s : 0);
    return log(all) - log(word == NM_WORD_UNKNOWN ? s : (1 - s) * known.word);
}

nm_line nm_line_of(const neume_sequence *sequence, unsigned stream) {
    return (nm_line){sequence->words + stream, sequence->step_count, sequence->width};
}

void nm_ngrams_score(nm_baseline_sums *sums, const nm_ngrams *ngrams, const nm_ngram_mask *mask,
                     nm_line line, size_t at) {
    const uint32_t w = line.words[at * line.stride];
    const uint64_t v = at > 0 ? line.words[(at - 1) * line.stride] : ngrams->vocabulary;
    const uint64_t u = at > 1 ? line.words[(at - 2) * line.stride] : ngrams->vocabulary;
    const weighed one = {ngrams->p1[w], mask->p1};
    const weighed two = interpolate(&ngrams->pairs, v, mask, w, one);
    const weighed three = interpolate(&ngrams->triads, u << NM_WORD_BITS | v, mask, w, two);
    sums->uniform += log(mask->word_count);
    sums->unigram += nats(ngrams, mask, w, (weighed){ngrams->unigram[w], mask->unigram});
    sums->trigram += nats(ngrams, mask, w, three);
}

/* A stream's masks and what an unknown word of it costs. */
typedef struct stream_costs {
    nm_ngram_mask mask;
    uint32_t rule; /* that the mask is of; UINT32_MAX: none yet */
    double unseen;
} stream_costs;

static void add_word(nm_baseline_sums *sums, const nm_ngrams *ngrams, const stream_costs *costs,
                     nm_line line, size_t at) {
    nm_ngrams_score(sums, ngrams, &costs->mask, line, at);
    if (line.words[at * line.stride] != NM_WORD_UNKNOWN)
        return;
    sums->uniform += costs->unseen;
    sums->unigram += costs->unseen;
    sums->trigram += costs->unseen;
}

void nm_baseline_add(nm_baseline_sums *sums, nm_ngrams *const *ngrams, const neume_codec *codec,
                     const neume_sequence *sequence) {
    const nm_grammar *grammar = nm_codec_grammar(codec);
    stream_costs costs[NEUME_MAX_STREAMS];
    for (unsigned s = 0; s < sequence->width; s++)
        costs[s] = (stream_costs){.rule = UINT32_MAX,
                                  .unseen = log(fmax(nm_codec_unseen_count(codec, s), 1))};
    uint32_t state = 0;
    for (size_t i = 0; i < sequence->step_count * sequence->width; i++) {
        const unsigned s = (unsigned)(i % sequence->width);
        if (grammar->rule[state] != costs[s].rule)
            costs[s].mask = nm_ngram_mask_of(ngrams[s], grammar->word_class[s],
                                             nm_grammar_allowed(grammar, state));
        costs[s].rule = grammar->rule[state];
        add_word(sums, ngrams[s], &costs[s], nm_line_of(sequence, s), i / sequence->width);
        state = nm_grammar_next(grammar, state, grammar->word_class[s][sequence->words[i]]);
    }
}
