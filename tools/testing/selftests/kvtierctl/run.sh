#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC1091,SC2034,SC2154
#
# Usage: run.sh [KVTIERCTL]
#
# kvtierctl with the kernel module: every command, wrong input, as root and as
# an unprivileged user. TAP. To be run as root in a machine that may be broken;
# loads build/kmod/kvtier.ko, or $KVTIER_KO, if no module is loaded. Tests of a
# second tier need a second NUMA node with memory.

set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../../../.." && pwd)
program=${1:-$repo/build/bin/kvtierctl}
module=${KVTIER_KO:-$repo/build/kmod/kvtier.ko}
. "$here/tap.sh"
. "$here/drain.sh"
. "$here/monitor.sh"
. "$here/nvme.sh"

ctl=("$program")
user=(setpriv --reuid 65534 --regid 65534 --clear-groups "$program")
unset NO_COLOR

skip_all() {
	echo "1..0 # SKIP $1"
	exit 4
}

((EUID == 0)) || skip_all 'needs root'
[[ -x $program ]] || skip_all "there is no $program"
[[ -d /sys/class/kvtier_tier || -e $module ]] || skip_all "there is no $module"

tmp=$(mktemp -d)
chmod 755 "$tmp"

# What a test left behind, in case it was cut short.
cleanup() {
	exec 9>&-
	local name
	for name in /sys/class/kvtier/ctl-*; do
		[[ -e $name ]] && "$program" space delete "${name##*/}"
	done
	for name in /sys/class/kvtier_tier/ctl-*; do
		[[ -e $name ]] && "$program" tier remove "${name##*/}"
	done
	nvme_cleanup
	rm -rf "$tmp"
}
trap cleanup EXIT
cd "$tmp" || exit 1

as_user() {
	ctl=("${user[@]}")
	"$@"
	ctl=("$program")
}

second_node() {
	local node
	for node in /sys/devices/system/node/node[1-9]*; do
		[[ -e $node ]] && grep -q 'MemTotal: *[1-9]' "$node/meminfo" &&
			echo "${node##*node}" && return
	done
}

attribute() {
	cat "/sys/class/kvtier/$1"
}

sha() {
	printf %s "$1" | sha256sum | cut -c 1-64
}

test_not_loaded() {
	if [[ -d /sys/class/kvtier_tier ]]; then
		tap_skip 'messages without a module' 'the module was loaded already'
		return
	fi
	local message='kvtier module is not loaded: run modprobe kvtier$'
	expect 'not loaded: tier add' 5 "$message" tier add ctl-a --kind dram --node 0 --size 2M
	expect 'not loaded: tier list' 5 "$message" tier list
	expect 'not loaded: stat' 5 "$message" stat
	expect 'not loaded: monitor' 5 "$message" monitor
	expect 'not loaded: put' 5 "$message" put ctl-a key /dev/null
	as_user expect 'not loaded: as a user' 5 "$message" space delete ctl-a
	insmod "$module" || skip_all "$module does not load"
}

test_version() {
	expect 'version' 0 '' version --json
	json 'of all three' '.kvtierctl == .libkvtier and .module == .kvtierctl and .module_abi == .abi'
	as_user expect 'version as a user' 0 '' version
}

