#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Adds up Meson's test logs: names what failed or was skipped, and ends with "N passed, N failed, N skipped"."""
import argparse
import json
import sys


def results(path):
    with open(path, encoding="utf-8", errors="replace") as log:
        for line in log:
            test = json.loads(line)
            yield path.split("/")[0], test["name"], test["result"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broken", type=int, default=0, help="builds that failed: each is a failure")
    parser.add_argument("logs", nargs="*")
    arguments = parser.parse_args()
    passed, failed, skipped = 0, arguments.broken, 0
    for path in arguments.logs:
        try:
            tests = list(results(path))
        except OSError as error:
            print(f"FAILED: no log of tests: {error}")
            failed += 1
            continue
        for build, name, result in tests:
            if result in ("OK", "EXPECTEDFAIL"):
                passed += 1
            elif result == "SKIP":
                skipped += 1
                print(f"SKIPPED: {name} ({build})")
            else:
                failed += 1
                print(f"FAILED: {name} ({build}): {result}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
