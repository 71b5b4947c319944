/* SPDX-License-Identifier: ISC */
/* Where a codec and the options of a network become a network: of a codec of words a stack, whose
 * streams, vocabularies, side features and maps of a structured head the codec says; of codec
 * "roll" a biaxial one, whose keys and bits it says. */
#ifndef NM_LEARN_NETWORK_H
#define NM_LEARN_NETWORK_H

#include "music/codec.h"
#include "nn/biaxial.h"
#include "nn/stack.h"

#include <neume/model.h>

#include <jansson.h>

/* One of the two, and the tables that a stack's maps point into. */
typedef struct nm_network {
    neume_network_options options;
    bool is_biaxial;
    nm_stack stack;
    nm_biaxial biaxial;
    uint16_t *maps[NM_MAX_MAPS];
} nm_network;

/* Of a closed codec. Fails with NEUME_BAD_USAGE or NEUME_BAD_MODEL where the options do not go
 * together. The caller clears. */
neume_status nm_network_init(nm_network *network, neume_context *context, const neume_codec *codec,
                             const neume_network_options *options, neume_error *error);
void nm_network_clear(nm_network *network, neume_context *context);

/* The table of its parameters, and first weights for them. */
const nm_params *nm_network_params(const nm_network *network);
void nm_network_init_weights(const nm_network *network, real *weights, uint64_t seed);

/* The options and sizes as an object; NULL for want of memory. */
json_t *nm_network_json(const nm_network *network);

/* The options back from there; false where they are not whole. */
bool nm_network_read(neume_network_options *out, const json_t *object);

#endif
