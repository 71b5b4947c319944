#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""A rank that is killed, or stopped, ends the whole training within 30 s: one line says so, and nothing runs on.
Usage: losses.py SIGNAL RANK NEUME TUNES LAUNCHER..."""
import glob
import os
import signal
import subprocess
import sys
import tempfile
import time

LIMIT = 30  # seconds


def ranks_of(launcher):
    """Process ids by rank, of those that this launcher started."""
    found = {}
    for place in glob.glob("/proc/[0-9]*/environ"):
        try:
            with open(place, "rb") as file:
                words = dict(w.split(b"=", 1) for w in file.read().split(b"\0") if b"=" in w)
        except OSError:
            continue
        rank = words.get(b"OMPI_COMM_WORLD_RANK", words.get(b"PMI_RANK"))
        if rank is not None and words.get(b"NEUME_LOSSES") == launcher:
            found[int(rank)] = int(place.split("/")[2])
    return found


def wait_for(what, seconds=40):
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(0.1)
    return what()


def main():
    which, rank, neume, tunes, *launcher = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        model, mark = os.path.join(folder, "m.neume"), f"{os.getpid()}"
        command = [*launcher, "-n", "3", neume, "train", tunes, "-o", model, "--preset", "chords", "--threads", "1",
                   "--batch", "2", "--layers", "32", "--epochs", "100000", "--cache", "none", "--save-every", "1s"]
        with open(os.path.join(folder, "lines"), "w+", encoding="utf-8") as lines, \
                subprocess.Popen(command, stdout=lines, stderr=lines, env={**os.environ, "NEUME_LOSSES": mark}) as run:
            is_saved = wait_for(lambda: os.path.exists(model + ".ckpt"))
            ranks = ranks_of(mark.encode())
            start = time.monotonic()
            if is_saved and int(rank) in ranks:
                os.kill(ranks[int(rank)], getattr(signal, which))
            try:
                code = run.wait(LIMIT + 5)
            except subprocess.TimeoutExpired:
                run.kill()
                code = None
            seconds = time.monotonic() - start
            left = ranks_of(mark.encode())
            for pid in left.values():
                os.kill(pid, signal.SIGKILL)
            lines.seek(0)
            said = lines.read()
        information = subprocess.run([neume, "info", model + ".ckpt"], capture_output=True, text=True, check=False)
    told = [line for line in said.splitlines() if line.startswith("neume train: ranks:")]
    print(f"{which} to rank {rank} of {launcher[0]}: exit {code} after {seconds:.1f} s; {told}; left: {left}")
    # Open MPI names the rank; MPICH's launcher ends all at once, and names whichever it finds ended first.
    names = (f"rank {rank} ", *(f"PID {pid} " for pid in ranks.values()))
    named = [line for line in said.splitlines() if any(name in line for name in names)]
    ends_well = code not in (None, 0) and seconds <= LIMIT and not left and is_saved and information.returncode == 0
    speaks = len(told) == 1 and f"rank {rank} no longer answers" in told[0] if which == "SIGSTOP" else len(told) <= 1
    if not ends_well or not speaks or not (told or named):
        print(said[-4000:], information.stdout, information.stderr)
        sys.exit(1)


main()