test_tiers() {
	expect 'tier add' 0 '' tier add ctl-a --kind dram --node 0 --size 32M
	expect 'tier list' 0 '' tier list
	output 'has it' '^ctl-a +dram +0 +32.0 MiB +0 B +32.0 MiB'
	expect 'tier list --json' 0 '' tier list --json
	json 'has it' '.[] | select(.name == "ctl-a") | .kind == "dram" and .node == 0 and .size == 33554432 and .free == 33554432 and .used == 0'
	expect 'same name again' 1 'exists' tier add ctl-a --kind dram --node 0 --size 2M
	expect 'no such node' 3 'no NUMA node 63 with memory' tier add ctl-x --kind dram --node 63 --size 2M
	expect 'no node so large' 3 'no NUMA node 2147483647' tier add ctl-x --kind dram --node 2147483647 --size 2M
	run tier list --json
	json 'nothing is left of these' 'map(select(.name == "ctl-x")) == []'
	expect 'tier grows' 0 '' tier resize ctl-a --size 64M
	run tier list --json
	json 'to that size' '.[] | select(.name == "ctl-a") | .size == 67108864'
	expect 'tier shrinks' 0 '' tier resize ctl-a --size 48M
	run tier list --json
	json 'to that size' '.[] | select(.name == "ctl-a") | .size == 50331648'
	expect 'no such tier' 3 'no tier "ctl-x"' tier resize ctl-x --size 2M
	expect 'no such tier' 3 'no tier "ctl-x"' tier remove ctl-x
}

test_create() {
	local new='space create ctl-s --block-size 64K'
	# shellcheck disable=SC2086
	{
		expect 'no such tier' 3 'no tier "ctl-x"' $new --quota ctl-a=2M --quota ctl-x=2M
		expect 'tier too small' 1 'tier "ctl-a" has only 48.0 MiB free \(asked 50.0 MiB\); see: kvtierctl tier list' $new --quota ctl-a=50M
		expect 'space create' 0 '' $new --quota ctl-a=8M --identity-text test --class 5
		expect 'same name again' 1 'exists' $new --quota ctl-a=8M
	}
	same 'default owner and mode' "$(stat -c '%u %g %a' /dev/kvtier/ctl-s)" '0 0 660'
	expect 'space show --json' 0 '' space show ctl-s --json
	json 'what was asked' ".block_size == 65536 and .identity == \"$(sha test)\" and .knobs.default_class == 5"
	json 'one arena' '.arenas | length == 1 and .[0].tier == "ctl-a" and .[0].bytes == 8388608'
	json 'nothing in it' '.blocks == 0 and .leases == 0 and .openers == 0 and .free_frames == .frames'
	json 'all knobs' '.knobs | has("low_watermark") and has("high_watermark") and has("lease_quota") and has("fill_timeout_ms") and has("quarantine_ms") and has("promote") and has("policy")'
	json 'all counters' '.stats | length >= 19'
	expect 'space show' 0 '' space show ctl-s
	output 'its owner' '^owner +root:root$'
	expect 'space with an owner' 0 '' space create ctl-u --block-size 4K --quota ctl-a=2M --owner 65534:65534 --mode 0440
	same 'owner and mode' "$(stat -c '%u %g %a' /dev/kvtier/ctl-u)" '65534 65534 440'
	expect 'space list' 0 '' space list
	output 'a row' '^ctl-u +4.0 KiB +2.0 MiB +0 B +512 +512 +0 +0 +0 +0440 +65534 +65534$'
	expect 'space list --json' 0 '' space list --json
	json 'both' 'map(.name) | contains(["ctl-s", "ctl-u"])'
	expect 'no such space' 3 'no space "ctl-x"' space show ctl-x
}

test_blocks() {
	head -c 65536 /dev/urandom > block
	head -c 100 block > short
	expect 'put' 0 '' put ctl-s one block
	output 'says where' "^$(sha one)  slot [0-9]+  dram$"
	expect 'get' 0 '' get ctl-s one copy
	bytes 'the same bytes' block copy
	expect 'get a range' 0 '' get ctl-s one - --offset 1000 --length 5000
	bytes 'its bytes' out <(tail -c +1001 block | head -c 5000)
	expect 'put again' 0 '' put ctl-s one short --pad --json
	json 'was there' '.stored == false'
	expect 'get' 0 '' get ctl-s one copy
	bytes 'as it was' block copy
	expect 'padded, from a pipe' 0 '' put ctl-s two - --parent one --pad < short
	expect 'get --json' 0 '' get ctl-s two copy --json
	json 'what was read' '.length == 65536 and .tier == "dram"'
	bytes 'zeros follow' copy <(cat short; head -c 65436 /dev/zero)
	expect 'not padded' 1 'short has only 100 B' put ctl-s three short
	expect 'get of a miss' 3 'no such block' get ctl-s three copy3
	same 'makes no file' "$(ls copy3 2> /dev/null)" ''
	expect 'third block' 0 '' put ctl-s three block --parent two --class 15
	run space show ctl-s --json
	json 'three blocks' '.blocks == 3 and .leases == 0 and .filling == 0 and .openers == 0'
}

