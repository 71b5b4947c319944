#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""neume train and its files: near duplicates."""
import os
import random

import tool

WALK = random.Random(1).choices(range(55, 75), k=60)


class Corpus(tool.Case):
    def train(self, *arguments, code=0):
        return self.neume("train", self.path("songs"), "-o", self.path("m.neume"), "--force", *tool.TINY,
                          "--epochs", "1", "--report", self.path("report"), *arguments, code=code)

    def report(self):
        report = self.json("report")
        return report, {os.path.basename(file["file"]): file for file in report["files"]}

    def test_near_duplicates_are_named_and_kept_together(self):
        self.songs(4)
        self.put("songs/walk-1.mid", tool.midi(tool.notes(*WALK)))
        self.put("songs/walk-2.mid", tool.midi(tool.notes(*[pitch + 3 for pitch in WALK], ticks=360)))
        done = self.train()
        report, files = self.report()
        self.assertEqual(report["alike"], 1)
        self.assertEqual(files["walk-2.mid"]["alike"], "walk-1.mid")
        self.assertEqual(files["walk-1.mid"]["split"], files["walk-2.mid"]["split"])
        self.assertIn("\n1 of them has the same notes as another, in other keys or tempos\n", done.errors)
        self.train("--near-duplicates", "drop")
        report, files = self.report()
        self.assertEqual(report["duplicate"], 1)
        self.assertEqual(files["walk-2.mid"]["reason"], "the same notes as walk-1.mid")
        self.train("--near-duplicates", "ignore")
        self.assertNotIn("alike", self.report()[1]["walk-2.mid"])


tool.main()
