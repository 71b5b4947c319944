# SPDX-License-Identifier: ISC
"""What the lint tests share: the project's files, and how a finding is reported."""
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("include", "src", "test", "tools", "bench", "examples")


def tracked(*patterns):
    """Files that git tracks or would add; without git, those in the code folders. Matched by name against patterns."""
    try:
        listed = subprocess.run(
            ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard"],
            capture_output=True, text=True, check=True).stdout.split("\n")
        files = [ROOT / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        files = [f for folder in CODE_FOLDERS for f in (ROOT / folder).rglob("*")]
    return sorted(f for f in files if f.is_file() and any(f.match(p) for p in patterns))


def c_files():
    return tracked("*.c", "*.h")


def name_of(path):
    return str(path.relative_to(ROOT))


def finish(findings, checked):
    """Prints the findings and ends; a test that looked at nothing has failed."""
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings in {checked} files")
    sys.exit(1 if findings or checked == 0 else 0)
