#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What neume writes is accepted by five other readers without a warning: the fixtures of the MIDI
reader, and a sample of the shared music, written anew. And they do refuse what is not clean."""

import glob
import os
import subprocess
import sys
import tempfile
import unittest

SOURCE, BUILD, SHARED = (os.environ[name] for name in ("NEUME_SOURCE", "NEUME_BUILD", "NEUME_SHARED"))
FIVE_READERS = os.path.join(SOURCE, "test", "cli", "five_readers.py")
EVERY = 60  # of the shared files
MISSING = set()  # readers: then the whole test is a skipped one
BEYOND_THEM = {"31-huge-deltas"}  # ticks of more than 31 bits


def bytes_of_fixture(path):
    """Hexadecimal with comments to bytes."""
    with open(path, encoding="ascii") as file:
        return bytes.fromhex(" ".join(line.split("#")[0] for line in file))


def five_readers(paths):
    command = [sys.executable, FIVE_READERS, "--build", BUILD, "--skip-missing"] + paths
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    MISSING.update(line for line in done.stderr.splitlines() if "NOT INSTALLED" in line)
    return done


class FiveReaders(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def rewrite(self, path, name):
        """Returns the path of the clean file, or None where `path` is refused."""
        clean = self.path(name)
        program = os.path.join(BUILD, "test", "cli", "rewrite")
        done = subprocess.run([program, path, clean], capture_output=True, text=True, check=False)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        return clean if done.returncode == 0 else None

    def accept(self, paths):
        done = five_readers(paths)
        failures = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
        self.assertEqual(failures, [])
        self.assertIn(done.returncode, (0, 77), done.stderr)

    def test_rewritten_fixtures_are_accepted(self):
        clean = []
        for path in sorted(glob.glob(os.path.join(SOURCE, "test", "data", "midi", "*.hex"))):
            name = os.path.basename(path)[:-4]
            if name in BEYOND_THEM:
                continue
            with open(self.path(name), "wb") as file:
                file.write(bytes_of_fixture(path))
            clean.append(self.rewrite(self.path(name), name + ".mid"))
        clean = [path for path in clean if path]
        self.assertGreater(len(clean), 70)
        self.accept(clean)

    def test_rewritten_music_is_accepted(self):
        pattern = os.path.join(SHARED, "data", "**", "*.mid")
        music = sorted(glob.glob(pattern, recursive=True))[::EVERY]
        if not music:
            self.skipTest("the shared music is not here")
        clean = [self.rewrite(path, "%d.mid" % i) for i, path in enumerate(music)]
        self.accept([path for path in clean if path])

    def test_a_file_that_is_cut_short_is_not_accepted(self):
        fixture = os.path.join(SOURCE, "test", "data", "midi", "00-clean.hex")
        with open(self.path("cut.mid"), "wb") as file:
            file.write(bytes_of_fixture(fixture)[:-5])
        done = five_readers([self.path("cut.mid")])
        self.assertEqual(done.returncode, 1)
        self.assertIn("FAIL", done.stdout)


if __name__ == "__main__":
    done = unittest.main(exit=False).result.wasSuccessful()
    for line in MISSING:
        print("SKIPPED a reader: " + line, flush=True)
    sys.exit((77 if MISSING else 0) if done else 1)
