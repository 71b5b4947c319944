#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Help, man pages and completion come from one table, and say the same."""
import os
import re
import shutil
import subprocess

import tool

COMMANDS = ["train", "generate", "evaluate", "info", "tokens", "plot", "bench"]
DOCS = os.environ["NEUME_DOCS"]


def docs(*arguments):
    return subprocess.run([DOCS, *arguments], capture_output=True, text=True, check=True).stdout


def long_options(text):
    return re.findall(r"^  (?:-\w,|   ) --([a-z-]+)", text, re.M)


class Docs(tool.Case):
    def test_help_names_every_command(self):
        text = self.neume("--help").text
        for command in COMMANDS:
            self.assertRegex(text, rf"\n  {command} ")

    def test_both_ways_to_ask_for_help_give_the_same(self):
        for command in COMMANDS:
            self.assertEqual(self.neume(command, "--help").text, self.neume("help", command).text)

    def test_every_option_shows_its_default(self):
        for command in COMMANDS:
            text = self.neume(command, "--help").text
            options = long_options(text)
            self.assertEqual(text.count("(default:"), len(options) - 1, command)

    def test_help_shows_the_defaults_of_the_preset_named(self):
        for preset, layers in (("jazz", "256,256,256"), ("frames", "384")):
            text = " ".join(self.neume("train", "--preset", preset, "--help").text.split())
            self.assertIn(f"(default: {layers})", text)
            self.assertIn("(default: -5..6)", text)

    def test_no_option_is_there_twice(self):
        for command in COMMANDS:
            text = self.neume(command, "--help").text
            options, letters = long_options(text), re.findall(r"^  -(\w), --", text, re.M)
            self.assertEqual(len(options), len(set(options)))
            self.assertEqual(len(letters), len(set(letters)), letters)

    def test_help_is_80_columns_wide_at_most(self):
        for command in [[], *[[c] for c in COMMANDS]]:
            for line in self.neume(*command, "--help").text.split("\n"):
                if not line.startswith(("  neume ", "Usage: ")):
                    self.assertLessEqual(len(line), 80, line)

    def test_man_pages_have_the_options_of_help(self):
        for command in COMMANDS:
            page = docs("man", command).replace("\\-", "-").replace("\\fB", "").replace("\\fR", "")
            for option in long_options(self.neume(command, "--help").text):
                self.assertIn("--" + option, page)

    def test_man_pages_are_set_without_a_warning(self):
        if not shutil.which("groff"):
            tool.skip("groff is not here to set the man pages")
        for page in [[], *[[c] for c in COMMANDS]]:
            done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z"], input=docs("man", *page),
                                  capture_output=True, text=True, check=True)
            self.assertEqual(done.stderr, "")

    def test_bash_completes_commands_options_and_choices(self):
        if not shutil.which("bash"):
            tool.skip("bash is not here to complete anything")
        script = self.put("neume.bash", docs("bash").encode())
        ask = ('source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _neume; '
               'echo "${COMPREPLY[@]}"')
        for words, expected in [(["tr"], "train"), (["train", "--opt"], "--optimizer"),
                                (["train", "--optimizer", "ada"], "adam adamw adadelta"),
                                (["info", "/"], ""), (["help", "ev"], "evaluate"), (["bench", "--isa", "avx"], "avx2 avx512")]:
            done = subprocess.run(["bash", "-c", ask, script, "neume", *words],
                                  capture_output=True, text=True, check=True)
            self.assertEqual(sorted(done.stdout.split()), sorted(expected.split()), words)


tool.main()