test_lookup() {
	expect 'lookup of all' 0 '' lookup ctl-s one two three --json
	json 'all present' '.present == 3 and ([.blocks[].tier] | unique == ["dram"])'
	json 'three slots' '[.blocks[].slot] | unique | length == 3'
	expect 'lookup of a prefix' 6 '' lookup ctl-s one x three --json
	json 'ends at the miss' '.present == 1 and (.blocks | map(.state) == ["present", "miss", "not tried"])'
	expect 'lookup of nothing' 3 '' lookup ctl-s x one
	expect 'in no space' 3 'no space "ctl-x"' lookup ctl-x one
}

test_stat() {
	expect 'stat' 0 '' stat
	output 'a row' '^ctl-s +3 '
	expect 'stat SPACE' 0 '' stat ctl-s
	output 'a counter' '^puts +[0-9]+$'
	expect 'stat SPACE --json' 0 '' stat ctl-s --json
	json 'counters moved' '.stats.puts >= 3 and .stats.gets >= 3 and .stats.commits == 3 and .stats.lookups >= 6'
	# From its first sample on it counts whatever happens.
	begin_sampling stat ctl-s --interval 0.5 --json
	"$program" put ctl-s four - --pad < short > /dev/null
	"$program" drop ctl-s four > /dev/null
	end_sampling '([.[] | .rates.commits * .seconds] | add) > 0.9 and ([.[] | .rates.drops * .seconds] | add) > 0.9'
	json 'rates' '([.[] | .rates.commits * .seconds] | add) | . > 0.9 and . < 1.1'
	json 'of each counter' 'all(.[]; .rates.evictions == 0)'
	expect 'stat of no space' 3 'no space "ctl-x"' stat ctl-x
}

test_drop() {
	expect 'drop of an absent block' 3 '' drop ctl-s x
	expect 'drop of some' 6 '' drop ctl-s three x --json
	json 'tells which' '.dropped == 1 and (.blocks | map(.state) == ["dropped", "absent"])'
	run put ctl-s three block --parent two
	expect 'drop --chain' 0 '' drop ctl-s one --chain
	expect 'all below it is gone' 3 '' lookup ctl-s two
	expect 'all below it is gone' 3 '' lookup ctl-s three
	run space show ctl-s --json
	json 'the space is empty' '.blocks == 0 and .free_frames == .frames'
}

