#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The number of notes that neume finds is that of python3-mido and midicsv, in a sample of the shared
music: in files that need no repair, for elsewhere those two do not read all, and midicsv not always
to an end."""

import json
import os
import shutil
import subprocess
import unittest

NEUME, SHARED = os.environ["NEUME"], os.environ["NEUME_SHARED"]
EVERY = 16  # of the files outside odd-midi; of odd-midi all


def notes_by_midicsv(path):
    done = subprocess.run(["midicsv", path], capture_output=True, timeout=30, check=False)
    if done.returncode != 0 or done.stderr:
        return None
    rows = [line.split(b", ") for line in done.stdout.splitlines()]
    return sum(row[2] == b"Note_on_c" and row[5] != b"0" for row in rows)


def notes_by_mido(path):
    import mido

    try:
        tracks = mido.MidiFile(path).tracks
    except (EOFError, KeyError, IndexError, OSError, ValueError):
        return None
    return sum(m.type == "note_on" and m.velocity > 0 for track in tracks for m in track)


class NoteCounts(unittest.TestCase):
    def setUp(self):
        folder = os.path.join(SHARED, "data")
        if not os.path.isdir(folder):
            self.skipTest("the shared music is not here")
        done = subprocess.run([NEUME, "info", "--json", folder], capture_output=True, check=True)
        sound = [entry for entry in json.loads(done.stdout) if entry["status"] == "ok"]
        self.files = [entry for i, entry in enumerate(sound)
                      if "odd-midi" in entry["file"] or i % EVERY == 0]

    def compare(self, count_notes):
        compared = 0
        for entry in self.files:
            notes = count_notes(entry["file"])
            if notes is not None:
                compared += 1
                self.assertEqual(entry["notes"], notes, entry["file"])
        self.assertGreater(compared, 300)

    def test_equal_those_of_midicsv(self):
        if not shutil.which("midicsv"):
            self.skipTest("midicsv is not installed")
        self.compare(notes_by_midicsv)

    def test_equal_those_of_mido(self):
        try:
            import mido  # noqa: F401
        except ImportError:
            self.skipTest("python3-mido is not installed")
        self.compare(notes_by_mido)


if __name__ == "__main__":
    unittest.main()
