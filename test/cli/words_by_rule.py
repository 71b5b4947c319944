#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The words of 30 real files against the documented rules, written a second time: notes read by mido, pitch names and
chords as music21 spells them. And what the words decode to, read by mido again, has the same words.
Usage: words_by_rule.py NEUME SHARED_MUSIC"""
import subprocess
import sys
import tempfile
from itertools import groupby
from pathlib import Path

import mido

NAMES = ["C", "C#", "D", "E-", "E", "F", "F#", "G", "G#", "A", "B-", "B"]
CELLS = 12
DRUM_CHANNEL = 9
SKIPPED = 77
# From each folder so many files, evenly spread over its sorted list.
CHOSEN = {
    "nottingham/train": 8, "jsb-chorales": 5, "piano-midi.de": 6, "freedoom": 5, "avgvst": 3,
    "joplin": 1, "giantmidi": 1, "nottingham-melody": 1,
}


def pitch_name(pitch):
    """C4 is 60; the E and B of octave -1 carry a natural sign, as E-1 and B-1 are flats of octave 1."""
    letter, octave = NAMES[pitch % 12], pitch // 12 - 1
    return f"{letter}n{octave}" if f"{letter}{octave}" in ("E-1", "B-1") and octave == -1 else f"{letter}{octave}"


def normal_order(classes):
    """The rotation of the smallest span; of these the one packed to the left; of these the lowest first class."""
    ordered = sorted(classes)
    rotations = [ordered[i:] + ordered[:i] for i in range(len(ordered))]

    def compactness(rotation):
        intervals = [(c - rotation[0]) % 12 for c in rotation]
        return intervals[-1], intervals, rotation[0]
    return min(rotations, key=compactness)


def word(pitches, voicing):
    if len(pitches) == 1 or voicing == "pitches":
        return ".".join(pitch_name(p) for p in sorted(pitches))
    return ".".join(str(c) for c in normal_order({p % 12 for p in pitches}))


def onsets(path):
    """(cell, pitch) of every note that is no drum, in order of time; half a cell goes up."""
    file = mido.MidiFile(path, clip=True)
    for track in file.tracks:
        ticks = 0
        for message in track:
            ticks += message.time
            if message.type == "note_on" and message.velocity > 0 and message.channel != DRUM_CHANNEL:
                yield (2 * ticks * CELLS + file.ticks_per_beat) // (2 * file.ticks_per_beat), message.note


def words_by_rule(path, voicing):
    found = sorted(onsets(path))
    words = [word({pitch for _, pitch in cell}, voicing) for _, cell in groupby(found, key=lambda onset: onset[0])]
    return [*words, "<end>"]


def choose(shared):
    for folder, count in CHOSEN.items():
        files = sorted((shared / "data" / folder).rglob("*.mid"))
        assert len(files) >= count, f"{folder}: {len(files)} files, expected at least {count}"
        yield from (files[i * len(files) // count] for i in range(count))


def run(neume, *arguments):
    done = subprocess.run([neume, "tokens", "--preset", "chords", *map(str, arguments)],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{arguments}: exit {done.returncode}: {done.stderr}"
    return done.stdout.split()


def compare(neume, path, folder):
    for voicing in ("classes", "pitches"):
        expected = words_by_rule(path, voicing)
        words = run(neume, path, "--voicing", voicing)
        assert words == expected, f"{path}: {voicing}: {next(p for p in zip(words, expected) if p[0] != p[1])}"
        text, decoded = folder / "words.txt", folder / "decoded.mid"
        text.write_text("\n".join(words), encoding="ascii")
        run(neume, "--decode", text, "-o", decoded, "--voicing", voicing)
        assert words_by_rule(decoded, voicing) == expected, f"{path}: {voicing}: decoded, it has other words"
    return len(expected)


def main():
    neume, shared = sys.argv[1], Path(sys.argv[2])
    if not (shared / "data").is_dir():
        print(f"SKIPPED: the shared music is not here ({shared})")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory() as folder:
        counts = [compare(neume, path, Path(folder)) for path in choose(shared)]
    assert len(counts) == 30
    print(f"{len(counts)} files, {sum(counts)} words: all as the rules say")


main()
