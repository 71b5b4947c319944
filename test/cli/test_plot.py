#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""neume plot: what its pictures show, read back from them, and what it refuses."""
import json
import math
import os
import re
import resource
import shutil
import struct
import subprocess
import unittest
import xml.etree.ElementTree

import tool

SVG = "{http://www.w3.org/2000/svg}"
BLUE, ORANGE = (0, 44.7, 69.8), (83.5, 36.9, 0)


def line(update, train, valid, **more):
    return {"epoch": update // 100, "update": update, "seconds": update / 2, "train_loss": train,
            "valid_loss": valid, "losses": {"word": train}, "valid_losses": {"word": valid},
            "learning_rate": 0.001, **more}


def falling(count=40, floor=1.5, seed=0):
    """Losses that fall, training below validation, best before the end."""
    out = []
    for i in range(1, count + 1):
        loss = floor + 3 * math.exp(-6 * i / count) + 0.02 * math.sin(i + seed)
        out.append(line(50 * i, loss, loss + 0.1 + 0.3 * (i / count) ** 4))
    return out


def pale(color):
    return tuple((part + 100) / 2 for part in color)


def numbers(text):
    return [float(part) for part in re.findall(r"-?\d+(?:\.\d+)?", text)]


def color_of(element, key):
    style = dict(part.split(":", 1) for part in element.get("style", "").replace(" ", "").split(";") if ":" in part)
    return numbers(element.get(key) or style.get(key, ""))


def points_of(element):
    """The points of a path of straight lines; a curved one, a dot, has none."""
    path = element.get("d", "")
    return None if "C" in path else list(zip(*[iter(numbers(path))] * 2))


def strokes(root, color):
    """The lines of this colour, each a list of points, as they are drawn."""
    return [points_of(path) for path in root.iter(SVG + "path")
            if color_of(path, "stroke") and all(abs(a - b) < 0.3 for a, b in zip(color_of(path, "stroke"), color))]


