# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Tests of run.sh for kvtierctl drain and restore: space ctl-p, its pool a helper in memory,
# and ctl-q, which is what another host of the same pool would have.

drain_blocks=20

drain_helper() {
	local _
	"$helper" ctl-r 4096 > "$tmp/helper" 2>&1 &
	helper_pid=$!
	for _ in {1..2400}; do
		grep -q ready "$tmp/helper" && return
		sleep 0.05
	done
	return 1
}

# SPACE
drain_space() {
	run tier add "$1" --kind dram --node 0 --size 2M
	run space create "$1" --block-size 4K --quota "$1=2M" \
		--identity "$(printf '11%.0s' {1..32})"
	run space set "$1" remote=ctl-r
}

# A chain, each with bytes of its own: $tmp/p1, $tmp/p2...
drain_put() {
	local i
	for ((i = 1; i <= drain_blocks; i++)); do
		head -c 4096 /dev/urandom > "p$i"
		if ((i == 1)); then
			run put ctl-p p1 p1
		else
			run put ctl-p "p$i" "p$i" --parent "p$((i - 1))"
		fi
	done
}

# What --list has to be, in any order.
drain_wanted() {
	local i parent
	parent=$(printf '%064d' 0)
	for ((i = 1; i <= drain_blocks; i++)); do
		echo "$(sha "p$i") $parent"
		parent=$(sha "p$i")
	done
}

test_drain_wrong() {
	expect 'drain: no such space' 3 'no such space' drain ctl-none
	expect 'drain without a helper' 1 'no remote tier with a helper' drain ctl-p
	expect 'drain --deadline soon' 2 'deadline' drain ctl-p --deadline soon
	expect 'restore without a list' 2 'list' restore ctl-p
	expect 'restore: no such list' 1 'nowhere' restore ctl-p --list nowhere
	echo 'what is this' > nonsense
	expect 'restore: no list at all' 1 'line 1.*no list of kvtierctl drain' \
		restore ctl-p --list nonsense
	as_user expect 'user: drain' 4 'only root' drain ctl-p
}

# A helper that stands still: the deadline is kept, and what is left is told.
test_drain_deadline() {
	kill -STOP "$helper_pid"
	expect 'drain --deadline' 6 '' drain ctl-p --deadline 1 --json
	json 'what is left is told' ".total == $drain_blocks and .copied == 0 and .left == $drain_blocks"
	same 'it does not go on' "$(< /sys/class/kvtier/ctl-p/drain/on)" 0
	kill -CONT "$helper_pid"
}

test_drain_all() {
	expect 'drain --list' 0 '' drain ctl-p --list list --json
	json 'all are on the pool' '.space == "ctl-p" and .copied == .total and .failed == 0 and .left == 0'
	same 'the list has keys and parents' "$(sort list)" "$(drain_wanted | sort)"
	expect 'drain again' 0 '' drain ctl-p
	output 'there is nothing to be done' 'Blocks +0'
}

# How many blocks of the chain are in ctl-q, with the bytes that were put?
drain_right() {
	local i right=0
	for ((i = 1; i <= drain_blocks; i++)); do
		run get ctl-q "p$i" got
		cmp -s got "p$i" && right=$((right + 1))
	done
	echo $right
}

test_restore() {
	expect 'lookup before restore' 3 '' lookup ctl-q p1
	expect 'restore' 0 '' restore ctl-q --list list --json
	json 'all are here' ".space == \"ctl-q\" and .total == $drain_blocks and .here == .total and .missing == 0"
	run stat ctl-q --json
	json 'they came from the pool' '[.. | .fetches? // empty] | any(. == '$drain_blocks')'
	# Without its pool: what is found now is here.
	run space set ctl-q remote=none
	same 'with their bytes' "$(drain_right)" "$drain_blocks"
	expect 'lookup after restore' 0 '' lookup ctl-q p1 p2 p3
	run space set ctl-q remote=ctl-r
	echo "$(sha none) $(printf '%064d' 0)" >> list
	expect 'restore of what the pool has not' 6 '' restore ctl-q --list list
	output 'one is missing' 'Missing +1$'
}

test_drain() {
	local name
	helper=$repo/build/selftests/kvtierctl/remote_helper
	if [[ ! -x $helper ]]; then
		tap_skip 'drain and restore' "there is no $helper"
		return
	fi
	run tier add remote ctl-r
	drain_space ctl-p
	drain_space ctl-q
	test_drain_wrong
	drain_helper
	drain_put
	test_drain_deadline
	test_drain_all
	test_restore
	# It has the spaces open.
	kill "$helper_pid"
	wait "$helper_pid" 2> /dev/null
	for name in ctl-p ctl-q; do
		expect "space delete $name" 0 '' space delete $name
		run tier remove $name
	done
	expect 'tier remove ctl-r' 0 '' tier remove ctl-r
}
