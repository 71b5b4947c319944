/* SPDX-License-Identifier: ISC */
/* What a corpus takes over from the model that a training on it starts from: its words, its labels,
 * and which pieces it knows. */
#ifndef NM_LEARN_CORPUS_INIT_H
#define NM_LEARN_CORPUS_INIT_H

#include "learn/corpus.h"

/* Fails with NEUME_BAD_USAGE, naming the setting, where the codec of a corpus is not that of the
 * model; other keys may differ. */
neume_status nm_corpus_match_init(const neume_corpus *corpus, neume_error *error);

/* Whether a piece can tell how well a training does: whether neither the model nor one that it was
 * made from was trained on it. Every piece can without such a model. */
bool nm_corpus_can_validate(const neume_corpus *corpus, const nm_piece *piece);

/* Logs which pieces are not held out for that reason, and a warning where the validation pieces
 * that were given are known to the model. */
void nm_corpus_tell_known(const neume_corpus *corpus);

#endif
