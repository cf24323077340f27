# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Makes, in the current directory, what a loaded module would show: two tiers
# and one space, "chat"; with fake_nvme also an nvme tier that it uses.

# DIR NAME VALUE [NAME VALUE]...
attributes() {
	local dir=$1
	mkdir -p "$dir"
	shift
	while (($#)); do
		echo "$2" > "$dir/$1"
		shift 2
	done
}

fake_tiers() {
	attributes class/kvtier_tier/dram0 kind dram node 0 size 2147483648 \
		used 1073741824 free 1073741824 limbo 0 retired 0 huge 2147483648
	attributes class/kvtier_tier/cxl1 kind cxl node 1 size 4194304 \
		used 2097152 free 2097152 limbo 0 retired 0 huge 0
}

fake_space() {
	local dir=class/kvtier/chat
	attributes $dir block_size 4096 identity "$(printf '0%.0s' {1..64})" \
		default_class 0 blocks 10 filling 0 leases 2 dropped_held 0 \
		quarantined 0 descriptors 11 metadata_bytes 1800 openers 1 \
		low_watermark 10 high_watermark 20 lease_quota 900 \
		fill_timeout_ms 60000 quarantine_ms 10000 promote free checksum move verify 1000 \
		policy '[lru] fifo'
	attributes $dir/arena0 tier dram0 frames 262144 free 262135 blocks 9 \
		bytes 1073741824
	attributes $dir/arena1 tier cxl1 frames 512 free 511 blocks 1 bytes 2097152
	attributes $dir/stats lookups 100 lookup_hits 25 acquires 10 acquire_hits 10 \
		commits 10 evictions 0 demotions 1 promotions 0 no_space 2 no_quota 1
}

fake_nvme() {
	attributes class/kvtier_tier/disk0 kind nvme grade bulk state ok devices 2 \
		segment_size 67108864 size 10737418240 used 1073741824 \
		free 8589934592 found 1073741824 recovering 0 \
		bytes_written 1100000000 block_bytes_written 1000000000 \
		bytes_read 5000000000 write_amplification 1100 io_errors 1 \
		crc_errors 2 bad_records 3 budget_left 2147483648 \
		admission 'all [second] class' admit_classes 0xffff \
		write_budget 4294967296 carry_over 100 flush_ms 30000 verify 1000
	attributes class/kvtier/chat/arena2 tier disk0 frames 0 free 0 blocks 7 \
		bytes 1073741824
	attributes class/kvtier/chat/stats loads 12 writeouts 34
	local i
	for i in {0..15}; do
		attributes "class/kvtier/chat/class$i" ttl_s 0 priority 3 floor remote
	done
	attributes class/kvtier/chat/class5 ttl_s 3600 priority 1 floor cxl
}

fake_remote() {
	attributes class/kvtier_tier/pool kind remote helper 1 in_flight 3 requests 77 \
		timeouts 2 helper_lost 5
	attributes class/kvtier/chat remote pool remote_write through
}

fake_module() {
	rm -rf class dev blocks asked
	mkdir -p class/kvtier dev/kvtier blocks
	touch dev/kvtier-control dev/kvtier/chat
	chmod 0640 dev/kvtier/chat
	fake_tiers
	fake_space
}
