#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Piano rolls on the command line: what is said of them, what they refuse, crops, other keys."""
import json
import os
import shutil
import tempfile

import tool

TINY = ["--preset", "biaxial", "--time-layers", "7", "--note-layers", "5", "--batch", "4", "--steps", "16",
        "--lr", "0.01", "--threads", "1", "--isa", "c", "--max-updates", "6"]
SET = {"name": "small", "time_step": "one sixteenth note",
       "train": [[[60, 64], [60, 64], [62, 65]] * 8] * 2, "valid": [[[60, 64], [62, 65]] * 4],
       "test": [[[55], [126, 57]] * 4, [[60], [62, 65]] * 150]}


class Rolls(tool.Case):
    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.mkdtemp(prefix="neume-test-")
        cls.addClassCleanup(shutil.rmtree, cls.made)
        cls.tunes = os.path.join(cls.made, "tunes")
        os.mkdir(cls.tunes)
        for i in range(6):  # cells of sixteenths: four are long enough for a crop
            with open(os.path.join(cls.tunes, f"{i}.mid"), "wb") as file:
                file.write(tool.tune(i, 200 if i < 4 else 40))
        cls.set = os.path.join(cls.made, "set.json")
        with open(cls.set, "w", encoding="utf-8") as file:
            json.dump(SET, file)
        cls.model, cls.plain = (os.path.join(cls.made, name) for name in ("m.neume", "plain.neume"))
        cls.said = tool.run("train", cls.tunes, "-o", cls.model, *TINY, "--valid", "2")
        assert cls.said.code == 0, cls.said.errors
        done = tool.run("train", cls.set, "-o", cls.plain, *TINY)
        assert done.code == 0, done.errors

    def report(self, *arguments):
        return json.loads(self.neume("evaluate", "--json", *arguments).text)

    def generate(self, *arguments, model=None, **options):
        return self.neume("generate", model or self.model, "-o", self.path("o.mid"), "--length", "32",
                          "--seed", "1", *arguments, **options)

    def test_training_speaks_of_keys_and_steps(self):
        self.assertIn(" held out, keys 24 to 101\n", self.said.errors)
        self.assertIn("how common each key is", self.said.text)
        self.assertIn("nats a cell", self.said.text)

    def test_training_refuses_labels_and_layers_of_words(self):
        for arguments, line in (
                (["--labels", "folder"], "labels: a piano roll has no labels, expected a codec of words"),
                (["--layers", "5"], "embedding, layers, trunk or head: of words alone, expected layers along "
                                    "time and along the keys")):
            self.refused("train", self.tunes, "-o", self.path("m"), *TINY, *arguments, code=2,
                         line="neume train: " + line)
            self.assertFalse(os.path.exists(self.path("m")))

    def test_info_says_which_keys_and_layers(self):
        text = self.neume("info", self.model).text
        for row in (r"codec\.name +\"roll\"", r"codec\.pitch_range +\[24,101\]", r"codec\.onsets +\"keep\"",
                    r"network\.kind +\"biaxial\"", r"network\.keys +78", r"network\.bits +2",
                    r"network\.time_layers +\[7\]", r"network\.note_layers +\[5\]"):
            self.assertRegex(text, rf"(?m)^  {row}$")

    def test_songs_are_not_truncated_and_do_not_end(self):
        truncation = "top-k, top-p, min-p: a piano roll is drawn bit by bit, expected none of them"
        for arguments, line in (
                (["--top-k", "3"], truncation), (["--top-p", "0.5"], truncation),
                (["--min-p", "0.1"], truncation),
                (["--ending"], "ending: a piano roll has no end word, expected a length"),
                (["--label", "jazz"], "label jazz: the model was trained without labels, expected none")):
            self.refused("generate", self.model, "-o", self.path("o.mid"), *arguments, code=2,
                         line="neume generate: " + line)
            self.assertFalse(os.path.exists(self.path("o.mid")))

    def test_goes_on_from_files_notes_and_cells(self):
        tune = os.path.join(self.tunes, "5.mid")
        cells = self.neume("tokens", "--preset", "biaxial", tune).text.split()
        for arguments, primer in (
                (["--primer", tune], cells), (["--primer", tune, "--primer-bars", "2-2"], cells[16:32]),
                (["--primer-notes", "60+64 62"], ["60.64", "60-.64-", "62", "62-"]),
                (["--primer-words", "60.64 60-.64 _ 3"], ["60.64", "60-.64", "_", "3"])):
            self.generate(*arguments)
            found = self.neume("tokens", "--preset", "biaxial", self.path("o.mid")).text.split()
            self.assertEqual(found[:len(primer)], primer)
            self.assertGreater(len(found), len(primer) + 16)

    def test_primers_that_it_cannot_hear_are_told_of(self):
        done = self.generate("--primer-notes", "60 3 120")
        self.assertEqual(done.errors, "neume generate: 2 of the primer's notes are beyond the model's keys 24 "
                                      "to 101\n")
        self.refused("generate", self.model, "-o", self.path("x"), "--primer-notes", "3 120", code=3,
                     line="neume generate: --primer-notes: no notes that the model can say")
        self.refused("generate", self.model, "-o", self.path("x"), "--primer-words", "60.zz", code=2,
                     line="neume generate: --primer-words: word \"60.zz\": expected MIDI numbers of 0 to 127, as "
                          "in 60.64-.67, or _ for none")

    def test_lengths_in_bars_and_seconds_are_kept(self):
        for arguments, steps in ((["--bars", "3"], 48), (["--seconds", "4"], 32)):
            done = self.neume("generate", self.model, "-o", self.path("o.mid"), "--json", *arguments)
            self.assertEqual(json.loads(done.text)[0]["steps"], steps)

    def test_crops_as_json_are_told_by_what_the_model_has_seen(self):
        found = self.report(self.model, self.tunes, "--protocol", "crops", "--calibrated")
        self.assertEqual((found["protocol"], found["crop_steps"], found["keys"], found["seed"]),
                         ("crops", 256, 78, 1))
        self.assertEqual((found["pieces"], found["too_short"]), (4, 2))
        splits = found["splits"]
        self.assertEqual(splits["trained"]["pieces"] + splits["validated"]["pieces"], 4)
        self.assertEqual(splits["trained"]["too_short"] + splits["validated"]["too_short"], 2)
        self.assertEqual(splits["unseen"], {"pieces": 0, "too_short": 0, "nats_per_step": None})
        mean = sum(split["pieces"] * (split["nats_per_step"] or 0) for split in splits.values()) / 4
        self.assertAlmostEqual(found["nats_per_step"], mean)
        self.assertLessEqual(found["calibrated"]["splits"]["validated"]["pieces"], 2)
        again = self.report(self.model, self.tunes, "--protocol", "crops")
        other = self.report(self.model, self.tunes, "--protocol", "crops", "--seed", "2")
        self.assertEqual(again["nats_per_step"], found["nats_per_step"])
        self.assertNotEqual(other["nats_per_step"], found["nats_per_step"])

    def test_crops_of_a_benchmark_set_are_of_its_part(self):
        found = self.report(self.plain, self.set, "--protocol", "crops")
        self.assertEqual((found["pieces"], found["too_short"]), (1, 1))
        self.assertEqual(found["splits"]["unseen"]["pieces"], 1)

    def test_crops_for_people(self):
        text = self.neume("evaluate", self.model, self.tunes, "--protocol", "crops", "--calibrated").text
        for row in (r"\S+m\.neume: random crops of 256 steps, nats a step times 88 / 78 keys, seed 1",
                    r"all +4 +2 +\d+\.\d{4}", r"calibrated: at its softmax temperature, \d\.\d\d"):
            self.assertRegex(text, rf"(?m)^{row}$")
        self.assertEqual(text.count("\nall "), 2)

    def test_crops_refuse_what_has_none(self):
        chords = self.path("chords.neume")
        self.neume("train", self.tunes, "-o", chords, *tool.TINY, "--max-updates", "1")
        short = os.path.join(self.tunes, "5.mid")
        for arguments, code, line in (
                ([chords, self.tunes], 2, "protocol crops: the model is of codec word, expected roll"),
                ([self.model, short], 3, "none of 1 pieces has 256 steps, as a crop has"),
                ([self.model, self.tunes, "--valid-from", self.tunes], 2, "--protocol crops: expected no --valid-from"),
                ([self.model, self.plain, self.tunes], 2, "--protocol crops: expected one model")):
            self.refused("evaluate", *arguments, "--protocol", "crops", code=code, line="neume evaluate: " + line)

    def test_frames_of_rolls_and_of_words_are_mixed(self):
        words = self.path("words.neume")
        self.neume("train", self.set, "-o", words, "--preset", "frames", "--layers", "6", "--embed", "4", "--batch",
                   "4", "--steps", "16", "--threads", "1", "--isa", "c", "--max-updates", "6")
        found = self.report(self.plain, words, self.set, "--protocol", "bl88")
        self.assertEqual((found["pieces"], found["units"], found["unit"]), (2, 308, "frame"))
        self.assertAlmostEqual(sum(found["weights"]), 1)
        self.assertEqual(found["weights_from"], "valid_part")
        self.assertLessEqual(found["valid"]["micro"], min(m["valid"]["micro"] for m in found["models"]) + 1e-6)
        for at, model in enumerate((self.plain, words)):
            alone = self.report(model, self.set, "--protocol", "bl88")
            self.assertAlmostEqual(found["models"][at]["micro"], alone["micro"])
        self.refused("evaluate", self.plain, words, self.set, code=2,
                     line="neume evaluate: model 2: of codec frame, expected roll as the first: their frames are "
                          "not the same")
        self.refused("evaluate", self.model, self.set, "--protocol", "bl88", code=2,
                     line="neume evaluate: protocol bl88: model 1 tells struck keys from held ones, expected onsets "
                          "that are dropped")

    def test_pieces_can_be_moved_to_another_key(self):
        own = self.report(self.model, self.tunes)
        for semitones in "2", "-2", "48":
            moved = self.report(self.model, self.tunes, "--transpose", semitones)
            self.assertEqual((moved["pieces"], moved["steps"], moved["transpose"]), (6, own["steps"], int(semitones)))
            self.assertNotEqual(moved["nats_per_step"], own["nats_per_step"])
            self.assertEqual(moved["splits"]["unseen"]["pieces"], 6)
        self.assertEqual(self.report(self.model, self.tunes, "--transpose", "0"), own)
        self.assertEqual((own["transpose"], own["notes_beyond"]), (0, 0))

    def test_a_moved_benchmark_set_loses_what_leaves_midi(self):
        found = self.report(self.plain, self.set, "--protocol", "bl88", "--transpose", "2")
        self.assertEqual((found["pieces"], found["notes_beyond"], found["left_out"]), (2, 4, 0))
        self.assertEqual(self.report(self.plain, self.set, "--protocol", "bl88")["left_out"], 4)
        text = self.neume("evaluate", self.plain, self.set, "--transpose", "2").text
        self.assertIn("\nAll pieces were moved by 2 semitones, and count as never seen; notes that left MIDI's "
                      "range: 4.\n", text)
        for semitones in "49", "-49", "x", "1.5":
            self.refused("evaluate", self.plain, self.set, "--transpose", semitones, code=2,
                         line=f"neume evaluate: --transpose {semitones}: expected semitones from -48 to 48")


tool.main()
