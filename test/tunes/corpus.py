#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The demo corpus is large and varied: many tunes, none twice, in several metres, keys and numbers of voices; each names
its composer and is listed in the README. Usage: corpus.py README.md FILE.abc..."""
import re
import sys
from pathlib import Path

MIN_TUNES, MIN_METRES, MIN_KEYS, MIN_NOTES = 48, 7, 10, 9000
# No two melodies share so many intervals in a row at their start.
OPENING = 14
LETTERS = "CDEFGABcdefgab"


def fields(text, letter):
    return re.findall(rf"^{letter}:\s*(\S.*)$", text, re.M)


def voices(text):
    """The lines of notes of each voice."""
    body = text[text.index("\nK:"):].split("\n", 2)[2]
    parts = re.split(r"^V:(\S+)$", body, flags=re.M)
    found = {}
    for name, lines in zip(parts[1::2], parts[2::2]):
        found[name] = found.get(name, "") + lines
    return found or {"": body}


def steps(notes):
    """Pitches as letters counted upwards, accidentals left out."""
    pitches = re.findall(r"([A-Ga-g])([,']*)", notes)
    return [LETTERS.index(p) + 7 * (octave.count("'") - octave.count(",")) for p, octave in pitches]


def opening(text):
    melody = steps(next(iter(voices(text).values())))
    return tuple(b - a for a, b in zip(melody, melody[1:]))[:OPENING]


def judge(paths, readme):
    texts = {path.stem: path.read_text(encoding="utf-8") for path in paths}
    openings = {}
    for name, text in texts.items():
        for letter in "TCOZ":
            if not fields(text, letter):
                yield f"{name}: no {letter}: field"
        if f"`{name}`" not in readme:
            yield f"{name}: not in the README"
        other = openings.setdefault(opening(text), name)
        if other != name:
            yield f"{name}: starts as {other} does"
    numbers = sorted(int(fields(text, "X")[0]) for text in texts.values())
    if numbers != list(range(1, len(texts) + 1)):
        yield "the X: numbers are not 1, 2, 3 ..."
    found = {
        "tunes": (len(texts), MIN_TUNES),
        "metres": (len({fields(text, "M")[0] for text in texts.values()}), MIN_METRES),
        "keys": (len({fields(text, "K")[0] for text in texts.values()}), MIN_KEYS),
        "written notes": (sum(len(steps(v)) for t in texts.values() for v in voices(t).values()), MIN_NOTES),
    }
    for what, (count, least) in found.items():
        print(f"{count} {what}")
        if count < least:
            yield f"{count} {what}, expected at least {least}"


def main():
    readme = Path(sys.argv[1]).read_text(encoding="utf-8")
    findings = list(judge([Path(name) for name in sys.argv[2:]], readme))
    for finding in findings:
        print(finding)
    sys.exit(1 if findings else 0)


main()
