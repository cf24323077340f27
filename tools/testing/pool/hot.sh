# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # shares bed.sh's variables
#
# Sourced by test-self: a second host (space kv2, tier pool2) and a second pool node (space
# kvpool2) in the same machine, and what becomes of a block that both hosts fetch often.

hot_uses=4

# at SPACE COMMAND OPTION...
at() {
	local space=$1 command=$2
	shift 2
	"$bin/kvtier-pool-load" "$command" --space "$space" --blocks 1 "$@"
}

# Both nodes are members, and the first of them has the name that it had.
hot_members() {
	printf '%s\n' "hot_replicas = $1" "hot_uses = $hot_uses" \
		'[member second]' "address = $addr" 'port = 7472'
}

second_node() {
	"$bin/kvtierctl" space create kvpool2 --quota dram0=4M \
		--block-size $(($(numfmt --from=iec "$block") + trailer)) || return
	sed -e "s/^listen.*/&\nport = 7472/" -e 's/^space = .*/space = kvpool2/' \
		"$bed/poold.conf" > "$bed/poold2.conf"
	start_node_of kvpool2
}

second_host() {
	"$bin/kvtierctl" space create kv2 --quota dram0=4M --block-size "$block" &&
		"$bin/kvtierctl" tier add remote pool2 &&
		"$bin/kvtierctl" space set kv2 remote=pool2 remote_timeout_ms=20000 || return
	sed -e 's/^tier = .*/tier = pool2/' -e 's/^host = .*/host = host2/' \
		-e 's/^\[space kv\]/[space kv2]\npool_space = kv/' \
		"$bed/kvtierd.conf" > "$bed/kvtierd2.conf"
	start kvtierd2 "$bin/kvtierd" --config "$bed/kvtierd2.conf" --metrics "$bed/metrics2"
	until_ok "kvtierd to be the tier's helper" is /sys/class/kvtier_tier/pool2/helper -eq 1
}

# Of the first host by its own log: what is in force from now on.
reload_first() {
	local before
	before=$(grep -c 'msg="configuration read"' "$bed/kvtierd.log")
	kill -HUP "${pids[kvtierd]}"
	until_ok "the configuration to be read" has_read "$before"
}

has_read() {
	(($(grep -c 'msg="configuration read"' "$bed/kvtierd.log") > $1))
}

two_of_each() {
	knob remote_timeout_ms 20000
	cp "$bed/kvtierd.conf" "$bed/one.conf"
	sed '/^\[space kv\]/r '<(hot_members 1 | head -n 2) "$bed/one.conf" > "$bed/kvtierd.conf"
	hot_members 1 | tail -n 3 >> "$bed/kvtierd.conf"
	second_node && second_host && reload_first
}

# kvpool or kvpool2
start_node_of() {
	start "poold${1#kvpool}" "$bin/kvtier-poold" --config "$bed/poold${1#kvpool}.conf"
}

# --- one block ---------------------------------------------------------------

# $base: the pool node's space that has it by its name, $extra: the other one
spread() {
	until_ok "a pool node to take a block" try_spread "$1"
}

try_spread() {
	local end=$((SECONDS + 5))
	at kv drop --local --seed "$1"
	at kv put --seed "$1" || return
	until at kvpool lookup --seed "$1" || at kvpool2 lookup --seed "$1"; do
		((SECONDS < end)) || return 1
		sleep 0.1
	done
	base=kvpool extra=kvpool2
	at kvpool lookup --seed "$1" || base=kvpool2 extra=kvpool
}

# fetch_at HOST SEED: from the pool. Wrong bytes are never forgotten.
wrong_bytes=0
fetch_at() {
	local status=0
	at "$1" drop --local --seed "$2"
	at "$1" acquire --seed "$2" || status=$?
	((status != 3)) || wrong_bytes=1
	return "$status"
}

# Each host, so often that it knows. It may take a while before all are connected.
heat() {
	local i host
	for host in kv kv2; do
		for ((i = 0; i < 2 * hot_uses; i++)); do
			until_ok "a block to come to $host" fetch_at "$host" "$1" || return
		done
	done
}

becomes_hot() {
	heat "$1" && at "$extra" lookup --seed "$1"
}

is_copied() {
	spread 5001 && ! at "$extra" lookup --seed 5001 &&
		until_ok "the other node to have it" becomes_hot 5001 && ((wrong_bytes == 0))
}

copies() {
	sed -n 's/^kvtierd_hot_copies_total //p' "$bed/metrics" "$bed/metrics2" |
		awk '{ n += $1 } END { print n + 0 }'
}

is_counted() {
	until_ok "metrics" some_copies
}

some_copies() {
	(($(copies) > 0))
}

# What the hosts know they forget after a while: then it is tried again.
without_base() {
	until_ok "it to be served by the other node" try_without_base && ((wrong_bytes == 0))
}

try_without_base() {
	local status=0
	heat 5001 || return
	stop "poold${base#kvpool}" || return
	fetch_at kv 5001 && fetch_at kv2 5001 || status=$?
	start_node_of "$base"
	return "$status"
}

is_dropped() {
	until_ok "both nodes to forget it" try_drop
}

try_drop() {
	local end=$((SECONDS + 5))
	at kv drop --seed 5001
	while at "$base" lookup --seed 5001 || at "$extra" lookup --seed 5001; do
		((SECONDS < end)) || return 1
		sleep 0.1
	done
}

# All that is copied is copied before a fetch ends.
not_without_replicas() {
	sed -i '/^hot_replicas/d' "$bed/kvtierd.conf" "$bed/kvtierd2.conf"
	stop kvtierd2 && start kvtierd2 "$bin/kvtierd" --config "$bed/kvtierd2.conf" &&
		reload_first && spread 5002 && heat 5002 && ! at "$extra" lookup --seed 5002
}

one_of_each() {
	local space
	stop kvtierd2 && stop poold2 || return
	nothing_held kv2 && nothing_held kvpool2 || return
	for space in kv2 kvpool2; do
		until_ok "$space to have no users" "$bin/kvtierctl" space delete "$space" || return
	done
	"$bin/kvtierctl" tier remove pool2 || return
	cp "$bed/one.conf" "$bed/kvtierd.conf"
	reload_first && fetch_new 0
}

# shellcheck disable=SC2034 # test-self's
hot_tests=7
hot() {
	ok "a second host and a second pool node" two_of_each
	ok "a block that is fetched often is copied to the other node" is_copied
	ok "which is counted" is_counted
	ok "it comes back without the node that has it by its name" without_base
	ok "dropped, it is forgotten by both" is_dropped
	ok "without hot_replicas nothing is copied" not_without_replicas
	ok "back to one of each" one_of_each
}
