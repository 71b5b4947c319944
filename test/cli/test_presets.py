#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Every preset from a folder to a song: train, stop, resume, evaluate, generate, tokens and back."""
import json
import os
import signal
import subprocess
import time

import tool

RUN = ["--batch", "4", "--steps", "16", "--lr", "0.01", "--threads", "1", "--isa", "c", "--schedule", "constant",
       "--warmup", "0"]
STACK = ["--embed", "8", "--layers", "12", "--trunk", "0"]
AXES = ["--time-layers", "7", "--note-layers", "5"]
# Each case's preset, network and settings of the codec.
CASES = {"chords": ("chords", STACK, []), "jazz": ("jazz", STACK, []),
         "streams": ("streams", [*STACK, "--branch", "5", "--head", "6"], []),
         "intervals": ("intervals", STACK, []), "frames": ("frames", STACK, []),
         "biaxial": ("biaxial", AXES, []), "biaxial_without_onsets": ("biaxial", AXES, ["--onsets", "drop"]),
         "events": ("events", STACK, []), "events_in_seconds": ("events", STACK, ["--timing", "performance"])}
UNITS = {"streams": "event", "biaxial": "cell"}

# Two rolls to train on, one to validate, one to test, in eighths.
SET = {"name": "small", "time_step": "one eighth note (half a quarter)",
       "train": [[[60, 64], [60, 64], [62, 65]] * 8, [[55], [57], [59], [60]] * 6],
       "valid": [[[60, 64], [62, 65]] * 4], "test": [[[55], [57]] * 4]}


def voices(seed):
    """A tune over a bass by another instrument."""
    low = tool.notes(*[36 + (seed + i) % 5 for i in range(10)], ticks=480)
    low = b"\0\xc1\x20" + bytes(byte | 1 if byte in (0x80, 0x90) else byte for byte in low)
    return tool.midi(tool.notes(*[60 + (seed * 5 + i * i) % 12 for i in range(20)]), low)


class Training(tool.Case):
    def setUp(self):
        super().setUp()
        for i in range(6):
            self.put(f"songs/{i}.mid", tool.tune(i, 24))
        for i in range(6, 9):
            self.put(f"songs/{i}.mid", voices(i))

    def argv(self, case, name, *arguments):
        preset, network, codec = CASES[case]
        return ["train", self.path("songs"), "-o", self.path(name), "--preset", preset, *RUN, "--valid", "2",
                *network, *codec, *arguments]

    def train(self, case, *arguments, name="m.neume", code=0):
        return self.neume(*self.argv(case, name, *arguments), code=code)

    def info(self, name):
        return json.loads(self.neume("info", "--json", self.path(name)).text)[0]

    def stop_early(self, case, name):
        """A run without an end, interrupted after its first validation; the updates that it did."""
        log = self.path(name + ".jsonl")
        argv = self.argv(case, name, "--max-updates", "1000000", "--valid-every", "5", "--log", log)
        with subprocess.Popen([tool.NEUME, *argv], stderr=subprocess.PIPE,
                              stdout=subprocess.PIPE) as running:
            self.addCleanup(running.kill)
            for _ in range(3000):
                if os.path.exists(log) and os.path.getsize(log) > 0:
                    break
                time.sleep(0.01)
            running.send_signal(signal.SIGINT)
            errors = running.communicate(timeout=60)[1].decode()
        self.assertEqual(running.returncode, 130, errors)
        return self.info(name + ".ckpt")["description"]["state"]["update"]


