#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A training that is killed at any moment, again and again, ends with the bytes of one that was not.

8 runs, or 334 with NEUME_LONG=1, each killed three times before it may end; the moments differ from
time to time and are printed.
"""
import json
import os
import random
import signal
import subprocess
import time
import unittest

import tool

RUNS = 334 if os.environ.get("NEUME_LONG") else 8
KILLS_OF_A_RUN = 3
TRAINING = ["--max-updates", "240", "--valid", "2", "--keep", "2"]


class KillResume(tool.Case):
    def command(self, name, *more):
        return [tool.NEUME, "train", self.path("songs"), "-o", self.path(name, "m.neume"),
                *tool.TINY, *TRAINING, "--log", self.path(name, "log.jsonl"), *more]

    def whole(self, name):
        os.makedirs(self.path(name))
        start = time.monotonic()
        subprocess.run(self.command(name), check=True, capture_output=True, timeout=120)
        return time.monotonic() - start

    def killed(self, name, moments):
        """Kills the training at each of the moments, then lets it end."""
        os.makedirs(self.path(name))
        for moment in moments:
            running = subprocess.Popen(self.command(name, "--resume"), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(moment)
            running.send_signal(signal.SIGKILL)
            running.wait()
        subprocess.run(self.command(name, "--resume"), check=True, capture_output=True, timeout=120)

    def log(self, name):
        """The log's lines without what a clock says."""
        lines = [json.loads(line) for line in self.read(f"{name}/log.jsonl").splitlines()]
        for line in lines:
            del line["seconds"], line["steps_per_second"]
        return lines

    def files(self, name):
        """What is left but the log and the checkpoint, which hold times."""
        return sorted(set(os.listdir(self.path(name))) - {"log.jsonl", "m.neume.ckpt"})

    def test_a_killed_run_ends_like_one_that_was_not(self):
        self.songs(12)
        seconds = self.whole("whole")
        for run in range(RUNS):
            moments = [round(random.uniform(0, seconds), 4) for _ in range(KILLS_OF_A_RUN)]
            print(f"killed after {moments} of {seconds:.2f} seconds", flush=True)
            name = f"killed{run}"
            self.killed(name, moments)
            self.assertEqual(self.files(name), self.files("whole"))
            for file in self.files("whole"):
                self.assertEqual(self.read(f"{name}/{file}"), self.read(f"whole/{file}"), file)
            self.assertEqual(self.log(name), self.log("whole"))


if __name__ == "__main__":
    unittest.main()
