#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""neume train -o DIR/: a folder that holds all of a run, and a report that tells of it."""
import json
import os
import re
import signal
import subprocess
import time

import tool

HAS_MEDIA = os.environ["NEUME_MEDIA"] == "yes"
RUN = {"model.neume", "model.last.neume", "model.neume.ckpt", "run.jsonl", "report.json", "report.md"}
PICTURES = {"curves.svg", "curves.png"} if HAS_MEDIA else set()
EXAMPLES = {f"samples/example-{i}.mid" for i in (1, 2, 3)}


class RunFolder(tool.Case):
    def train(self, *arguments, name="run/", code=0):
        return self.neume("train", self.path("songs"), "-o", self.path(name), *tool.TINY, "--valid", "3", *arguments,
                          code=code)

    def files(self, name="run"):
        found = set()
        for folder, _, files in os.walk(self.path(name)):
            found |= {os.path.relpath(os.path.join(folder, file), self.path(name)) for file in files}
        return found

    def report(self, name="run"):
        return self.read(name + "/report.md").decode()

    def lines(self, name="run"):
        return [json.loads(it) for it in self.read(name + "/run.jsonl").splitlines()]

    def test_all_files_of_a_run_are_in_its_folder(self):
        self.songs(12)
        done = self.train("--epochs", "4", "--keep", "2", "--samples", "2")
        self.assertTrue(done.text.endswith(f"Report: {self.path('run/report.md')}\n"))
        self.assertEqual(self.files(), RUN | PICTURES | EXAMPLES | {
            "model.e0003.neume", "model.e0004.neume", "samples/e0002.mid", "samples/e0004.mid"})
        self.assertEqual(os.listdir(self.folder).count("run"), 1)
        for name in sorted(self.files()):
            if name.endswith(".mid"):
                [about] = json.loads(self.neume("info", "--json", self.path("run", name)).text)
                self.assertEqual(about["status"], "ok", name)
                self.assertGreater(about["notes"], 0)

    def test_a_folder_that_exists_needs_no_slash_and_what_is_there_stays(self):
        self.songs()
        self.put("run/notes.txt", b"mine")
        self.train("--epochs", "1", name="run")
        self.assertEqual(self.files(), RUN | PICTURES | EXAMPLES | {"notes.txt"})
        self.assertEqual(self.read("run/notes.txt"), b"mine")

    def test_a_model_in_a_folder_is_the_model_of_a_file(self):
        self.songs()
        self.train("--epochs", "2")
        self.train("--epochs", "2", name="m.neume")
        self.assertEqual(self.read("run/model.neume"), self.read("m.neume"))
        self.assertEqual(self.files(".") - {f"run/{it}" for it in self.files()} - {f"songs/{i}.mid" for i in range(8)},
                         {"m.neume", "m.last.neume", "m.neume.ckpt"})

    def test_log_and_account_may_be_elsewhere(self):
        self.songs()
        self.train("--epochs", "2", "--log", self.path("l.jsonl"), "--report", self.path("r.json"))
        self.assertEqual(self.files(), (RUN - {"run.jsonl", "report.json"}) | PICTURES | EXAMPLES)
        self.assertIn(f"`{self.path('l.jsonl')}`", self.report())
        self.assertEqual(self.json("r.json")["seen"], 8)

    def test_a_run_that_is_there_is_neither_overwritten_nor_started_anew(self):
        self.songs()
        self.train("--epochs", "1")
        before = self.read("run/model.neume")
        done = self.train("--epochs", "2", code=2)
        self.assertIn(f"{self.path('run/model.neume')}: exists; --force overwrites it", done.errors)
        self.assertEqual(self.read("run/model.neume"), before)
        self.train("--epochs", "2", "--force")
        self.assertIn("after 2 epochs", self.report())

    def test_resume_goes_on_in_the_folder(self):
        self.songs()
        self.train("--epochs", "2", "--samples", "1")
        self.assertIn("after 2 epochs", self.report())
        report = self.read("run/report.md")
        done = self.train("--epochs", "2", "--samples", "1", "--resume")
        self.assertIn("was complete already", done.text)
        self.assertEqual(self.read("run/report.md"), report)
        self.train("--epochs", "5", "--samples", "1", "--resume")
        self.assertIn("after 5 epochs", self.report())
        self.assertLessEqual({f"samples/e000{i}.mid" for i in range(1, 6)}, self.files())
        self.assertEqual(len(self.lines()), 5)

    def test_a_run_that_is_stopped_reports_that_and_ends_as_one_that_was_not(self):
        self.songs()
        long = ["--max-updates", "3000", "--samples", "20", "--save-every", "1"]
        running = subprocess.Popen(
            [tool.NEUME, "train", self.path("songs"), "-o", self.path("run/"), *tool.TINY, "--valid", "3", *long],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(running.communicate)
        self.addCleanup(running.kill)
        log = self.path("run/run.jsonl")
        for _ in range(3000):
            if os.path.exists(log) and os.path.getsize(log) > 0:
                break
            time.sleep(0.01)
        running.send_signal(signal.SIGTERM)
        self.assertEqual(running.wait(60), 130)
        if len(self.lines()) * 21 > 2900:
            tool.skip("the machine was too fast, or too slow to stop it on its way")
        report = self.report()
        self.assertRegex(report, r"\*\*It is not over:\*\* `training: interrupted after update \d+; --resume goes on`")
        self.assertIn("No examples: ", report)
        self.assertEqual({it for it in self.files() if "example" in it}, set())
        self.train(*long, "--resume")
        self.train(*long, name="whole/")
        for name in sorted(self.files("whole")):
            if name.endswith((".neume", ".mid")):
                self.assertEqual(self.read("run/" + name), self.read("whole/" + name), name)
        self.assertNotIn("not over", self.report())

    def test_a_run_that_fails_reports_why(self):
        self.songs()
        done = self.train("--lr", "1e6", "--weight-decay", "1e6", "--clip", "0", "--warmup", "0", "--max-updates", "40",
                          "--valid-every", "1", code=1)
        reason = done.errors.splitlines()[-1].removeprefix("neume train: ")
        self.assertIn("is not finite at update", reason)
        self.assertIn(f"**It is not over:** `{reason}`, after ", self.report())
        self.assertIn("No examples: ", self.report())

    def test_a_dry_run_makes_no_folder(self):
        self.songs()
        self.train("--dry-run", "--samples", "2")
        self.assertFalse(os.path.exists(self.path("run")))

    def test_the_report_tells_what_was_asked_found_reached_and_composed(self):
        self.songs(12)
        self.put("songs/copy.mid", tool.tune(3))
        self.put("songs/cut | `x`.mid", tool.tune(20)[:60])
        self.put("songs/broken.mid", b"MThd\0\0\0\6\0\1")
        result = json.loads(self.train("--epochs", "6", "--json", "--samples", "3").text)
        report = self.report()
        self.assertIn("It ended as planned, after 6 epochs, ", report)
        for name, value in (("**this model**", result["valid_loss"]),
                            ("this model, calibrated", result["calibrated_loss"]),
                            *((it, result["baselines"][it]) for it in ("trigram", "unigram", "uniform"))):
            self.assertIn(f"| {name} | {value:.3f} | ", report)
        self.assertIn("on 3 pieces that it did not train on", report)
        self.assertIn("| 15 | 12 | 1 | 1 | 1 | 0 |", report)
        self.assertRegex(report, r"\| skipped \| `[^`]*broken\.mid` \| `[^`]+` \|")
        self.assertRegex(report, r"\| duplicate \| `[^`]*copy\.mid` \| `the same words as 3\.mid` \|")
        self.assertRegex(report, r"\| repaired \| `[^`]*cut \\\| 'x'\.mid` \| `[^`]+` \|")
        self.assertEqual(report.count("![") == 1, HAS_MEDIA)
        for name in sorted(EXAMPLES):
            [about] = json.loads(self.neume("info", "--json", self.path("run", name)).text)
            self.assertRegex(report, rf"\| \[{name}\]\({name}\) \| \d+\.\d s \| {about['notes']} \| 1, song \d \|")
        self.assertIn("every 3 epochs, one of seed 1: `samples/e0003.mid`", report)
        self.assertRegex(report, r"\n[\d,]+ parameters, [\d.]+ kB; preset chords\.\n")
        self.assertIn("| training.learning_rate | `0.02` |", report)
        self.assertRegex(report, r"\| kernels \| c, 1 thread \|")

    def test_the_commands_of_the_report_are_those_that_were_given_and_work(self):
        self.songs()
        os.rename(self.path("songs"), self.path("my 'songs'"))
        self.neume("train", self.path("my 'songs'"), "-o", self.path("run/"), *tool.TINY, "--epochs", "2", "--force")
        first, second = re.findall(r"```sh\n(.*?)```", self.report(), re.S)
        self.assertEqual(first.count("\n"), 1)
        environment = {**os.environ, "PATH": os.path.dirname(tool.NEUME) + ":" + os.environ["PATH"]}
        before = self.read("run/model.neume")
        os.remove(self.path("run/model.neume"))
        for command in [first, *second.splitlines()[:3]]:
            done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=environment,
                                  cwd=self.folder, check=False)
            if not HAS_MEDIA and command.startswith("neume plot"):
                continue
            self.assertEqual(done.returncode, 0, command + done.stderr)
        self.assertEqual(self.read("run/model.neume"), before)
        self.assertTrue(os.path.exists(self.path("song.mid")))
        self.assertNotIn("--force", second)

    def test_without_held_out_pieces_the_report_says_so(self):
        self.songs(2)
        self.neume("train", self.path("songs"), "-o", self.path("run/"), *tool.TINY, "--epochs", "1", "--valid", "0")
        self.assertIn("No piece was held out: nothing tells how well it does", self.report())

    def test_a_report_that_cannot_be_written_is_a_failure(self):
        self.songs()
        os.makedirs(self.path("run/report.md/x"))
        done = self.train("--epochs", "1", code=5)
        self.assertIn(self.path("run/report.md"), done.errors.splitlines()[-1])
        self.assertTrue(os.path.exists(self.path("run/model.neume")))

    def test_samples_of_a_run_without_a_folder_are_beside_its_model(self):
        self.songs()
        self.train("--epochs", "4", "--samples", "2", name="m.neume")
        self.assertEqual(sorted(it for it in os.listdir(self.folder) if it.endswith(".mid")),
                         ["m.e0002.mid", "m.e0004.mid"])


tool.main()
