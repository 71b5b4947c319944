/* SPDX-License-Identifier: ISC */
/* Which pieces a model was trained on and validated on: hashes of their words, as nm_codec_hash. */
#ifndef NM_LEARN_PIECE_HASHES_H
#define NM_LEARN_PIECE_HASHES_H

#include "base/bytes.h"

#include <neume/corpus.h>

typedef struct nm_piece_hashes {
    uint64_t *trained, *validated; /* ascending; owned */
    size_t trained_count, validated_count;
} nm_piece_hashes;

typedef struct nm_piece nm_piece;

/* Of a corpus's pieces. The caller clears, also after failure, like the next two. */
neume_status nm_piece_hashes_of(nm_piece_hashes *out, const neume_corpus *corpus);

/* The hashes of both, each once; what either trained on counts as that alone. */
neume_status nm_piece_hashes_join(nm_piece_hashes *out, neume_context *context,
                                  const nm_piece_hashes *a, const nm_piece_hashes *b);

/* u64 little-endian: the number of hashes trained on, these, then those validated on. Reading fails
 * with NEUME_BAD_MODEL where they are not that. */
void nm_piece_hashes_write(const nm_piece_hashes *hashes, nm_buffer *out);
neume_status nm_piece_hashes_read(nm_piece_hashes *out, neume_context *context, neume_bytes bytes);

void nm_piece_hashes_clear(nm_piece_hashes *hashes, neume_context *context);

/* Whether a piece of this hash was trained on, or else validated on. */
neume_split nm_piece_hashes_split(const nm_piece_hashes *hashes, uint64_t hash);

#endif
