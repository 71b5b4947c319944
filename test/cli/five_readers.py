#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Reads MIDI files with five readers of other people: python3-mido, midicsv, libfluidsynth's player,
libsmf and @tonejs/midi. Each must read each file without a warning about it, and all must find the
same number of notes. Prints PASS or FAIL for every file and reader; exits 1 if any failed, 77 if none
failed but a reader was left out.

usage: five_readers.py [--build DIR] [--skip-missing] FILE...

DIR is the build directory (default: b): it holds the program test/cli/read_with_smf, and
@tonejs/midi is installed into it by npm if it is not there. A reader that is not installed is a
failure; with --skip-missing it is left out, loudly."""

import argparse
import ctypes
import ctypes.util
import json
import os
import shutil
import subprocess
import sys
import warnings

TONEJS = "@tonejs/midi@2.0.28"
SKIPPED = 77  # as Meson knows it


class Missing(Exception):
    """A reader is not installed."""


def run(command):
    """Runs a reader: (standard output, what is wrong)."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    said = done.stderr.strip().splitlines()
    if done.returncode != 0:
        said.append("exit status %d" % done.returncode)
    return done.stdout, said


def read_with_mido(paths, _build):
    try:
        import mido
    except ImportError as error:
        raise Missing("python3-mido") from error
    warnings.simplefilter("error")
    for path in paths:
        try:
            tracks = mido.MidiFile(path).tracks
            notes = sum(m.type == "note_on" and m.velocity > 0 for t in tracks for m in t)
            yield notes, []
        except Exception as error:  # whatever it is, the file was not accepted
            yield None, [repr(error)]


def read_with_midicsv(paths, _build):
    if not shutil.which("midicsv"):
        raise Missing("midicsv")
    for path in paths:
        out, said = run(["midicsv", path])
        rows = [line.split(", ") for line in out.splitlines()]
        yield sum(r[2] == "Note_on_c" and r[5] != "0" for r in rows), said


def read_with_libsmf(paths, build):
    program = os.path.join(build, "test", "cli", "read_with_smf")
    if not os.path.exists(program):
        raise Missing("libsmf-dev, or %s is not built" % program)
    for path in paths:
        out, said = run([program, path])
        yield int(out) if out.strip() else None, said


def read_with_tonejs(paths, build):
    if not shutil.which("node") or not shutil.which("npm"):
        raise Missing("nodejs and npm")
    if not os.path.isdir(os.path.join(build, "node_modules", "@tonejs", "midi")):
        _, said = run(["npm", "install", "--silent", "--no-save", "--fetch-retries", "1",
                       "--prefix", build, TONEJS])
        if not os.path.isdir(os.path.join(build, "node_modules", "@tonejs", "midi")):
            raise Missing("npm could not install %s: %s" % (TONEJS, " ".join(said)))
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "read_with_tonejs.js")
    out, said = run(["node", script, os.path.abspath(build)] + paths)
    lines = out.splitlines()
    for i in range(len(paths)):
        found = json.loads(lines[i]) if i < len(lines) else {"notes": None, "said": said}
        yield found["notes"], found["said"]


