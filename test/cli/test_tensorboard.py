#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""neume train --tensorboard: event files, read by a decoder that knows the formats from their specifications alone:
records (length, masked CRC-32C, data, masked CRC-32C) and protocol buffers (varints, fixed 32 and 64 bits, lengths)."""
import json
import os
import resource
import signal
import struct
import subprocess
import time
import unittest

import tool

POLYNOMIAL = 0x1EDC6F41  # Castagnoli


def reversed_bits(value, width):
    return int(format(value, f"0{width}b")[::-1], 2)


def crc32c(data):
    """By the definition: reflected in, reflected out, all ones before and after."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= reversed_bits(byte, 8) << 24
        for _ in range(8):
            crc = (crc << 1 ^ (POLYNOMIAL if crc >> 31 else 0)) & 0xFFFFFFFF
    return reversed_bits(crc ^ 0xFFFFFFFF, 32)


def masked(crc):
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    at, out = 0, []
    while at < len(data):
        size, size_sum = struct.unpack_from("<QI", data, at)
        assert masked(crc32c(data[at:at + 8])) == size_sum, "the sum of a length"
        event = data[at + 12:at + 12 + size]
        assert len(event) == size, "a record is cut off"
        assert struct.unpack_from("<I", data, at + 12 + size) == (masked(crc32c(event)),), "the sum of an event"
        out.append(event)
        at += 16 + size
    return out


def varint(data, at):
    value, shift = 0, 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def fields(data):
    """{number: [values]} of a message; lengths as bytes."""
    out, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = varint(data, at)
        elif kind == 1:
            [value], at = struct.unpack_from("<d", data, at), at + 8
        elif kind == 5:
            [value], at = struct.unpack_from("<f", data, at), at + 4
        elif kind == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
            assert len(value) == size, "a message is cut off"
        else:
            raise AssertionError(f"wire type {kind}")
        out.setdefault(number, []).append(value)
    return out


