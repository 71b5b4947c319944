#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""neume train --init: what a training that starts from a model says, refuses and writes."""
import json
import os
import struct

import tool


def tensors(data):
    """The tensors of a model by name, as bytes."""
    size = struct.unpack("<Q", data[:8])[0]
    head = json.loads(data[8:8 + size])
    return {name: data[8 + size + entry["data_offsets"][0]:8 + size + entry["data_offsets"][1]]
            for name, entry in head.items() if name != "__metadata__"}


# Of each preset a small network, and something to freeze.
PRESETS = {"events": ("--layers 12 --embed 6", "lstm"), "chords": ("--layers 12 --embed 6 --trunk 4", "embed,trunk"),
           "jazz": ("--layers 12 --embed 6", "embed"), "intervals": ("--layers 12 --embed 6", "head"),
           "streams": ("--layers 12,12 --embed 6 --branch 5 --trunk 6 --head 5", "branch,head.*.chain"),
           "frames": ("--layers 12 --embed 6", "lstm.0.bias"), "biaxial": ("--time-layers 8 --note-layers 6", "time")}


class Tuning(tool.Case):
    def setUp(self):
        super().setUp()
        self.songs(8)
        for i in range(20, 28):
            self.put(f"more/{i}.mid", tool.midi(tool.notes(*(48 + (i * j * j) % 23 for j in range(1, 80)))))
        self.neume("train", self.path("songs"), "-o", self.path("a.neume"), *tool.TINY, "--epochs", "2")

    def tune(self, *arguments, name="b.neume", code=0, init="a.neume"):
        return self.neume("train", self.path("more"), "-o", self.path(name), "--init", self.path(init),
                          "--threads", "1", "--isa", "c", "--lr", "0.01", *arguments, code=code)

    def info(self, name):
        return json.loads(self.neume("info", "--json", self.path(name)).text)[0]

    def refusal(self, *arguments, code=2, init="a.neume", name="b.neume"):
        """The last line said; nothing was written."""
        done = self.tune(*arguments, code=code, init=init, name=name)
        self.assertEqual(done.text, "")
        self.assertFalse(os.path.exists(self.path("b.neume")))
        return done.errors.rstrip("\n").split("\n")[-1]

    def test_the_network_and_the_codec_are_the_models(self):
        self.tune("--max-updates", "5")
        before, after = self.info("a.neume")["description"], self.info("b.neume")["description"]
        for key in before["network"]:
            if key != "vocabulary":
                self.assertEqual(before["network"][key], after["network"][key])
        self.assertGreater(after["network"]["vocabulary"][0], before["network"]["vocabulary"][0])
        grown = after["codec"].pop("grown")
        self.assertEqual(grown, [before["network"]["vocabulary"]])
        self.assertEqual(before["codec"], after["codec"])
        self.assertEqual(after["training"]["settings"]["learning_rate"], 0.01)

    def test_old_words_keep_their_ids(self):
        self.tune("--max-updates", "1")
        words = [tensors(self.read(name))["data.vocabulary"] for name in ("a.neume", "b.neume")]
        self.assertTrue(words[1].startswith(words[0]))
        self.assertGreater(len(words[1]), len(words[0]))

    def test_says_what_it_starts_from_and_how_well_that_does(self):
        done = self.tune("--max-updates", "5", "--freeze", "embed,lstm.0")
        errors = done.errors
        self.assertRegex(errors, rf"Starts from {self.path('a.neume')}, hash [0-9a-f]{{16}}; \d+ words are new to it\n")
        self.assertIn("Frozen: embed,lstm.0\n", errors)
        self.assertRegex(errors, r"init: held-out loss before the first update: \d\.\d\d\d nats a step")

    def test_a_dry_run_counts_what_is_frozen(self):
        text = self.tune("--dry-run", "--freeze", "lstm.0").text
        self.assertIn(f"Starts from {self.path('a.neume')}", text)
        self.assertIn("Frozen: lstm.0\n", text)
        self.assertIn(f"Frozen: {4 * 16 * (8 + 16 + 1):,} parameters\n", text)
        found = json.loads(self.tune("--dry-run", "--freeze", "lstm.0", "--json").text)
        self.assertEqual(found["frozen"], 4 * 16 * (8 + 16 + 1))
        self.assertFalse(os.path.exists(self.path("b.neume")))

    def test_frozen_tensors_are_the_same_bytes(self):
        self.tune("--max-updates", "8", "--freeze", "lstm.0.weight_ih,*.bias")
        before, after = tensors(self.read("a.neume")), tensors(self.read("b.neume"))
        for name, data in before.items():
            if name.startswith("data."):
                continue
            is_frozen = name == "lstm.0.weight_ih" or name.endswith(".bias")
            self.assertEqual(after[name][:len(data)] == data, is_frozen, name)

    def test_options_that_contradict_the_model_are_refused(self):
        model = self.path("a.neume")
        for said, has, name in ((["--layers", "32"], "16", "layers"), (["--embed", "9"], "8", "embed"),
                                (["--grid", "24"], "12", "grid"), (["--preset", "jazz"], "chords", "preset"),
                                (["--norm", "batch"], "none", "norm")):
            self.assertEqual(self.refusal(*said), f"neume train: --{name} {said[1]}: {model} has {has}, "
                             "and a training that starts from it keeps that")
        self.assertEqual(self.refusal("--tied"), f"neume train: --tied: {model} has off, and a training "
                         "that starts from it keeps that")

    def test_options_that_say_what_the_model_has_are_fine(self):
        self.tune("--preset", "chords", "--layers", "16", "--embed", "8", "--grid", "12", "--max-updates", "1")

    def test_layers_that_are_not_there_are_refused_with_those_that_are(self):
        self.assertEqual(self.refusal("--freeze", "embed,lstm.1"), "neume train: freeze lstm.1: no layer or "
                         "tensor is called so, expected some of embed, lstm.0, head.0")

    def test_freezing_needs_a_model(self):
        self.refused("train", self.path("more"), "-o", self.path("b.neume"), "--freeze", "embed", code=2,
                     line="neume train: --freeze embed: keeps layers as a model has them, expected --init MODEL too")

    def test_files_that_are_no_models_end_with_4(self):
        path = self.path
        self.put("newer.neume", self.read("a.neume").replace(b'{\\"format\\":1,', b'{\\"format\\":9,'))
        self.put("cut.neume", self.read("a.neume")[:1000])
        for name, reason in (("a.neume.ckpt", "a checkpoint, expected a model"),
                             ("songs/0.mid", "not a model file of neume"),
                             ("none.neume", "No such file or directory"),
                             ("newer.neume", "written by a newer neume (format 9), this one reads up to 1")):
            self.assertEqual(self.refusal(code=4, init=name), f"neume train: {path(name)}: {reason}")
        self.assertIn(path("cut.neume"), self.refusal(code=4, init="cut.neume"))

    def test_the_model_is_not_written_over(self):
        before = self.read("a.neume")
        line = self.refusal("--force", name="a.neume")
        self.assertEqual(line, f"neume train: --init and --output are one file, {self.path('a.neume')}: "
                         "expected another to write")
        self.assertEqual(self.read("a.neume"), before)

    def test_each_preset_keeps_what_is_frozen_and_goes_on_to_the_same_weights(self):
        for preset, (network, frozen) in PRESETS.items():
            with self.subTest(preset):
                files = {name: self.path(preset + name) for name in (".neume", ".whole.neume", ".parts.neume")}
                common = ["--schedule", "constant", "--steps", "16", "--batch", "3", "--threads", "1", "--quiet"]
                tuned = ["train", self.path("more"), "--init", files[".neume"], "--freeze", frozen, *common]
                self.neume("train", self.path("songs"), "-o", files[".neume"], "--preset", preset, *network.split(),
                           *common, "--max-updates", "2")
                self.neume(*tuned, "-o", files[".whole.neume"], "--max-updates", "5")
                self.neume(*tuned, "-o", files[".parts.neume"], "--max-updates", "2")
                self.neume(*tuned, "-o", files[".parts.neume"], "--max-updates", "5", "--resume")
                self.assertEqual(self.info(preset + ".whole.last.neume")["hash"],
                                 self.info(preset + ".parts.last.neume")["hash"])
                settings = self.info(preset + ".parts.last.neume")["description"]["training"]["settings"]
                before, after = (tensors(self.read(preset + name)) for name in (".neume", ".parts.last.neume"))
                self.assertGreater(len(settings["frozen"]), 0)
                for name, data in before.items():
                    if not name.startswith("data.") and len(data) == len(after[name]):
                        self.assertEqual(after[name] == data, name in settings["frozen"], name)

    def test_a_run_folder_takes_it_all(self):
        self.tune("--max-updates", "4", name="run/")
        self.assertEqual(len(self.info("run/model.neume")["description"]["ancestry"]), 1)
        done = self.tune("--force", name="run/", init="run/model.neume", code=2)
        self.assertIn("--init and --output are one file", done.errors)

    def test_resume_goes_on_with_the_same_model_alone(self):
        limits = ["--max-updates", "15", "--valid-every", "5"]
        self.tune("--max-updates", "10", "--valid-every", "5", "--freeze", "embed")
        checkpoint = self.path("b.neume.ckpt")
        changed = (f"neume train: {checkpoint}: the model that it starts from, or what is frozen, has changed "
                   "since the run was started: go on as before, or start anew with --force")
        for arguments in ([], ["--freeze", "lstm"]):
            done = self.tune(*limits, "--resume", *arguments, code=2)
            self.assertEqual(done.errors.rstrip("\n").split("\n")[-1], changed)
        self.neume("train", self.path("songs"), "-o", self.path("c.neume"), *tool.TINY, "--max-updates", "3")
        done = self.tune(*limits, "--resume", "--freeze", "embed", init="c.neume", code=2)
        self.assertEqual(done.errors.rstrip("\n").split("\n")[-1], changed)
        done = self.neume("train", self.path("more"), "-o", self.path("b.neume"), *tool.TINY, "--lr", "0.01",
                          *limits, "--resume", code=2)
        self.assertEqual(done.errors.rstrip("\n").split("\n")[-1], changed)
        self.assertIn("resumed: going on after update 10 of 15",
                      self.tune(*limits, "--freeze", "embed", "--resume").errors)

    def test_info_tells_where_a_model_comes_from(self):
        self.tune("--max-updates", "5")
        self.tune("--max-updates", "3", name="c.neume", init="b.neume")
        text = self.neume("info", self.path("c.neume")).text
        for number, name in ((1, "a.neume"), (2, "b.neume")):
            self.assertRegex(text, rf"\n  ancestor {number}  {self.info(name)['hash']}: preset chords, \d pieces, "
                             r"\d+ updates, held-out loss \d\.\d\d\d")
        self.assertNotIn("ancestry", text)
        ancestry = self.info("c.neume")["description"]["ancestry"]
        self.assertEqual([one["hash"] for one in ancestry], [self.info(name)["hash"] for name in ("a.neume", "b.neume")])
        self.assertEqual(ancestry[0]["training"], self.info("a.neume")["description"]["training"])

    def test_evaluate_knows_the_pieces_of_ancestors(self):
        self.tune("--max-updates", "3")
        splits = json.loads(self.neume("evaluate", self.path("b.neume"), self.path("songs"), "--json",
                                       "--threads", "1").text)["splits"]
        self.assertEqual(splits["unseen"]["pieces"], 0)
        self.assertGreaterEqual(splits["trained"]["pieces"], 6)

    def test_known_pieces_are_not_held_out(self):
        done = self.neume("train", self.path("songs"), self.path("more"), "-o", self.path("b.neume"), "--init",
                          self.path("a.neume"), "--threads", "1", "--isa", "c", "--max-updates", "2", "--valid", "3",
                          "--report", self.path("report"))
        self.assertIn("training pieces are known to the model, which was trained on them: none of them is held out",
                      done.errors)
        known = json.loads(self.neume("evaluate", self.path("a.neume"), self.path("songs"), "--json", "--threads",
                                      "1").text)["splits"]["trained"]["pieces"]
        held = [file["file"] for file in self.json("report")["files"] if file["split"] == "valid"]
        self.assertEqual(len(held), 3)
        self.assertLessEqual(len([name for name in held if "/songs/" in name]), 8 - known)

    def test_generates(self):
        self.tune("--max-updates", "3")
        self.neume("generate", self.path("b.neume"), "-o", self.path("song.mid"), "--length", "20", "--seed", "1")

    def test_labels_grow(self):
        self.neume("train", self.path("songs"), "-o", self.path("l.neume"), *tool.TINY, "--max-updates", "3",
                   "--labels", "folder")
        self.tune("--max-updates", "3", "--labels", "folder", init="l.neume", name="m.neume")
        self.assertEqual(self.info("m.neume")["description"]["labels"], ["more", "songs"])


if __name__ == "__main__":
    tool.main()
