#!/bin/sh
# SPDX-License-Identifier: ISC
# run.sh FUZZER MOST [SEEDS...]: inputs of at most MOST bytes bred from the folders of seeds, 30,000 of them, or a
# million where NEUME_LONG is set.
set -eu
fuzzer=$1
most=$2
shift 2
runs=30000
if [ -n "${NEUME_LONG-}" ]; then
    runs=1000000
fi
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT
"$fuzzer" -runs=$runs -seed=1 -max_len="$most" -len_control=0 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 "$found" "$@"
