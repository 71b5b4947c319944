#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""neume train: what it says, what it writes, and that it goes on after anything."""
import json
import os
import pty
import signal
import subprocess
import time

import tool

# Two broken, two that hold nothing, one that is no MIDI at all.
BAD = {"broken.mid": b"MThd\0\0\0\6\0\1", "page.mid": b"<html>404</html>",
       "empty.mid": b"", "silent.mid": tool.midi(b""), "notes.txt": b"buy milk"}
LONG = ["--max-updates", "600", "--valid-every", "20", "--save-every", "1"]


class Train(tool.Case):
    def train(self, *arguments, name="m.neume", code=0):
        return self.neume("train", self.path("songs"), "-o", self.path(name), *tool.TINY, *arguments,
                          code=code)

    def hash(self, name="m.neume"):
        return json.loads(self.neume("info", "--json", self.path(name)).text)[0]["hash"]

    def start(self, *arguments, name="m.neume"):
        """A training under way: it has validated at least once."""
        log = self.path(name + ".jsonl")
        running = subprocess.Popen(
            [tool.NEUME, "train", self.path("songs"), "-o", self.path(name), *tool.TINY, *LONG,
             "--log", log, *arguments], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(running.communicate)
        self.addCleanup(running.kill)
        for _ in range(3000):
            if os.path.exists(log) and os.path.getsize(log) > 0:
                return running
            time.sleep(0.01)
        return self.fail("training wrote no log within 30 seconds")

    def test_ends_with_the_loss_beside_baselines_and_what_to_do_next(self):
        self.songs(12)
        text = self.train("--epochs", "3", "--valid", "3").text
        self.assertIn("Held-out loss, nats a word, on 3 pieces that it did not train on:", text)
        for name in ("this model", "trigram", "unigram", "uniform"):
            self.assertRegex(text, rf"\n  {name} +\d+\.\d\d\d")
        self.assertTrue(text.endswith(f"Next: neume generate {self.path('m.neume')} -o song.mid\n"))

    def test_a_model_that_learnt_nothing_is_called_so(self):
        self.songs(12)
        text = self.train("--max-updates", "1", "--lr", "1e-9", "--valid", "3").text
        self.assertIn("no better than the unigram baseline", text)

    def test_without_held_out_pieces_it_says_so(self):
        self.songs(2)
        text = self.train("--epochs", "1", "--valid", "0").text
        self.assertIn("No piece was held out", text)

    def test_the_result_as_json_is_all_of_standard_output(self):
        self.songs()
        found = json.loads(self.train("--epochs", "1", "--json").text)
        self.assertLessEqual({"model", "preset", "end", "epochs", "updates", "seconds", "train_loss",
                              "valid_loss", "baselines", "corpus"}, set(found))

    def test_quiet_says_nothing(self):
        self.songs()
        done = self.train("--epochs", "1", "-q")
        self.assertEqual((done.text, done.errors), ("", ""))

    def test_a_timed_run_tells_how_to_repeat_it(self):
        self.songs()
        text = self.train("--time-limit", "1s").text
        self.assertRegex(text, r"The same run without a clock: --max-updates \d+ instead of")

    def test_progress_is_one_line_on_a_terminal(self):
        self.songs()
        try:
            master, terminal = pty.openpty()
        except OSError as error:
            tool.skip(f"no terminal to be had: {error}")
        running = subprocess.Popen(
            [tool.NEUME, "train", self.path("songs"), "-o", self.path("m"), *tool.TINY, "--time-limit",
             "2s"], stderr=terminal, stdout=subprocess.DEVNULL, env={**os.environ, "TERM": "xterm"})
        os.close(terminal)
        said = b""
        try:
            while piece := os.read(master, 4096):
                said += piece
        except OSError:  # the other end is closed
            pass
        os.close(master)
        self.assertEqual(running.wait(), 0, said)
        lines = [line for line in said.split(b"\r\x1b[K") if not line.startswith(b"neume: ")]
        self.assertGreater(len(lines), 3)
        for line in lines[1:-1]:
            self.assertRegex(line, rb"^epoch \d+  update [\d,]+.*  loss \d\.\d\d\d.*$")
        self.assertEqual(lines[-1], b"")

    def test_the_log_has_a_line_for_each_validation(self):
        self.songs()
        self.train("--max-updates", "20", "--valid-every", "5", "--log", self.path("log"))
        lines = [json.loads(line) for line in self.read("log").decode().splitlines()]
        self.assertEqual([line["update"] for line in lines], [5, 10, 15, 20])
        self.assertLessEqual({"epoch", "update", "seconds", "train_loss", "valid_loss",
                              "train_accuracy", "valid_accuracy", "losses", "steps_per_second",
                              "learning_rate", "gradient_norm"}, set(lines[0]))

    def test_the_report_accounts_for_every_file(self):
        self.songs(4)
        for name, data in BAD.items():
            self.put("songs/" + name, data)
        self.put("songs/again.mid", tool.tune(0))
        done = self.train("--epochs", "1", "--report", self.path("report"))
        report = self.json("report")
        counts = {key: report[key] for key in report if key != "files"}
        self.assertEqual(counts, {"seen": 9, "clean": 4, "repaired": 0, "skipped": 4, "duplicate": 1,
                                  "other": 1})
        self.assertEqual(len(report["files"]), 10)
        for file in report["files"]:
            self.assertEqual(set(file), {"file", "status", "reason", "offset", "notes", "steps", "split"})
            self.assertEqual(file["reason"] == "", file["status"] == "clean", file)
        self.assertIn("9 MIDI files: 4 clean, 0 repaired, 4 skipped, 1 duplicate; 1 other file\n",
                      done.errors)

    def test_where_nothing_is_usable_it_says_why_and_ends_with_3(self):
        for name, data in BAD.items():
            self.put("songs/" + name, data)
        done = self.train("--report", self.path("report"), code=3)
        for name in BAD:
            self.assertEqual(f"/songs/{name}: " in done.errors, name.endswith(".mid"), name)
        self.assertEqual(done.errors.splitlines()[-1], "neume train: no usable input: of 4 MIDI files "
                         "4 were skipped, 0 duplicate; 1 other files")
        self.assertEqual(self.json("report")["skipped"], 4)
        self.assertFalse(os.path.exists(self.path("m.neume")))

    def test_of_many_unusable_files_ten_are_named(self):
        for i in range(25):
            self.put(f"songs/{i}.mid", b"MThd" + bytes([i]))
        done = self.train(code=3)
        self.assertEqual(done.errors.count("skipped: "), 10)
        self.assertIn("neume: and 15 more: see --report\n", done.errors)

    def test_missing_and_empty_input_end_with_3(self):
        os.mkdir(self.path("songs"))
        self.train(code=3)
        done = self.neume("train", self.path("none"), "-o", self.path("m"), *tool.TINY, code=3)
        self.assertIn("No such file or directory", done.errors)

    def test_a_model_is_overwritten_only_by_force(self):
        self.songs()
        self.train("--epochs", "1")
        before = self.read("m.neume")
        self.refused("train", self.path("songs"), "-o", self.path("m.neume"), *tool.TINY, code=2,
                     line=f"neume train: {self.path('m.neume')}: exists; --force overwrites it, "
                          "--resume goes on with it")
        self.assertEqual(self.read("m.neume"), before)
        self.train("--epochs", "2", "--force")
        self.assertNotEqual(self.read("m.neume"), before)

    def test_a_dry_run_tells_size_memory_and_time_and_writes_nothing(self):
        self.songs()
        text = self.train("--dry-run", "--epochs", "2").text
        self.assertRegex(text, r"Model: [\d,]+ parameters")
        self.assertRegex(text, r"Memory: about ")
        self.assertRegex(text, r"Time: \d+ updates an epoch")
        self.assertEqual(os.listdir(self.folder), ["songs"])
        found = json.loads(self.train("--dry-run", "--json").text)
        self.assertGreater(found["parameters"], 0)

    def test_overfitting_learns_its_batch_by_heart(self):
        self.songs(4)
        self.train("--overfit", "--max-updates", "400", "--log", self.path("log"), "--valid-every", "400")
        last = json.loads(self.read("log").decode().splitlines()[-1])
        self.assertLess(last["train_loss"], 0.5)

    def test_any_number_of_threads_gives_the_same_weights(self):
        self.songs()
        hashes = set()
        for threads in "12":
            self.train("--max-updates", "10", "--threads", threads, name=threads)
            hashes.add(self.hash(threads))
        self.assertEqual(len(hashes), 1)

    def test_an_interrupt_saves_and_resume_goes_on_as_if_nothing_had_happened(self):
        self.songs()
        self.train(*LONG, name="whole.neume")
        running = self.start()
        running.send_signal(signal.SIGINT)
        errors = running.communicate(timeout=60)[1].decode()
        self.assertEqual(running.returncode, 130, errors)
        self.assertIn("--resume", errors)
        self.train(*LONG, "--resume")
        self.assertEqual(self.hash(), self.hash("whole.neume"))

    def test_a_kill_loses_nothing_that_resume_does_not_do_again(self):
        self.songs()
        self.train(*LONG, "--log", self.path("whole.log"), name="whole.neume")
        running = self.start()
        running.kill()
        running.communicate(timeout=60)
        self.train(*LONG, "--resume", "--log", self.path("m.neume.jsonl"))
        self.assertEqual(self.hash(), self.hash("whole.neume"))
        losses = [[(json.loads(line)["update"], json.loads(line)["valid_loss"])
                   for line in self.read(name).decode().splitlines()]
                  for name in ("m.neume.jsonl", "whole.log")]
        self.assertEqual(*losses)

    def test_a_run_that_is_complete_is_left_as_it_is(self):
        self.songs()
        self.train("--epochs", "1")
        before = self.read("m.neume")
        done = self.train("--epochs", "1", "--resume")
        self.assertIn("(was complete already)", done.text)
        self.assertEqual(self.read("m.neume"), before)

    def test_resuming_what_never_began_begins(self):
        self.songs()
        done = self.train("--epochs", "1", "--resume")
        self.assertIn("no checkpoint and no model: starting anew", done.errors)
        self.assertTrue(os.path.exists(self.path("m.neume")))

    def test_another_corpus_or_network_cannot_be_resumed(self):
        self.songs()
        running = self.start()
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=60)
        self.assertEqual(running.returncode, 130)
        self.train(*LONG, "--resume", "--layers", "17", code=2)
        self.put("songs/new.mid", tool.tune(99))
        self.train(*LONG, "--resume", code=2)


tool.main()
