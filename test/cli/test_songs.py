#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Promise 6: generated files have no stuck note and no overlap on one key, and five readers accept them.
200 songs from a model that a few seconds of training made; 10,000 with NEUME_LONG=1.
Usage: test_songs.py FIVE_READERS_COMMAND..., with NEUME in the environment."""
import os
import subprocess
import sys
import unittest

import mido

import tool

COUNT = 10000 if os.environ.get("NEUME_LONG") else 200
AT_ONCE = 100
MISSING = []  # whether a reader was: then the whole test is a skipped one
SETTINGS = [
    [],
    ["--temperature", "1.5", "--top-p", "1"],
    ["--greedy"],
    ["--instrument", "Flute", "--tempo", "90", "--top-k", "5"],
]


def faults(path):
    """Notes that overlap on a key, that never end, or ends without a beginning."""
    for track in mido.MidiFile(path).tracks:
        sounding = set()
        for message in track:
            if message.is_meta or not message.type.startswith("note"):
                continue
            key = (message.channel, message.note)
            if message.type == "note_on" and message.velocity > 0:
                if key in sounding:
                    yield f"{path}: {key} is struck while it sounds"
                sounding.add(key)
            elif key in sounding:
                sounding.remove(key)
            else:
                yield f"{path}: {key} ends without having begun"
        yield from (f"{path}: {key} never ends" for key in sounding)


class Songs(tool.Case):
    def test_no_reader_finds_a_fault_in_any_song(self):
        model = self.path("m.neume")
        self.neume("train", self.songs(10), "-o", model, *tool.TINY, "--max-updates", "100")
        paths = []
        for batch in range(COUNT // AT_ONCE):
            folder = self.path(f"out{batch}/")
            self.neume("generate", model, "-o", folder, "-n", AT_ONCE, "--length", 60, "--seed", batch,
                       *SETTINGS[batch % len(SETTINGS)])
            paths += [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
        self.assertEqual(len(paths), COUNT)
        self.assertEqual([fault for path in paths for fault in faults(path)], [])
        readers = subprocess.run([*READERS, *paths], capture_output=True, text=True, check=False)
        print(readers.stdout[-500:], flush=True)
        print(readers.stderr, flush=True)
        self.assertIn(readers.returncode, (0, 77), readers.stdout[-2000:] + readers.stderr[-2000:])
        MISSING.append(readers.returncode == 77)


if __name__ == "__main__":
    READERS = sys.argv[1:]
    del sys.argv[1:]
    done = unittest.main(verbosity=2, exit=False).result.wasSuccessful()
    sys.exit((77 if any(MISSING) else 0) if done else 1)
