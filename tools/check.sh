#!/bin/sh
# SPDX-License-Identifier: ISC
# All tests, in every build that finds faults: gcc, clang, address and undefined-behaviour sanitizers, fuzzers; and the
# kernels of 64-bit ARM, on an emulated machine.
# The last line counts the test programs: "N passed, N failed, N skipped". The exit code is 0 if none failed.
set -u
cd "$(dirname "$0")/.." || exit 1

patience=1
if [ "${1-}" = --long ]; then
    NEUME_LONG=1
    export NEUME_LONG
    patience=40
fi
tools/install.sh build check || exit 1

broken=0

# build FOLDER COMPILER OPTION...: all, or what `targets` names.
targets=
build() {
    folder=$1
    compiler=$2
    shift 2
    echo "== $folder: $compiler $*"
    if [ ! -f "$folder/build.ninja" ]; then
        CC=$compiler meson setup "$folder" --werror -Dtests=enabled "$@" || return 1
    else # of make all or make demo, perhaps without tests
        meson configure "$folder" --werror -Dtests=enabled || return 1
    fi
    # shellcheck disable=SC2086 # a list of words
    ninja -C "$folder" $targets
}

# run FOLDER SUITE...: failures are counted at the end, from Meson's log.
run() {
    folder=$1
    shift
    suites=
    for suite in "$@"; do
        suites="$suites --suite $suite"
    done
    # shellcheck disable=SC2086 # a list of words
    meson test -C "$folder" --no-rebuild --timeout-multiplier "$patience" --print-errorlogs $suites
}

# A build that fails is one failure, and says so.
check() {
    folder=$1
    compiler=$2
    options=$3
    shift 3
    # shellcheck disable=SC2086 # a list of words
    if build "$folder" "$compiler" $options; then
        run "$folder" "$@"
    else
        echo "FAILED to build: $folder" >&2
        broken=$((broken + 1))
    fi
}

rm -f build*/meson-logs/testlog.json
check build gcc "" lint unit numerics kernels cli
check build-clang clang "" unit kernels
lines="--buildtype=debugoptimized -Dc_args=-g1" # for the traces of sanitizers, which need no more of debug information
check build-sanitize gcc "-Db_sanitize=address,undefined $lines" unit numerics kernels
check build-aarch64 aarch64-linux-gnu-gcc "--cross-file tools/aarch64.ini -Dkernels_only=true" kernels

# Of the builds that follow only what they alone have.
targets="test/fuzz/fuzz_midi test/fuzz/fuzz_model test/fuzz/fuzz_checkpoint test/fuzz/fuzz_cache test/fuzz/midi.stamp
    test/fuzz/model.stamp test/unit/test_composer_music test/unit/test_sort"
less="-Dproducts=disabled"
check build-fuzz clang "$less -Dfuzz=enabled -Db_sanitize=address,undefined -Db_lundef=false $lines" fuzz alone
targets="neume test/mpi/exchange test/cli/faults.so examples/tunes/adeste-fideles.mid"
check build-openmpi gcc "$less -Dmpi=enabled -Dmpi_package=ompi-c -Doptimization=1" mpi
check build-mpich gcc "$less -Dmpi=enabled -Dmpi_package=mpich -Doptimization=1" mpi

/usr/bin/python3 tools/count_tests.py --broken "$broken" build*/meson-logs/testlog.json
