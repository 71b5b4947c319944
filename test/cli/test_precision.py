#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Narrow weights on the command line: what they compose, what they lose, what is said of them."""
import json
import os
import shutil
import tempfile

import tool

ROLLS = ["--preset", "biaxial", "--time-layers", "24", "--note-layers", "16", "--batch", "4", "--steps", "16",
         "--lr", "0.01", "--threads", "1", "--max-updates", "60", "--valid", "2"]
WORDS = ["--preset", "chords", "--layers", "40,33", "--embed", "18", "--trunk", "20", "--batch", "4",
         "--steps", "16", "--lr", "0.02", "--threads", "1", "--max-updates", "150", "--valid", "2"]
NARROW = ("bf16", "int8")


class Precision(tool.Case):
    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.mkdtemp(prefix="neume-test-")
        cls.addClassCleanup(shutil.rmtree, cls.made)
        cls.tunes = os.path.join(cls.made, "tunes")
        os.mkdir(cls.tunes)
        for i in range(8):
            with open(os.path.join(cls.tunes, f"{i}.mid"), "wb") as file:
                file.write(tool.tune(i))
        cls.models = {name: cls.train(name, settings) for name, settings in (("words", WORDS), ("rolls", ROLLS))}

    @classmethod
    def train(cls, name, settings):
        path = os.path.join(cls.made, name + ".neume")
        done = tool.run("train", cls.tunes, "-o", path, *settings)
        assert done.code == 0, done.errors
        return path

    def generate(self, model, *arguments, name="out.mid"):
        return self.neume("generate", self.models[model], "-o", self.path(name), "--seed", "5", "--length", "48",
                          *arguments)

    def nats(self, model, *arguments):
        report = json.loads(self.neume("evaluate", "--json", self.models[model], self.tunes, *arguments).text)
        return report["nats_per_step"]

    def test_songs_of_each_precision_are_the_same_on_any_number_of_threads(self):
        for model in self.models:
            for precision in ("fp32", *NARROW):
                songs = set()
                for threads in 1, 2, 3, 8:
                    self.generate(model, "--precision", precision, "--threads", threads)
                    songs.add(self.read("out.mid"))
                self.assertEqual(len(songs), 1, f"{model}, {precision}")

    def test_a_song_alone_is_that_song_in_a_batch(self):
        for model in self.models:
            for precision in NARROW:
                self.generate(model, "--precision", precision, name="one.mid")
                self.generate(model, "--precision", precision, "-n", "7", name="many.mid")
                self.assertEqual(self.read("one.mid"), self.read("many-1.mid"), f"{model}, {precision}")

    def test_a_song_says_its_precision_and_what_it_then_weighs(self):
        for model in self.models:
            logs = {}
            for precision in ("fp32", *NARROW):
                song = json.loads(self.generate(model, "--precision", precision, "--json").text)[0]
                self.assertEqual(song["settings"]["precision"], precision)
                self.assertIn(f", precision {precision}".encode(), self.read("out.mid"))
                logs[precision] = song["log_probability"]
            self.assertEqual(len(set(logs.values())), 3, logs)

    def test_auto_is_fp32_for_small_models(self):
        for model in self.models:
            song = json.loads(self.generate(model, "--json").text)[0]
            self.assertEqual(song["settings"]["precision"], "fp32")

    def test_narrow_weights_lose_a_little_likelihood(self):
        for model in self.models:
            wide = self.nats(model)
            self.assertEqual(wide, self.nats(model, "--precision", "fp32"))
            for precision in NARROW:
                narrow = self.nats(model, "--precision", precision)
                self.assertNotEqual(narrow, wide)
                self.assertLess(abs(narrow / wide - 1), 0.005, f"{model}, {precision}")

    def test_every_instruction_set_knows_each_precision(self):
        for model in self.models:
            for precision in NARROW:
                nats = [self.nats(model, "--precision", precision, "--isa", isa) for isa in ("c", "baseline", "auto")]
                self.assertLess(max(nats) / min(nats), 1.001, f"{model}, {precision}")

    def test_other_precisions_are_refused(self):
        for command in (["generate", self.models["words"], "-o", self.path("o.mid")],
                        ["evaluate", self.models["words"], self.tunes]):
            done = self.neume(*command, "--precision", "int4", code=2)
            self.assertIn("expected one of auto, fp32, bf16, int8", done.errors)


tool.main()