class Fluidsynth:
    """The player of libfluidsynth, a thousand times faster than the music and without sound."""

    LOG = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
    PLAYING = 1
    FRAMES, MOST_BLOCKS = 4096, 1000  # at a thousand times: six days of music

    def __init__(self):
        name = ctypes.util.find_library("fluidsynth")
        if not name:
            raise Missing("libfluidsynth3")
        self.library = ctypes.CDLL(name)
        for function in ("new_fluid_settings", "new_fluid_synth", "new_fluid_player"):
            getattr(self.library, function).restype = ctypes.c_void_p
        self.said = []
        self.log = self.LOG(self.hear)
        for level in range(3):  # panic, error, warning
            self.library.fluid_set_log_function(level, self.log, None)

    def hear(self, _level, message, _data):
        text = message.decode(errors="replace")
        if not text.startswith("No preset found"):  # there is no sound font here
            self.said.append(text)

    def settings(self):
        settings = ctypes.c_void_p(self.library.new_fluid_settings())
        self.library.fluid_settings_setstr(settings, b"player.timing-source", b"sample")
        rate = ctypes.c_double(8000)
        self.library.fluid_settings_setnum(settings, b"synth.sample-rate", rate)
        for name in (b"synth.reverb.active", b"synth.chorus.active", b"synth.lock-memory"):
            self.library.fluid_settings_setint(settings, name, 0)
        return settings

    def play(self, path):
        """Plays to the end, or for days; returns the ticks of the whole file by its reading."""
        library, settings = self.library, self.settings()
        synth = ctypes.c_void_p(library.new_fluid_synth(settings))
        player = ctypes.c_void_p(library.new_fluid_player(synth))
        sound = (ctypes.c_int16 * (2 * self.FRAMES))()
        library.fluid_player_add(player, os.fsencode(path))
        library.fluid_player_set_tempo(player, 0, ctypes.c_double(1000))
        library.fluid_player_play(player)
        for _ in range(self.MOST_BLOCKS):
            if library.fluid_player_get_status(player) != self.PLAYING:
                break
            library.fluid_synth_write_s16(synth, self.FRAMES, sound, 0, 2, sound, 1, 2)
        ticks = library.fluid_player_get_total_ticks(player)
        library.delete_fluid_player(player)
        library.delete_fluid_synth(synth)
        library.delete_fluid_settings(settings)
        return ticks


def last_tick(path):
    """Of the longest track, as midicsv reads it: what a player must arrive at."""
    out, _ = run(["midicsv", path])
    return max((int(line.split(", ")[1]) for line in out.splitlines()), default=0)


def read_with_fluidsynth(paths, _build):
    """Its player does not tell the notes; that it went to the end it does."""
    fluidsynth = Fluidsynth()
    for path in paths:
        fluidsynth.said.clear()
        ticks, expected = fluidsynth.play(path), last_tick(path)
        said = list(fluidsynth.said)
        if ticks != expected:
            said.append("read %d ticks of %d" % (ticks, expected))
        yield None, said


READERS = {
    "python3-mido": read_with_mido,
    "midicsv": read_with_midicsv,
    "fluidsynth": read_with_fluidsynth,
    "libsmf": read_with_libsmf,
    "@tonejs/midi": read_with_tonejs,
}


def judge(reader, results, paths, notes):
    """Prints a line for each file; returns how many failed. `notes` is what the first reader found."""
    failures = 0
    for path, (count, said) in zip(paths, results):
        if count is not None and notes.setdefault(path, count) != count:
            said = said + ["%d notes, expected %d" % (count, notes[path])]
        failures += bool(said)
        print("%s %s %s%s" % ("FAIL" if said else "PASS", reader, path,
                              ": " + "; ".join(said[:3]) if said else ""))
    return failures


def main():
    parser = argparse.ArgumentParser(description="Reads MIDI files with five other readers.")
    parser.add_argument("--build", default="b", help="the build directory (default: %(default)s)")
    parser.add_argument("--skip-missing", action="store_true", help="leave out what is not installed")
    parser.add_argument("files", nargs="+", metavar="FILE")
    arguments = parser.parse_args()
    failures, missing, notes = 0, 0, {}
    for name, read in READERS.items():
        try:
            results = list(read(arguments.files, arguments.build))
        except Missing as error:
            print("%s: NOT INSTALLED: %s" % (name, error), file=sys.stderr)
            missing += 1
            continue
        failures += judge(name, results, arguments.files, notes)
    print("%d files, %d failures" % (len(arguments.files), failures))
    if failures or (missing and not arguments.skip_missing):
        return 1
    return SKIPPED if missing else 0


if __name__ == "__main__":
    sys.exit(main())
