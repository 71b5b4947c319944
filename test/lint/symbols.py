#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The shared library exports neume_... and nothing else; the static one defines neume_... and nm_... only; neither calls
what a library must not. Usage: symbols.py LIBNEUME.so LIBNEUME.a"""
import subprocess
import sys

import sources

FORBIDDEN = {"exit", "_exit", "abort", "printf", "puts", "putchar", "system", "__assert_fail", "srand", "rand"}


def symbols(*arguments):
    listing = subprocess.run(["nm", *arguments], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1] for line in listing.splitlines() if line and not line.endswith(":")}


def main():
    shared, static = sys.argv[1], sys.argv[2]
    exported = symbols("-D", "--defined-only", shared)
    defined = symbols("-g", "--defined-only", static)
    used = {name.split("@")[0] for name in symbols("-g", "--undefined-only", static)}
    findings = [f"{shared}: exports {name}" for name in sorted(exported) if not name.startswith("neume_")]
    findings += [f"{static}: defines {name}" for name in sorted(defined) if not name.startswith(("neume_", "nm_"))]
    findings += [f"{static}: calls {name}" for name in sorted(used & FORBIDDEN)]
    declared = "\n".join(h.read_text(encoding="utf-8") for h in sources.tracked("*.h") if "include" in h.parts)
    findings += [f"{shared}: {name} is in no public header" for name in sorted(exported) if f"{name}(" not in declared]
    sources.finish(findings, len(exported) + len(defined))


main()