class Preset(Training):
    def words(self, case, path):
        preset, _, codec = CASES[case]
        return self.neume("tokens", "--preset", preset, *codec, path).text.split("\n")[:-1]

    def primer_words(self, case, path):
        """Without its <end>, nor what is struck last, for what comes may be struck with it."""
        words = [word for word in self.words(case, path) if "<end>" not in word]
        if case == "streams":
            del words[-1]
        if case.startswith("events"):
            moves = [i for i, word in enumerate(words) if word.startswith(("Position", "TimeShift"))]
            del words[moves[-1]:]
        return words

    def check_resuming(self, case):
        update = self.stop_early(case, "m.neume")
        limits = ["--max-updates", str(update + 12), "--valid-every", "5"]
        done = self.train(case, *limits, "--resume", "--json")
        self.train(case, *limits, name="whole.neume")
        self.assertEqual(self.info("m.neume")["hash"], self.info("whole.neume")["hash"])
        found = json.loads(done.text)
        self.assertEqual((found["preset"], found["end"], found["updates"]),
                         (CASES[case][0], "planned", update + 12))
        self.assertLessEqual(found["calibrated_loss"], found["valid_loss"])
        self.assertEqual(self.info("m.neume")["description"]["preset"], CASES[case][0])

    def check_evaluating(self, case):
        done = self.neume("evaluate", "--json", self.path("m.neume"), self.path("songs"))
        found = json.loads(done.text)
        self.assertEqual((found["preset"], found["step_unit"], found["pieces"]),
                         (CASES[case][0], UNITS.get(CASES[case][0], "word"), 9))
        self.assertEqual({name: split["pieces"] for name, split in found["splits"].items()},
                         {"trained": 7, "validated": 2, "unseen": 0})
        self.assertLess(found["nats_per_step"], 2 * found["baselines"]["uniform"])

    def check_generating(self, case):
        model, tune = self.path("m.neume"), self.path("songs", "7.mid")
        for name, threads in ("a", 1), ("b", 2):
            self.neume("generate", model, "-o", self.path(name), "--seed", "7", "--length", "60",
                       "--threads", threads)
        self.assertEqual(self.read("a"), self.read("b"))
        self.neume("generate", model, "-o", self.path("c"), "--seed", "8", "--length", "60")
        self.assertNotEqual(self.read("a"), self.read("c"))
        self.neume("generate", model, "-o", self.path("d"), "--seed", "7", "--length", "60",
                   "--primer", tune)
        primer = self.primer_words(case, tune)
        self.assertEqual(self.words(case, self.path("d"))[:len(primer)], primer)
        done = self.neume("generate", model, "-o", self.path("e"), "--json", "--bars", "8")
        song = json.loads(done.text)[0]
        if case == "events":  # bars of its own metre at its own tempo
            self.assertLessEqual(self.words(case, self.path("e")).count("Bar"), 8)
        else:
            self.assertLessEqual(song["seconds"], 16)
        self.assertEqual(self.info("e")["status"], "ok")

    def check_tokens(self, case):
        preset, _, codec = CASES[case]
        words = self.words(case, self.path("songs", "6.mid"))
        self.neume("tokens", "--preset", preset, *codec, "--decode", "-", "-o", self.path("w.mid"),
                   stdin="\n".join(words))
        self.assertEqual(self.words(case, self.path("w.mid")), words)
        if preset != "biaxial":  # a roll ends where it ends
            self.assertEqual(words[-1].split(), ["<end>"] * len(words[0].split()))


def preset_test(case):
    def test(self):
        self.check_resuming(case)
        self.check_evaluating(case)
        self.check_generating(case)
        self.check_tokens(case)
    return test


for each in CASES:
    setattr(Preset, f"test_{each}_from_a_folder_to_a_song", preset_test(each))


