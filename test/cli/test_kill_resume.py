#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A training that is killed, at any moment or at any call that writes, leaves a whole checkpoint, and ends with the
bytes of one that was not.

50 kills at random moments, or 1,000 with NEUME_LONG=1; the moments differ from time to time and are printed. One kill
before each call that writes a file and, of writes, one in the middle. Three of each preset, in the middle of pieces.
"""
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import time

import faults
import tool

KILLS = 1000 if os.environ.get("NEUME_LONG") else 50
KILLS_OF_A_RUN = 3
STEP = 1 if os.environ.get("NEUME_LONG") else 9  # of calls, where a run takes long


def timeless(log):
    """The log's lines without what a clock says."""
    lines = [json.loads(line) for line in log.splitlines()]
    for line in lines:
        del line["seconds"], line["steps_per_second"]
    return lines


class Killed(tool.Case):
    """Runs of the same training, each in a folder of its own."""

    def result(self, name):
        """What a run leaves: the checkpoint holds times."""
        files = {file: self.read(f"{name}/{file}") for file in os.listdir(self.path(name))}
        return {**files, "log.jsonl": timeless(files["log.jsonl"]), "m.neume.ckpt": None}

    def assert_same(self, name, whole):
        result = self.result(name)
        self.assertEqual(set(result), set(whole), name)
        for file, content in whole.items():
            self.assertEqual(result[file], content, f"{name}/{file}")

    def assert_whole(self, name):
        """Models and checkpoint, where there are some, are in order."""
        files = [self.path(name, file) for file in os.listdir(self.path(name))
                 if ".neume" in file and ".part-" not in file]
        if files:
            self.neume("info", "--json", *files)
        return len(files)