def single(value):
    """As a float of 32 bits has it."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


def read_events(path):
    """The events of a file: (wall time, step, what, content)."""
    out = []
    with open(path, "rb") as file:
        data = file.read()
    for event in map(fields, records(data)):
        [wall], [step] = event.pop(1), event.pop(2, [0])
        [(number, [content])] = event.items()
        if number == 5:
            values = [fields(it) for it in fields(content)[1]]
            content = {it[1][0].decode(): it[2][0] for it in values}
            assert len(content) == len(values), "a tag is there twice"
        elif number == 7:
            content = fields(content)
        out.append((wall, step, {3: "version", 5: "summary", 7: "session"}[number], content))
    return out


@unittest.skipUnless(os.environ["NEUME_TENSORBOARD"] == "yes", "SKIPPED: built without protobuf-c")
class TensorBoard(tool.Case):
    def train(self, *arguments, code=0, preset=tool.TINY, **options):
        return self.neume("train", self.path("songs"), "-o", self.path("m.neume"), *preset, "--valid", "3",
                          "--tensorboard", self.path("tb"), "--log", self.path("m.jsonl"), *arguments, code=code,
                          **options)

    def files(self):
        return [self.path("tb", name) for name in sorted(os.listdir(self.path("tb")))]

    def lines(self):
        return [json.loads(it) for it in self.read("m.jsonl").splitlines()]

    def curves(self):
        """{step: {tag: value}} of all files, as a reader sees them: a session that starts forgets."""
        out = {}
        for path in self.files():
            for _, step, what, content in read_events(path):
                if what == "session" and content == {1: [1]}:
                    out = {at: values for at, values in out.items() if at < step}
                elif what == "summary":
                    self.assertNotIn(step, out)
                    out[step] = content
        return out

    def assert_like_the_log(self):
        curves, lines = self.curves(), self.lines()
        self.assertEqual(list(curves), [it["update"] for it in lines])
        for line in lines:
            values = curves[line["update"]]
            for tag, key in (("loss/training", "train_loss"), ("loss/validation", "valid_loss"),
                             ("accuracy/training", "train_accuracy"), ("accuracy/validation", "valid_accuracy"),
                             ("learning_rate", "learning_rate"), ("gradient_norm", "gradient_norm"),
                             ("epoch", "epoch"), ("steps_per_second", "steps_per_second"),
                             *((it, it) for it in ("gradient_norm_mean", "gradient_norm_max", "clipped", "skipped"))):
                self.assertEqual(values.pop(tag), single(line[key]), tag)
            if len(line["losses"]) > 1:
                for name in line["losses"]:
                    for kind, keys in (("loss", ("losses", "valid_losses")),
                                       ("accuracy", ("accuracies", "valid_accuracies"))):
                        self.assertEqual(values.pop(f"{kind}.{name}/training"), single(line[keys[0]][name]))
                        self.assertEqual(values.pop(f"{kind}.{name}/validation"), single(line[keys[1]][name]))
            self.assertEqual(values, {})

    def test_the_decoder_knows_a_published_sum(self):
        self.assertEqual(crc32c(b"123456789"), 0xE3069283)
        self.assertEqual(crc32c(bytes(32)), 0x8A9136AA)  # RFC 3720, B.4

    def test_events_have_the_numbers_of_the_log(self):
        self.songs()
        before = time.time()
        self.train("--epochs", "5")
        [path] = self.files()
        self.assertRegex(os.path.basename(path), r"^events\.out\.tfevents\.\d{10}\.")
        events = read_events(path)
        self.assertEqual(events[0][1:], (0, "version", b"brain.Event:2"))
        self.assertEqual(events[1][1:], (1, "session", {1: [1]}))
        for wall, *_ in events:
            self.assertTrue(before - 1 <= wall <= time.time() + 1)
        self.assertEqual(len(self.lines()), 5)
        self.assert_like_the_log()

    def test_streams_have_curves_of_their_own(self):
        self.songs()
        self.train("--epochs", "2", preset=[
            "--preset", "streams", "--layers", "16", "--embed", "8", "--branch", "0", "--trunk", "0", "--head", "0",
            "--norm", "none", "--batch", "4", "--steps", "16", "--threads", "1", "--isa", "c"])
        self.assertGreater(len(self.lines()[0]["losses"]), 1)
        self.assert_like_the_log()

    def test_what_is_not_known_is_left_out(self):
        self.songs()
        self.neume("train", self.path("songs"), "-o", self.path("m.neume"), *tool.TINY, "--valid", "0",
                   "--epochs", "2", "--tensorboard", self.path("tb"))
        for values in self.curves().values():
            self.assertIn("loss/training", values)
            self.assertNotIn("loss/validation", values)

    def test_a_resumed_run_has_a_file_more_whose_steps_go_on(self):
        self.songs()
        self.train("--epochs", "2")
        self.train("--epochs", "5", "--resume")
        self.assertEqual(len(self.files()), 2)
        first, second = (read_events(it) for it in self.files())
        self.assertEqual(second[1][1:], (self.lines()[1]["update"] + 1, "session", {1: [1]}))
        self.assertGreater(min(it[1] for it in second[1:]), max(it[1] for it in first))
        self.assert_like_the_log()

    def test_what_a_killed_run_wrote_beyond_its_checkpoint_is_forgotten(self):
        self.songs()
        long = ["--max-updates", "4000", "--save-every", "100000", "--valid-every", "10"]
        running = subprocess.Popen(
            [tool.NEUME, "train", self.path("songs"), "-o", self.path("m.neume"), *tool.TINY, "--valid", "3",
             "--tensorboard", self.path("tb"), "--log", self.path("m.jsonl"), *long],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(running.wait)
        self.addCleanup(running.kill)
        for _ in range(3000):
            if os.path.exists(self.path("m.jsonl")) and os.path.getsize(self.path("m.jsonl")) > 2000:
                break
            time.sleep(0.01)
        running.kill()
        self.assertEqual(running.wait(), -signal.SIGKILL)
        before = read_events(self.files()[0])
        self.assertGreater(len(before), 3)
        self.train(*long, "--resume")
        self.assertEqual(read_events(self.files()[1])[1][1:], (1, "session", {1: [1]}))
        self.assert_like_the_log()

    def test_a_run_that_is_complete_gets_no_file_more(self):
        self.songs()
        self.train("--epochs", "2")
        self.train("--epochs", "2", "--resume")
        self.assertEqual(len(self.files()), 1)

    def test_runs_that_start_anew_forget_the_one_before(self):
        self.songs()
        self.train("--epochs", "4")
        self.train("--epochs", "2", "--force")
        self.assertEqual(len(self.files()), 2)
        self.assertEqual(len(self.curves()), 2)
        self.assert_like_the_log()

    def test_the_model_does_not_change(self):
        self.songs()
        self.train("--epochs", "2")
        self.neume("train", self.path("songs"), "-o", self.path("n.neume"), *tool.TINY, "--valid", "3",
                   "--epochs", "2")
        self.assertEqual(self.read("m.neume"), self.read("n.neume"))

    def test_a_folder_that_cannot_be_written_is_said_at_once(self):
        self.songs()
        self.refused("train", self.path("songs"), "-o", self.path("m.neume"), "--tensorboard", self.path("no/tb"),
                     code=5, line=f"neume train: {self.path('no/tb')}: cannot be made: No such file or directory")
        self.put("file", b"")
        self.refused("train", self.path("songs"), "-o", self.path("m.neume"), "--tensorboard", self.path("file"),
                     code=5, line=f"neume train: {self.path('file')}: cannot be made: Not a directory")
        self.assertFalse(os.path.exists(self.path("m.neume")))

    def test_a_full_disk_stops_the_run_after_saving(self):
        self.songs()
        done = subprocess.run(
            [tool.NEUME, "train", self.path("songs"), "-o", self.path("m.neume"), *tool.TINY, "--valid", "3",
             "--tensorboard", self.path("tb"), "--max-updates", "100000", "--valid-every", "1", "--layers", "4"],
            capture_output=True, text=True, check=False, timeout=100, restore_signals=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60000, 60000)))
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertEqual(done.stderr.splitlines()[-1],
                         f"neume train: {self.path('tb')}: the event file cannot be written: File too large")
        [about] = json.loads(self.neume("info", "--json", self.path("m.neume.ckpt")).text)
        self.assertEqual(about["status"], "ok")
        self.assertGreater(about["description"]["state"]["update"], 10)


tool.main()
