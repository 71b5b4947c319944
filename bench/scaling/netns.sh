#!/bin/sh
# SPDX-License-Identifier: ISC
# Two ranks in two network namespaces, joined by a pair of virtual Ethernet devices: all bytes go over TCP, and over a
# wire as slow as asked for. Needs root, iproute2 and a build with MPICH, whose launcher speaks to its processes by pipes.
# Usage: netns.sh RATE COMMAND...   RATE: as tc says it, 1gbit, or "full"; COMMAND: bench/ranks sum, neume train ...
set -eu
rate=$1
shift

clear_up() {
    ip netns del neume0 2>/dev/null || true
    ip netns del neume1 2>/dev/null || true
}
trap clear_up EXIT

ip netns add neume0
ip netns add neume1
ip link add neume0 netns neume0 type veth peer name neume1 netns neume1
for rank in 0 1; do
    inside="ip -n neume$rank"
    $inside addr add "10.77.0.$((rank + 1))/24" dev "neume$rank"
    $inside link set lo up
    $inside link set "neume$rank" up
    if [ "$rate" != full ]; then
        tc -n "neume$rank" qdisc add dev "neume$rank" root tbf rate "$rate" burst 256kb latency 50ms
    fi
done
until ip -n neume1 -brief link show neume1 | grep -q ' UP '; do sleep 0.1; done
# shellcheck disable=SC2016 # for the shell of each rank
MPIR_CVAR_NOLOCAL=1 UCX_TLS=tcp mpirun.mpich -n 2 sh -c \
    'export UCX_NET_DEVICES="neume$PMI_RANK"; exec ip netns exec "neume$PMI_RANK" "$@"' rank "$@"
