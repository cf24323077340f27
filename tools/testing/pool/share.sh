# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # shares bed.sh's variables
#
# Sourced by test-trio and by the other machines' jobs: what a host of several does.

trace=$repo/tools/testing/replay/traces/agentic-2491.jsonl.gz
requests=60	# of it
turn=10		# of a host, then it is the other one's
memory=8M	# of a host: room for the longest request
pool=${KVTIER_TRIO_POOL:-18M}

# start_host [SIZE]: with machine 3 as pool node
start_host() {
	make_host_space "$@" && kvtierd_conf 192.168.77.3 && start_kvtierd
}

begin_wait() {
	load acquire --seed 7 --blocks 1 --wait $((patience * 1000)) > "$bed/waited" 2>&1 &
	waiter=$!
}

end_wait() {
	local status=0
	wait "$waiter" || status=$?
	cat "$bed/waited"
	return "$status"
}

# replay_turn FIRST: requests from there on; prints hits, blocks, wrong blocks. Then all of them is
# on the pool.
replay_turn() {
	"$bin/kvtier-replay" --trace "$trace" --space kv --skip "$1" --limit "$turn" --quiet \
		--no-progress --wait 10000 --json "$bed/replay.json" || return
	jq -r '"\(.hits) \(.blocks) \(.wrong_blocks)"' "$bed/replay.json"
	echo 1 > "$sys/kv/drain/on"
	until_ok "all to be on the pool" is "$sys/kv/drain/on" -eq 0
}

# begin_perf PROGRAM BYTES TIMES: the side that is written to or read from
begin_perf() {
	"$1" -R -s "$2" -n "$3" > /dev/null 2>&1 &
	perf=$!
}

end_perf() {
	kill "$perf" 2> /dev/null
	wait "$perf" 2> /dev/null
	return 0
}
