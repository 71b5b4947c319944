#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Who may include whom (STYLE.md, the picture): data flows one way."""
import re

import sources

# Below each room: the rooms whose headers it may include beside its own and <neume/...>.
ROOMS = {
    "base": {"base"},
    "music": {"base", "music"},
    "nn": {"base", "nn"},
    "learn": {"base", "music", "nn", "learn"},
    "media": {"media"},
    "mpi": {"mpi"},
    "cli": {"cli"},
}
# Single headers beyond these rooms.
HEADERS = {"cli": {"mpi/ranks.h"}}
# What nn may know of the public headers: plain values, nothing of music.
NN_PUBLIC = {"neume/api.h", "neume/status.h", "neume/context.h", "neume/train.h"}
PUBLIC_ONLY = ("tools", "examples")
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)


def judge(path):
    parts = sources.name_of(path).split("/")
    for quote, header in INCLUDE.findall(path.read_text(encoding="utf-8")):
        room = header.split("/")[0]
        if parts[0] == "include" and quote == '"':
            yield f"includes \"{header}\": public headers include <neume/...> only"
        elif parts[0] in PUBLIC_ONLY and room in ROOMS and "/" in header:
            yield f"includes \"{header}\": sees <neume/...> only"
        elif parts[0] == "src" and quote == '"' and "/" not in header:
            yield f"includes \"{header}\": named from src/, as \"{parts[1]}/{header}\""
        elif parts[0] == "src" and quote == '"' and room not in ROOMS[parts[1]] \
                and header not in HEADERS.get(parts[1], ()):
            yield f"includes \"{header}\": {parts[1]} may not see {room}"
        elif parts[:2] == ["src", "nn"] and room == "neume" and header not in NN_PUBLIC:
            yield f"includes <{header}>: nn has never heard of music"


def main():
    files = [f for f in sources.c_files() if sources.name_of(f).split("/")[0] in ("include", "src", *PUBLIC_ONLY)]
    findings = [f"{sources.name_of(f)}: {finding}" for f in files for finding in judge(f)]
    sources.finish(findings, len(files))


main()
