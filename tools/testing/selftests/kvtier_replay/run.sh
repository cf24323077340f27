#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2016
#
# Usage: run.sh [--trace FILE] [--only NAME]...
#
# kvtier-replay with the kernel module: hit ratios and writes as the simulator has
# them, no wrong block alone, in company and over a restart, wrong blocks are
# found when there are any, clean ends of clients that fail or are killed. TAP. To be run as root in a
# machine that may be broken; loads build/kmod/kvtier.ko, or $KVTIER_KO, if no
# module is loaded.
#
# With --trace a whole trace is replayed instead of the excerpt.

set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../../../.." && pwd)
bin=${KVTIER_BUILD:-$repo/build}/bin
module=${KVTIER_KO:-$repo/build/kmod/kvtier.ko}
trace=$repo/tools/testing/replay/traces/conversation-2000.jsonl.gz
agentic=$repo/tools/testing/replay/traces/agentic-2491.jsonl.gz
space=replay-test
sys=/sys/class/kvtier/$space
mib=$((1 << 20))
only=()
while (($#)); do
	case $1 in
	--trace) trace=$2; shift ;;
	--only) only+=("$2"); shift ;;
	*) echo "run.sh: unknown argument '$1'" >&2; exit 2 ;;
	esac
	shift
done

# --- TAP ----------------------------------------------------------------------

nr=0 failed=0

# ok NAME TEST...: passes if the command TEST succeeds.
ok() {
	local name=$1 result=ok

	shift
	((++nr))
	"$@" >/dev/null || { result='not ok'; ((++failed)); }
	echo "$result $nr - $name"
	[[ $result == ok ]] || echo "# failed: $*"
}

is() {
	ok "$1 ($2)" [ "$2" "$3" "$4" ]
}

skip() {
	echo "ok $((++nr)) - $1 # SKIP $2"
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 4
}

((EUID == 0)) || skip_all 'needs root'
for program in kvtierctl kvtier-replay kvtier-sim; do
	[[ -x $bin/$program ]] || skip_all "there is no $bin/$program"
done
command -v jq >/dev/null || skip_all 'needs jq'
[[ -e /dev/kvtier-control ]] || insmod "$module" ||
	skip_all "cannot load $module"

tmp=$(mktemp -d)
chmod 755 "$tmp"

# --- a space for each test ------------------------------------------------------

ctl() {
	"$bin/kvtierctl" "$@" >/dev/null || echo "# failed: kvtierctl $*"
}

# A device to write to: the test machine's, or a file.
get_device() {
	[[ -n ${device-} ]] && return
	device=/dev/disk/by-id/nvme-kvt1
	[[ -b $device ]] && return
	modprobe loop 2>/dev/null
	truncate -s 128M "$tmp/device"
	device=$(losetup --find --show "$tmp/device") && is_loop=1
}

# can_run NAME: is there a device to be had?
can_run() {
	get_device && return
	device=
	skip "$1" 'no nvme-kvt1, nor a loop device'
	return 1
}

has_second_node() {
	[[ -e /sys/devices/system/node/node1 ]]
}

# make_tiers BLOCK_SIZE DRAM CXL NVME: a space on all three, as it was left. CXL 0: on two.
make_tiers() {
	local quotas=(--quota "replay-dram=$2" --quota "replay-nvme=$4")

	ctl tier add replay-dram --kind dram --node 0 --size "$2"
	if [[ $3 != 0 ]]; then
		ctl tier add replay-cxl --kind cxl --node 1 --size "$3"
		quotas+=(--quota "replay-cxl=$3")
	fi
	ctl tier add nvme --name replay-nvme --device "$device"
	ctl space create "$space" --block-size "$1" "${quotas[@]}"
	ctl tier wait replay-nvme
}

