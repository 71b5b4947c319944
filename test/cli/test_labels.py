#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Styles from the command line: train --labels, generate --label, evaluate --classify, info."""
import json
import os
import random
import shutil
import tempfile

import tool


def pentatonic(seed):
    """A tune on the black keys, which no other tune here touches."""
    source = random.Random(seed)
    return tool.midi(tool.notes(*[source.choice([61, 63, 66, 68, 70]) for _ in range(80)]))


def put(folder, name, data):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


class Labels(tool.Case):
    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.mkdtemp(prefix="neume-test-")
        cls.addClassCleanup(shutil.rmtree, cls.made)
        cls.tunes = os.path.join(cls.made, "tunes")
        for i in range(8):
            put(cls.tunes, f"white/{i}.mid", tool.tune(i))
            put(cls.tunes, f"black, five/{i}.mid", pentatonic(i))
        cls.held = os.path.join(cls.made, "held")
        for i in range(50, 53):
            put(cls.held, f"white/{i}.mid", tool.tune(i))
            put(cls.held, f"black, five/{i}.mid", pentatonic(i))
            put(cls.held, f"others/{i}.mid", tool.tune(i))
        cls.model = cls.train("styles.neume", cls.tunes, "--labels", "folder")
        cls.plain = cls.train("plain.neume", cls.tunes, "--max-updates", "2")

    @classmethod
    def train(cls, name, *arguments):
        path = os.path.join(cls.made, name)
        done = tool.run("train", *arguments[:1], "-o", path, *tool.TINY, "--max-updates", "150",
                        "--valid", "2", *arguments[1:])
        assert done.code == 0, done.errors
        return path

    def song(self, *arguments, name="out.mid"):
        self.neume("generate", self.model, "-o", self.path(name), "--length", "60", "--seed", "3",
                   *arguments)
        return self.read(name)

    def pitches(self, *arguments):
        """What notes a song in these styles has."""
        self.song(*arguments)
        text = self.neume("tokens", "--preset", "chords", self.path("out.mid")).text
        return {word.rstrip("0123456789") for word in text.split() if word[0].isalpha()}

    def test_training_says_what_labels_it_found(self):
        done = self.neume("train", self.tunes, "--dry-run", *tool.TINY, "--labels", "folder",
                          "--valid", "0")
        self.assertRegex(done.text, r"(?m)^Labels: black, five \(8\), white \(8\)$")

    def test_several_inputs_name_their_labels_themselves(self):
        done = self.neume("train", self.tunes + "/white/", self.tunes + "/black, five", "--dry-run",
                          *tool.TINY, "--labels", "folder", "--valid", "0")
        self.assertRegex(done.text, r"(?m)^Labels: black, five \(8\), white \(8\)$")

    def test_info_shows_the_labels(self):
        self.assertRegex(self.neume("info", self.model).text,
                         r'(?m)^  labels +\["black, five","white"\]$')
        report = json.loads(self.neume("info", "--json", self.model).text)[0]
        self.assertEqual(report["description"]["labels"], ["black, five", "white"])
        self.assertNotRegex(self.neume("info", self.plain).text, r"(?m)^  labels ")

    def test_a_song_is_in_its_style(self):
        self.assertLessEqual(self.pitches("--label", "white"), set("CDEFGAB"))
        self.assertFalse(self.pitches("--label", "black, five") & set("CDEFGAB"))

    def test_a_mixture_is_divided_by_its_sum_and_written_into_the_file(self):
        mixed = self.song("--label", "black, five:3,white")
        self.assertIn(b"labels black, five 0.75, white 0.25", mixed)
        self.assertEqual(mixed, self.song("--label", "white:0.5,black, five:1.5"))
        self.assertEqual(mixed, self.song("--label", "white:0.5,black, five:1.5", "--threads", "2"))
        self.assertNotEqual(mixed, self.song("--label", "white,black, five"))
        alone = self.song("--label", "white")
        self.assertIn(b"label white", alone)
        self.assertEqual(alone, self.song("--label", "white:2"))
        self.assertNotIn(b"label", self.song())

    def test_the_report_as_json_has_the_labels(self):
        done = self.neume("generate", self.model, "-o", self.path("o.mid"), "--length", "9", "--json",
                          "--label", "white:2")
        self.assertEqual(json.loads(done.text)[0]["settings"]["labels"], {"white": 2.0})

    def test_labels_that_are_none_are_refused(self):
        known = "expected black, five, white"
        form = "expected NAME[:WEIGHT],..."
        for text, line in [("grey", f"label grey: {known}"), ("white,grey:3", f"label grey: {known}"),
                           ("white2", f"label white2: {known}"), ("black", f"label black: {known}"),
                           ("white:0", f"--label white:0: {form}"), ("white:", f"--label white:: {form}"),
                           ("white:x", f"--label white:x: {form}"), ("white,", f"--label white,: {form}"),
                           ("white:1,", f"--label white:1,: {form}"), (",white", f"--label ,white: {form}"),
                           ("white:-1", f"--label white:-1: {form}"),
                           (":1", f"--label :1: {form}")]:
            with self.subTest(text):
                self.refused("generate", self.model, "-o", self.path("no.mid"), "--label", text,
                             code=2, line=f"neume generate: {line}")
        self.refused("generate", self.plain, "-o", self.path("no.mid"), "--label", "white", code=2,
                     line="neume generate: label white: the model was trained without labels, "
                          "expected none")
        self.assertFalse(os.path.exists(self.path("no.mid")))

    def test_classifies_held_out_pieces(self):
        text = self.neume("evaluate", self.model, self.held, "--classify").text
        for row in (r"folder \\ guess black, five   white  pieces    right",
                    r"black, five              3       0       3  100\.0 %",
                    r"white                    0       3       3  100\.0 %",
                    r"6 of 6 are right, 100\.0 %; always the commonest would be 50\.0 %\.",
                    r"Not counted: 3 pieces in folders that the model does not know; --json has the "
                    r"guesses\."):
            self.assertRegex(text, f"(?m)^{row}$")

    def test_a_classification_as_json(self):
        found = json.loads(self.neume("evaluate", self.model, self.held, "--classify", "--json").text)
        self.assertEqual(found["labels"], ["black, five", "white"])
        self.assertEqual(found["confusion"], [[3, 0], [0, 3]])
        self.assertEqual((found["accuracy"], found["commonest"]), (1, 0.5))
        self.assertEqual([p["truth"] for p in found["pieces"]],
                         ["black, five"] * 3 + [None] * 3 + ["white"] * 3)
        for piece in found["pieces"]:
            nats = piece["nats_per_step"]
            self.assertEqual(piece["guess"], min(nats, key=nats.get))

    def test_evaluating_tells_each_piece_its_own_label(self):
        white = os.path.join(self.held, "white")
        told = json.loads(self.neume("evaluate", self.model, white, "--json").text)
        pieces = json.loads(self.neume("evaluate", self.model, white, "--classify", "--json").text)
        nats = [piece["nats_per_step"]["white"] for piece in pieces["pieces"]]
        self.assertAlmostEqual(told["nats_per_step"], sum(nats) / 3, 6)

    def test_wrong_combinations_get_one_line(self):
        many = self.path("many")
        for i in range(65):
            put(many, f"{i}/t.mid", tool.tune(i, length=30))
        for arguments, line in [
                (["evaluate", self.plain, self.held, "--classify"],
                 "neume evaluate: labels: the model was trained without, expected one that knows "
                 "styles"),
                (["evaluate", self.model, self.model, self.held, "--classify"],
                 "neume evaluate: --classify: expected one model"),
                (["evaluate", self.model, self.held, "--classify", "--protocol", "bl88"],
                 "neume evaluate: --classify: expected --protocol steps"),
                (["train", self.tunes, "-o", self.path("m"), *tool.TINY, "--labels", "folder",
                  "--embed", "0"],
                 "neume train: labels: one-hot words have no room for them, expected an embedding"),
                (["train", many, "-o", self.path("m"), *tool.TINY, "--labels", "folder",
                  "--valid", "0"],
                 "neume train: labels: the pieces lie in more than 64 folders, expected at most as "
                 "many styles"),
                (["train", self.tunes, "-o", self.path("m"), *tool.TINY, "--labels", "colour"],
                 "neume train: --labels colour: expected one of none, folder")]:
            with self.subTest(arguments):
                self.refused(*arguments, code=2, line=line)


tool.main()
