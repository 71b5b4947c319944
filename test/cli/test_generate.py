#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""neume generate, evaluate and info with a model that a few seconds of training made."""
import json
import os
import shutil
import tempfile

import tool


class Model(tool.Case):
    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.mkdtemp(prefix="neume-test-")
        cls.addClassCleanup(shutil.rmtree, cls.made)
        cls.model = os.path.join(cls.made, "m.neume")
        for i in range(10):
            with open(os.path.join(cls.made, f"{i}.mid"), "wb") as file:
                file.write(tool.tune(i))
        done = tool.run("train", cls.made, "-o", cls.model, *tool.TINY, "--max-updates", "150",
                        "--save-every", "1", "--valid", "2")
        assert done.code == 0, done.errors

    def generate(self, *arguments, code=0, name="out.mid"):
        return self.neume("generate", self.model, "-o", self.path(name), *arguments, code=code)

    def song(self, *arguments, name="out.mid"):
        """The report of one song."""
        return json.loads(self.generate("--json", *arguments, name=name).text)[0]

    def info(self, path):
        return json.loads(self.neume("info", "--json", path).text)[0]


class Generate(Model):
    def test_composes_a_song_and_prints_its_seed(self):
        text = self.generate().text
        self.assertRegex(text, r"out\.mid: 500 words, \d+ notes, .*, seed \d+\n$")
        self.assertEqual(self.info(self.path("out.mid"))["status"], "ok")

    def test_the_same_seed_gives_the_same_bytes_on_any_number_of_threads(self):
        for name, threads in ("a", 1), ("b", 2):
            self.generate("--seed", "7", "--threads", threads, "--length", "64", name=name)
        self.generate("--seed", "8", "--length", "64", name="c")
        self.assertEqual(self.read("a"), self.read("b"))
        self.assertNotEqual(self.read("a"), self.read("c"))

    def test_a_printed_seed_repeats_its_song(self):
        seed = self.song("--length", "40", name="a")["seed"]
        self.generate("--length", "40", "--seed", seed, name="b")
        self.assertEqual(self.read("a"), self.read("b"))

    def test_several_songs_are_numbered(self):
        self.generate("-n", "3", "--length", "20")
        self.assertEqual(sorted(os.listdir(self.folder)), ["out-1.mid", "out-2.mid", "out-3.mid"])
        self.assertNotEqual(self.read("out-1.mid"), self.read("out-2.mid"))

    def test_a_folder_takes_songs_in_order_of_their_names(self):
        self.generate("-n", "12", "--length", "20", name="new/")
        names = sorted(os.listdir(self.path("new")))
        self.assertEqual((len(names), names[0], names[-1]), (12, "song-01.mid", "song-12.mid"))

    def test_the_report_as_json_has_the_documented_keys(self):
        song = self.song("--seed", "3", "--length", "30")
        self.assertLessEqual({"file", "seed", "settings", "steps", "notes", "seconds",
                              "log_probability"}, set(song))
        self.assertEqual((song["file"], song["seed"], song["steps"]), (self.path("out.mid"), 3, 30))
        self.assertLess(song["log_probability"], 0)

    def test_a_song_can_go_to_standard_output(self):
        done = self.neume("generate", self.model, "-o", "-", "--length", "10")
        self.assertEqual(done.stdout[:4], b"MThd")
        self.assertIn("seed", done.errors)

    def test_lengths_in_bars_and_seconds_are_kept(self):
        self.assertEqual(self.song("--bars", "4")["steps"], 32)
        self.assertAlmostEqual(self.song("--seconds", "10")["seconds"], 10, delta=0.5)
        self.assertAlmostEqual(self.song("--seconds", "10", "--tempo", "60")["seconds"], 10, delta=1)

    def test_an_ending_may_come_before_but_not_after(self):
        self.assertLessEqual(self.song("--ending", "--length", "400")["steps"], 400)

    def test_tempo_and_instrument_are_in_the_file(self):
        self.generate("--tempo", "90", "--instrument", "ocarina", "--length", "20")
        self.assertAlmostEqual(self.info(self.path("out.mid"))["tempo"], 90, places=2)
        self.assertIn("Ocarina", self.neume("info", self.path("out.mid")).text)

    def test_a_family_of_instruments_stands_for_its_first(self):
        self.generate("--instrument", "Organ", "--length", "20")
        self.assertIn("Drawbar Organ", self.neume("info", self.path("out.mid")).text)

    def words(self, path):
        return self.neume("tokens", "--preset", "chords", path).text.split()

    def test_goes_on_from_notes_words_or_bars_of_a_file(self):
        tune = self.put("tune.mid", tool.midi(
            tool.notes(*[60, 62, 64, 65] * 2, *[67, 69, 71, 72] * 2, *[60] * 8)))
        for primer, expected in [(["--primer-notes", "60 62+50 64"], ["C4", "2", "E4"]),
                                 (["--primer-words", "C4 D4 E4"], ["C4", "D4", "E4"]),
                                 (["--primer", tune, "--primer-bars", "2"],
                                  ["G4", "A4", "B4", "C5"] * 2)]:
            self.generate(*primer, "--length", "8")
            words = self.words(self.path("out.mid"))
            self.assertEqual(words[:len(expected)], expected)
            self.assertEqual(len(words), len(expected) + 8 + 1)
            self.generate(*primer, "--length", "8", "--without-primer")
            self.assertEqual(len(self.words(self.path("out.mid"))), 8 + 1)

    def test_primers_that_are_none_are_refused(self):
        tune = self.put("tune.mid", tool.tune(1))
        self.generate("--primer", self.path("none.mid"), code=3)
        self.generate("--primer", self.put("a.txt", b"buy milk"), code=3)
        self.generate("--primer", tune, "--primer-bars", "900-901", code=3)
        self.generate("--primer-words", "C4 H7", code=2)
        for text in ("", "x", "60+", "128", "60;62", "60 62x", " "):
            self.generate("--primer-notes", text, code=2)
        self.assertFalse(os.path.exists(self.path("out.mid")))

    def test_says_how_much_of_a_primer_it_does_not_know(self):
        done = self.generate("--primer-notes", "60 1 2", "--length", "4")
        self.assertEqual(done.errors, "neume generate: 2 of the primer's 4 words are not in the "
                                      "model's vocabulary\n")

    def test_warns_in_one_line_of_a_song_that_repeats_itself(self):
        done = self.generate("--top-k", "1", "--length", "400")
        if done.errors:
            self.assertEqual(done.errors.count("\n"), 1)
            self.assertIn("its end repeats itself", done.errors)
        else:
            self.assertFalse(self.song("--greedy", "--length", "400")["loop"])

    def test_another_program_reads_the_songs(self):
        try:
            import mido
        except ImportError:
            tool.skip("python3-mido is not here to read the songs")
        self.generate("-n", "5", "--length", "50", name="new/")
        for name in os.listdir(self.path("new")):
            song = mido.MidiFile(self.path("new", name), clip=False)
            self.assertEqual(song.type, 1)

    def test_what_is_no_model_ends_with_4(self):
        whole = self.read(self.model)
        checkpoint = self.model + ".ckpt"
        bad = {"midi": tool.tune(1), "empty": b"", "text": b"buy milk" * 99, "half": whole[:len(whole) // 2],
               "longer": whole + b"x", "huge-header": b"\xff" * 7 + b"\x7f" + whole[8:],
               "flipped": whole[:100] + bytes([whole[100] ^ 1]) + whole[101:]}
        paths = [self.put(name + ".neume", data) for name, data in bad.items()]
        for path in [*paths, self.folder, "/dev/null", self.path("none"), checkpoint]:
            done = self.neume("generate", path, "-o", self.path("out.mid"), code=4)
            self.assertEqual(done.errors.count("\n"), 1, done.errors)
            self.assertTrue(done.errors.startswith(f"neume generate: {path}: "), done.errors)


class Events(tool.Case):
    """Songs of a model of events that knows next to nothing."""
    @classmethod
    def setUpClass(cls):
        cls.made = tempfile.mkdtemp(prefix="neume-test-")
        cls.addClassCleanup(shutil.rmtree, cls.made)
        cls.model = os.path.join(cls.made, "m.neume")
        for i in range(6):
            with open(os.path.join(cls.made, f"{i}.mid"), "wb") as file:
                file.write(tool.tune(i))
        done = tool.run("train", cls.made, "-o", cls.model, "--preset", "events", "--layers", "8", "--embed", "4",
                        "--trunk", "0", "--threads", "1", "--max-updates", "1", "--valid", "2")
        assert done.code == 0, done.errors

    def song(self, *arguments):
        """The report of a song, that of its file, and what was said."""
        done = self.neume("generate", self.model, "-o", self.path("out.mid"), "--seed", "4", "--json", *arguments)
        found = self.neume("info", "--json", self.path("out.mid"))
        return json.loads(done.text)[0], json.loads(found.text)[0], done.errors

    def test_seconds_are_those_of_the_files_own_tempos(self):
        for arguments in ([], ["--tempo", "60"], ["--tempo", "90"]):
            song, found, _ = self.song("--seconds", "10", *arguments)
            self.assertGreater(found["seconds"], 4)  # silence may come last
            self.assertLessEqual(found["seconds"], 10.01)
            self.assertAlmostEqual(song["seconds"], found["seconds"], delta=0.01)

    def test_the_notes_reported_are_those_of_the_file(self):
        song, found, errors = self.song("--length", "4000")
        self.assertEqual(song["notes"], found["notes"])
        self.assertRegex(errors, r"\d+ instruments share 15 channels\n")
        self.assertRegex(errors, r"song 0: a channel has one key of a pitch: \d+ notes fell together with others, "
                                 r"and others cut \d+ short\n")


class Evaluate(Model):
    def test_tells_pieces_apart_by_their_part_in_the_training(self):
        self.put("new/1.mid", tool.tune(100))
        done = self.neume("evaluate", "--json", self.model, self.made, self.path("new"))
        found = json.loads(done.text)
        self.assertLessEqual({"model", "preset", "step_unit", "pieces", "steps", "notes",
                              "nats_per_step", "nats_per_note", "accuracy", "unknown_share",
                              "baselines", "splits"}, set(found))
        self.assertEqual(set(found["baselines"]), {"uniform", "unigram", "trigram"})
        self.assertEqual({name: split["pieces"] for name, split in found["splits"].items()},
                         {"trained": 8, "validated": 2, "unseen": 1})
        self.assertEqual(found["pieces"], 11)
        self.assertLess(found["nats_per_step"], found["baselines"]["uniform"])

    def test_prints_a_table(self):
        self.put("new/1.mid", tool.tune(100))
        text = self.neume("evaluate", self.model, self.made, self.path("new")).text
        for row in ("all", "trained on", "validated on", "never seen"):
            self.assertRegex(text, rf"(?m)^{row} +\d+ ")

    def test_without_a_usable_piece_it_ends_with_3(self):
        self.put("new/1.mid", b"MThd")
        done = self.neume("evaluate", self.model, self.path("new"), code=3)
        self.assertIn("/new/1.mid", done.errors)

    def test_without_a_model_it_ends_with_4(self):
        self.neume("evaluate", self.path("none"), self.made, code=4)


class Info(Model):
    def test_describes_a_model_and_its_checkpoint(self):
        found = json.loads(self.neume("info", "--json", self.model, self.model + ".ckpt").text)
        self.assertEqual([(f["kind"], f["status"]) for f in found],
                         [("model", "ok"), ("checkpoint", "ok")])
        self.assertEqual(found[0]["description"]["preset"], "chords")
        self.assertGreater(found[0]["parameters"], 1000)
        self.assertIn("parameters", self.neume("info", self.model).text)

    def test_a_damaged_model_is_refused_with_a_reason(self):
        path = self.put("m.neume", self.read(self.model)[:-1])
        found = json.loads(self.neume("info", "--json", path, code=3).text)[0]
        self.assertEqual(found["status"], "refused")
        self.assertNotEqual(found["reason"], "")


tool.main()
