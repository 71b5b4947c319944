#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Calls that write a run's folder, its event file or a picture fail: exit code 5, one line that names file and cause,
nothing unfinished left behind; and the same command with --resume then makes the folder whole."""
import errno
import os
import shutil

import faults
import tool

FULL, SIGNAL = errno.ENOSPC, errno.EINTR
HAS_MEDIA = os.environ["NEUME_MEDIA"] == "yes"
HAS_TENSORBOARD = os.environ["NEUME_TENSORBOARD"] == "yes"


class FolderFaults(faults.Case):
    def train(self, *more):
        for i in range(4):
            self.put(f"songs/{i}.mid", tool.tune(i, 40))
        events = ["--tensorboard", self.path("disk/tb")] if HAS_TENSORBOARD else []
        return ["train", self.path("songs"), "-o", self.path("disk/run/"), *tool.TINY, "--epochs", "3", "--valid", "1",
                "--quiet", "--samples", "1", *events, *more]

    def assert_told(self, done, number):
        """As the writes of other files: the closing of what was synced, or of an event file's folder, may fail."""
        call, path = done.struck.split(" ", 1)
        path = path.split(".part-")[0]
        if done.code == 0:
            self.assertEqual(call, "close", done.what)
            self.assertTrue(os.path.isdir(path) or path.endswith("run.jsonl"), done.what)
            return
        self.assertEqual(done.code, 5, done.what)
        line = done.errors.rstrip("\n").split("\n")[-1]
        self.assertIn(os.strerror(number), line, done.what)
        self.assertIn(os.path.dirname(path) if "tfevents" in path else path, line, done.what)

    def empty(self):
        for name in os.listdir(self.path("disk")):
            shutil.rmtree(self.path("disk", name))

    def settled(self):
        """What no clock and no count of starts says."""
        return {name: data for name, data in self.disk().items()
                if name.endswith((".neume", ".mid")) or name in ("run/report.json",)}

    def judge_training(self, done, whole, names):
        self.assert_told(done, FULL)
        self.assertEqual([name for name in self.disk() if ".part-" in name], [], done.what)
        goes_on = self.neume(*self.train("--resume"))
        self.assertEqual(self.settled(), whole, done.what + goes_on.errors)
        self.assertEqual({name for name in self.disk() if "tfevents" not in name}, names, done.what + goes_on.errors)

    def test_a_folder_is_made_whole_after_any_failing_write(self):
        self.neume(*self.train())
        whole, names = self.settled(), {name for name in self.disk() if "tfevents" not in name}
        self.assertIn("run/report.md", names)
        codes = self.strike_each("write", FULL, self.train(), prepare=self.empty, step=3,
                                 judge=lambda done: self.judge_training(done, whole, names))
        self.assertGreater(codes[5], 20)

    def test_training_does_not_notice_signals_and_short_writes(self):
        self.neume(*self.train())
        whole = self.settled()
        for fault in (*(f"write:{call}:{SIGNAL}" for call in range(5, 60, 4)), "write:5+:short"):
            self.empty()
            done = self.faulty(fault, *self.train())
            self.assertEqual(done.code, 0, done.what)
            self.assertEqual(self.settled(), whole, done.what)

    def test_plot_keeps_the_old_picture(self):
        if not HAS_MEDIA:
            tool.skip("built without cairo")
        self.neume(*self.train())
        log, picture = self.path("disk/run/run.jsonl"), self.path("disk/old.svg")

        self.neume("plot", log, "-o", picture)
        new = self.read("disk/old.svg")

        def judge(done):
            self.assert_told(done, FULL)
            self.assertIn(self.read("disk/old.svg"), (b"old", new), done.what)

        codes = self.strike_each("write", FULL, ["plot", log, "-o", picture], judge=judge,
                                 prepare=lambda: self.put("disk/old.svg", b"old"))
        self.assertGreater(codes[5], 3)


tool.main()
