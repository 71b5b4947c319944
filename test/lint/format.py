#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Every C file is as clang-format writes it, and names its licence in the first line."""
import subprocess

import sources


def main():
    files = sources.c_files()
    findings = []
    for path in files:
        if "SPDX-License-Identifier: ISC" not in path.read_text(encoding="utf-8").split("\n")[0]:
            findings.append(f"{sources.name_of(path)}:1: no SPDX line")
    checked = subprocess.run(["clang-format", "--dry-run", "--Werror", *map(str, files)],
                             capture_output=True, text=True, check=False)
    findings += [line for line in checked.stderr.split("\n") if "error:" in line]
    sources.finish(findings, len(files))


main()
