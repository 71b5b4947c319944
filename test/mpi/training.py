#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""neume train as several ranks: the same bits from run to run, one rank as without a launcher, another number of ranks
going on, and what happens when a rank has a full disk or no files. Each run that fails is to end within 30 s, with one
line, and the checkpoint whole.
Usage: training.py NEUME TUNES FAULTS LAUNCHER..."""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

NEUME, TUNES, FAULTS, *LAUNCHER = sys.argv[1:]
LIMIT = 30  # seconds
SMALL = ["--preset", "chords", "--layers", "32,32", "--embed", "16", "--batch", "4", "--steps", "16", "--threads", "1",
         "--cache", "none"]
SPACE = 28  # ENOSPC
# A command whose exit status is written to a file of its own: sh WITNESS FOLDER COMMAND...; the signal to the group is the command's
WITNESS = 'trap : INT TERM; "$@"; code=$?; echo $code >"$0/$$"; exit $code'


class Done:
    """How a run ended."""

    def __init__(self, process, start):
        out, err = process.communicate(timeout=4 * LIMIT)
        self.code, self.seconds = process.returncode, time.monotonic() - start
        self.lines = [line for line in err.splitlines() if re.match(r"neume( train)?: (?!duplicate)", line)]
        self.what = f"exit {self.code} after {self.seconds:.1f} s\n{out}\n{err}"


class Training(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
        self.addCleanup(place.cleanup)
        self.folder = place.name
        os.mkdir(self.path("disk"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def model(self, name):
        return os.path.join(self.folder, "disk", name)

    def read(self, name):
        with open(self.model(name), "rb") as file:
            return file.read()

    def start(self, command):
        begun = time.monotonic()
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True), begun

    def command(self, name, *more, tunes=TUNES, fault=None):
        fault_words = ["env", f"LD_PRELOAD={FAULTS}", f"NEUME_FAULT={fault}", f"NEUME_FAULT_FOLDER={self.path('disk')}"]
        return [*(fault_words if fault else []), NEUME, "train", tunes, "-o", self.model(name), *SMALL, *more]

    def train(self, ranks, name, *more, code=0):
        launched = [*LAUNCHER, "-n", str(ranks)] if ranks else []
        done = Done(*self.start([*launched, *self.command(name, *more)]))
        self.assertEqual(done.code, code, done.what)
        return done

    def unlike(self, first, others, count):
        """One rank is started with one command, the others with another."""
        return Done(*self.start([*LAUNCHER, "-n", "1", *first, ":", "-n", str(count - 1), *others]))

    def assert_ends_well(self, done, code, what):
        """In time, with one line; what it leaves goes on."""
        print(f"{self.id()}: {done.what.splitlines()[0]}: {done.lines}", flush=True)
        self.assertEqual(done.code, code, done.what)
        self.assertLess(done.seconds, LIMIT)
        self.assertEqual(len(done.lines), 1, done.what)
        self.assertIn(what, done.lines[0])

    def test_the_bits_are_the_same_from_run_to_run(self):
        for ranks in (2, 4):
            for name in ("a", "b"):
                self.train(ranks, f"{name}{ranks}.neume", "--max-updates", "30", "--deterministic", "--valid-every", "10")
            for suffix in (".neume", ".last.neume"):
                self.assertEqual(self.read(f"a{ranks}{suffix}"), self.read(f"b{ranks}{suffix}"))

    def test_one_rank_is_the_command_without_a_launcher(self):
        self.train(0, "alone.neume", "--max-updates", "30")
        self.train(1, "one.neume", "--max-updates", "30")
        self.assertEqual(self.read("alone.neume"), self.read("one.neume"))
        self.assertEqual(self.read("alone.last.neume"), self.read("one.last.neume"))

    def test_another_number_of_ranks_goes_on(self):
        for ranks, updates in ((4, 10), (2, 20), (0, 30), (3, 40)):
            self.train(ranks, "m.neume", "--max-updates", str(updates), *(["--resume"] if updates > 10 else []))
        told = subprocess.run([NEUME, "info", self.model("m.neume.ckpt")], capture_output=True, text=True, check=True)
        self.assertIn("40", told.stdout)

    def test_a_signal_to_the_launcher_saves_and_the_run_goes_on_as_if_nothing_had_happened(self):
        more = ["--max-updates", "2000", "--deterministic", "--valid-every", "500"]
        self.train(2, "whole.neume", *more)
        os.mkdir(self.path("codes"))
        witness = ["sh", "-c", WITNESS, self.path("codes")]
        process, start = self.start([*LAUNCHER, "-n", "2", *witness, *self.command("parts.neume", *more)])
        while not os.path.exists(self.model("parts.neume.ckpt")) and time.monotonic() < start + LIMIT:
            time.sleep(0.02)
        time.sleep(0.5)
        before = self.read("parts.neume.ckpt")
        process.send_signal(signal.SIGINT)
        done = Done(process, start)
        self.assertNotEqual(self.read("parts.neume.ckpt"), before, done.what)
        # MPICH's launcher ends with 0 or 130 for any two ranks that end with 130; Open MPI's kills them as they leave, with 1.
        codes = [Path(entry.path).read_text() for entry in os.scandir(self.path("codes"))]
        self.assertTrue(codes == ["130\n", "130\n"] or done.code, done.what)
        self.assertLessEqual(set(codes), {"130\n"}, done.what)
        self.assertLess(done.seconds, LIMIT)
        self.train(2, "parts.neume", "--resume", *more)
        self.assertEqual(self.read("whole.neume"), self.read("parts.neume"))
        self.assertEqual(self.read("whole.last.neume"), self.read("parts.last.neume"))

    def test_a_full_disk_ends_all_ranks_with_5(self):
        more = ["--max-updates", "1000000", "--save-every", "1s"]
        for call in ("1", "30", "60"):
            done = self.unlike(self.command("m.neume", *more, "--force", fault=f"write:{call}+:{SPACE}"),
                               self.command("m.neume", *more, "--force"), 3)
            self.assert_ends_well(done, 5, "No space left on device")
        self.train(2, "m.neume", "--resume", "--max-updates", "3000")

    def test_the_disks_of_other_ranks_are_not_asked(self):
        for name, fault in (("good.neume", None), ("m.neume", f"write:1+:{SPACE}")):
            done = self.unlike(self.command(name, "--max-updates", "30", "--deterministic"),
                               self.command(name, "--max-updates", "30", "--deterministic", fault=fault), 2)
            self.assertEqual(done.code, 0, done.what)
        self.assertEqual(self.read("good.neume"), self.read("m.neume"))

    def test_a_rank_that_gets_no_file_ends_all_with_3(self):
        os.mkdir(self.path("empty"))
        done = self.unlike(self.command("m.neume"), self.command("m.neume", tunes=self.path("empty")), 2)
        self.assert_ends_well(done, 3, "rank 1: corpus: 0 pieces to train on, others than those of rank 0")
        self.assertEqual(os.listdir(self.path("disk")), [])

    def test_a_wrong_option_is_told_once(self):
        for option in (["--restarts", "2", "--schedule", "step"], ["--no-such-option"]):
            done = self.train(3, "m.neume", *option, code=2)
            self.assertEqual(len(done.lines), 1, done.what)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