class Options(Training):
    def settings(self, name="m.neume"):
        found = self.info(name)["description"]
        return {**found["network"], **found["training"]["settings"], **found["codec"]}

    def test_what_is_asked_for_is_what_is_trained(self):
        self.train("streams", "--max-updates", "2", "--transpose", "-3..4", "--keep-key", "0.5",
                   "--branch", "4", "--head", "5", "--norm", "batch", "--activation", "relu", "--layers",
                   "8,8", "--residual", "--trunk", "7", "--dropout", "0.1", "--input-dropout", "0.2",
                   "--feature-dropout", "0.3", "--weight-drop", "0.4", "--label-smoothing", "0.05",
                   "--ar", "1", "--tar", "2")
        expected = {"shifts": [-3, 4], "keep_key": 0.5, "branch": 4, "head": 5, "norm": "batch",
                    "activation": "relu", "layers": [8, 8], "residual": True, "trunk": 7,
                    "dropout": 0.1, "input_dropout": 0.2, "feature_dropout": 0.3, "weight_drop": 0.4,
                    "label_smoothing": 0.05, "ar": 1, "tar": 2, "tied": False}
        found = self.settings()
        self.assertEqual({key: found[key] for key in expected}, expected)

    def test_keys_can_be_none_all_or_a_range(self):
        for keys, shifts in ("none", [0, 0]), ("all", [-5, 6]), ("-1..0", [-1, 0]), ("0..48", [0, 48]):
            self.train("frames", "--max-updates", "1", "--transpose", keys, "--force")
            self.assertEqual(self.settings()["shifts"], shifts)
        self.train("frames", "--max-updates", "1", "--force")
        self.assertEqual(self.settings()["shifts"], [-5, 6])
        self.train("chords", "--max-updates", "1", "--force")
        self.assertEqual(self.settings()["shifts"], [0, 0])

    def test_more_keys_make_more_words(self):
        sizes = []
        for keys in "none", "-2..2":
            self.train("chords", "--max-updates", "1", "--transpose", keys, "--force")
            sizes.append(self.settings()["vocabulary"][0])
        self.assertLess(*sizes)

    def test_a_loss_to_stop_at_ends_the_run(self):
        found = json.loads(self.train("streams", "--max-updates", "500", "--valid-every", "4", "--until",
                                      "note=99", "--json").text)
        self.assertEqual((found["end"], found["updates"]), ("until", 4))
        text = self.train("streams", "--max-updates", "500", "--valid-every", "4", "--until",
                          "duration=99", "--force").text
        self.assertIn("(loss reached)", text)
        found = json.loads(self.train("streams", "--max-updates", "8", "--until", "note=0.001", "--force",
                                      "--json").text)
        self.assertEqual((found["end"], found["updates"]), ("planned", 8))

    def test_tied_weights_need_an_embedding_as_wide_as_the_head(self):
        self.train("chords", "--max-updates", "1", "--tied", "--layers", "8")
        self.assertTrue(self.settings()["tied"])
        for preset, arguments, reason in (
                ("chords", ["--tied"], "a tied head, expected an embedding as wide as what enters the head"),
                ("streams", ["--tied"], "a structured or tied head and several streams, expected one"),
                ("frames", ["--tied", "--layers", "8"],
                 "a head both structured and tied, expected one of them"),
                ("streams", ["--embed", "0"], "an input of several words, expected an embedding"),
                ("frames", ["--embed", "0"], "an input of several words, expected an embedding")):
            self.refused(*self.argv(preset, "bad.neume", "--max-updates", "1", *arguments), code=2,
                         line="neume train: network: " + reason)
            self.assertFalse(os.path.exists(self.path("bad.neume")))

    def test_a_loss_that_the_preset_does_not_have_is_refused(self):
        for preset, asked, known in ("streams", "word", "note"), ("frames", "note", "word"):
            self.refused(*self.argv(preset, "m.neume", "--until", asked + "=1"), code=2,
                         line=f"neume train: until {asked}: the preset has no such loss, expected {known}")

    def test_another_regularisation_or_key_cannot_be_resumed(self):
        self.stop_early("frames", "m.neume")
        for arguments in (["--input-dropout", "0.9"], ["--keep-key", "0.9"], ["--tar", "9"],
                          ["--residual", "--layers", "8,8"], ["--norm", "layer"]):
            self.train("frames", "--max-updates", "1000000", "--resume", *arguments, code=2)

    def test_a_dry_run_knows_every_preset(self):
        for case in CASES:
            found = json.loads(self.train(case, "--dry-run", "--json").text)
            self.assertGreater(found["parameters"], 1000)

    def test_the_log_names_the_losses_of_every_stream(self):
        self.train("streams", "--max-updates", "4", "--log", self.path("log"))
        line = json.loads(self.read("log").decode().splitlines()[-1])
        for key in "losses", "valid_losses", "accuracies", "valid_accuracies":
            self.assertEqual(set(line[key]), {"note", "offset", "duration", "instrument"})
        self.assertAlmostEqual(sum(line["losses"].values()), line["train_loss"])

    def test_an_unknown_word_of_any_stream_is_counted(self):
        self.train("streams", "--max-updates", "2")
        done = self.neume("generate", self.path("m.neume"), "-o", self.path("a.mid"), "--primer-words",
                          "C4 0 1/2 p99", "--length", "4", code=2)
        self.assertIn("p99", done.errors)
        strange = self.put("strange.mid", tool.midi(b"\0\xc0\x63" + tool.notes(60, 1)))
        done = self.neume("generate", self.path("m.neume"), "-o", self.path("a.mid"), "--primer", strange,
                          "--length", "4")
        self.assertRegex(done.errors, r"^neume generate: \d of the primer's 12 words are not in the model's")

    def test_primers_against_the_grammar_are_refused(self):
        self.train("intervals", "--max-updates", "2")
        self.refused("generate", self.path("m.neume"), "-o", self.path("a.mid"), "--primer-words",
                     "60 -5 -3", code=2,
                     line='neume generate: primer: "-3" in step 2 cannot follow what is before it')
        self.assertFalse(os.path.exists(self.path("a.mid")))


