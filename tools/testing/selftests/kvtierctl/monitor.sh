# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Tests of run.sh for kvtierctl monitor: what happens to tier and space ctl-m.

# NAME FILTER: jq's FILTER is true for the array of all events heard
event() {
	if jq -se "$2" "$tmp/events" > "$tmp/jq" 2>&1; then
		tap_ok "$1"
	else
		tap_not_ok "$1" "'$2' is not true of:" "$(< "$tmp/events")"
	fi
}

# How many groups of generic netlink are listened to?
count_groups() {
	local protocol groups nr=0
	while read -r _ protocol _ groups _; do
		[[ $protocol == 16 ]] || continue
		for ((groups = 0x$groups; groups; groups >>= 1)); do
			((groups & 1)) && nr=$((nr + 1))
		done
	done < /proc/net/netlink
	echo $nr
}

# GROUPS ARG...: begins to listen; the caller goes on when it listens to so many
begin_monitor() {
	local _ want
	want=$(($(count_groups) + $1))
	shift
	"$program" monitor --json "$@" > "$tmp/events" 2> "$tmp/err" &
	monitor=$!
	for _ in {1..2400}; do
		(($(count_groups) >= want)) && break
		sleep 0.05
	done
}

# TRIES: twentieths of a second that it may take to end by itself
end_monitor() {
	local i
	for ((i = 0; i < $1; i++)); do
		kill -0 "$monitor" 2> /dev/null || break
		sleep 0.05
	done
	kill "$monitor" 2> /dev/null
	wait "$monitor"
	code=$?
}

test_monitor() {
	begin_monitor 2 --blocks --count 8
	head -c 4096 /dev/urandom > block
	run tier add ctl-m --kind dram --node 0 --size 2M
	run space create ctl-m --block-size 4K --quota ctl-m=2M
	run put ctl-m one block
	run put ctl-m two block --parent one
	run drop ctl-m two
	run space delete ctl-m
	run tier remove ctl-m
	run tier add ctl-m --kind dram --node 0 --size 2M
	end_monitor 2400
	same 'monitor ends after --count' "$code" 0
	event 'all that happened, in order' '[.[] | select(.event | test("_")) | .event] == ["tier_added", "space_created", "space_deleted", "tier_removed", "tier_added"]'
	event 'blocks, too' "[.[] | select(.seq) | .event] == [\"stored\", \"stored\", \"removed\"]"
	event 'their keys and parents' "[.[] | select(.event == \"stored\")] | .[1].parent == .[0].key and .[0].key == \"$(sha one)\" and .[0].parent == null"
	run tier remove ctl-m
	as_user expect 'user: monitor --blocks' 4 'CAP_SYS_ADMIN' monitor --blocks --count 1
	begin_monitor 1 --count 1
	end_monitor 20
	same 'nothing happened, nothing is said' "$(< "$tmp/events")" ''
}
