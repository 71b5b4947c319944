/* SPDX-License-Identifier: ISC */
/* How long a song is to be, in bars or seconds, counted from where its primer ends. */
#ifndef NM_LEARN_LENGTH_H
#define NM_LEARN_LENGTH_H

#include "music/codec.h"

typedef struct nm_length {
    double bars;    /* of the song's own metre; of 4 quarters where words say none; or 0 */
    double seconds; /* by the song's own tempos; or 0 */
    double tempo;   /* quarters a minute, whatever words say; 0: what they say */
} nm_length;

bool nm_length_is_given(const nm_length *length);

/* Whether the time from `begin` to `now` is as long. Bars that words say are counted from the end
 * of the bar that the primer ends in: that one is the primer's. */
bool nm_length_is_reached(const nm_length *length, const nm_codec_clock *begin,
                          const nm_codec_clock *now);

/* Once it is: where it was reached, in quarters from the begin of the piece. */
double nm_length_end(const nm_length *length, const nm_codec_clock *begin,
                     const nm_codec_clock *now);

#endif
