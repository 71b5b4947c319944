#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The programs that show what a large corpus costs (bench/multiply.c, bench/corpus_scale.c), on a small one."""
import os
import re
import subprocess

import tool

COPIES = 12


class Scale(tool.Case):
    def make(self, *arguments):
        done = subprocess.run([os.environ["NEUME_MULTIPLY"], *arguments], capture_output=True, text=True,
                              check=True, timeout=200)
        return done.stdout

    def measure(self, cache, threads):
        done = subprocess.run([os.environ["NEUME_SCALE"], "events", threads, cache, self.path("many")],
                              capture_output=True, text=True, check=True, timeout=200)
        self.assertEqual(done.stderr, "")
        return [int(number) for number in re.findall(r"(\d+) (?:files|train|validate|alike|steps)[,:]", done.stdout)]

    def test_many_files_from_few_and_the_same_corpus_each_time(self):
        self.songs(20)
        os.mkdir(self.path("many"))
        self.assertEqual(self.make(self.path("many"), str(20 * COPIES), self.path("songs")), "240 files\n")
        found = self.measure("none", "1")
        self.assertEqual([len(found), found[0]], [5, 240])
        self.assertGreater(found[3], 200)
        for threads in ("1", "2", "2"):
            self.assertEqual(self.measure(self.path("cache"), threads), found)


tool.main()
