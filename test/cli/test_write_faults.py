#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Every call that writes a file fails once: the disk is full, the disk is broken, a signal comes, less
is written than was asked. The old file stays, exit code 5, one line that names file and cause; what has
failed leaves nothing behind, and training goes on from what was saved."""
import errno
import json
import os
import shutil

import faults
import tool

TRAINING = [*tool.TINY, "--max-updates", "12", "--valid", "1", "--keep", "1", "--quiet"]
STEP = 1 if os.environ.get("NEUME_LONG") else 9  # where a run takes long
FULL, BROKEN, SIGNAL = errno.ENOSPC, errno.EIO, errno.EINTR


class WriteFaults(faults.Case):
    def train(self, *more):
        return ["train", self.path("songs"), "-o", self.path("disk/m.neume"), *TRAINING, "--log",
                self.path("disk/log.jsonl"), "--report", self.path("disk/report.json"), *more]

    def songs(self, count=4):
        for i in range(count):
            self.put(f"songs/{i}.mid", tool.tune(i, 40))

    def timeless(self, files):
        """Of the files of a run what no clock says: the log's lines without times, no checkpoint."""
        lines = [json.loads(line) for line in files["log.jsonl"].splitlines()]
        for line in lines:
            del line["seconds"], line["steps_per_second"]
        return {**files, "log.jsonl": lines, "m.neume.ckpt": None}

    def assert_told(self, done, number):
        """5 and a line with file and cause; or all is well, where what was struck was but the closing of
        a folder or of the log, which were synced."""
        call, path = done.struck.split(" ", 1)
        path = path.split(".part-")[0]
        if done.code == 0:
            self.assertEqual(call, "close", done.what)
            self.assertTrue(os.path.isdir(path) or path.endswith(".jsonl"), done.what)
            return
        self.assertEqual(done.code, 5, done.what)
        line = done.errors.rstrip("\n").split("\n")[-1]
        self.assertIn(os.strerror(number), line, done.what)
        self.assertIn(path, line, done.what)

    def assert_nothing_left(self, done):
        self.assertEqual([name for name in self.disk() if ".part-" in name], [], done.what)

    def runs(self):
        """Files of a run, those of one with another seed in the same place, and the former's without
        times."""
        self.songs()
        self.neume(*self.train("--seed", "2"))
        old = self.disk()
        self.fill_disk({})
        self.neume(*self.train())
        return old, self.timeless(self.disk())

    def judge_training(self, done, number, old, whole):
        """Each file is the old one or a whole new one; with a new checkpoint the run can go on."""
        self.assert_told(done, number)
        self.assert_nothing_left(done)
        now = self.disk()
        new = {name for name in now if now[name] != old.get(name)}
        self.assert_whole([name for name in new if ".neume" in name], done.what)
        if "report.json" in new:
            json.loads(now["report.json"])
        if "m.neume.ckpt" not in new:
            self.assertLessEqual(new, {"report.json"}, done.what)
            return
        goes_on = self.neume(*self.train("--resume"))
        self.assertEqual(self.timeless(self.disk()), whole, done.what + goes_on.errors)

    def test_training_survives_every_failing_write(self):
        old, whole = self.runs()
        for number in (FULL, BROKEN):
            codes = self.strike_each("write", number, self.train("--force"), prepare=lambda: self.fill_disk(old),
                                     judge=lambda done: self.judge_training(done, number, old, whole))
            self.assertGreater(codes[5], 100)

    def in_folder(self, *more):
        return ["train", self.path("songs"), "-o", self.path("disk/run/"), *TRAINING, "--samples", "2", "--tensorboard",
                self.path("disk/run/events"), *more]

    def lasting(self):
        """The files of a run folder, with the bytes of those in which no clock says anything."""
        return {name: data if name.endswith((".neume", ".mid")) else None for name, data in self.disk().items()
                if "/events/" not in name}

    def test_a_run_folder_survives_every_failing_write(self):
        """Which has samples, curves, a report and event files too."""
        self.songs()
        self.neume(*self.in_folder())
        whole = self.lasting()
        self.assertGreater(len([name for name in whole if name.endswith(".mid")]), 3)
        self.assertIn("run/report.md", whole)

        def judge(done):
            if "/events/" in done.struck:
                self.assertEqual(done.code, 5, done.what)
                self.assertIn(f"{self.path('disk/run/events')}: ", done.errors)
            else:
                self.assert_told(done, FULL)
            self.assert_nothing_left(done)
            self.assert_whole([name for name in self.disk() if ".neume" in name], done.what)
            self.neume(*self.in_folder("--resume"))
            self.assertEqual(self.lasting(), whole, done.what)
        codes = self.strike_each("write", FULL, self.in_folder(), judge, step=STEP,
                                 prepare=lambda: shutil.rmtree(self.path("disk/run")))
        self.assertGreater(codes[5], 200 // STEP)

    def test_training_survives_a_disk_that_fails_for_good(self):
        """From the K-th call on; then temporary files can still be removed, as on a full disk."""
        old, whole = self.runs()
        codes = self.strike_each("write+", FULL, self.train("--force"), prepare=lambda: self.fill_disk(old),
                                 judge=lambda done: self.judge_training(done, FULL, old, whole), step=7)
        self.assertGreater(codes[5], 12)

    def judge_same(self, done, whole):
        self.assertEqual(done.code, 0, done.what)
        self.assertEqual(self.timeless(self.disk()), whole, done.what)

    def test_training_does_not_notice_signals_or_short_writes(self):
        old, whole = self.runs()
        self.strike_each("write", SIGNAL, self.train("--force"), prepare=lambda: self.fill_disk(old),
                         judge=lambda done: self.judge_same(done, whole))
        self.judge_same(self.faulty("write:1+:short", *self.train("--force")), whole)

    def test_a_cache_that_cannot_be_written_is_told_and_does_no_harm(self):
        self.songs()
        model = self.path("m.neume")
        argv = ["train", self.path("songs"), "-o", model, "--force", *TRAINING, "--cache", self.path("disk/cache")]
        self.neume(*argv)
        whole = self.read("m.neume")

        def judge(done, number):
            self.assertEqual(done.code, 0, done.what)
            self.assert_nothing_left(done)
            self.assertEqual(self.read("m.neume"), whole, done.what)
            call, path = done.struck.split(" ", 1)
            if call != "close" and path != self.path("disk"):  # which is there
                self.assertIn("cache: ", done.errors, done.what)
                self.assertIn(os.strerror(number), done.errors, done.what)
        for number in (FULL, BROKEN):
            codes = self.strike_each("write", number, argv, prepare=lambda: shutil.rmtree(self.path("disk/cache"), True),
                                     judge=lambda done: judge(done, number))
            self.assertGreater(codes[0], 10)

    def test_an_old_epoch_that_cannot_be_removed_is_said(self):
        self.songs()

        def judge(done):
            self.assertEqual(done.code, 5, done.what)
            self.assertIn("cannot be removed", done.errors)
        codes = self.strike_each("remove", BROKEN, self.train("--force"), judge)
        self.assertGreater(codes[5], 0)

    def judge_songs(self, done, number, old, new):
        self.assert_told(done, number)
        self.assert_nothing_left(done)
        for name, data in self.disk().items():
            self.assertIn(data, (old.get(name), new[name]), done.what)
        self.assertLessEqual(set(old), set(self.disk()), done.what)

    def writes_safely(self, *argv):
        """A command that writes files over others."""
        old = {name: b"old" for name in self.new_files(argv)}
        new = self.disk()
        for number in (FULL, BROKEN):
            codes = self.strike_each("write", number, argv, prepare=lambda: self.fill_disk(old),
                                     judge=lambda done: self.judge_songs(done, number, old, new))
            self.assertGreater(codes[5], 6)
        self.fill_disk(old)
        for fault in (f"write:{call}:{SIGNAL}" for call in range(1, 10)):
            self.assertEqual(self.faulty(fault, *argv).code, 0)
        self.assertEqual(self.faulty("write:1+:short", *argv).code, 0)
        self.assertEqual(self.disk(), new)

    def new_files(self, argv):
        self.fill_disk({})
        self.neume(*argv)
        return self.disk()

    def model(self):
        self.songs()
        self.neume("train", self.path("songs"), "-o", self.path("m.neume"), *TRAINING)
        return self.path("m.neume")

    def test_generate_keeps_the_old_song(self):
        self.writes_safely("generate", self.model(), "-o", self.path("disk/a.mid"), "--length", "20",
                           "--seed", "1")

    def test_generate_keeps_old_songs(self):
        self.writes_safely("generate", self.model(), "-o", self.path("disk/a.mid"), "--length", "20",
                           "--seed", "1", "-n", "3")

    def test_a_folder_for_songs_that_cannot_be_made_ends_with_5(self):
        model = self.model()
        done = self.faulty(f"write:1:{FULL}", "generate", model, "-o", self.path("disk/new/"), "--length", "8")
        self.assertEqual(done.struck, f"mkdir {self.path('disk/new/')}")
        self.assert_told(done, FULL)

    def test_tokens_keeps_the_old_file(self):
        words = self.put("words.txt", b"C4 E4 G4")
        self.writes_safely("tokens", "--preset", "chords", "--decode", words, "-o", self.path("disk/a.mid"))

    def test_a_dry_run_keeps_the_old_report(self):
        self.songs()
        self.writes_safely("train", self.path("songs"), "--dry-run", *tool.TINY, "--report",
                           self.path("disk/report.json"))


tool.main()