test_knobs() {
	expect 'set all knobs' 0 '' space set ctl-s default_class=3 low_watermark=100 \
		high_watermark=200 lease_quota=500 fill_timeout_ms=5000 quarantine_ms=0 \
		promote=always policy=lru remote=none remote_write=back remote_rate=1M \
		remote_timeout_ms=500
	same 'low_watermark' "$(attribute ctl-s/low_watermark)" 100
	same 'high_watermark' "$(attribute ctl-s/high_watermark)" 200
	same 'promote' "$(attribute ctl-s/promote)" always
	expect 'both down again' 0 '' space set ctl-s high_watermark=20 low_watermark=10
	run space show ctl-s --json
	json 'as JSON' '.knobs == {"default_class": 3, "low_watermark": 10, "high_watermark": 20, "lease_quota": 500, "fill_timeout_ms": 5000, "quarantine_ms": 0, "promote": "always", "checksum": "move", "verify": 1000, "remote_rate": 1048576, "remote_timeout_ms": 500, "remote": "none", "remote_write": "back", "policy": "lru"}'
	local bad
	for bad in default_class=16 low_watermark=21 high_watermark=501 lease_quota=0 \
		lease_quota=1001 fill_timeout_ms=99 quarantine_ms=3600001 promote=never \
		remote_write=up remote_timeout_ms=0 remote=ctl-a remote=ctl-x \
		policy=none low_watermark=-1 low_watermark=x class3/ttl_s=-1 \
		class3/ttl_s=4294967296 class3/priority=8 class3/floor=tape; do
		expect "refused: $bad" 1 "${bad%%=*}: '${bad#*=}' was refused: it takes" space set ctl-s "$bad"
	done
	expect 'one refused, one set' 6 'lease_quota' space set ctl-s lease_quota=0 promote=free
	same 'is set' "$(attribute ctl-s/promote)" free
	expect 'no such space' 3 'no space "ctl-x"' space set ctl-x promote=free
	expect 'knobs of a class' 0 '' space set ctl-s class3/ttl_s=60 class3/priority=0 class15/floor=cxl
	run space show ctl-s --json
	json 'as JSON' '.classes | length == 16 and .[3] == {"class": 3, "ttl_s": 60, "priority": 0, "floor": "remote"} and .[15].floor == "cxl"'
	run space show ctl-s
	output 'shown' '^ +3 +60 +0  remote$'
	expect 'back to the defaults' 0 '' space set ctl-s class3/ttl_s=0 class3/priority=3 class15/floor=remote
	run space show ctl-s
	same 'not shown' "$(grep -c PRIORITY out)" 0
}

test_resize() {
	expect 'space grows' 0 '' space resize ctl-s --quota ctl-a=16M
	run space show ctl-s --json
	json 'to that size' '.bytes == 16777216 and .frames == 256'
	expect 'space shrinks' 0 '' space resize ctl-s --quota ctl-a=4M
	run space show ctl-s --json
	json 'to that size' '.bytes == 4194304 and .frames == 64'
	expect 'more than the tier has' 1 'has only .* free \(asked 96.0 MiB\)' space resize ctl-s --quota ctl-a=100M
	expect 'the last tier' 1 'delete the space instead' space resize ctl-s --quota ctl-a=0
	expect 'no such tier' 3 'no tier "ctl-x"' space resize ctl-s --quota ctl-x=2M
	expect 'no such space' 3 'no space "ctl-x"' space resize ctl-x --quota ctl-a=2M
	expect 'one of two' 6 'no tier "ctl-x"' space resize ctl-s --quota ctl-x=2M --quota ctl-a=8M
	expect 'tier in use shrinks in part' 6 'size is now 10 MiB \(asked 2 MiB\): .*belongs to spaces' tier resize ctl-a --size 2M
	expect 'and is grown again' 0 '' tier resize ctl-a --size 48M
}

test_second_tier() {
	local node
	node=$(second_node)
	if [[ -z $node ]]; then
		tap_skip 'a second tier' 'there is no second NUMA node with memory'
		return
	fi
	expect 'more than the node has' 1 "node $node could not give 64.0 TiB" tier add ctl-b --kind cxl --node "$node" --size 64T
	expect 'tier add of kind cxl' 0 '' tier add ctl-b --kind cxl --node "$node" --size 16M
	expect 'does not grow beyond its node' 1 'no more memory' tier resize ctl-b --size 64T
	expect 'and back' 0 '' tier resize ctl-b --size 16M
	expect 'a quota on it' 0 '' space resize ctl-s --quota ctl-b=8M
	run space show ctl-s --json
	json 'two arenas' '.arenas | map(.tier) | sort == ["ctl-a", "ctl-b"]'
	expect 'put' 0 '' put ctl-s moved block
	expect 'the other tier is taken away' 0 '' space resize ctl-s --quota ctl-a=0
	run lookup ctl-s moved --json
	json 'its blocks moved' '.blocks[0].tier == "cxl"'
	expect 'get' 0 '' get ctl-s moved copy
	bytes 'with their bytes' block copy
	expect 'and back' 0 '' space resize ctl-s --quota ctl-a=8M --quota ctl-b=0
	# A block may be dropped to shrink a space, but never have other bytes.
	run get ctl-s moved copy
	((code == 3)) || bytes 'with their bytes again' block copy
	expect 'tier remove' 0 '' tier remove ctl-b
}

