/* SPDX-License-Identifier: ISC */
#include "learn/said.h"

#include "base/mem.h"

#include <string.h>

/* Where the first step behind the primer is in the song, less where it is in what is said. */
static double first_step(const nm_said *said, const nm_composed *composed, size_t carried,
                         const uint32_t *step) {
    const neume_codec *codec = composed->begin.codec;
    const unsigned streams = neume_codec_stream_count(codec);
    nm_codec_clock in_song = composed->begin, in_said;
    if (nm_codec_is_roll(codec))
        return in_song.quarters;
    nm_codec_clock_begin(&in_said, codec, 0);
    for (size_t i = 0; i < carried * streams; i++)
        nm_codec_clock_say(&in_said, (unsigned)(i % streams), said->owned[i]);
    for (unsigned s = 0; s < streams; s++) {
        nm_codec_clock_say(&in_song, s, step[s]);
        nm_codec_clock_say(&in_said, s, step[s]);
    }
    return in_song.quarters - in_said.quarters;
}

static neume_status leave_out(nm_said *said, neume_context *context, const nm_composed *composed,
                              size_t left_out) {
    const neume_codec *codec = composed->begin.codec;
    neume_sequence *words = &said->sequence;
    const uint32_t *step = composed->words + left_out * words->width;
    uint32_t carried[NM_MOST_CARRIED];
    const neume_sequence primer = {.words = composed->words, .step_count = left_out, .width = 1};
    const size_t count = nm_codec_carry(carried, codec, &primer, step[0]);
    words->words = composed->words + left_out * words->width;
    words->given = composed->given ? composed->given + left_out : NULL;
    words->step_count -= left_out;
    if (count) {
        said->owned = nm_alloc(context, words->step_count + count, sizeof *said->owned);
        if (!said->owned)
            return NEUME_NO_MEMORY;
        memcpy(said->owned, carried, count * sizeof *carried);
        memcpy(said->owned + count, words->words, words->step_count * sizeof *carried);
        words->words = said->owned;
        words->step_count += count;
    }
    said->from = first_step(said, composed, count, step);
    return NEUME_OK;
}

neume_status nm_said_init(nm_said *said, neume_context *context, const nm_composer_plan *plan,
                          const nm_composed *composed, size_t left_out) {
    *said = (nm_said){.sequence = {.words = composed->words,
                                   .given = composed->given,
                                   .step_count = plan->primer_count + composed->step_count,
                                   .width = neume_codec_width(composed->begin.codec)}};
    return left_out ? leave_out(said, context, composed, left_out) : NEUME_OK;
}

void nm_said_clear(neume_context *context, nm_said *said) {
    nm_free(context, said->owned);
}
