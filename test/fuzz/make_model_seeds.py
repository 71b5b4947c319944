#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""make_model_seeds.py STAMP SEEDS NEUME TUNES: fills the folder SEEDS with models to breed from, of two tunes and as
small as can be: one for each kind of network and of baseline, and one that was made from another. The grammars of events and of intervals take seconds
to be made with instrumented code; their words and settings are read by what reads those of chords."""

import os
import shutil
import subprocess
import sys

SMALL = ["--embed", "1", "--layers", "2", "--trunk", "0", "--branch", "0", "--head", "0"]
NETWORKS = {"chords": SMALL, "streams": SMALL, "frames": SMALL,
            "biaxial": ["--time-layers", "2", "--note-layers", "2", "--pitch-range", "55-72"]}


def train(neume, songs, model, *arguments):
    subprocess.run([neume, "train", *songs, "-o", model, *arguments, "--batch", "1", "--steps", "8", "--max-updates", "1",
                    "--transpose", "none", "--valid", "1", "--threads", "1", "--cache", "none", "--quiet"], check=True)
    os.remove(model + ".ckpt")
    os.remove(model[:-len("neume")] + "last.neume")


def main(stamp, seeds, neume, tunes):
    shutil.rmtree(seeds, ignore_errors=True)
    os.makedirs(seeds)
    songs = sorted(os.path.join(tunes, name) for name in os.listdir(tunes) if name.endswith(".mid"))[:3]
    for preset, network in NETWORKS.items():
        train(neume, songs[:2], os.path.join(seeds, preset + ".neume"), "--preset", preset, *network)
    train(neume, songs[2:], os.path.join(seeds, "child.neume"), "--init", os.path.join(seeds, "chords.neume"))
    with open(stamp, "w", encoding="ascii"):
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