test_user() {
	as_user expect 'user: tier add' 4 'needs root' tier add ctl-x --kind dram --node 0 --size 2M
	as_user expect 'user: tier remove' 4 'needs root' tier remove ctl-a
	as_user expect 'user: tier resize' 4 'needs root' tier resize ctl-a --size 2M
	as_user expect 'user: space create' 4 'needs root' space create ctl-x --block-size 4K --quota ctl-a=2M
	as_user expect 'user: space delete' 4 'needs root' space delete ctl-s
	as_user expect 'user: space resize' 4 'needs root' space resize ctl-s --quota ctl-a=2M
	as_user expect 'user: space set' 4 'needs root' space set ctl-s promote=off
	as_user expect 'user: tier list' 0 '' tier list
	as_user expect 'user: space list' 0 '' space list
	as_user expect 'user: space show' 0 '' space show ctl-s --json
	as_user expect 'user: stat' 0 '' stat
	as_user expect 'user: a space of root' 4 'its mode is 0660, its owner root' get ctl-s one -
	as_user expect 'user: the own space, read' 3 'no such block' get ctl-u one -
	as_user expect 'user: the own space, read-only' 4 'its mode is 0440' put ctl-u one short --pad
	as_user expect 'user: lookup in it' 3 '' lookup ctl-u one
	as_user expect 'user: drop in it' 4 'its mode is 0440' drop ctl-u one
	run put ctl-u one short --pad
	as_user expect 'user: what root put there' 0 '' get ctl-u one - --length 100
	bytes 'user: its bytes' out short
	chmod 600 /dev/kvtier/ctl-u
	as_user expect 'user: the own space, written' 0 '' put ctl-u two - --pad < short
}

test_full() {
	local i
	expect 'a small space' 0 '' space create ctl-f --block-size 1M --quota ctl-a=2M
	for i in 1 2 3 4 5; do
		run put ctl-f "block $i" - --pad < short
		((code == 0)) || break
	done
	same 'puts into a full space evict' "$i $code" '5 0'
	run space show ctl-f --json
	json 'no more blocks than frames' '.blocks <= 2 and .stats.evictions >= 3'
	expect 'space delete' 0 '' space delete ctl-f
}

test_delete() {
	expect 'tier with spaces' 1 'spaces have .*space resize SPACE --quota ctl-a=0' tier remove ctl-a
	exec 9<> /dev/kvtier/ctl-s
	expect 'delete of an open space' 1 'in use \(open files: 1\); see: fuser -v /dev/kvtier/ctl-s' space delete ctl-s
	exec 9>&-
	expect 'space delete' 0 '' space delete ctl-s
	same 'its device is gone' "$(ls /dev/kvtier/ctl-s 2> /dev/null)" ''
	expect 'space delete again' 3 'no space "ctl-s"' space delete ctl-s
	expect 'the other' 0 '' space delete ctl-u
	run tier list --json
	json 'the tier is free' '.[] | select(.name == "ctl-a") | .used == 0 and .free == .size'
	expect 'tier remove' 0 '' tier remove ctl-a
	run tier list --json
	json 'none is left' 'map(select(.name | startswith("ctl-"))) == []'
}

echo 'TAP version 13'
test_not_loaded
test_version
test_tiers
test_create
test_blocks
test_lookup
test_stat
test_drop
test_knobs
test_resize
test_second_tier
test_user
test_full
test_nvme
test_monitor
test_drain
test_delete
tap_end
