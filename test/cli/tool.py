# SPDX-License-Identifier: ISC
"""What the tests of the command share: running it, small MIDI files, folders that vanish."""
import atexit
import json
import os
import random
import shutil
import struct
import subprocess
import tempfile
import unittest

NEUME = os.environ["NEUME"]
CACHE = tempfile.mkdtemp(prefix="neume-cache-")  # not the user's
os.environ["XDG_CACHE_HOME"] = CACHE
atexit.register(shutil.rmtree, CACHE, ignore_errors=True)
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # where writing does not wait for a disk
TINY = ["--preset", "chords", "--layers", "16", "--embed", "8", "--trunk", "0", "--batch", "4",
        "--steps", "16", "--lr", "0.02", "--threads", "1", "--isa", "c"]


def run(*arguments, stdin=None, env=None, stdout=subprocess.PIPE, cwd=None):
    """Runs neume; its output as bytes, its exit code as code."""
    environment = {**os.environ, "TERM": "dumb", **(env or {})}
    if isinstance(stdin, str):
        stdin = stdin.encode()
    done = subprocess.run([NEUME, *map(str, arguments)], input=stdin, stdout=stdout,
                          stderr=subprocess.PIPE, env=environment, cwd=cwd, timeout=120, check=False)
    done.code = done.returncode
    done.errors = done.stderr.decode()
    done.text = done.stdout.decode(errors="replace") if done.stdout is not None else ""
    return done


def chunk(name, data):
    return name + struct.pack(">I", len(data)) + data


def midi(*tracks, ticks=480):
    """A format 1 file of tracks, each the bytes of its events; ends of tracks are added."""
    head = chunk(b"MThd", struct.pack(">HHH", 1, len(tracks), ticks))
    return head + b"".join(chunk(b"MTrk", track + bytes.fromhex("00ff2f00")) for track in tracks)


def variable(number):
    """A variable-length quantity."""
    out = [number & 127]
    while number > 127:
        number >>= 7
        out.insert(0, 128 | number & 127)
    return bytes(out)


def meta(kind, data):
    return b"\0\xff" + bytes([kind]) + variable(len(data)) + data


def notes(*pitches, ticks=240):
    """The pitches one after the other; a tuple is a chord."""
    out = b""
    for group in pitches:
        group = group if isinstance(group, tuple) else (group,)
        for pitch in group:
            out += bytes([0, 0x90, pitch, 80])
        for i, pitch in enumerate(group):
            out += variable(0 if i else ticks) + bytes([0x80, pitch, 0])
    return out


def tune(seed, length=120):
    """A tune that a trigram cannot know and a network can learn a little of."""
    source = random.Random(seed)
    scale = [60, 62, 64, 65, 67, 69, 71, 72]
    place, out = 0, []
    for i in range(length):
        place = max(0, min(7, place + source.choice([-2, -1, -1, 1, 1, 2])))
        out.append((scale[place], scale[place] - 12) if i % 4 == 0 else scale[place])
    return midi(notes(*out))


class Case(unittest.TestCase):
    """A test in a folder of its own, which vanishes with it."""

    root = None  # where; None: where temporary files are

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="neume-test-", dir=self.root)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def put(self, name, data):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def songs(self, count=8):
        for i in range(count):
            self.put(f"songs/{i}.mid", tune(i))
        return self.path("songs")

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def json(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return json.load(file)

    def neume(self, *arguments, code=0, **options):
        """Runs neume, which must end with `code`."""
        done = run(*arguments, **options)
        self.assertEqual(done.code, code, f"neume {' '.join(map(str, arguments))}\n{done.errors}")
        return done

    def refused(self, *arguments, code, line, **options):
        """Runs neume, which must say `line` as the last of what it says, and nothing on stdout."""
        done = self.neume(*arguments, code=code, **options)
        self.assertEqual(done.errors.rstrip("\n").split("\n")[-1], line)
        return done


def skip(reason):
    """Loudly: in the log of a test that else passes nobody would look for it."""
    print("SKIPPED: " + reason, flush=True)
    raise unittest.SkipTest(reason)


def main():
    unittest.main(verbosity=2)