class Benchmark(tool.Case):
    def test_a_benchmark_set_is_trained_on_and_evaluated_as_given(self):
        path = self.put("set.json", json.dumps(SET).encode())
        model = self.path("m.neume")
        self.neume("train", path, "-o", model, "--preset", "frames", *RUN, *STACK, "--max-updates", "4",
                   "--report", self.path("report"))
        self.assertEqual(self.json("report")["clean"], 1)
        found = json.loads(self.neume("info", "--json", model).text)[0]["description"]
        self.assertEqual(found["codec"]["grid"], 2)
        found = json.loads(self.neume("evaluate", "--json", model, path).text)
        self.assertEqual((found["pieces"], found["steps"]), (1, 17))
        self.assertEqual(found["splits"]["unseen"]["pieces"], 1)

    def test_rolls_of_a_benchmark_set_have_its_grid_and_no_onsets(self):
        path = self.put("set.json", json.dumps(SET).encode())
        model = self.path("m.neume")
        self.neume("train", path, "-o", model, "--preset", "biaxial", *RUN, *AXES, "--max-updates", "4")
        found = json.loads(self.neume("info", "--json", model).text)[0]["description"]
        self.assertEqual((found["codec"]["grid"], found["codec"]["onsets"]), (2, "drop"))
        self.assertEqual((found["network"]["kind"], found["network"]["bits"]), ("biaxial", 1))
        found = json.loads(self.neume("evaluate", "--json", model, path, "--protocol", "bl88").text)
        self.assertEqual((found["pieces"], found["units"], found["left_out"]), (1, 8, 0))
        self.assertEqual(found["steps"], 8)
        self.assertAlmostEqual(found["baselines"]["half"], 60.997, 3)
        self.assertLess(found["micro"], found["baselines"]["half"])

    def test_other_presets_say_why_they_cannot_read_it(self):
        path = self.put("set.json", json.dumps(SET).encode())
        done = self.neume("train", path, "-o", self.path("m"), "--preset", "chords", *RUN, *STACK, code=3)
        self.assertIn("set.json: a benchmark set of piano rolls, which only frames and biaxial can read\n", done.errors)


tool.main()
