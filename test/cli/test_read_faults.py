#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Every call that reads a file fails once: what cannot be read is named, with its cause; a song of many is
skipped, a model or a checkpoint ends the command with 4, and nothing that lies there is touched."""
import errno
import json
import os

import faults
import tool

TRAINING = [*tool.TINY, "--max-updates", "12", "--valid", "1", "--quiet", "--cache", "none"]
BROKEN, SIGNAL = errno.EIO, errno.EINTR


class ReadFaults(faults.Case):
    def setUp(self):
        super().setUp()
        for i in range(4):
            self.put(f"disk/songs/{i}.mid", tool.tune(i, 40))

    def train(self, *more):
        return ["train", self.path("disk/songs"), "-o", self.path("disk/m.neume"), *TRAINING, *more]

    def assert_told(self, done, code):
        path = done.struck.split(" ", 1)[1]
        self.assertEqual(done.code, code, done.what)
        self.assertIn(f"{path}: {os.strerror(BROKEN)}", done.errors, done.what)

    def fails_with(self, code, *argv):
        """Whatever it reads; with signals and short reads all is well."""
        before = self.disk()

        def judge(done):
            self.assert_told(done, code)
            self.assertEqual(self.disk(), before)
        counts = self.strike_each("read", BROKEN, argv, judge)
        self.assertGreater(counts[code], 1)
        for fault in ("read:1:4", "read:2:4", "read:1+:short"):
            done = self.faulty(fault, *argv)
            self.assertEqual(done.code, 0, done.what)
            self.fill_disk(before)

    def test_training_skips_what_cannot_be_read_and_says_so(self):
        report = self.path("report.json")

        def judge(done):
            self.assertEqual(done.code, 0, done.what)
            skipped = [file for file in self.json("report.json")["files"] if file["status"] == "skipped"]
            self.assertEqual(len(skipped), 1, done.what)
            self.assertEqual(os.path.join(self.path("disk/songs"), skipped[0]["file"]),
                             done.struck.split(" ", 1)[1])
            self.assertIn(os.strerror(BROKEN), skipped[0]["reason"])
        counts = self.strike_each("read", BROKEN, self.train("--force", "--report", report), judge)
        self.assertGreaterEqual(counts[0], 4)

    def test_training_that_reads_little_at_a_time_is_the_same(self):
        self.neume(*self.train())
        whole = self.disk()
        for fault in ("read:1+:short", f"read:1:{SIGNAL}", f"read:2:{SIGNAL}"):
            done = self.faulty(fault, *self.train("--force"))
            self.assertEqual(done.code, 0, done.what)
            for name in ("m.neume", "m.last.neume"):
                self.assertEqual(self.disk()[name], whole[name], done.what)

    def test_a_checkpoint_that_cannot_be_read_is_left(self):
        self.neume(*self.train("--max-updates", "6", "--schedule", "constant"))
        before = self.disk()

        def judge(done):
            if "/songs/" in done.struck:  # a corpus without it is another one
                self.assertEqual(done.code, 2, done.what)
            else:
                self.assert_told(done, 4)
            self.assertEqual(self.disk(), before)
        counts = self.strike_each("read", BROKEN, self.train("--schedule", "constant", "--resume"), judge)
        self.assertGreater(counts[4], 1)

    def test_a_log_that_cannot_be_read_is_not_cut(self):
        log = ["--log", self.path("disk/log.jsonl"), "--schedule", "constant"]
        self.neume(*self.train("--max-updates", "6", *log))
        before = self.disk()
        struck = []

        def judge(done):
            if "log.jsonl" in done.struck:
                self.assert_told(done, 5)
                struck.append(done.struck)
            self.assertEqual(self.disk(), before, done.what)
        self.strike_each("read", BROKEN, self.train("--resume", *log), judge)
        self.assertGreater(len(struck), 1)

    def test_a_model_that_cannot_be_read_ends_with_4(self):
        self.neume(*self.train())
        model = self.path("disk/m.neume")
        self.fails_with(4, "generate", model, "-o", self.path("a.mid"), "--length", "8")

    def test_a_song_that_cannot_be_read_ends_with_3(self):
        song = self.path("disk/songs/0.mid")
        self.fails_with(3, "tokens", "--preset", "chords", song)
        done = self.faulty(f"read:1:{BROKEN}", "info", "--json", song)
        self.assertEqual(done.code, 3, done.what)
        self.assertIn(os.strerror(BROKEN), json.loads(done.text)[0]["reason"])



tool.main()