@unittest.skipUnless(os.environ["NEUME_MEDIA"] == "yes", "SKIPPED: built without cairo")
class Plot(tool.Case):
    def log(self, name, lines):
        text = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
        return self.put(name, text.encode())

    def svg(self, *logs, arguments=()):
        self.neume("plot", *logs, "-o", self.path("out.svg"), *arguments)
        return xml.etree.ElementTree.parse(self.path("out.svg")).getroot()

    def assert_drawn(self, places, values, scale=lambda value: value):
        """The places are the values on some scale, upwards: an affine function of them."""
        self.assertEqual(len(places), len(values))
        values = [scale(value) for value in values]
        low, high = values.index(min(values)), values.index(max(values))
        slope = (places[high] - places[low]) / (values[high] - values[low])
        self.assertLess(slope, 0)
        for place, value in zip(places, values):
            self.assertAlmostEqual(place, places[low] + slope * (value - values[low]), delta=0.02)

    def test_curves_are_where_the_losses_say(self):
        lines = falling()
        root = self.svg(self.log("a.jsonl", lines))
        [valid], [train] = strokes(root, BLUE), strokes(root, pale(BLUE))
        self.assert_drawn([y for _, y in valid], [it["valid_loss"] for it in lines])
        self.assert_drawn([y for _, y in valid + train],
                          [it["valid_loss"] for it in lines] + [it["train_loss"] for it in lines])
        self.assert_drawn([-x for x, _ in valid], [it["update"] for it in lines])

    def test_a_loss_that_falls_far_is_drawn_on_a_logarithmic_axis(self):
        lines = [line(i, 5 * 0.8 ** i * (1 + 0.1 * (i % 2)), None) for i in range(1, 41)] # no three on a line
        log = self.log("a.jsonl", lines)
        values = [it["train_loss"] for it in lines]
        [curve] = strokes(self.svg(log), BLUE)
        self.assert_drawn([y for _, y in curve], values, math.log)
        [curve] = strokes(self.svg(log, arguments=["--loss-axis", "linear"]), BLUE)
        self.assert_drawn([y for _, y in curve], values)

    def test_what_is_not_finite_is_a_gap(self):
        lines = falling()
        for i in (0, 10, 11, 12, 39):
            lines[i]["train_loss"] = None
        text = [json.dumps(it) + "\n" for it in lines]
        text[20] = text[20].replace(str(lines[20]["train_loss"]), "NaN")
        text[30] = text[30].replace(str(lines[30]["train_loss"]), "-Infinity")
        done = self.neume("plot", self.log("a.jsonl", text), "-o", self.path("out.svg"))
        self.assertIn("a.jsonl: 7 lines without a finite training loss, a gap in the curve", done.errors)
        root = xml.etree.ElementTree.parse(self.path("out.svg")).getroot()
        self.assertEqual([len(it) for it in strokes(root, pale(BLUE))], [9, 7, 9, 8])
        self.assertEqual([len(it) for it in strokes(root, BLUE)], [40])

    def test_runs_of_different_length_have_colours_and_one_x(self):
        logs = [self.log("a.jsonl", falling(40)), self.log("b.jsonl", falling(60, 1.2))]
        for axis, factor in (("update", 50), ("seconds", 25), ("epoch", 0.5)):
            root = self.svg(*logs, arguments=["-x", axis])
            [a], [b] = strokes(root, BLUE), strokes(root, ORANGE)
            self.assert_drawn([-x for x, _ in a + b],
                              [factor * i for i in range(1, 41)] + [factor * i for i in range(1, 61)])

    def test_streams_have_panels_and_a_rate_that_changes_has_one(self):
        lines = falling()
        for i, it in enumerate(lines):
            it["losses"] = {"note": it["train_loss"] / 2, "offset": it["train_loss"] / 3}
            it["valid_losses"] = {"note": it["valid_loss"] / 2, "offset": it["valid_loss"] / 3}
            it["learning_rate"] = 0.001 * (1 + i * i % 7)  # no three on a line
        root = self.svg(self.log("a.jsonl", lines))
        main, rate, note, offset = strokes(root, BLUE)
        self.assert_drawn([y for _, y in rate], [it["learning_rate"] for it in lines])
        for part in (note, offset):
            self.assert_drawn([y for _, y in part], [it["valid_loss"] for it in lines])
        self.assertLess(max(y for _, y in main), min(y for _, y in rate))
        self.assertLess(max(x for x, _ in note), min(x for x, _ in offset))

    def test_a_long_run_is_a_small_file_that_keeps_its_extremes(self):
        lines = falling(20000)
        lines[12345]["valid_loss"] = 4.9
        root = self.svg(self.log("a.jsonl", lines))
        [valid] = strokes(root, BLUE)
        self.assertLess(len(valid), 6000)
        self.assertLess(os.path.getsize(self.path("out.svg")), 400000)
        peak = min(valid[100:], key=lambda point: point[1])
        self.assertAlmostEqual((peak[0] - valid[0][0]) / (valid[-1][0] - valid[0][0]), 12345 / 19999, delta=1e-3)

    def test_one_point_and_many_runs_can_be_drawn(self):
        self.svg(self.log("a.jsonl", falling(1)))
        self.svg(self.log("a.jsonl", [line(0, 2.0, 2.0)]))
        self.svg(*[self.log(f"{i}.jsonl", falling(3 + i)) for i in range(24)])
        self.refused("plot", *[self.path(f"{i % 24}.jsonl") for i in range(25)], code=2,
                     line=f"neume plot: unexpected '{self.path('0.jsonl')}'; usage: neume plot RUN.jsonl... "
                          "[-o FILE.png|.svg|.pdf] [options]")

    def test_a_png_has_two_pixels_a_point_and_stands_beside_the_log(self):
        log = self.log("a.jsonl", falling())
        done = self.neume("plot", log)
        self.assertIn(f"Picture: {self.path('a.png')}\n", done.text)
        data = self.read("a.png")
        self.assertEqual(data[:8], b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", data[16:24])
        root = self.svg(log)
        self.assertEqual((width, height), tuple(int(2 * numbers(root.get(key))[0]) for key in ("width", "height")))

    def test_a_pdf_says_in_text_what_is_what(self):
        if not shutil.which("pdftotext"):
            tool.skip("pdftotext is not here to read the PDF")
        lines = falling()
        self.neume("plot", self.log("a.jsonl", lines), "-o", self.path("a.pdf"))
        text = subprocess.run(["pdftotext", "-layout", self.path("a.pdf"), "-"], capture_output=True, text=True,
                              check=True).stdout
        best = min(lines, key=lambda it: it["valid_loss"])
        for words in ("Loss, nats a step", "training", "validation", "updates", "2,000",
                      f"best {best['valid_loss']:.3f}, update {best['update']:,}"):
            self.assertIn(words, text)
        self.neume("plot", self.path("a.jsonl"), self.log("folder/run.jsonl", falling(9)), "-o", self.path("b.pdf"))
        text = subprocess.run(["pdftotext", "-layout", self.path("b.pdf"), "-"], capture_output=True, text=True,
                              check=True).stdout
        self.assertRegex(text, r"(?m)\bfolder +\d\.\d\d\d")
        self.assertRegex(text, r"(?m)\ba +\d\.\d\d\d")

    def test_the_same_logs_give_the_same_picture(self):
        log = self.log("a.jsonl", falling())
        for end in ("png", "svg"):
            self.neume("plot", log, "-o", self.path("1." + end))
            self.neume("plot", log, "-o", self.path("2." + end))
            self.assertEqual(self.read("1." + end), self.read("2." + end))

    def test_a_log_of_a_real_run_is_drawn_and_standard_input_is_read(self):
        self.neume("train", self.songs(), "-o", self.path("m.neume"), *tool.TINY, "--epochs", "6", "--valid", "2",
                   "--log", self.path("m.jsonl"))
        root = self.svg(self.path("m.jsonl"))
        lines = [json.loads(it) for it in self.read("m.jsonl").decode().splitlines()]
        self.assert_drawn([y for _, y in strokes(root, BLUE)[0]], [it["valid_loss"] for it in lines])
        self.neume("plot", "-", "-o", self.path("in.svg"), stdin=self.read("m.jsonl"))
        self.assertEqual(self.read("in.svg"), self.read("out.svg"))

    def test_lines_that_cannot_be_used_are_named(self):
        good = json.dumps(line(100, 2, 2)) + "\n"
        expected = 'expected a run log of neume train --log, such as {"update": 20, "train_loss": 2.5, ...}'
        for text, reason in (
                (good + "{\n", f"line 2: {expected}"), (good + good + "[1]\n", f"line 3: {expected}"),
                ('{"update": "x", "train_loss": 1}\n', f"line 1: {expected}"),
                (good + json.dumps(line(50, 2, 2)) + "\n",
                 "line 2: its update comes before that of the line above, expected a log of one run"),
                ("", "no validation, expected a run log of neume train --log"),
                ("\n\n", "no validation, expected a run log of neume train --log"),
                ('{"update": 3}\n', "no validation, expected a run log of neume train --log")):
            log = self.log("bad.jsonl", [text])
            self.refused("plot", log, "-o", self.path("bad.png"), code=3, line=f"neume plot: {log}: {reason}")
            self.assertFalse(os.path.exists(self.path("bad.png")))

    def test_a_log_that_does_not_say_what_x_is_is_refused(self):
        log = self.log("a.jsonl", [{"update": 1, "train_loss": 2}, {"update": 2, "train_loss": 1.5}])
        self.neume("plot", log)
        for x, key in (("epoch", "epoch"), ("seconds", "seconds")):
            self.refused("plot", log, "-x", x, code=3,
                         line=f'neume plot: {log}: a line without "{key}", expected another -x')

    def test_what_is_left_out_is_said(self):
        log = self.log("a.jsonl", [*falling(), {"update": 2000, "event": "resumed"}, '{"update": 20'])
        done = self.neume("plot", log, "-o", self.path("a.png"))
        self.assertIn("a.jsonl: 1 line without a loss, left out\n", done.errors)
        self.assertIn("a.jsonl: 1 line without an end, the last, left out\n", done.errors)
        self.assertIn("a.jsonl: 40 validations, best ", done.text)

    def test_as_json_it_says_what_was_drawn(self):
        lines = falling()
        lines[3]["train_loss"] = None
        logs = [self.log("a.jsonl", [*lines, {"update": 2000}]),
                self.log("b.jsonl", [line(1, 2.0, None)])]
        found = json.loads(self.neume("plot", *logs, "-o", self.path("a.svg"), "--json").text)
        best = min(lines, key=lambda it: it["valid_loss"])
        self.assertEqual(found, {"picture": self.path("a.svg"), "runs": [
            {"file": logs[0], "validations": 40, "best_update": best["update"],
             "best_valid_loss": float(f"{best['valid_loss']:.15g}"), "not_finite": 1, "left_out": 1},
            {"file": logs[1], "validations": 1, "best_update": None, "best_valid_loss": None, "not_finite": 0,
             "left_out": 0}]})

    def test_a_picture_that_cannot_be_written_leaves_the_old_one(self):
        log, picture = self.log("a.jsonl", falling()), self.put("a.png", b"old")
        done = subprocess.run([tool.NEUME, "plot", log], capture_output=True, text=True, check=False,
                              restore_signals=False, # SIGXFSZ stays ignored: writing fails instead
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)))
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertRegex(done.stderr, rf"^neume plot: {picture}: .*File too large\n")
        self.assertEqual(self.read("a.png"), b"old")
        self.assertEqual(sorted(os.listdir(self.folder)), ["a.jsonl", "a.png"])

    def test_other_commands_do_not_load_what_draws(self):
        listed = subprocess.run(["ldd", tool.NEUME], capture_output=True, text=True, check=True).stdout
        self.assertNotIn("cairo", listed)
        self.assertNotIn("neume-media", listed)

    def test_without_the_library_it_says_what_is_missing(self):
        binary = self.path("neume")
        with open(tool.NEUME, "rb") as file:
            data = file.read()
        self.assertTrue(b"src/media" in data)
        self.put("neume", data.replace(b"src/media", b"src/nowhere"[:9]))
        os.chmod(binary, 0o755)
        done = subprocess.run([binary, "plot", self.log("a.jsonl", falling()), "-o", self.path("a.png")],
                              capture_output=True, text=True, check=False,
                              env={key: value for key, value in os.environ.items() if key != "LD_LIBRARY_PATH"})
        if done.returncode == 0:
            tool.skip("libneume-media is installed on this machine")
        self.assertEqual((done.returncode, done.stderr),
                         (1, "neume plot: no pictures: libneume-media.so.0: cannot open shared object file: No such "
                             "file or directory; neume makes libneume-media where it is built with cairo\n"))


tool.main()
