#!/bin/sh
# SPDX-License-Identifier: ISC
# run.sh FUZZER SEEDS: inputs bred from the seeds, 30,000 of them, or a million where NEUME_LONG is set.
set -eu
fuzzer=$1
seeds=$2
runs=30000
if [ -n "${NEUME_LONG-}" ]; then
    runs=1000000
fi
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
"$fuzzer" -runs=$runs -seed=1 -max_len=8192 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 "$found" "$seeds"
