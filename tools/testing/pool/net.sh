# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # shares bed.sh's variables
#
# Sourced by tests in several machines (see vms): machine 1 tells the others what to do.

me=${KVTIER_VM_NR:-1}

# on N COMMAND...: in machine N, in the shell of its job, so that what it sets stays.
# Prints what the command says, and returns its status.
on() {
	local n=$1 order
	shift
	order=$(printf '%q ' "$@")
	rm -f "$KVTIER_VMS/done.$n"
	echo "$order" > "$KVTIER_VMS/new.$n"
	mv "$KVTIER_VMS/new.$n" "$KVTIER_VMS/order.$n"
	until_ok "machine $n to do: $order" test -e "$KVTIER_VMS/done.$n" || return
	cat "$KVTIER_VMS/said.$n"
	return "$(< "$KVTIER_VMS/done.$n")"
}

serve_orders() {
	local order status
	echo 0 > "$KVTIER_VMS/up.$me"
	while [[ ! -e $KVTIER_VMS/end ]]; do
		if [[ ! -e $KVTIER_VMS/order.$me ]]; then
			sleep 0.1
			continue
		fi
		order=$(< "$KVTIER_VMS/order.$me")
		rm "$KVTIER_VMS/order.$me"
		status=0
		echo "+ $order"
		eval "$order" > "$KVTIER_VMS/said.$me" 2>&1 || status=$?
		cat "$KVTIER_VMS/said.$me"
		echo "$status" > "$KVTIER_VMS/new.$me.done"
		mv "$KVTIER_VMS/new.$me.done" "$KVTIER_VMS/done.$me"
	done
}

# Machine N is there.
is_up() {
	test -e "$KVTIER_VMS/up.$1"
}

cut_power() {
	rm -f "$KVTIER_VMS/up.$1"
	: > "$KVTIER_VMS/cut.$1"
	until_ok "machine $1 to be cut" test ! -e "$KVTIER_VMS/cut.$1"
}

boot() {
	: > "$KVTIER_VMS/boot.$1"
	until_ok "machine $1 to be booted" is_up "$1"
}

pool_do() {
	on "$pool_node" "$@"
}

# start_node N [SIZE]: machine N becomes the pool node, with so much memory.
start_node() {
	local n=$1
	shift
	pool_node=$n
	until_ok "machine $n to be up" is_up "$n" && on "$n" set_block "$block" &&
		on "$n" load_module 64M && on "$n" make_pool_space "$@" &&
		on "$n" poold_conf && on "$n" start_poold
}

# lose LOSS add|change: so many of this machine's packets are lost, LOSS as 5%. From the
# beginning, as a packet that is refused while that is put in place breaks rdma_rxe.
lose() {
	tc qdisc "$2" dev eth0 root netem limit 100000 loss "$1"
}
