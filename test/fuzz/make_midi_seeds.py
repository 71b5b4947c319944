#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""make_midi_seeds.py STAMP SEEDS FIXTURES ODD: fills the folder SEEDS with the MIDI files to breed from:
the fixtures of the reader, in hexadecimal with comments, and the odd files where they are there."""

import glob
import os
import shutil
import sys

SMALL = 8192  # bytes: larger seeds breed slowly


def main(stamp, seeds, fixtures, odd):
    shutil.rmtree(seeds, ignore_errors=True)
    os.makedirs(seeds)
    for path in glob.glob(os.path.join(fixtures, "*.hex")):
        with open(path, encoding="ascii") as file:
            data = bytes.fromhex(" ".join(line.split("#")[0] for line in file))
        with open(os.path.join(seeds, os.path.basename(path)[:-4]), "wb") as file:
            file.write(data)
    for path in glob.glob(os.path.join(odd, "*", "*.*")):
        if os.path.getsize(path) <= SMALL:
            name = os.path.relpath(path, odd).replace(os.sep, "-")
            shutil.copyfile(path, os.path.join(seeds, name))
    with open(stamp, "w", encoding="ascii"):
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