class AtRandomMoments(Killed):
    def command(self, name, *more):
        return [tool.NEUME, "train", self.path("songs"), "-o", self.path(name, "m.neume"), *tool.TINY, "--max-updates",
                "240", "--valid", "2", "--keep", "2", "--log", self.path(name, "log.jsonl"), *more]

    def whole(self):
        os.makedirs(self.path("whole"))
        start = time.monotonic()
        subprocess.run(self.command("whole"), check=True, capture_output=True, timeout=120)
        return time.monotonic() - start

    def kill(self, name, moment):
        running = subprocess.Popen(self.command(name, "--resume"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moment)
        running.send_signal(signal.SIGKILL)
        return running.wait() == -signal.SIGKILL

    def kills_of_a_run(self, name, seconds):
        """Kills it thrice, unless it has ended before; then it may end."""
        moments = [round(random.uniform(0, seconds), 4) for _ in range(KILLS_OF_A_RUN)]
        print(f"killed after {moments} of {seconds:.2f} seconds", flush=True)
        kills = 0
        for moment in moments:
            if not self.kill(name, moment):
                break
            kills += 1
            self.assert_whole(name)
        subprocess.run(self.command(name, "--resume"), check=True, capture_output=True, timeout=120)
        return kills

    def test_a_killed_run_ends_like_one_that_was_not(self):
        self.songs(12)
        seconds = self.whole()
        whole, kills, runs = self.result("whole"), 0, 0
        while kills < KILLS:
            runs += 1
            name = f"killed{runs}"
            os.makedirs(self.path(name))
            kills += self.kills_of_a_run(name, seconds)
            self.assert_same(name, whole)
            shutil.rmtree(self.path(name))
        print(f"{kills} kills at random moments of {runs} runs: each went on to the same bytes", flush=True)


class AtEveryCall(Killed, faults.Case):
    def train(self, *more):
        return ["train", self.path("songs"), "-o", self.path("disk/m.neume"), *tool.TINY, "--max-updates", "12", "--valid",
                "1", "--keep", "1", "--quiet", "--log", self.path("disk/log.jsonl"), *more]

    def check(self, how, step):
        for i in range(4):
            self.put(f"songs/{i}.mid", tool.tune(i, 40))
        self.neume(*self.train())
        whole = self.result("disk")
        k = checked = 0
        while True:
            k += step
            self.fill_disk({})
            done = self.faulty(f"write:{k}:{how}", *self.train())
            if not done.struck:
                break
            self.assertEqual(done.code, -signal.SIGKILL, done.what)
            checked += self.assert_whole("disk") > 0
            self.neume(*self.train("--resume"))
            self.assert_same("disk", whole)
        print(f"{how} at each of {k // step} calls; {checked} left whole files", flush=True)
        self.assertGreater(checked, 80)

    def in_folder(self, *more):
        return ["train", self.path("songs"), "-o", self.path("disk/run/"), *tool.TINY, "--max-updates", "12", "--valid",
                "1", "--keep", "1", "--quiet", "--samples", "2", "--tensorboard", self.path("disk/run/events"), *more]

    def lasting(self):
        """The files of a run folder, with the bytes of those in which no clock says anything."""
        return {name: data if name.endswith((".neume", ".mid")) else None for name, data in self.disk().items()
                if "/events/" not in name}

    def test_a_run_folder_is_whole_after_a_kill_at_any_call(self):
        for i in range(4):
            self.put(f"songs/{i}.mid", tool.tune(i, 40))
        self.neume(*self.in_folder())
        whole = self.lasting()

        def judge(done):
            self.assertEqual(done.code, -signal.SIGKILL, done.what)
            self.neume(*self.in_folder("--resume"))
            self.assertEqual(self.lasting(), whole, done.what)
        codes = self.strike_each("write", "kill", self.in_folder(), judge, step=STEP,
                                 prepare=lambda: shutil.rmtree(self.path("disk/run")))
        self.assertGreater(codes[-signal.SIGKILL], 200 // STEP)

    def test_a_run_killed_before_any_call_ends_like_one_that_was_not(self):
        self.check("kill", 1)

    def test_a_run_killed_within_any_write_ends_like_one_that_was_not(self):
        self.check("torn", 1)


TUNES = ["--embed", "8", "--layers", "12", "--trunk", "0"]
NETWORKS = {"events": TUNES, "chords": TUNES, "jazz": TUNES, "streams": [*TUNES, "--branch", "5", "--head", "6"],
            "intervals": TUNES, "frames": TUNES, "biaxial": ["--time-layers", "7", "--note-layers", "5"]}
UPDATES = 40


class OfEachPreset(Killed, faults.Case):
    """With a checkpoint after each update, killed three times, and gone on with by other numbers of threads."""

    def train(self, preset, threads, *more):
        return ["train", self.path("songs"), "-o", self.path("disk/m.neume"), "--preset", preset, *NETWORKS[preset],
                "--batch", "3", "--steps", "16", "--max-updates", str(UPDATES), "--valid", "1", "--valid-every", "10",
                "--threads", str(threads), "--quiet", "--log", self.path("disk/log.jsonl"), *more]

    def position(self):
        """Update and the steps of the rows at the checkpoint."""
        data = self.read("disk/m.neume.ckpt")
        size = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:8 + size])
        begin, end = (8 + size + offset for offset in header["rows"]["data_offsets"])
        rows = struct.unpack(f"<{(end - begin) // 8}Q", data[begin:end])
        return json.loads(header["__metadata__"]["neume"])["state"]["update"], rows[2::3]

    def kill(self, preset, threads, call):
        done = self.faulty(f"write:{call}:kill", *self.train(preset, threads, "--save-every", "0.00001s", "--resume"))
        self.assertEqual(done.code, -signal.SIGKILL, done.what)
        update, steps = self.position()
        self.assertGreater(max(steps), 0, "all rows were between two pieces")
        return update

    def check(self, preset):
        self.fill_disk({})
        self.neume(*self.train(preset, 1))
        whole = self.result("disk")
        self.fill_disk({})
        stops = [self.kill(preset, threads, call) for threads, call in ((1, 250), (2, 190), (1, 150))]
        self.assertEqual(sorted(set(stops)), stops)
        self.neume(*self.train(preset, 2, "--resume"))
        self.assert_same("disk", whole)
        print(f"{preset}: went on after updates {stops} of {UPDATES}, in the middle of a piece: models and log bit-equal",
              flush=True)

    def test_a_run_of_each_preset_goes_on_in_the_middle_of_a_piece(self):
        for i in range(5):
            self.put(f"songs/{i}.mid", tool.tune(i, 90))
        for preset in NETWORKS:
            self.check(preset)


tool.main()
