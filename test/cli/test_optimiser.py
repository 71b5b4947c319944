#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""neume train: what its optimiser does where numbers run away."""
import json
import os

import tool

# Weights grow from update to update until they are infinite.
RUNAWAY = ["--lr", "1e6", "--weight-decay", "1e6", "--clip", "0", "--warmup", "0", "--max-updates", "40"]
HALVES = ["--isa", "auto", "--precision", "fp16", "--lr", "1000", "--clip", "0", "--warmup", "0", "--max-updates", "40"]
WHERE = r"neume train: training: the (loss|gradient) is not finite at update \d+"
KEPT = r"try a lower learning rate or stronger clipping; \S+/m\.neume\.ckpt of update 0 is kept"


class Optimiser(tool.Case):
    def train(self, *arguments, code=0):
        return self.neume("train", self.path("songs"), "-o", self.path("m.neume"), *tool.TINY, *arguments, code=code)

    def last(self, done):
        return done.errors.splitlines()[-1]

    def assert_only_the_checkpoint_is_there(self):
        self.assertEqual(sorted(os.listdir(self.folder)), ["m.neume.ckpt", "songs"])

    def test_what_is_not_finite_ends_the_run_with_1_and_the_checkpoint_stays(self):
        self.songs()
        self.assertRegex(self.last(self.train(*RUNAWAY, code=1)), f"^{WHERE}: {KEPT}$")
        self.assert_only_the_checkpoint_is_there()

    def test_skips_in_a_row_are_said_one_by_one_and_end_it_too(self):
        self.songs()
        done = self.train(*RUNAWAY, "--not-finite", "skip", "--most-skips", "3", code=1)
        said = [line for line in done.errors.splitlines() if "so far" in line]
        self.assertEqual(len(said), 3)
        for count, line in enumerate(said, 1):
            self.assertRegex(line, rf"^neume: training: the (loss|gradient) is not finite at update \d+: "
                                   rf"skipped, {count} so far$")
        self.assertRegex(self.last(done), f"^{WHERE}, after 3 skipped in a row: {KEPT}$")
        self.assert_only_the_checkpoint_is_there()

    def test_halves_that_overflow_do_the_same(self):
        self.songs()
        done = tool.run("train", self.path("songs"), "-o", self.path("m.neume"), *tool.TINY, *HALVES)
        if done.code == 2:
            tool.skip("no AVX512-FP16 here")
        self.assertEqual(done.code, 1, done.errors)
        self.assertRegex(self.last(done), f"^{WHERE}: {KEPT}$")
        done = self.train(*HALVES, "--force", "--not-finite", "skip", "--most-skips", "2", code=1)
        self.assertRegex(self.last(done), f"^{WHERE}, after 2 skipped in a row: {KEPT}$")

    def test_a_run_that_goes_well_skips_nothing_and_says_so_in_log_and_result(self):
        self.songs()
        found = json.loads(self.train("--max-updates", "10", "--not-finite", "skip", "--json", "--log",
                                      self.path("log")).text)
        self.assertEqual(found["skipped"], 0)
        self.assertEqual(json.loads(self.read("log").decode().splitlines()[-1])["skipped"], 0)


tool.main()
