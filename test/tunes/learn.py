#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A small network learns the demo tunes in seconds: on tunes held out it foresees more than the trigram does, and what it
composes is a MIDI file of notes that differ. Usage: learn.py NEUME MIDI_FOLDER"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import mido
except ImportError:
    mido = None

TRAINING = ["--preset", "chords", "--max-updates", "120", "--valid", "10", "--layers", "128", "--dropout", "0.5",
            "--batch", "16", "--steps", "32", "--lr", "0.006", "--ema", "0.95", "--cache", "none", "--json"]
MIN_PITCHES = 5


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main():
    neume, midi_folder = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        model, song = Path(folder) / "tunes.neume", Path(folder) / "song.mid"
        report = json.loads(run(neume, "train", midi_folder, "-o", model, *TRAINING))
        run(neume, "generate", model, "-o", song, "--length", "100", "--seed", "1")
        pitches = set()
        if mido:
            pitches = {m.note for m in mido.MidiFile(song) if m.type == "note_on"}
        else:
            print("SKIPPED: python3-mido is not installed: the song was not read")
    print(f"held-out loss {report['valid_loss']:.3f}, trigram {report['baselines']['trigram']:.3f}")
    assert report["valid_loss"] < report["baselines"]["trigram"], report
    assert report["corpus"]["clean"] == report["corpus"]["seen"], report["corpus"]
    assert not mido or len(pitches) >= MIN_PITCHES, pitches


main()
