#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A full disk, a closed pipe: exit code 5, one line, and the last checkpoint whole."""
import json
import os
import stat
import subprocess

import tool

FULL = "cannot be written: No space left on device"


class FullDisk(tool.Case):
    def to_full(self, *arguments):
        """Runs neume with standard output on a full disk."""
        with open("/dev/full", "wb") as full:
            return self.neume(*arguments, code=5, stdout=full)

    def test_a_report_that_is_lost_ends_with_5(self):
        song = self.put("song.mid", tool.tune(1))
        for argv in (["--help"], ["--version"], ["info", song], ["info", "--json", song],
                     ["tokens", "--preset", "chords", song], ["train", "--help"]):
            done = self.to_full(*argv)
            self.assertEqual(done.errors.count("\n"), 1, done.errors)
            self.assertIn("cannot be written", done.errors)
        self.assertIn(FULL, self.to_full("info", song).errors)

    def test_a_closed_standard_output_ends_with_5_and_harms_no_file(self):
        song = self.put("song.mid", tool.tune(1))
        done = subprocess.run(["/bin/sh", "-c", 'exec "$0" info "$1" >&-', tool.NEUME, song],
                              capture_output=True, check=False)
        self.assertEqual(done.returncode, 5)
        self.assertEqual(self.read("song.mid"), tool.tune(1))

    def test_a_song_for_a_full_disk_ends_with_5_and_leaves_the_device(self):
        done = self.neume("tokens", "--preset", "chords", "--decode", "-", "-o", "/dev/full",
                          stdin="C4 E4", code=5)
        self.assertIn(FULL, done.errors)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/full").st_mode))
        with open("/dev/full", "wb") as full:
            self.neume("tokens", "--preset", "chords", "--decode", "-", "-o", "-", stdin="C4 E4",
                       code=5, stdout=full)

    def test_the_old_file_stays_where_a_new_one_cannot_be_written(self):
        if os.geteuid() == 0:  # root may write to any folder, but not to a disk that is read-only
            self.disk("1m")
            old = self.put("disk/a.mid", b"old")
            subprocess.run(["mount", "-o", "remount,ro", self.path("disk")], check=True)
        else:
            old = self.put("disk/a.mid", b"old")
            os.chmod(self.path("disk"), 0o500)
            self.addCleanup(os.chmod, self.path("disk"), 0o700)
        self.neume("tokens", "--preset", "chords", "--decode", "-", "-o", old, stdin="C4", code=5)
        self.assertEqual(self.read("disk/a.mid"), b"old")

    def disk(self, size):
        """A small file system of its own."""
        os.mkdir(self.path("disk"))
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", self.path("disk")],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            tool.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", self.path("disk")], check=True)

    def train(self, *arguments, code=0):
        return self.neume("train", self.songs(), "-o", self.path("disk/m.neume"), *tool.TINY,
                          "--max-updates", "60", "--save-every", "1", *arguments, code=code)

    def test_training_on_a_full_disk_ends_with_5_and_goes_on_when_there_is_room(self):
        self.disk("1m")
        self.train("--max-updates", "20")
        with open(self.path("disk/ballast"), "wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(4096))
            except OSError:
                pass
        before = sorted(os.listdir(self.path("disk")))
        done = self.train("--force", code=5)
        self.assertIn("No space left on device", done.errors)
        self.assertEqual(sorted(os.listdir(self.path("disk"))), before)
        self.neume("generate", self.path("disk/m.neume"), "-o", self.path("a.mid"), "--length", "8")
        os.remove(self.path("disk/ballast"))
        self.train("--force")
        found = json.loads(self.neume("info", "--json", self.path("disk/m.neume")).text)
        self.assertEqual(found[0]["status"], "ok")


tool.main()
