/* SPDX-License-Identifier: ISC */
/* neume: learns music from MIDI files and writes new music. This header includes all the others. */
#ifndef NEUME_NEUME_H
#define NEUME_NEUME_H

#include <neume/bench.h>
#include <neume/codec.h>
#include <neume/context.h>
#include <neume/corpus.h>
#include <neume/crops.h>
#include <neume/evaluate.h>
#include <neume/file.h>
#include <neume/generate.h>
#include <neume/midi.h>
#include <neume/model.h>
#include <neume/range_test.h>
#include <neume/ranks.h>
#include <neume/schedule.h>
#include <neume/score.h>
#include <neume/status.h>
#include <neume/train.h>

#endif
