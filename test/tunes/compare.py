#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Every tune's MIDI file holds the notes that abc2midi (Debian's abcmidi) makes of the same text: voice by voice, onsets
and pitches exactly, durations but for the tick by which abc2midi detaches notes; tempo and metre too.
Usage: compare.py MIDI_FOLDER FILE.abc..."""
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SKIP = 77
TICKS = 480

try:
    import mido
except ImportError:
    mido = None


def notes_of(track):
    """(onset, duration, pitch) in ticks."""
    now, open_notes, notes = 0, {}, []
    for message in track:
        now += message.time
        if message.type == "note_on" and message.velocity > 0:
            assert message.note not in open_notes, f"{message.note} struck while it sounds"
            open_notes[message.note] = now
        elif message.type in ("note_on", "note_off"):
            onset = open_notes.pop(message.note)
            notes.append((onset, now - onset, message.note))
    assert not open_notes, f"{sorted(open_notes)} never end"
    return sorted(notes, key=lambda note: (note[0], note[2]))


def voices_of(midi):
    return [notes for notes in map(notes_of, midi.tracks) if notes]


def facts_of(midi):
    """Tempo and metre as the file says them first."""
    facts = {}
    for message in (m for track in midi.tracks for m in track):
        if message.type == "set_tempo":
            facts.setdefault("tempo", message.tempo)
        elif message.type == "time_signature":
            facts.setdefault("metre", (message.numerator, message.denominator))
    return facts


def with_abc2midi(path, folder):
    """What abc2midi makes of a tune, told to play it without expression."""
    lines = path.read_text(encoding="utf-8").splitlines()
    key = next(i for i, line in enumerate(lines) if line.startswith("K:"))
    lines[key + 1:key + 1] = ["%%MIDI nobeataccents", "%%MIDI chordattack 0"]
    text, out = folder / path.name, folder / (path.stem + ".mid")
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = subprocess.run(["abc2midi", text, "-o", out, "-NFNP", "-NGRA", "-NGUI"], capture_output=True, text=True,
                          check=True).stdout
    complaints = [line for line in said.splitlines() if "warning" in line.lower() or "error" in line.lower()]
    return mido.MidiFile(out), complaints


def same_notes(ours, theirs):
    """None, or the first difference. abc2midi starts each track a tick late, and detaches notes by a tick."""
    if len(ours) != len(theirs):
        return f"{len(ours)} notes, abc2midi has {len(theirs)}"
    shift = {their[0] - our[0] for our, their in zip(ours, theirs)}
    if len(shift) != 1 or not shift <= {0, 1}:
        return f"onsets are apart by {sorted(shift)} ticks"
    for our, their in zip(ours, theirs):
        if our[2] != their[2] or not 0 <= our[1] - their[1] <= 1:
            return f"{our}, abc2midi has {their}"
    return None


def compare(path, midi_folder, folder):
    ours = mido.MidiFile(midi_folder / (path.stem + ".mid"))
    theirs, complaints = with_abc2midi(path, folder)
    yield from complaints
    if ours.ticks_per_beat != TICKS or theirs.ticks_per_beat != TICKS:
        yield f"{ours.ticks_per_beat} and {theirs.ticks_per_beat} ticks a quarter, expected {TICKS}"
    our_voices, their_voices = voices_of(ours), voices_of(theirs)
    if len(our_voices) != len(their_voices):
        yield f"{len(our_voices)} voices, abc2midi has {len(their_voices)}"
    for number, (our, their) in enumerate(zip(our_voices, their_voices), 1):
        difference = same_notes(our, their)
        if difference:
            yield f"voice {number}: {difference}"
    our_facts, their_facts = facts_of(ours), facts_of(theirs)
    if our_facts["metre"] != their_facts["metre"] or abs(our_facts["tempo"] - their_facts["tempo"]) > 1:
        yield f"{our_facts}, abc2midi has {their_facts}"


def main():
    midi_folder, texts = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
    if not mido or not shutil.which("abc2midi"):
        print("SKIPPED: python3-mido and abcmidi are not installed: the tunes were not compared with abc2midi")
        return SKIP
    findings, notes = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for path in texts:
            for finding in compare(path, midi_folder, Path(folder)):
                print(f"{path.name}: {finding}")
                findings += 1
            notes += sum(map(len, voices_of(mido.MidiFile(midi_folder / (path.stem + ".mid")))))
    print(f"{findings} differences in {len(texts)} tunes, {notes} notes")
    return 1 if findings or not texts else 0


sys.exit(main())
