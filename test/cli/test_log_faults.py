#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Calls that write event files and pictures fail: exit code 5, one line that names file and cause; the run has been
saved and goes on, the old picture stays."""
import errno
import os
import shutil

import faults
import tool

FULL, SIGNAL = errno.ENOSPC, errno.EINTR


class LogFaults(faults.Case):
    def train(self, *more):
        for i in range(4):
            self.put(f"songs/{i}.mid", tool.tune(i, 40))
        return ["train", self.path("songs"), "-o", self.path("m.neume"), *tool.TINY, "--epochs", "4", "--valid", "1",
                "--quiet", "--log", self.path("m.jsonl"), *more]

    def empty(self):
        shutil.rmtree(self.path("disk"))
        os.mkdir(self.path("disk"))
        for name in os.listdir(self.folder):
            if name.startswith("m."):
                os.remove(self.path(name))

    def assert_told(self, done, path, number):
        self.assertEqual(done.code, 5, done.what)
        line = done.errors.rstrip("\n").split("\n")[-1]
        self.assertIn(os.strerror(number), line, done.what)
        self.assertIn(path, line, done.what)

    def test_an_event_file_that_cannot_be_written_ends_the_run_after_saving(self):
        if os.environ["NEUME_TENSORBOARD"] != "yes":
            tool.skip("built without protobuf-c")
        self.neume(*self.train())
        whole = self.read("m.neume")
        argv = self.train("--tensorboard", self.path("disk/tb"))

        def judge(done):
            self.assert_told(done, self.path("disk/tb"), FULL)
            goes_on = self.neume(*argv, "--resume")
            self.assertEqual(self.read("m.neume"), whole, done.what + goes_on.errors)

        codes = self.strike_each("write", FULL, argv, judge=judge, prepare=self.empty)
        self.assertGreater(codes[5], 6)  # folder, file, version, session, four validations, close
        self.empty()
        for fault in (*(f"write:{call}:{SIGNAL}" for call in range(2, 8)), "write:2+:short"):
            self.empty()
            done = self.faulty(fault, *argv)
            self.assertEqual(done.code, 0, done.what)
            self.assertEqual(self.read("m.neume"), whole, done.what)

    def test_plot_keeps_the_old_picture(self):
        if os.environ["NEUME_MEDIA"] != "yes":
            tool.skip("built without cairo")
        self.neume(*self.train())
        log, picture = self.path("m.jsonl"), self.path("disk/old.svg")
        self.neume("plot", log, "-o", picture)
        new = self.read("disk/old.svg")

        def judge(done):
            self.assertIn(self.read("disk/old.svg"), (b"old", new), done.what)
            if done.code or not done.struck.startswith("close"):
                self.assert_told(done, picture if "old.svg" in done.struck else self.path("disk"), FULL)

        codes = self.strike_each("write", FULL, ["plot", log, "-o", picture], judge=judge,
                                 prepare=lambda: self.put("disk/old.svg", b"old"))
        self.assertGreater(codes[5], 3)


tool.main()
