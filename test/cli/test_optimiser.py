#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""neume train: what its optimiser does where numbers run away."""
import json
import os
import subprocess

import tool

# Weights grow from update to update until they are infinite.
RUNAWAY = ["--lr", "1e6", "--weight-decay", "1e6", "--clip", "0", "--warmup", "0", "--max-updates", "40"]
HALVES = ["--isa", "auto", "--precision", "fp16", "--lr", "1000", "--clip", "0", "--warmup", "0", "--max-updates", "40"]
BFLOATS = ["--isa", "auto", "--precision", "bf16", *RUNAWAY]
WHERE = r"neume train: training: the (loss|gradient) is not finite at update \d+"
KEPT = r"try a lower learning rate or stronger clipping; \S+/m\.neume\.ckpt of update 0 is kept"


class Optimiser(tool.Case):
    def train(self, *arguments, code=0):
        return self.neume("train", self.path("songs"), "-o", self.path("m.neume"), *tool.TINY, *arguments, code=code)

    def last(self, done):
        return done.errors.splitlines()[-1]

    def assert_only_the_checkpoint_is_there(self):
        self.assertEqual(sorted(os.listdir(self.folder)), ["m.neume.ckpt", "songs"])

    def test_what_is_not_finite_ends_the_run_with_1_and_the_checkpoint_stays(self):
        self.songs()
        self.assertRegex(self.last(self.train(*RUNAWAY, code=1)), f"^{WHERE}: {KEPT}$")
        self.assert_only_the_checkpoint_is_there()

    def test_skips_in_a_row_are_said_one_by_one_and_end_it_too(self):
        self.songs()
        done = self.train(*RUNAWAY, "--not-finite", "skip", "--most-skips", "3", code=1)
        said = [line for line in done.errors.splitlines() if "so far" in line]
        self.assertEqual(len(said), 3)
        for count, line in enumerate(said, 1):
            self.assertRegex(line, rf"^neume: training: the (loss|gradient) is not finite at update \d+: "
                                   rf"skipped, {count} so far$")
        self.assertRegex(self.last(done), f"^{WHERE}, after 3 skipped in a row: {KEPT}$")
        self.assert_only_the_checkpoint_is_there()

    def check_products_that_overflow(self, argv):
        self.songs()
        done = tool.run("train", self.path("songs"), "-o", self.path("m.neume"), *tool.TINY, *argv)
        if done.code == 2:
            tool.skip("no such products here")
        self.assertEqual(done.code, 1, done.errors)
        self.assertRegex(self.last(done), f"^{WHERE}: {KEPT}$")
        done = self.train(*argv, "--force", "--not-finite", "skip", "--most-skips", "2", code=1)
        self.assertRegex(self.last(done), f"^{WHERE}, after 2 skipped in a row: {KEPT}$")

    def test_halves_that_overflow_do_the_same(self):
        self.check_products_that_overflow(HALVES)

    def test_bfloats_that_run_away_do_the_same(self):
        self.check_products_that_overflow(BFLOATS)

    def test_a_run_that_goes_well_skips_nothing_and_says_so_in_log_and_result(self):
        self.songs()
        found = json.loads(self.train("--max-updates", "10", "--not-finite", "skip", "--json", "--log",
                                      self.path("log")).text)
        self.assertEqual(found["skipped"], 0)
        self.assertEqual(json.loads(self.read("log").decode().splitlines()[-1])["skipped"], 0)


    def rates(self, *arguments):
        self.train("--max-updates", "40", "--valid-every", "1", "--warmup", "0", "--log", self.path("log"), "--force",
                   "--lr", "0.02", *arguments)
        return [json.loads(line)["learning_rate"] for line in self.read("log").decode().splitlines()]

    def test_the_log_shows_the_rates_of_each_schedule(self):
        self.songs()
        self.assertEqual(set(self.rates("--schedule", "constant")), {0.02})
        step = self.rates("--schedule", "step", "--step-factor", "0.1", "--lowest-lr", "1e-3")
        self.assertEqual([round(rate, 12) for rate in step], [0.02] * 10 + [0.002] * 10 + [0.001] * 20)
        warm = self.rates("--restarts", "1", "--restart-growth", "3", "--restart-height", "0.5")
        self.assertEqual([warm[0], warm[10]], [0.02, 0.01])
        self.assertEqual(sorted(warm[:10], reverse=True), warm[:10])
        self.assertEqual(sorted(warm[10:], reverse=True), warm[10:])

    def test_a_plateau_is_said_and_lowers_the_rate(self):
        self.songs()
        done = self.train("--schedule", "plateau", "--plateau-patience", "2", "--lr", "0.5", "--ema", "0", "--warmup",
                          "0", "--max-updates", "60", "--valid-every", "2", "--log", self.path("log"))
        said = [line for line in done.errors.splitlines() if "plateau" in line]
        self.assertRegex(said[0], r"^neume: plateau: no better loss for 2 validations: "
                                  r"learning rate 0\.25 from update \d+ on$")
        rates = [json.loads(line)["learning_rate"] for line in self.read("log").decode().splitlines()]
        self.assertEqual(rates, sorted(rates, reverse=True))
        self.assertEqual(len(set(rates)), 1 + len([line for line in said if int(line.split()[-2]) <= 60]))


    def find(self, *arguments, code=0):
        return self.neume("train", self.path("songs"), *tool.TINY, "--find-lr", *arguments, code=code)

    def test_finding_a_rate_shows_a_curve_and_suggests_one(self):
        self.songs()
        done = self.find("--max-updates", "60")
        lines = done.text.splitlines()
        self.assertEqual(lines[0], "learning rate     loss  gradient norm")
        rows = [line.split() for line in lines[1:25]]
        self.assertEqual([rows[0][0], len(rows)], ["2e-05", 24])
        rates = [float(row[0]) for row in rows]
        self.assertEqual(rates, sorted(rates))
        self.assertRegex(lines[25], r"^The loss falls fastest at \S+ and is lowest at \S+ \(\d\.\d\d\d\)\. ")
        self.assertRegex(done.text, r"\nSuggestion: --lr \d\S*, a tenth of where it is lowest")
        self.assertEqual(os.listdir(self.folder), ["songs"])

    def test_its_curve_is_json_lines_and_a_model_is_left_alone(self):
        self.songs()
        self.put("m.neume", b"precious")
        found = json.loads(self.find("--max-updates", "50", "--log", self.path("curve"), "--json", "-o",
                                     self.path("m.neume"), "--find-lr-from", "1e-4", "--find-lr-to", "0.01").text)
        self.assertEqual(set(found), {"updates", "end", "ended_at", "steepest", "lowest", "lowest_loss", "suggestion"})
        self.assertEqual([found["updates"], found["end"]], [50, "whole"])
        points = [json.loads(line) for line in self.read("curve").decode().splitlines()]
        self.assertEqual([point["update"] for point in points], list(range(1, 51)))
        self.assertEqual(set(points[0]), {"update", "learning_rate", "loss", "smoothed_loss", "gradient_norm"})
        self.assertAlmostEqual(points[0]["learning_rate"], 1e-4)
        self.assertAlmostEqual(points[-1]["learning_rate"], 0.01)
        lowest = min(points, key=lambda point: point["smoothed_loss"])
        self.assertAlmostEqual(found["suggestion"], lowest["learning_rate"] / 10)
        self.assertEqual(self.read("m.neume"), b"precious")
        self.assertEqual(sorted(os.listdir(self.folder)), ["curve", "m.neume", "songs"])

    def test_it_starts_from_a_model_that_is_given(self):
        self.songs()
        self.train("--max-updates", "200")
        fresh, given = self.path("fresh"), self.path("given")
        self.find("--max-updates", "10", "--log", fresh)
        self.neume("train", self.path("songs"), "--init", self.path("m.neume"), "--batch", "4", "--steps", "16",
                   "--threads", "1", "--isa", "c", "--find-lr", "--max-updates", "10", "--log", given)
        first = [json.loads(self.read(name).decode().splitlines()[0])["loss"] for name in (fresh, given)]
        self.assertLess(first[1], 0.8 * first[0])

    def test_no_range_and_no_place_for_the_curve_are_refused(self):
        self.songs()
        self.find("--find-lr-from", "1", "--find-lr-to", "0.1", code=2)
        self.find("--max-updates", "5", code=2)
        self.find("--log", self.path("none", "curve"), code=5)


    def test_a_dry_run_tells_the_memory_of_every_preset_within_a_tenth(self):
        if os.environ["NEUME_SANITIZED"] == "yes":
            tool.skip("a sanitizer's own memory goes with what a process does")
        self.songs()
        for preset in ("events", "chords", "jazz", "streams", "intervals", "frames", "biaxial"):
            command = [tool.NEUME, "train", self.path("songs"), "-o", self.path("m.neume"), "--preset", preset, "--force",
                       "--max-updates", "3", "--threads", "1", "--valid", "2", "--json"]
            told, _ = self.peak_of(*command, "--dry-run")
            _, peak = self.peak_of(*command)
            self.assertGreater(told["memory_bytes"], 0.9 * peak, preset)
            self.assertLess(told["memory_bytes"], 1.1 * peak, preset)

    def peak_of(self, *command):
        """What the command says as JSON, and the most bytes that it had in use at once."""
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        said = running.stdout.read()
        running.stdout.close()
        _, status, usage = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(running.returncode, 0)
        return json.loads(said), 1024 * usage.ru_maxrss

    def test_a_dry_run_counts_updates_and_their_seconds(self):
        self.songs()
        found = json.loads(self.train("--dry-run", "--json", "--epochs", "3").text)
        self.assertGreaterEqual(found["seconds"], found["updates"] * found["seconds_per_update"])
        self.assertAlmostEqual(found["updates"], 3 * found["updates_per_epoch"], delta=found["updates_per_epoch"])
        found = json.loads(self.train("--dry-run", "--json", "--time-limit", "90").text)
        self.assertEqual([found["updates"], found["seconds"]], [0, 90])
        found = json.loads(self.train("--dry-run", "--json", "--epochs", "100000", "--time-limit", "2").text)
        self.assertEqual(found["seconds"], 2)


tool.main()