# make_space BLOCK_SIZE DRAM_BYTES [CXL_BYTES]
make_space() {
	local quotas=(--quota "replay-dram=$2")

	ctl tier add replay-dram --kind dram --node 0 --size "$2"
	if (($# > 2)); then
		ctl tier add replay-cxl --kind cxl --node 1 --size "$3"
		quotas+=(--quota "replay-cxl=$3")
	fi
	ctl space create "$space" --block-size "$1" "${quotas[@]}"
}

value() {
	cat "$sys/$1"
}

# Wait until the attribute is as said; what is closed late may take a moment, and
# on a busy machine a long one: so many tenths of a second.
patience=1200

settles() {
	local i

	for ((i = 0; i < patience; i++)); do
		test "$(value "$1")" "$2" "$3" && return
		sleep 0.1
	done
	echo "# $1 is $(value "$1")" >&2
	return 1
}

remove_space() {
	local name

	[[ -e $sys ]] && settles openers -eq 0 && ctl space delete "$space"
	for name in replay-nvme replay-dram replay-cxl; do
		[[ ! -e /sys/class/kvtier_tier/$name ]] || ctl tier remove "$name"
	done
}

cleanup() {
	local job

	for job in $(jobs -p); do
		kill -9 "$job" 2>/dev/null
	done
	wait 2>/dev/null
	remove_space
	[[ -z ${is_loop-} ]] || losetup --detach "$device"
	rm -rf "$tmp"
}
trap cleanup EXIT

nothing_left() {
	ok "$1: no lease is left" settles leases -eq 0
	ok "$1: no frame is being filled" settles filling -eq 0
	ok "$1: no frame is in quarantine" settles quarantined -eq 0
	remove_space
}

# replay OPTION...: the report is in $tmp/report, the exit status in $status.
replay() {
	status=0
	"$bin/kvtier-replay" --trace "$trace" --space "$space" --quiet \
		--json "$tmp/report" "$@" 2>"$tmp/messages" || status=$?
	((status <= 1)) || sed 's/^/# /' "$tmp/messages"
}

# For use with &: $! is then the program itself.
client() {
	exec "$bin/kvtier-replay" --trace "$trace" --space "$space" --quiet "$@"
}

report() {
	jq "$1" "$tmp/report"
}

says() {
	grep -q "$1" "$tmp/messages" || {
		sed 's/^/# /' "$tmp/messages" >&2
		return 1
	}
}

# --- tests ---------------------------------------------------------------------

# lru_ratio FRAMES: what a leaf-first LRU of this size has.
lru_ratio() {
	"$bin/kvtier-sim" --trace "$trace" --policy lru --json - \
		--capacity-blocks "$1" | jq '.results[0].hit_ratio'
}

# One memory tier that holds $1 per cent of the trace's blocks. Between 0 and
# high_watermark of its frames are free, so it is as good as a cache that is
# smaller by no more than that.
hit_ratio() {
	local percent=$1 bytes frames least most got

	bytes=$(jq -n --argjson n "$distinct" --argjson p "$percent" \
		'$n * $p / 100 * 4096 / 2097152 | ceil * 2097152')
	make_space 4K "$bytes"
	frames=$(value arena0/frames)
	least=$(lru_ratio $((frames * (1000 - $(value high_watermark)) / 1000)))
	most=$(lru_ratio "$frames")
	replay
	got=$(report .hit_ratio)
	is "capacity $percent %: exit status" "$status" -eq 0
	is "capacity $percent %: no wrong block" "$(report .wrong_blocks)" -eq 0
	is "capacity $percent %: every hit was verified" \
		"$(report '.hits - .verified_blocks')" -eq 0
	ok "capacity $percent %: hit ratio $got is leaf-first LRU's, $least to $most, within 0.004" \
		jq -e --argjson least "$least" --argjson most "$most" \
		'.hit_ratio >= $least - 0.004 and .hit_ratio <= $most + 0.004' \
		"$tmp/report"
	ok "capacity $percent %: the kernel counts the same hits" \
		[ "$(report .counters.acquire_hits)" = "$(report .hits)" ]
	is "capacity $percent %: there were evictions" "$(report .evictions)" -gt 0
	nothing_left "capacity $percent %"
}

test_hit_ratio() {
	local percent

	distinct=$("$bin/kvtier-sim" --trace "$trace" --capacity 1 --json - \
		--policy lru | jq .distinct_blocks)
	for percent in 5 10 25; do
		hit_ratio $percent
	done
}

# Several processes with several threads on two tiers, in blocks that are no
# power of two, with every hit promoted.
test_company() {
	if ! has_second_node; then
		skip 'company' 'no NUMA node 1 for a second tier'
		return
	fi
	make_space 12K $((16 * mib)) $((32 * mib))
	echo always >"$sys/promote"
	replay --processes 3 --threads 3 --wait 200 --limit 700
	is 'company: exit status' "$status" -eq 0
	is 'company: requests' "$(report .requests)" -eq 700
	is 'company: no wrong block' "$(report .wrong_blocks)" -eq 0
	is 'company: hits on cxl or promoted' \
		"$(report '.tier_hits.cxl + .promotions')" -gt 0
	is 'company: demotions' "$(report .demotions)" -gt 0
	is 'company: no error' "$(report .errors)" -eq 0
	nothing_left 'company'
}

# simulate LIMIT TIERS: what the tiers are to make of it, in $tmp/simulation.
simulate() {
	"$bin/kvtier-sim" --trace "$agentic" --limit "$1" --block-size 32K \
		--segment-size 1M --tiers "$2" \
		--mode inclusive,exclusive --json "$tmp/simulation" >/dev/null
}

simulated() {
	jq ".hosts[$1]$2" "$tmp/simulation"
}

# near WHAT REAL SIMULATED PERCENT: no more than that apart.
near() {
	ok "$1: $2 is as simulated, $3" jq -ne --argjson a "$2" --argjson b "$3" \
		--argjson p "$4" '($a - $b) | fabs <= $b * $p / 100'
}

# as_simulated NAME DRAM CXL HITS WRITES: per cent that they may be apart. Memory is much
# smaller than what is used again and again.
as_simulated() {
	local name=$1 tiers=dram=$2,cxl=$3,nvme=48M writeouts

	[[ $3 != 0 ]] || tiers=dram=$2,nvme=48M
	ctl tier format "$device" --segment-size 1M --force
	make_tiers 32K "$2" "$3" 48M
	simulate 150 "$tiers"
	replay --trace "$agentic" --limit 150 --verify sample=4 --wait 60000
	is "$name: exit status" "$status" -eq 0
	is "$name: no wrong block" "$(report .wrong_blocks)" -eq 0
	is "$name: no error" "$(report .errors)" -eq 0
	near "$name: hits" "$(report .hits)" "$(simulated 0 .hits)" "$4"
	near "$name: blocks written" "$(report .writeouts)" \
		"$(simulated 0 .writeouts)" "$5"
	is "$name: bytes written a 1000 of blocks" \
		"$(cat /sys/class/kvtier_tier/replay-nvme/write_amplification)" -le 1050
	is "$name: hits on nvme" "$(report .found_on.nvme)" -gt 5000
	writeouts=$(report .writeouts)
	is "$name: a third of what exclusive tiers write, at most" \
		$((3 * writeouts)) -le "$(simulated 1 .writeouts)"
	near "$name: which hit as much" "$(report .hits)" "$(simulated 1 .hits)" "$4"
	nothing_left "$name"
}

test_nvme() {
	can_run nvme || return
	as_simulated 'nvme' 12M 0 2 2
	# With a tier between, two workers race: blocks are on their way down while they are
	# used again, and are written in vain. How many is a matter of when they get a
	# processor; the simulator has no time.
	if has_second_node; then
		as_simulated 'three tiers' 4M 8M 3 15
	else
		skip 'three tiers' 'no NUMA node 1 for a second tier'
	fi
}

# What one process stored another finds, after the tier and the space had gone.
test_restart() {
	local before tiers=(16K 24M 0 64M)

	can_run restart || return
	ctl tier format "$device" --segment-size 1M --force
	has_second_node && tiers=(16K 8M 16M 64M)
	make_tiers "${tiers[@]}"
	replay --fraction 0.05 --wait 60000
	is 'restart: exit status' "$status" -eq 0
	is 'restart: all blocks were stored' "$(report .not_stored)" -eq 0
	before=$(value blocks)
	ctl tier remove replay-nvme
	remove_space
	make_tiers "${tiers[@]}"
	is 'restart: all blocks are there again' "$(value blocks)" -eq "$before"
	replay --fraction 0.05 --read-only --wait 60000
	is 'restart: no wrong block' "$(report .wrong_blocks)" -eq 0
	is 'restart: every block is hit' "$(report '.blocks - .hits')" -eq 0
	is 'restart: found on nvme' "$(report .found_on.nvme)" -gt 0
	replay --from 0.05 --limit 100
	is 'restart: the rest of the trace' "$status" -eq 0
	is 'restart: no wrong block' "$(report .wrong_blocks)" -eq 0
	nothing_left 'restart'
}

# A test that cannot fail is none: blocks of which only the begin was filled
# must be told as wrong.
test_wrong_bytes() {
	make_space 8K $((8 * mib))
	replay --limit 20 --fill-bytes 4K
	is 'wrong bytes: half blocks are right as far as they go' "$status" -eq 0
	replay --limit 20 --read-only
	is 'wrong bytes: exit status' "$status" -eq 1
	is 'wrong bytes: all hits' "$(report '.hits - .wrong_blocks')" -eq 0
	is 'wrong bytes: some hits' "$(report .hits)" -gt 0
	ok 'wrong bytes: told' says 'WRONG BYTES.*byte 4096'
	nothing_left 'wrong bytes'
}

test_ways() {
	make_space 4K $((16 * mib))
	replay --limit 100
	is 'ways: a first pass stores' "$(report .stored_blocks)" -gt 0
	replay --limit 100 --read-only --verify sample=4
	is 'ways: a sample is a part' \
		"$(report '.verified_blocks * 2 - .hits')" -lt 0
	is 'ways: all is there' "$(report '.blocks - .hits')" -eq 0
	replay --limit 100 --read-only --verify none
	is 'ways: none is none' "$(report .verified_blocks)" -eq 0
	replay --limit 100 --read-only --seed 2
	is 'ways: another seed has other blocks' "$(report .hits)" -eq 0
	replay --limit 100 --read-only --skip 50 --fraction 0.05
	is 'ways: a part of the trace' "$(report '.requests')" -eq 50
	replay --limit 100 --read-only --speed 10
	ok "ways: the trace's time, ten times as fast: $(report .wall_seconds) s" \
		jq -e '.wall_seconds >= 2.0' "$tmp/report"
	nothing_left 'ways'
}

test_refused() {
	make_space 4K $((4 * mib))
	replay --limit 10 --identity "$(printf '%064d' 1)"
	is 'refused: another identity' "$status" -eq 3
	ok 'refused: told' says 'identity'
	status=0
	setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$bin/kvtier-replay" --trace "$trace" --space "$space" \
		2>"$tmp/messages" || status=$?
	is 'refused: an unprivileged user' "$status" -eq 3
	ok 'refused: told' says 'permission\|mode'
	status=0
	"$bin/kvtier-replay" --trace "$trace" --space no-such 2>"$tmp/messages" ||
		status=$?
	is 'refused: no such space' "$status" -eq 3
	ok 'refused: told' says 'no such space'
	nothing_left 'refused'
}

test_ended() {
	local pid worker

	make_space 16K $((32 * mib))
	client --json "$tmp/report" --hold 100 2>"$tmp/messages" &
	pid=$!
	ok 'ended: leases are held' settles leases -gt 0
	kill -TERM $pid
	wait $pid
	is 'ended: by a signal' $? -eq 3
	ok 'ended: the report says so' jq -e '.complete == false' "$tmp/report"

	client --hold 100 --processes 2 2>"$tmp/messages" &
	pid=$!
	ok 'ended: leases are held' settles leases -gt 0
	worker=$(pgrep -P $pid | head -n 1)
	kill -9 "$worker"
	wait $pid
	is 'ended: a client was killed' $? -eq 3
	ok 'ended: told' says 'was killed by signal 9'
	nothing_left 'ended'
}

test_killed() {
	# A client may end before it is seen to fill something.
	local i pid patience=100

	make_space 64K $((64 * mib))
	for ((i = 0; i < 5; i++)); do
		client --processes 2 --seed $i 2>/dev/null &
		pid=$!
		settles filling -gt 0
		kill -9 $pid
		{ wait $pid; } 2>/dev/null
	done
	ok 'killed: all files are closed' settles openers -eq 0
	replay --limit 100
	is 'killed: the space works' "$status" -eq 0
	is 'killed: no wrong block' "$(report .wrong_blocks)" -eq 0
	nothing_left 'killed'
}

((${#only[@]})) || only=(hit_ratio company nvme restart wrong_bytes ways refused ended killed)
for name in "${only[@]}"; do
	"test_$name"
done
echo "1..$nr"
((!failed))
