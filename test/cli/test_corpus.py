#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""neume train and its files: near duplicates, and the cache of what was read."""
import errno
import os
import random
import subprocess

import faults
import tool

WALK = random.Random(1).choices(range(55, 75), k=60)


class Corpus(tool.Case):
    def train(self, *arguments, **options):
        return self.neume("train", self.path("songs"), "-o", self.path("m.neume"), "--force", *tool.TINY,
                          "--epochs", "1", "--report", self.path("report"), *arguments, **options)

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

    def old_songs(self, count=6):
        """Their last change lies back: what was written this moment is not kept."""
        self.songs(count)
        for name in os.listdir(self.path("songs")):
            os.utime(self.path("songs", name), (1000, 1000))

    def caches(self, folder):
        return [name for name in os.listdir(folder) if name.endswith(".words")]

    def test_the_cache_is_the_users_or_the_one_named_or_none(self):
        self.old_songs()
        self.train(env={"XDG_CACHE_HOME": self.path("xdg")})
        before = self.read("m.neume")
        self.assertEqual(len(self.caches(self.path("xdg/neume"))), 1)
        self.train(env={"XDG_CACHE_HOME": "", "HOME": self.path("home")})
        self.assertEqual(len(self.caches(self.path("home/.cache/neume"))), 1)
        for arguments in (["--cache", self.path("mine")], ["--cache", self.path("mine"), "--verify"],
                          ["--cache", "none"]):
            self.assertNotIn("cache:", self.train(*arguments).errors)
            self.assertEqual(self.read("m.neume"), before)
        self.assertEqual(len(self.caches(self.path("mine"))), 1)
        self.assertEqual(os.listdir(self.path("mine")), self.caches(self.path("mine")))

    def test_a_second_start_knows_what_changed(self):
        self.old_songs()
        self.train("--cache", self.path("mine"))
        cache = self.path("mine", *self.caches(self.path("mine")))
        written = os.stat(cache).st_ino
        self.train("--cache", self.path("mine"))
        self.assertEqual(os.stat(cache).st_ino, written)
        self.put("songs/3.mid", tool.tune(77))
        os.utime(self.path("songs/3.mid"), (2000, 2000))
        self.train("--cache", self.path("mine"))
        self.assertNotEqual(os.stat(cache).st_ino, written)
        changed = self.read("m.neume")
        self.train("--cache", "none")
        self.assertEqual(self.read("m.neume"), changed)

    def test_two_at_once_do_not_harm_one_another(self):
        self.old_songs(30)
        self.train("--cache", "none")
        expected = self.read("m.neume")
        for _ in range(3):
            running = [subprocess.Popen([tool.NEUME, "train", self.path("songs"), "-o",
                                         self.path(f"{i}.neume"), "--force", *tool.TINY, "--epochs", "1",
                                         "--cache", self.path("mine"), "--quiet"],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE) for i in range(4)]
            for i, process in enumerate(running):
                self.assertEqual(process.communicate(timeout=100)[1], b"")
                self.assertEqual(process.returncode, 0)
                self.assertEqual(self.read(f"{i}.neume"), expected)
            self.assertEqual(os.listdir(self.path("mine")), self.caches(self.path("mine")))
            os.remove(self.path("mine", *self.caches(self.path("mine"))))


class CacheFaults(faults.Case):
    """Every call that writes or reads the cache fails once: one line, and the same model."""

    def setUp(self):
        super().setUp()
        self.songs(4)
        for name in os.listdir(self.path("songs")):
            os.utime(self.path("songs", name), (1000, 1000))
        self.command = ["train", self.path("songs"), "-o", self.path("m.neume"), "--force", *tool.TINY,
                        "--epochs", "1", "--quiet", "--cache", self.path("disk/cache")]
        self.neume(*self.command[:-1], "none")
        self.expected = self.read("m.neume")

    def judge(self, done):
        self.assertEqual(done.code, 0, done.what)
        self.assertEqual(self.read("m.neume"), self.expected, done.what)
        lines = done.errors.splitlines()
        self.assertLessEqual(len(lines), 1, done.what)
        for line in lines:
            self.assertTrue(line.startswith("neume: cache: "), done.what)
        return lines

    def judge_writing(self, done):
        """What does no harm goes by unsaid: closing, and making a folder that is there."""
        harmless = ("close ", f"mkdir {self.path('disk')}")
        self.assertTrue(self.judge(done) or done.struck.startswith(harmless), done.what)

    def test_what_cannot_be_written(self):
        for how in (errno.ENOSPC, errno.EIO, errno.EROFS):
            counts = self.strike_each("write", how, self.command, self.judge_writing,
                                      lambda: self.fill_disk({}))
            self.assertGreater(counts[0], 15)

    def test_what_cannot_be_read(self):
        self.neume(*self.command)
        before = self.disk()
        self.strike_each("read", errno.EIO, self.command, self.judge, lambda: self.fill_disk(before))
        self.judge(self.faulty("read:1+:short", *self.command))


tool.main()
