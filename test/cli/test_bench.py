#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""neume bench: the names and keys of its rows, and its table. Never how fast anything is."""
import json
import os
import re

import tool

ROWS = ["parse.orchestra", "parse.tunes", "encode.word", "encode.event", "encode.roll", "train.events",
        "train.chords", "train.chords.fp16", "train.chords.bf16", "train.streams", "train.frames", "train.biaxial", "generate.stack.1",
        "generate.stack.1.bf16", "generate.stack.1.int8", "generate.stack.16", "generate.biaxial.1",
        "generate.biaxial.16", "generate.biaxial.16.int8"]
KEYS = {"name", "value", "unit", "limit", "share", "low", "high", "bound", "flop_per_second",
        "bytes_per_second", "threads", "rounds"}
# What a short round may pass its limit by, where somebody else slowed the probe.
MOST_SHARE = 3
# A training step takes minutes with sanitizers in it.
WHOLE = os.environ["NEUME_SANITIZED"] == "no"


class Bench(tool.Case):
    def rows(self, *arguments):
        """The rows, and the names of those that this machine cannot do."""
        done = self.neume("bench", "--json", "--threads", "1", *arguments)
        lines = [re.fullmatch(r"neume: (train\.chords\.(?:fp|bf)16): left out: .*", line)
                 for line in done.errors.splitlines()]
        self.assertNotIn(None, lines, done.errors)
        return json.loads(done.text), [line.group(1) for line in lines]

    def check(self, row):
        self.assertEqual(set(row), KEYS)
        self.assertEqual(row["unit"], "MB/s" if row["name"].startswith("parse.") else "steps/s")
        self.assertLessEqual(row["low"], row["value"])
        self.assertLessEqual(row["value"], row["high"])
        self.assertGreater(row["limit"], 0)
        self.assertGreater(row["share"], 0)
        self.assertLess(row["share"], MOST_SHARE)
        self.assertIn(row["bound"], ("memory", "arithmetic"))
        self.assertGreaterEqual(row["rounds"], 1)
        self.assertEqual(row["threads"], 1)

    def test_parse_is_rows_of_an_array(self):
        rows, _ = self.rows("--only", "parse", "--seconds", "1")
        self.assertEqual([row["name"] for row in rows], ROWS[:2])
        for row in rows:
            self.check(row)
            self.assertEqual(row["bound"], "memory")
            self.assertGreaterEqual(row["rounds"], 3)
            self.assertLess(row["share"], 1.5)

    def test_all_rows_have_their_names_in_order(self):
        rows, left_out = self.rows("--seconds", "0.01", *([] if WHOLE else ["--only", "encode"]))
        self.assertEqual([row["name"] for row in rows],
                         [name for name in (ROWS if WHOLE else ROWS[2:5]) if name not in left_out])
        for row in rows:
            self.check(row)

    def test_plain_kernels_leave_out_products_of_fewer_bits(self):
        self.assertEqual(self.rows("--only", "train.chords.", "--isa", "c"),
                         ([], ["train.chords.fp16", "train.chords.bf16"]))

    def test_the_table_has_a_head_and_a_line_a_row(self):
        text = self.neume("bench", "--only", "encode.r", "--seconds", "0.1", "--threads", "2", "--isa", "c").text
        head, titles, row, end = text.split("\n")
        self.assertRegex(head, r"^neume \d+\.\d+\.\d+, c kernels, 2 threads; parse and encode: 1 thread$")
        self.assertEqual(titles.split(), ["value", "limit", "share", "slowest", "fastest", "limited", "by"])
        self.assertRegex(row, r"^encode\.roll +[\d.,]+( M)? steps/s +[\d.,]+( M)? +\d+\.\d % +[\d.,]+( M)? +[\d.,]+( M)?"
                              r"   \d+\.\d GB/s$")
        self.assertEqual(end, "")

    def test_a_row_that_is_none_is_wrong_usage_and_all_are_named(self):
        done = self.neume("bench", "--only", "nothing", code=2)
        self.assertEqual(done.text, "")
        self.assertEqual(re.search("expected one of (.*)\n", done.errors).group(1).split(", "), ROWS)
        self.refused("bench", "--seconds", "0", code=2,
                     line="neume bench: 0 seconds for a row: expected a time above 0")
        self.refused("bench", "song.mid", code=2,
                     line="neume bench: unexpected 'song.mid'; usage: neume bench [options]")


tool.main()
