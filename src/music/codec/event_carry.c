/* SPDX-License-Identifier: ISC */
/* What holds on behind words of codec "event", in as few words as say it. */
#include "music/codec/event.h"

#define NONE UINT32_MAX /* of a word: not said */

typedef struct carrying {
    nm_event_words words;
    bool has_bar;
    uint32_t metre, tempo, program, position; /* NONE: not said */
    bool is_pedal_down[NM_EVENT_PITCHES];
} carrying;

static void follow(carrying *in, nm_event_word word) {
    switch (word.family) {
    case NM_EVENT_BAR:
        in->has_bar = true;
        in->position = NONE;
        break;
    case NM_EVENT_METRE:
        in->metre = word.value;
        break;
    case NM_EVENT_TEMPO_WORD:
        in->tempo = word.value;
        break;
    case NM_EVENT_POSITION:
        in->position = word.value;
        break;
    case NM_EVENT_PROGRAM:
        in->program = word.value;
        break;
    case NM_EVENT_PEDAL:
        if (in->program != NM_EVENT_DRUMS)
            in->is_pedal_down[in->program == NONE ? 0 : in->program] = word.value == 1;
        break;
    default:
        break;
    }
}

static size_t say(uint32_t *out, size_t count, const carrying *in, nm_event_word word) {
    if (word.value == NONE)
        return count;
    out[count] = nm_event_id(&in->words, word.family, word.value);
    return count + 1;
}

/* Where the next word begins a bar, there is none before it. */
size_t nm_event_carry(uint32_t out[NM_MOST_CARRIED], const neume_codec_options *options,
                      const neume_sequence *sequence, uint32_t next) {
    carrying in = {.words = nm_event_words_of(options),
                   .metre = NONE,
                   .tempo = NONE,
                   .program = NONE,
                   .position = NONE};
    for (size_t i = 0; i < sequence->step_count; i++)
        follow(&in, nm_event_read(&in.words, sequence->words[i]));
    const bool needs_bar = in.has_bar && nm_event_read(&in.words, next).family != NM_EVENT_BAR;
    size_t count = 0;
    if (needs_bar)
        count = say(out, count, &in, (nm_event_word){NM_EVENT_BAR, 0});
    count = say(out, count, &in, (nm_event_word){NM_EVENT_METRE, in.metre});
    count = say(out, count, &in, (nm_event_word){NM_EVENT_TEMPO_WORD, in.tempo});
    for (uint32_t p = 0; p < NM_EVENT_PITCHES; p++)
        if (in.is_pedal_down[p]) {
            count = say(out, count, &in, (nm_event_word){NM_EVENT_PROGRAM, p});
            count = say(out, count, &in, (nm_event_word){NM_EVENT_PEDAL, 1});
        }
    count = say(out, count, &in,
                (nm_event_word){NM_EVENT_PROGRAM, in.program == NONE ? 0 : in.program});
    if (needs_bar)
        count = say(out, count, &in, (nm_event_word){NM_EVENT_POSITION, in.position});
    return count;
}
