/* SPDX-License-Identifier: ISC */
/* Into which keys a piece can move for training. */
#ifndef NM_LEARN_KEYS_H
#define NM_LEARN_KEYS_H

#include "music/codec.h"

#include <neume/corpus.h>

/* The keys around its own, within `shifts`, into which all steps of a piece can move. */
neume_shifts nm_keys_of(const neume_codec *codec, neume_shifts shifts,
                        const neume_sequence *sequence);

#endif
