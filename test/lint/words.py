#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""No words of unfinished work, no dead code, no paths of anybody's machine, in anything that is tracked."""
import re

import sources

UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK|not " r"implemented|un" r"implemented)\b")
MACHINE_PATH = re.compile(r"(?<![\w.])/(home|root|work|Users)/\w")
DEAD_CODE = re.compile(r"^\s*(//.*;|#\s*if\s+0\b)", re.M)
TEXT = ("*.c", "*.h", "*.py", "*.sh", "*.js", "*.md", "*.build", "*.txt", "*.abc", "*.hex", "Makefile")


def main():
    files = sources.tracked(*TEXT)
    findings = []
    for path in files:
        text = path.read_text(encoding="utf-8")
        rules = [(UNFINISHED, "a word of unfinished work"), (MACHINE_PATH, "a path of one machine")]
        if path.suffix in (".c", ".h"):
            rules.append((DEAD_CODE, "dead code"))
        for rule, what in rules:
            for match in rule.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                findings.append(f"{sources.name_of(path)}:{line}: {what}: {match.group().strip()}")
    sources.finish(findings, len(files))


main()
