/* SPDX-License-Identifier: ISC */
/* The sound set of General MIDI level 1: 128 instruments by program, 0..127. */
#ifndef NM_CLI_INSTRUMENTS_H
#define NM_CLI_INSTRUMENTS_H

#include <neume/status.h>

/* Borrowed: static. */
const char *nm_instrument_name(unsigned program);

/* The program of a number, 0..127, of a name, of a family (its first: "piano", "organ"), or of a
 * part of one name, in any case. Fails with NEUME_BAD_USAGE where no instrument or more than one
 * has it. */
neume_status nm_instrument_find(int *out, const char *text, neume_error *error);

#endif
