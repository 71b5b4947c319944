/* SPDX-License-Identifier: ISC */
#include "learn/keys.h"

#include "learn/row.h"

/* Whether every word has one in that key, and the grammar takes them: a chord may lose its lowest
 * note below MIDI's range while its words are still words. */
static bool has_key_of_words(const neume_codec *codec, const neume_sequence *sequence, int shift) {
    nm_row row;
    nm_row_begin(&row, codec, shift);
    for (size_t i = 0; i < sequence->step_count * sequence->width; i++) {
        const unsigned s = (unsigned)(i % sequence->width);
        const uint32_t word = nm_codec_shifted(codec, s, sequence->words[i], shift);
        if (word == NEUME_NO_WORD || !nm_row_allows(&row, codec, s, word))
            return false;
        nm_row_say(&row, codec, s, word);
    }
    return true;
}

/* Whether all notes stay in MIDI's range. */
static bool has_key_of_sets(const neume_codec *codec, const neume_sequence *sequence, int shift) {
    uint32_t moved[NEUME_MAX_STREAMS];
    for (size_t t = 0; t < sequence->step_count; t++)
        if (!nm_codec_shift_step(codec, moved, sequence->words + t * sequence->width, shift))
            return false;
    return true;
}

static bool has_key(const neume_codec *codec, const neume_sequence *sequence, int shift) {
    return nm_codec_is_roll(codec) ? has_key_of_sets(codec, sequence, shift)
                                   : has_key_of_words(codec, sequence, shift);
}

neume_shifts nm_keys_of(const neume_codec *codec, neume_shifts shifts,
                        const neume_sequence *sequence) {
    neume_shifts keys = {0, 0};
    while (keys.low > shifts.low && has_key(codec, sequence, keys.low - 1))
        keys.low--;
    while (keys.high < shifts.high && has_key(codec, sequence, keys.high + 1))
        keys.high++;
    return keys;
}
