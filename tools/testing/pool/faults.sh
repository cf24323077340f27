# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # shares bed.sh's variables
#
# Sourced by tests: what happens to a remote tier while there is work, at random, and what must
# hold then: no wrong byte, every command ends, and in the end there is service again.

begin_work() {
	rm -f "$bed/enough"
	load work --seed 1000 --until "$bed/enough" --bound "$bound_ms" > "$bed/work" 2>&1 &
	worker=$!
}

end_work() {
	local status=0
	touch "$bed/enough"
	wait "$worker" || status=$?
	cat "$bed/work"
	return "$status"
}

# Up to a second and a half
nap() {
	local ms=$((RANDOM % 1500))
	sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
}

# A chain that nobody knows yet goes to the pool and comes back.
fetch_new() {
	local seed=$((2000 + $1))
	put_through 8 --seed "$seed" && fetch --seed "$seed" --blocks 8
}

# round N FAULT [ARGUMENT]...
round() {
	local n=$1 status=0
	shift
	begin_work
	nap
	"$@" || status=$?
	nap
	end_work && ((status == 0)) && fetch_new "$n" && is_alive kvtierd && pool_do is_alive poold
}

# --- faults ----------------------------------------------------------------

kill_kvtierd() {
	stop kvtierd KILL
	nap
	start_kvtierd
}

kill_poold() {
	pool_do stop poold KILL
	nap
	pool_do start_poold
}

# Longer than remote_timeout_ms, shorter than anybody's patience
freeze() {
	kill -STOP "${pids[$1]}"
	sleep 3
	kill -CONT "${pids[$1]}"
}

freeze_poold() {
	pool_do freeze poold
}
