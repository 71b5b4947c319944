# SPDX-License-Identifier: ISC
# The front door; the build itself is Meson's (meson setup b && ninja -C b).
.PHONY: all demo check check-long clean

all:
	tools/install.sh build
	test -f build/build.ninja || meson setup build
	ninja -C build

# Installs what is missing, builds, trains on the embedded tunes for about a minute, composes.
demo:
	tools/demo.sh

# Installs what the tests need and runs them all; ends with "N passed, N failed".
check:
	tools/check.sh

# The same with the nightly amounts: a million fuzz runs a target, 1,000 kills, 10,000 songs.
check-long:
	tools/check.sh --long

clean:
	rm -rf build build-clang build-sanitize build-fuzz build-aarch64 build-openmpi build-mpich
