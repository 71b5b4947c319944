#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Every public header compiles alone as C99 and as C++; every internal one alone as C17. Usage: headers.py CC [-I...];
without the place of cairo's headers those of src/media are left out, and without that of MPI's those that need it."""
import re
import subprocess
import sys
from pathlib import Path

import sources

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
NEEDS_MPI = re.compile(r'#include (<mpi\.h>|"mpi/(carrier|pulse|transfer)\.h")')
INCLUDES = ["-I", str(sources.ROOT / "include"), "-I", str(sources.ROOT / "src")]


def compile_alone(command, language, path):
    """Includes the header twice from an empty file: it needs nothing before it, and has its guard."""
    text = f'#include "{path}"\n#include "{path}"\n'
    return subprocess.run([*command, *WARNINGS, *INCLUDES, "-x", language, "-"],
                          input=text, capture_output=True, text=True, check=False)


def main():
    compiler = sys.argv[1:] or ["cc"]
    findings, checked = [], 0
    has_cairo = any(word.startswith("-I") and word.endswith("cairo") for word in compiler)
    has_mpi = any((Path(word[2:]) / "mpi.h").exists() for word in compiler if word.startswith("-I"))
    for path in sources.tracked("*.h"):
        name = sources.name_of(path)
        if name.startswith("src/media/") and not has_cairo:
            print(f"SKIPPED: {name}: cairo is not here")
            continue
        if not has_mpi and name.startswith("src/mpi/") and NEEDS_MPI.search(path.read_text(encoding="utf-8")):
            print(f"SKIPPED: {name}: neume is built without MPI here")
            continue
        if name.startswith("include/"):
            ways = [([*compiler, "-std=c99"], "c"), (["c++", "-std=c++17"], "c++")]
        elif name.startswith("src/"):
            ways = [([*compiler, "-std=gnu17", "-D_GNU_SOURCE"], "c")]
        else:
            continue
        checked += 1
        for command, language in ways:
            done = compile_alone(command, language, path)
            if done.returncode:
                findings.append(f"{name}: alone as {command[-1]}:\n{done.stderr.strip()}")
    sources.finish(findings, checked)


main()
