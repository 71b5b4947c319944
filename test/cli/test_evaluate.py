#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""neume evaluate: one model and several, steps and frames, good and bad command lines."""
import json
import os
import random
import shutil
import tempfile

import tool

FRAMES = ["--preset", "frames", "--layers", "12", "--embed", "8", "--batch", "4", "--steps", "16",
          "--threads", "1", "--isa", "c", "--max-updates", "60"]


def sequences(seed, count):
    """Pieces of a few frames of C major, their lowest note wandering."""
    source = random.Random(seed)
    pieces = []
    for _ in range(count):
        low, piece = 48, []
        for _ in range(12):
            low = max(40, min(60, low + source.choice([-2, -1, 0, 1, 2])))
            piece.append([low, low + 4, low + 7])
        pieces.append(piece)
    return pieces


def benchmark():
    return {"name": "small", "time_step": "one quarter note", "train": sequences(1, 8),
            "valid": sequences(2, 3), "test": sequences(3, 4)}


class Evaluate(tool.Case):
    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.mkdtemp(prefix="neume-test-")
        cls.addClassCleanup(shutil.rmtree, cls.made)
        cls.set = os.path.join(cls.made, "small.json")
        with open(cls.set, "w", encoding="utf-8") as file:
            json.dump(benchmark(), file)
        cls.tunes = os.path.join(cls.made, "tunes")
        os.mkdir(cls.tunes)
        for i in range(6):
            with open(os.path.join(cls.tunes, f"{i}.mid"), "wb") as file:
                file.write(tool.tune(i))
        cls.up = cls.train("up.neume", cls.set, *FRAMES)
        cls.down = cls.train("down.neume", cls.set, *FRAMES, "--order", "descending")
        cls.chords = cls.train("chords.neume", cls.tunes, *tool.TINY, "--max-updates", "20",
                               "--valid", "2")

    @classmethod
    def train(cls, name, data, *arguments):
        path = os.path.join(cls.made, name)
        done = tool.run("train", data, "-o", path, *arguments)
        assert done.code == 0, done.errors
        return path

    def report(self, *arguments):
        return json.loads(self.neume("evaluate", "--json", *arguments).text)

    def test_bl88_counts_every_frame_of_the_part_and_nothing_else(self):
        for split, pieces in ("train", 8), ("valid", 3), ("test", 4):
            found = self.report(self.up, self.set, "--protocol", "bl88", "--split", split)
            self.assertEqual((found["pieces"], found["units"]), (pieces, 12 * pieces))
            for key in ("micro", "micro_without_first", "mean_of_sequences"):
                self.assertLess(0, found[key])
        self.assertAlmostEqual(found["micro"], found["mean_of_sequences"])

    def test_bl88_as_json_has_the_keys_that_others_build_on(self):
        found = self.report(self.up, self.set, "--protocol", "bl88", "--calibrated")
        self.assertLessEqual({"model", "preset", "step_unit", "protocol", "pieces", "steps", "notes",
                              "nats_per_step", "nats_per_note", "accuracy", "unknown_share",
                              "baselines", "splits", "micro", "micro_without_first",
                              "mean_of_sequences", "parameters", "temperature", "calibrated",
                              "left_out"}, set(found))
        self.assertEqual(set(found["baselines"]),
                         {"uniform", "unigram", "trigram", "half", "density", "key",
                          "key_given_last", "repeat_accuracy"})
        self.assertAlmostEqual(found["baselines"]["half"], 60.997, 3)
        self.assertGreater(found["parameters"], 1000)
        self.assertIn("micro", found["calibrated"])

    def test_a_mixture_as_json_has_weights_and_every_model(self):
        found = self.report(self.up, self.set, self.down, "--protocol", "bl88")
        self.assertEqual([m["model"] for m in found["models"]], [self.up, self.down])
        self.assertAlmostEqual(sum(found["weights"]), 1)
        self.assertEqual(found["weights"], [m["weight"] for m in found["models"]])
        self.assertEqual(found["weights_from"], "valid_part")
        self.assertEqual(found["unit"], "frame")
        self.assertEqual(found["parameters"], sum(m["parameters"] for m in found["models"]))
        self.assertLessEqual(found["valid"]["micro"],
                             min(m["valid"]["micro"] for m in found["models"]) + 1e-6)
        self.assertIn("key_given_last", found["baselines"])

    def test_a_mixture_is_the_same_in_any_order_of_operands(self):
        a = self.report(self.up, self.down, self.set, "--protocol", "bl88")
        b = self.report(self.set, self.down, self.up, "--protocol", "bl88")
        self.assertAlmostEqual(a["micro"], b["micro"], 5)
        self.assertAlmostEqual(a["weights"][0], b["weights"][1], 3)

    def test_the_weights_are_from_where_there_are_validation_pieces(self):
        new = self.put("new.mid", tool.tune(50))
        for arguments, source in [([new], "equal"), ([new, "--valid-from", self.tunes], "valid_from"),
                                  ([self.tunes], "validated")]:
            found = self.report(self.chords, self.chords, *arguments)
            self.assertEqual(found["weights_from"], source)
            self.assertAlmostEqual(found["micro"], found["models"][0]["nats_per_step"])

    def test_tables_for_people(self):
        text = self.neume("evaluate", self.up, self.down, self.set, "--protocol", "bl88",
                          "--calibrated").text
        for row in (r"Protocol BL88-v1, nats a frame: 4 pieces, 48 frames, split test",
                    r"\S+up\.neume +0\.\d+ +\d", r"\S+down\.neume +\d\.\d+ +\d", r"mixture +1\.000 ",
                    r"mixture, calibrated +1\.000 ", r"p = 1/2 +60\.9970",
                    r"The weights are those that make the valid part likeliest \(3 pieces\)\."):
            self.assertRegex(text, f"(?m)^{row}")
        text = self.neume("evaluate", self.chords, self.chords, self.tunes).text
        self.assertEqual(text.count("\nnever seen"), 0)
        self.assertEqual(text.count("\nvalidated on"), 2)
        self.assertRegex(text, r"(?m)^Unit by unit, nats a word: 6 pieces, ")
        self.assertIn("\nThe weights are those that make the pieces that all models validated on "
                      "likeliest (2 pieces).\n", text)
        text = self.neume("evaluate", self.chords, self.chords, self.put("new.mid", tool.tune(9))).text
        self.assertIn("\nThe weights are equal: there is no piece here that all models validated on, "
                      "nor --valid-from.\n", text)

    def test_a_model_alone_can_be_calibrated_too(self):
        text = self.neume("evaluate", self.chords, self.tunes, "--calibrated").text
        self.assertRegex(text, r"(?m)^calibrated: at its softmax temperature, \d\.\d\d$")
        self.assertEqual(text.count("\nvalidated on"), 2)

    def test_streams_have_a_table_of_their_own(self):
        model = self.train("streams.neume", self.tunes, "--preset", "streams", "--layers", "8",
                           "--embed", "4", "--branch", "4", "--trunk", "0", "--head", "0", "--batch",
                           "2", "--steps", "8", "--threads", "1", "--isa", "c", "--max-updates", "3")
        found = self.report(model, self.tunes)
        self.assertEqual({"note", "offset", "duration"} - set(found["streams"]), set())
        self.assertAlmostEqual(sum(s["nats_per_step"] for s in found["streams"].values()),
                               found["nats_per_step"], 5)
        self.assertRegex(self.neume("evaluate", model, self.tunes).text, r"(?m)^duration +\d")

    def test_wrong_combinations_get_one_line(self):
        table = [
            ([self.chords, self.tunes, "--protocol", "bl88"], 2,
             "protocol bl88: model 1 is of codec word, expected frame or roll"),
            ([self.up, self.chords, self.tunes], 2,
             "model 2: of codec word, expected frame as the first: their frames are not the same"),
            ([self.up, self.set, "--valid-from", self.tunes], 2,
             "--valid-from: gives a mixture its weights, expected several models"),
            ([self.up, self.down], 2, "missing INPUT: all that is given are models, expected MIDI "
             "files, folders or benchmark files too"),
            ([self.up, self.set, "--protocol", "bl89"], 2,
             "--protocol bl89: expected one of steps, bl88, crops"),
            ([self.up, self.set, "--split", "all"], 2,
             "--split all: expected one of train, valid, test"),
            ([*[self.up] * 17, self.set], 2, f"{self.up}: one model too many, expected 16"),
            ([self.set, self.up + ".ckpt"], 4, None),
            ([self.path("none"), self.set], 4, f"{self.path('none')}: No such file or directory"),
            ([self.up, self.path("none"), "--protocol", "bl88"], 3,
             f"none of 1 files is usable; the first, {self.path('none')}: No such file or directory"),
        ]
        for arguments, code, line in table:
            with self.subTest(arguments):
                done = self.neume("evaluate", *arguments, code=code)
                self.assertEqual(done.text, "")
                last = done.errors.split("\n")[-2]
                self.assertTrue(last.startswith("neume evaluate: "), last)
                if line:
                    self.assertEqual(last, f"neume evaluate: {line}")


tool.main()
