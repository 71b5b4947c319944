#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""bench/peers/compare with programs of known speed in the places of neume and of peers: ratios, turns, and who is
named as missing; and that neume's own reader answers as it asks."""

import argparse
import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE, PARSE = os.environ["NEUME_SOURCE"], os.environ["NEUME_PARSE"]
PEERS = os.path.join(SOURCE, "bench", "peers")
# Values of its rounds are 1, 2, 3 ... times argv[2].
STEADY = """
import json, sys
for turn, line in enumerate(sys.stdin):
    print(json.dumps({"what": "work", "peer": sys.argv[1], "shape": "1", "threads": 1, "unit": "things/s",
                      "value": (turn + 1) * float(sys.argv[2])}), flush=True)
"""
# A clock that goes on a second a call; a round's value, then how many calls it had.
COUNTED = """
import sys
sys.path.insert(0, sys.argv[1])
import rounds
now = iter(range(100))
calls = []
rounds.serve({"what": "work"}, 5, lambda: calls.append(1), lambda: next(now))
print(len(calls))
"""


def load_compare():
    loader = importlib.machinery.SourceFileLoader("compare", os.path.join(PEERS, "compare"))
    sys.dont_write_bytecode = True
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("compare", loader))
    sys.modules["compare"] = module
    loader.exec_module(module)
    return module


COMPARE = load_compare()


def steady(name, value):
    return [sys.executable, "-c", STEADY, name, str(value)]


def state_of(program):
    with open(f"/proc/{program.process.pid}/stat", encoding="utf-8") as stat:
        return stat.read().rpartition(")")[2].split()[0]


def comparison_of(**other):
    return COMPARE.Comparison(argparse.Namespace(**{"build": "", "data": "", "node_modules": None, "quick": True,
                                                    "python": sys.executable, **other}), "")


def compare(peers):
    """The rows printed when neume does 300 things a second, then 600, 900 ...; what is said of those left out."""
    comparison = comparison_of()
    comparison.commands = lambda row, threads: (steady("neume", 300), peers)
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        comparison.measure(COMPARE.Row("work", (1,)), 1)
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in out.getvalue().splitlines()], errors.getvalue()


class Peers(unittest.TestCase):
    def test_a_round_is_compared_with_those_of_neume_before_and_after(self):
        neume, peer = argparse.Namespace(values=[9, 100, 200, 400]), argparse.Namespace(values=[1, 75, 100])
        neume.said = {"what": "work", "peer": "neume", "shape": "1", "threads": 1, "unit": "things/s"}
        peer.said = {"peer": "slow"}
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            COMPARE.print_row(neume, peer, .25)
        self.assertEqual(out.getvalue(), "| work | 1 | 1 | 200 things/s | slow | 87.5 | **2.5** (2–3) | 2 | 25 % |\n")

    def test_all_peers_have_a_row_and_the_same_rounds(self):
        rows, errors = compare({"slow": steady("slow", 100), "fast": steady("fast", 600)})
        self.assertEqual([row[4] for row in rows], ["slow", "fast"])
        self.assertEqual(len({row[7] for row in rows}), 1)
        self.assertGreater(float(rows[0][6].split("*")[2]), 3)  # neume's next round is a faster one
        self.assertLess(float(rows[1][6].split("*")[2]), 1)
        self.assertEqual(errors, "")

    def test_a_peer_that_cannot_run_is_named_with_what_it_says(self):
        rows, errors = compare({"gone": ["/nowhere/gone"], "slow": steady("slow", 100),
                                "unfinished": [sys.executable, "-c", "raise SystemExit('apt-get install it')"]})
        self.assertEqual([row[4] for row in rows], ["slow"])
        self.assertIn("gone is left out: /nowhere/gone: No such file or directory", errors)
        self.assertIn("unfinished is left out: apt-get install it", errors)

    def test_any_number_of_threads_may_be_asked_for_but_files_are_read_by_one(self):
        arguments = argparse.Namespace(quick=True, only=None, threads=[16])
        wanted = {(row.what, threads) for row, threads in COMPARE.wanted(arguments)}
        self.assertEqual(wanted, {("layers", 16), ("update", 16), ("generate", 16), ("parse", 1)})
        arguments.threads = None
        self.assertEqual({threads for _, threads in COMPARE.wanted(arguments)}, {1, 2})

    def test_products_of_bfloat16_are_compared_with_pytorchs(self):
        row = COMPARE.Row("layers", (4, 2, 8, 1), precision="bf16")
        ours, peers = comparison_of(build="b").commands(row, 3)
        self.assertEqual(ours, [os.path.join("b", "bench", "train_step"), "bf16", "3", "4", "2", "8", "1", "rounds"])
        self.assertEqual(peers, {"PyTorch": [sys.executable, os.path.join(PEERS, "pytorch"), "3", "layers", "4", "2", "8", "1",
                                             "bf16"]})

    def test_onnxruntime_needs_a_network_that_pytorch_writes(self):
        with tempfile.TemporaryDirectory() as scratch, contextlib.redirect_stderr(io.StringIO()) as errors:
            comparison = comparison_of(python="/nowhere/python3")
            comparison.scratch = scratch
            _, peers = comparison.commands(COMPARE.Row("generate", (8, 1, 9)), 1)
        self.assertEqual(list(peers), ["PyTorch"])
        self.assertIn("onnxruntime is left out: its network is written by PyTorch, which did not", errors.getvalue())

    def test_a_program_stands_still_while_others_have_their_turn(self):
        program = COMPARE.Program(steady("slow", 100), 1, None)
        self.addCleanup(program.close)
        program.measure(0)
        end = time.monotonic() + 10  # a signal takes its time
        while state_of(program) != "T" and time.monotonic() < end:
            time.sleep(.01)
        self.assertEqual(state_of(program), "T")
        program.measure(0)
        self.assertEqual(program.values, [100, 200])

    def test_a_round_in_python_lasts_at_least_as_long_as_was_asked(self):
        done = subprocess.run([sys.executable, "-B", "-c", COUNTED, PEERS], input="9.5\n", capture_output=True, text=True,
                              check=True)
        answer, calls = done.stdout.splitlines()
        self.assertEqual(json.loads(answer), {"what": "work", "value": 5.0})
        self.assertEqual(calls, "10")

    def test_neume_answers_each_line_by_a_round(self):
        with open(os.path.join(SOURCE, "test", "data", "midi", "00-clean.hex"), encoding="ascii") as fixture:
            data = bytes.fromhex(" ".join(line.split("#")[0] for line in fixture))
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            done = subprocess.run([PARSE, "-r", "one file", file.name], input="0\n0.01\n", capture_output=True, text=True,
                                  check=True)
        rounds = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([(r["what"], r["peer"], r["shape"], r["threads"], r["unit"]) for r in rounds],
                         [("parse", "neume", "one file", 1, "MB/s")] * 2)
        self.assertTrue(all(r["value"] > 0 for r in rounds))


unittest.main()
