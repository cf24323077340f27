#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC1091,SC2034,SC2154
#
# The programs of examples/ on a space of dram and nvme, whose blocks have layers.
# TAP. To be run as root in a machine that may be broken; loads build/kmod/kvtier.ko,
# or $KVTIER_KO, if no module is loaded. The nvme device is a loop device.

set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../../../.." && pwd)
build=${KVTIER_BUILD:-$repo/build}
kvtierctl=$build/bin/kvtierctl
module=${KVTIER_KO:-$build/kmod/kvtier.ko}
. "$here/../kvtierctl/tap.sh"

skip_all() {
	echo "1..0 # SKIP $1"
	exit 4
}

((EUID == 0)) || skip_all 'needs root'
[[ -x $build/examples/decode ]] || skip_all 'the examples are not built: make -C examples'
[[ -d /sys/class/kvtier_tier || -e $module ]] || skip_all "there is no $module"

tmp=$(mktemp -d)
disk=

cleanup() {
	"$kvtierctl" space delete demo
	"$kvtierctl" tier remove demo-nvme
	"$kvtierctl" tier remove demo-dram
	[[ $disk ]] && losetup -d "$disk"
	rm -rf "$tmp"
} 2> /dev/null
trap cleanup EXIT
cd "$tmp" || exit 1

# NAME CODE REGEX PROGRAM ARG...: as expect, for an example
example() {
	local program=$4
	ctl=("$build/examples/$program")
	expect "$1" "$2" "$3" "${@:5}"
}

make_space() {
	"$kvtierctl" space create demo --block-size 256K --layers 16 --wait \
		--quota demo-dram=16M --quota demo-nvme=32M
}

set_up() {
	[[ -d /sys/class/kvtier_tier ]] || { modprobe libcrc32c; insmod "$module"; } || return
	modprobe -q loop
	truncate -s 64M disk
	disk=$(losetup -f --show disk) || return
	"$kvtierctl" tier format --force --segment-size 4M "$disk" > out || return
	"$kvtierctl" tier add demo-dram --kind dram --node 0 --size 16M &&
		"$kvtierctl" tier add nvme --name demo-nvme --device "$disk" && make_space
}

# All blocks are on nvme only, as after a restart.
restart() {
	"$kvtierctl" tier remove demo-nvme && "$kvtierctl" space delete demo &&
		"$kvtierctl" tier add nvme --name demo-nvme --device "$disk" && make_space
}

# NAME COMMAND...: it succeeds. In this shell: it may set variables.
works() {
	local name=$1
	shift
	if "$@" > wrong 2>&1; then
		tap_ok "$name"
	else
		tap_not_ok "$name" "$(< wrong)"
	fi
}

for program in hello prefill decode events handoff; do
	example "$program without a space" 1 'no such space' "$program" no-such-space
done
for program in prefill decode events handoff; do
	example "$program says what to do" 1 'kvtierctl space create no-such-space' "$program" no-such-space
done
works 'tiers and a space with layers' set_up
example 'hello' 0 '' hello
output 'reads what it stored' '^keys and values$'
example 'nothing is cached' 1 '' decode
example 'prefill' 0 '' prefill
output 'computes all' '^0 blocks were cached, 8 were computed$'
example 'prefill again' 0 '' prefill
output 'computes none' '^8 blocks were cached, 0 were computed$'
example 'decode' 0 '' decode
output 'finds them in memory' '^8 of 8 blocks were cached, 0 of them arrived layer by layer, 0 wrong bytes$'
example 'events' 0 '' events
output 'serves all' '^32 requests got 256 leases;'
example 'hand-off' 0 '' handoff
output 'hands all over' '^4 of 4 blocks were handed over, 0 wrong bytes$'
# On a machine that stands still just then they are all there when it looks.
for _ in {1..20}; do
	works 'a restart' restart
	example 'decode' 0 '' decode
	grep -q ' [1-8] of them arrived' out && break
done
output 'blocks arrive layer by layer' '^8 of 8 blocks were cached, [1-8] of them arrived layer by layer, 0 wrong bytes$'
works 'a restart' restart
example 'events' 0 '' events
output 'serves all' '^32 requests got 256 leases;'
tap_end
