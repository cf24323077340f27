# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2119,SC2120,SC2154 # shares the tests' variables
#
# Sourced by tests in virtual machines: the module, its spaces, and the daemons of
# a remote tier. A host has the space kv, a pool node the space kvpool, and one machine
# may be both. What they write is in $bed.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../../.." && pwd)
build=${KVTIER_BUILD:-$repo/build}
bin=$build/bin
ko=${KVTIER_KO:-$build/kmod/kvtier.ko}
bed=$(mktemp -d /tmp/kvtier-pool.XXXXXX)
sys=/sys/class/kvtier
tier=/sys/class/kvtier_tier/pool

# A test machine may stand still for seconds: nothing here depends on how fast it is, and
# who waits for a condition gives up only after this long.
patience=${KVTIER_PATIENCE:-120}
# No command may take longer, which is much more than any deadline of the tier's, and
# much less than for ever.
bound_ms=$((patience * 1000 / 2))

block=64K trailer=4096

set_block() {
	block=$1
}

die() {
	echo "Bail out! $*"
	tail -n 30 "$bed"/*.log 2> /dev/null | sed 's/^/# /'
	exit 1
}

# until_ok WHAT COMMAND...: until it succeeds. What it says last is shown if it does not; each
# of those that wait within each other has its own file for that.
until_ok() {
	local what=$1 end=$((SECONDS + patience)) said=$bed/until.${#FUNCNAME[@]}
	shift
	until "$@" > "$said" 2>&1; do
		if ((SECONDS >= end)); then
			echo "waited for $what in vain; $*: $(< "$said")"
			return 1
		fi
		sleep 0.1
	done
}

value() {
	local n=0
	read -r n < "$1"
	echo "$n"
}

# is FILE TEST NUMBER, of an attribute
is() {
	local n
	n=$(value "$1")
	test "$n" "$2" "$3" && return
	echo "$1 is $n"
	return 1
}

# --- results ---------------------------------------------------------------

nr=0 failed=0

plan() {
	echo "TAP version 13"
	echo "1..$1"
}

# ok DESCRIPTION COMMAND...: a test. What the command says is shown if it fails.
ok() {
	local what=$1 status=0
	shift
	nr=$((nr + 1))
	"$@" > "$bed/said" 2>&1 || status=$?
	if ((status)); then
		failed=$((failed + 1))
		sed 's/^/# /' "$bed/said"
		echo "# $* gave $status"
		tail -n 8 "$bed"/*.log 2> /dev/null | sed 's/^/#   /'
		echo "not ok $nr - $what"
	else
		echo "ok $nr - $what"
	fi
}

# --- what is served --------------------------------------------------------

load_module() {
	insmod "$ko" || die "cannot load $ko"
	"$bin/kvtierctl" tier add dram0 --kind dram --node 0 --size "${1:-64M}" ||
		die "no memory tier"
}

# Blocks of a pool node have the trailer behind them.
make_pool_space() {
	"$bin/kvtierctl" space create kvpool --quota "dram0=${1:-28M}" \
		--block-size $(($(numfmt --from=iec "$block") + trailer)) || die "no space kvpool"
}

make_host_space() {
	"$bin/kvtierctl" space create kv --quota "dram0=${1:-28M}" --block-size "$block" ||
		die "no space kv"
	"$bin/kvtierctl" tier add remote pool || die "no remote tier"
	knob remote pool
	knob remote_write through
	# What is not about time is not to fail by it.
	knob remote_timeout_ms 20000
}

knob() {
	echo "$2" > "$sys/kv/$1" || die "cannot set $1 to $2"
}

# write_secret FILE: all machines have the same; FILE decides of what it is.
write_secret() {
	(umask 077; sha256sum <<< "${2:-secret}" | cut -c 1-64 > "$1")
}

# poold_conf [ALLOW]
poold_conf() {
	write_secret "$bed/pool.key"
	cat > "$bed/poold.conf" <<-CONF
	[poold]
	listen = $addr
	patience = 10
	[space kv]
	space = kvpool
	key_file = $bed/pool.key
	allow = ${1:-any}
	CONF
}

# kvtierd_conf NODE-ADDRESS...
kvtierd_conf() {
	local a
	write_secret "$bed/kv.key"
	{
		printf '%s\n' '[kvtierd]' 'tier = pool' "host = host${KVTIER_VM_NR:-1}" \
			'[space kv]' "key_file = $bed/kv.key"
		for a; do
			printf '%s\n' "[member node${a##*.}]" "address = $a"
		done
	} > "$bed/kvtierd.conf"
}

# --- the daemons -----------------------------------------------------------

declare -A pids=()

# start NAME PROGRAM ARGUMENT...
start() {
	local name=$1
	shift
	"$@" >> "$bed/$name.log" 2>&1 &
	pids[$name]=$!
}

# stop NAME [SIGNAL]: and wait for its end.
stop() {
	local status=0
	kill -"${2:-TERM}" "${pids[$1]}" || return 1
	wait "${pids[$1]}" || status=$?
	unset "pids[$1]"
	[[ ${2:-TERM} != TERM ]] || return "$status"
} 2> /dev/null

is_alive() {
	kill -0 "${pids[$1]}" || { echo "$1 has ended"; return 1; }
}

start_poold() {
	start poold "$bin/kvtier-poold" --config "$bed/poold.conf"
}

start_kvtierd() {
	start kvtierd "$bin/kvtierd" --config "$bed/kvtierd.conf" --metrics "$bed/metrics"
	until_ok "kvtierd to be the tier's helper" is "$tier/helper" -eq 1
}

# --- blocks ----------------------------------------------------------------

load() {
	local command=$1
	shift
	"$bin/kvtier-pool-load" "$command" --space kv "$@"
}

at_pool() {
	local command=$1
	shift
	"$bin/kvtier-pool-load" "$command" --space kvpool "$@"
}

stat() {
	value "$sys/kv/stats/$1"
}

# pool_do COMMAND...: at the pool node. A test of several machines has its own (net.sh).
pool_do() {
	"$@"
}

# put_through BLOCKS OPTION...: put a chain until all of it is on the pool. What the
# pool did not take, because nobody was connected yet, is not offered again. How much was
# spilled would not tell: that may be what others have put.
put_through() {
	until_ok "the pool to take a chain" try_through "$@"
}

try_through() {
	local blocks=$1 end=$((SECONDS + 5))
	shift
	load drop --local --blocks "$blocks" "$@" && load put --blocks "$blocks" "$@" || return
	until pool_do at_pool lookup --blocks "$blocks" "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.1
	done
}

# Fetch a chain that is on the pool; wrong bytes are never waited away.
fetch() {
	load drop --local "$@" && until_ok "a chain to come back" fetch_once "$@" || return
	((fetched == 0))
}

fetch_once() {
	fetched=0
	load acquire "$@" || fetched=$?
	((fetched != 1))
}

# Nothing of it comes back.
fetch_nothing() {
	local said
	load drop --local "$@" || return
	said=$(load acquire "$@")
	(($? == 1)) && [[ $said == "acquired 0 of "* ]] && return
	echo "$said"
	return 1
}

# --- the end ---------------------------------------------------------------

# nothing_held SPACE: no lease, no frame that somebody fills, or may still write to
nothing_held() {
	local what
	for what in leases filling quarantined; do
		until_ok "$what of $1 to go" is "$sys/$1/$what" -eq 0 || return
	done
}

remove_all() {
	local space
	for space in kv kvpool; do
		[[ ! -e $sys/$space ]] ||
			until_ok "$space to have no users" "$bin/kvtierctl" space delete "$space" || return
	done
	[[ ! -e $tier ]] || "$bin/kvtierctl" tier remove pool || return
	"$bin/kvtierctl" tier remove dram0 && rmmod kvtier
}
