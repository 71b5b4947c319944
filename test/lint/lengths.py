#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Files, functions, parameters and nesting stay within STYLE.md's limits; no #if inside a function."""
import re
import statistics
import subprocess

import sources

MAX_FILE, MAX_PUBLIC_HEADER, MAX_FUNCTION, MAX_PARAMETERS, MAX_NESTING = 600, 200, 60, 5, 3
MAX_MEDIAN = 12
# Numeric kernels may take more parameters: their operands, shapes and strides.
KERNELS = ("src/nn/",)
# Where tables of cases are long by nature, the length of a function is still held, its nesting too.
ASSERTING = ("test/",)


def functions(files):
    """(path, name, first line, last line) of every function that is defined."""
    listing = subprocess.run(
        ["ctags", "-x", "--language-force=C", "--kinds-C=f", "--_xformat=%F\t%N\t%n\t%{end}", *map(str, files)],
        capture_output=True, text=True, check=True).stdout
    for line in listing.splitlines():
        path, name, first, last = line.split("\t")
        yield path, name, int(first), int(last or first)


def without_text(code):
    """The code with comments, strings and characters blanked, line for line."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, code, flags=re.S)


def parameter_count(signature):
    inside = signature[signature.index("(") + 1:]
    depth, count = 0, 1
    for letter in inside:
        if letter == "(":
            depth += 1
        elif letter == ")":
            if depth == 0:
                break
            depth -= 1
        elif letter == "," and depth == 0:
            count += 1
    return count


def nesting(body):
    """Braces below the function's own; those of initialisers and switch bodies do not count."""
    deepest, depth, stack = 0, 0, []
    for match in re.finditer(r"[{}]", body):
        if match.group() == "{":
            before = body[:match.start()].rstrip()
            is_block = before.endswith((")", "else", "do")) and not re.search(r"switch \([^{}]*\)$", before)
            stack.append(is_block)
            depth += is_block
            deepest = max(deepest, depth)
        elif stack:
            depth -= stack.pop()
    return deepest - 1


def judge(name, path, lines, first, last):
    where = f"{sources.name_of(path)}:{first}: {name}"
    text = "\n".join(lines[first - 1:last])
    is_kernel = sources.name_of(path).startswith(KERNELS)
    if last - first + 1 > MAX_FUNCTION:
        yield f"{where}: {last - first + 1} lines, at most {MAX_FUNCTION}"
    if not is_kernel and "(" in text and parameter_count(text) > MAX_PARAMETERS:
        yield f"{where}: {parameter_count(text)} parameters, at most {MAX_PARAMETERS}"
    if nesting(text) > MAX_NESTING:
        yield f"{where}: nested {nesting(text)} deep, at most {MAX_NESTING}"
    if re.search(r"^\s*#\s*(if|ifdef|ifndef)\b", text, re.M):
        yield f"{where}: #if inside a function (a platform variant is a file)"


def main():
    files = sources.c_files()
    findings, lengths = [], []
    for path in files:
        count = len(path.read_text(encoding="utf-8").splitlines())
        limit = MAX_PUBLIC_HEADER if "include" in path.parts else MAX_FILE
        if count > limit:
            findings.append(f"{sources.name_of(path)}: {count} lines, at most {limit}")
    texts = {}
    for path_text, name, first, last in functions(files):
        path = sources.ROOT / path_text
        if path not in texts:
            texts[path] = without_text(path.read_text(encoding="utf-8")).splitlines()
        findings += judge(name, path, texts[path], first, last)
        if sources.name_of(path).startswith("src/"):
            lengths.append(last - first + 1)
    median = statistics.median(lengths)
    print(f"{len(lengths)} functions in src, median {median} lines")
    if median > MAX_MEDIAN:
        findings.append(f"src: the median function has {median} lines, at most {MAX_MEDIAN}")
    sources.finish(findings, len(files))


main()
