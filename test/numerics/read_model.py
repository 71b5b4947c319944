#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Reads a file of write_model.c by the public description of safetensors alone, sharing no code with the library."""
import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

FORMATS = {"F32": ("f", 4), "F64": ("d", 8), "U8": ("B", 1), "U64": ("Q", 8)}
EXPECTED = {
    "bytes": ([5], [1, 2, 3, 254, 255]),
    "matrix": ([2, 3], [0, 0.5, -1, 1.5, -2, 2.5]),
    "long": ([1, 3], [0, 1, 2**64 - 1]),
    "double": ([2], [0.1, -1e300]),
    "one": ([], [0.5]),
}


def read(data):
    size = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8:8 + size].decode("utf-8"))
    metadata = header.pop("__metadata__")
    start, end = 8 + size, 0
    assert start % 64 == 0, start
    arrays = {}
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        letter, width = FORMATS[entry["dtype"]]
        first, last = entry["data_offsets"]
        assert first == end and (start + first) % width == 0, (name, first, end)
        arrays[name] = entry["shape"], list(struct.unpack_from(f"<{(last - first) // width}{letter}", data, start + first))
        end = last
    assert start + end == len(data), (start, end, len(data))
    return metadata, arrays


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.neume"
        subprocess.run([sys.argv[1], str(path)], check=True)
        metadata, arrays = read(path.read_bytes())
    assert arrays == EXPECTED, arrays
    assert list(metadata) == ["neume"], metadata
    assert json.loads(metadata["neume"]) == {"format": 1, "title": "été \"\n\""}, metadata
    print(f"{len(arrays)} arrays read")


main()
