#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Memory runs out at an allocation, for good or for that one alone: the command says so in one line and ends with 1,
or gets over it and does the same as ever. What lies on the disk is as before or whole, and training goes on from it.

Of the allocations of a command every 23rd fails, from a place that differs from day to day; with NEUME_LONG=1 each.
"""
import datetime
import errno
import json
import os

import faults
import tool

STEP = 1 if os.environ.get("NEUME_LONG") else 23
START = 1 + datetime.date.today().toordinal() % STEP
TRAINING = ["--preset", "chords", "--layers", "4", "--embed", "2", "--trunk", "0", "--batch", "2", "--steps", "16",
            "--threads", "1", "--isa", "c", "--max-updates", "3", "--valid", "1", "--keep", "1", "--quiet"]
NONE = errno.ENOMEM


class MemoryFaults(faults.Case):
    def setUp(self):
        super().setUp()
        for i in range(3):
            self.put(f"disk/songs/{i}.mid", tool.tune(i, 40))

    def train(self, *more):
        return ["train", self.path("disk/songs"), "-o", self.path("disk/m.neume"), *TRAINING, "--log",
                self.path("disk/log.jsonl"), "--report", self.path("disk/report.json"), *more]

    def model(self):
        self.neume(*self.train())
        return self.path("disk/m.neume")

    def survives(self, *argv):
        """A command that changes nothing but what it writes."""
        good = self.neume(*argv)
        before = self.disk()

        def judge(done):
            self.assert_told(done)
            if done.code == 0:
                self.assertEqual(done.stdout, good.stdout, done.what)
            for name, data in self.disk().items():
                self.assertEqual(data, before[name], done.what)
        for kind in ("memory", "memory+"):
            self.strike_each(kind, NONE, argv, judge, start=START, step=STEP)

    def assert_told(self, done):
        self.assertIn(done.code, (0, 1), done.what)
        if done.code == 1:
            self.assertRegex(done.errors.rstrip("\n").split("\n")[-1], "memory|could be started", done.what)

    def timeless(self, files):
        """Of the files of a run what no clock says."""
        lines = [json.loads(line) for line in files["log.jsonl"].splitlines()]
        for line in lines:
            del line["seconds"], line["steps_per_second"]
        return {**files, "log.jsonl": lines, "m.neume.ckpt": None}

    def trains(self, before, *more):
        """From these files: whatever is left can be gone on with to the same end."""
        self.fill_disk(before)
        self.neume(*self.train(*more))
        whole = self.timeless(self.disk())

        def judge(done):
            self.assert_told(done)
            self.assert_whole([name for name in self.disk() if ".neume" in name], done.what)
            self.assertEqual([name for name in self.disk() if ".part-" in name], [], done.what)
            goes_on = self.neume(*self.train(*more, "--resume"))
            self.assertEqual(self.timeless(self.disk()), whole, done.what + goes_on.errors)
        for kind in ("memory", "memory+"):
            codes = self.strike_each(kind, NONE, self.train(*more), judge, prepare=lambda: self.fill_disk(before),
                                     start=START, step=STEP)
            self.assertGreater(codes[1], 20)

    def test_training_goes_on_from_where_memory_ran_out(self):
        self.trains(self.disk(), "--schedule", "constant")

    def test_a_resumed_training_goes_on_from_where_memory_ran_out(self):
        self.neume(*self.train("--schedule", "constant", "--max-updates", "2"))
        self.trains(self.disk(), "--schedule", "constant", "--resume")

    def test_a_training_that_starts_from_a_model_goes_on_from_where_memory_ran_out(self):
        self.model()
        parent = self.put("parent.neume", self.disk()["m.neume"])
        for name in self.disk():
            if "songs" not in name:
                os.remove(self.path("disk", name))
        self.put("disk/songs/new.mid", tool.midi(tool.notes(*range(40, 80))))
        self.trains(self.disk(), "--schedule", "constant", "--init", parent, "--freeze", "embed")

    def test_generate(self):
        self.survives("generate", self.model(), "-o", self.path("disk/a.mid"), "--length", "8", "--seed", "1", "--json")

    def test_info(self):
        model = self.model()
        self.survives("info", model, self.path("disk/songs/0.mid"))
        self.survives("info", "--json", model, self.path("disk/songs"))

    def test_evaluate(self):
        self.survives("evaluate", "--json", self.model(), self.path("disk/songs"))

    def test_tokens(self):
        self.survives("tokens", "--preset", "chords", self.path("disk/songs/0.mid"))
        words = self.put("disk/words.txt", b"C4 E4 G4")
        self.survives("tokens", "--preset", "chords", "--decode", words, "-o", self.path("disk/a.mid"))

    def test_help(self):
        self.survives("train", "--help")


tool.main()
