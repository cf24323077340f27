# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Tests of run.sh for nvme tiers, on loop devices: ctl-n is made of $disk1 and
# $disk2, formatted together; $disk3 is by itself. Segments have 1 MiB.

disks=()
disk_size=$((64 << 20))

# FILE: prints the loop device, made new each time
attach_disk() {
	losetup -f --show "$1"
}

nvme_setup() {
	local i
	modprobe -q loop
	for i in 1 2 3; do
		truncate -s $disk_size "disk$i"
		disks[i]=$(attach_disk "disk$i") || return
	done
	disk1=${disks[1]} disk2=${disks[2]} disk3=${disks[3]}
}

nvme_cleanup() {
	local disk
	mountpoint -q /etc/machine-id && umount /etc/machine-id
	for disk in "${disks[@]}"; do
		losetup -d "$disk"
	done
	disks=()
}

# TEXT: what /etc/machine-id has from now on
other_machine_id() {
	echo "$1" > machine-id
	mount --bind machine-id /etc/machine-id
}

own_machine_id() {
	umount /etc/machine-id
}

tier_attribute() {
	cat "/sys/class/kvtier_tier/ctl-n/$1"
}

# Makes the device's file anew, from a copy of another's while it is not attached.
replace_disk3() {
	losetup -d "$disk3"
	rm -f disk3
	"$@"
	disks[3]=$(attach_disk disk3)
	disk3=${disks[3]}
}

# As if every superblock had been written by version 99 of the format: the crc is
# right again.
set_version() {
	python3 - "$1" <<-'PY'
	import struct, sys

	def crc32c(data):
	    crc = 0xffffffff
	    for byte in data:
	        crc ^= byte
	        for _ in range(8):
	            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
	    return crc

	with open(sys.argv[1], "r+b") as disk:
	    for copy in (0, 1 << 20):
	        disk.seek(copy)
	        page = bytearray(disk.read(4096))
	        struct.pack_into("<II", page, 8, 0, 99)
	        struct.pack_into("<I", page, 8, crc32c(page))
	        disk.seek(copy)
	        disk.write(page)
	PY
}

make_empty() {
	truncate -s $disk_size disk3
}

make_small() {
	truncate -s $disk_size disk3
	"$program" tier format disk3 --segment-size 1M > /dev/null
	truncate -s $((disk_size / 2)) disk3
}

make_damaged() {
	truncate -s $disk_size disk3
	"$program" tier format disk3 --segment-size 1M > /dev/null
	printf x | dd of=disk3 bs=1 seek=100 conv=notrunc status=none
	printf x | dd of=disk3 bs=1 seek=$((1048576 + 100)) conv=notrunc status=none
}

make_other_version() {
	truncate -s $disk_size disk3
	"$program" tier format disk3 --segment-size 1M > /dev/null
	set_version disk3
}

make_good() {
	truncate -s $disk_size disk3
	"$program" tier format disk3 --segment-size 1M > /dev/null
}

# --- what is refused -------------------------------------------------------

test_nvme_wrong() {
	local add='tier add nvme --name ctl-n --device'
	# shellcheck disable=SC2086
	{
		expect 'nvme: no such device' 3 "^kvtierctl: cannot add tier \"ctl-n\": /dev/ctl-x: no such device$" $add /dev/ctl-x
		expect 'nvme: a file' 1 "$tmp/disk1: not a block device$" $add "$tmp/disk1"
		expect 'nvme: a device of characters' 1 '/dev/null: not a block device$' $add /dev/null
		expect 'nvme: not formatted' 1 "$disk1: not formatted for kvtier" $add "$disk1"
		same 'nvme: nothing was written to it' "$(tr -d '\0' < disk1 | wc -c)" 0
	}
	expect 'nvme: format two' 0 '' tier format "$disk1" "$disk2" --segment-size 1M --class fast
	expect 'nvme: format one' 0 '' tier format "$disk3" --segment-size 1M
	# shellcheck disable=SC2086
	{
		expect 'nvme: one of two' 1 '"ctl-n": devices of the set are missing' $add "$disk1"
		expect 'nvme: of two sets' 1 "$disk3: .*not formatted together with the first" $add "$disk1" --device "$disk3"
		expect 'nvme: one twice' 1 "$disk1 and $disk1 are the same device" $add "$disk1" --device "$disk1"
		expect 'nvme: one and nothing' 3 '/dev/ctl-x: no such device' $add "$disk1" --device /dev/ctl-x
		blockdev --setro "$disk3"
		expect 'nvme: read-only' 1 "$disk3: read-only" $add "$disk3"
		blockdev --setrw "$disk3"
		replace_disk3 make_empty
		expect 'nvme: replaced by an empty one' 1 "$disk3: .*not formatted" $add "$disk3"
		replace_disk3 make_small
		expect 'nvme: smaller than it was' 1 "$disk3: smaller" $add "$disk3"
		replace_disk3 make_damaged
		expect 'nvme: both superblocks damaged' 1 "$disk3: both superblocks" $add "$disk3"
		if type python3 > /dev/null 2>&1; then
			replace_disk3 make_other_version
			expect 'nvme: another version' 1 "$disk3: .*another version" $add "$disk3"
		else
			tap_skip 'nvme: another version' 'there is no python3'
		fi
		replace_disk3 make_good
		other_machine_id uninitialized
		expect 'nvme: a machine without a name' 1 '/etc/machine-id is not 32 hex digits' $add "$disk3"
		own_machine_id
		expect 'nvme: name of a tier of memory' 1 'a tier of this name exists' tier add nvme --name ctl-a --device "$disk3"
		as_user expect 'user: tier add nvme' 4 'needs root' $add "$disk3"
	}
	expect 'nvme: another class' 1 'formatted as class fast, not bulk' tier add nvme --name ctl-n --device "$disk1" --device "$disk2" --class bulk
	run tier list --json
	json 'nvme: none of these is left' 'map(select(.name == "ctl-n")) == []'
}

# --- a tier ----------------------------------------------------------------

test_nvme_add() {
	expect 'nvme: tier add' 0 '' tier add nvme --name ctl-n --device "$disk2" --device "$disk1" --class fast
	same 'nvme: prints nothing' "$(< out)" ''
	expect 'nvme: the same again' 1 "$disk1: in use" tier add nvme --name ctl-m --device "$disk1" --device "$disk2"
	expect 'nvme: the same name' 1 'a tier of this name exists' tier add nvme --name ctl-n --device "$disk3"
	expect 'nvme: format of it' 1 "$disk1" tier format "$disk1" --force
	expect 'nvme: tier list' 0 '' tier list
	output 'nvme: a row' '^ctl-n +nvme +fast +ok +[0-9.]+ MiB +0 B '
	expect 'nvme: tier show --json' 0 '' tier show ctl-n --json
	json 'nvme: what it is' '.kind == "nvme" and .grade == "fast" and .state == "ok" and .devices == 2 and .segment_size == 1048576'
	json 'nvme: all is free' '.used == 0 and .found == 0 and .recovering == 0 and .free == .size and .size >= 120 * 1048576'
	json 'nvme: no errors' '.stats | .io_errors == 0 and .crc_errors == 0 and .bad_records == 0'
	json 'nvme: knobs' '.knobs | has("admission") and has("admit_classes") and has("write_budget") and has("carry_over") and has("flush_ms") and has("verify")'
	expect 'nvme: tier show' 0 '' tier show ctl-n
	output 'nvme: its devices' '^devices +2$'
	expect 'nvme: tier stat' 0 '' tier stat ctl-n
	output 'nvme: a row of counters' '^ctl-n +0 B '
	expect 'nvme: no resize' 1 'an nvme tier.* as large as its devices' tier resize ctl-n --size 32M
	expect 'nvme: nothing to wait for' 0 '' tier wait ctl-n
}

test_nvme_knobs() {
	expect 'nvme: set all knobs' 0 '' tier set ctl-n admission=second admit_classes=0x5 \
		write_budget=1G carry_over=100 flush_ms=5000 verify=500
	run tier show ctl-n --json
	json 'nvme: as JSON' '.knobs | .admission == "second" and .write_budget == 1073741824 and .carry_over == 100 and .flush_ms == 5000 and .verify == 500'
	json 'nvme: what may be written' '.budget_left > 0 and .budget_left <= 1073741824'
	same 'nvme: classes' "$(($(tier_attribute admit_classes)))" 5
	local bad
	for bad in admission=some admit_classes=0x10000 carry_over=1001 verify=1001 \
		flush_ms=3600001 verify=-1 carry_over=x; do
		expect "nvme: refused: $bad" 1 "${bad%%=*}: '${bad#*=}' was refused: it takes" tier set ctl-n "$bad"
	done
	expect 'nvme: back to the defaults' 0 '' tier set ctl-n admission=all admit_classes=0xffff \
		write_budget=0 carry_over=0 flush_ms=30000 verify=1000
	expect 'memory has no such knobs' 1 'it is a dram tier' tier set ctl-a verify=0
	as_user expect 'user: tier set' 4 'needs root' tier set ctl-n verify=0
}

test_nvme_space() {
	local new='space create ctl-d --block-size 256K'
	# shellcheck disable=SC2086
	{
		expect 'nvme: a quota on nvme alone' 1 'needs a quota on a tier of memory' $new --quota ctl-n=16M
		expect 'nvme: more than it has' 1 'tier "ctl-n" has only' $new --quota ctl-a=2M --quota ctl-n=1T
		expect 'nvme: space create' 0 '' $new --quota ctl-a=2M --quota ctl-n=16M --identity-text nvme
	}
	run space show ctl-d --json
	json 'nvme: an arena without frames' '.arenas | map(select(.tier == "ctl-n")) | .[0].kind == "nvme" and .[0].bytes == 16777216 and .[0].blocks == 0'
	json 'nvme: bytes apart' '.bytes == 2097152 and .nvme_bytes == 16777216 and .frames == 8'
	run tier show ctl-n --json
	json 'nvme: the space is named' '.spaces[0].name == "ctl-d"'
	expect 'nvme: the memory cannot be taken away' 1 'the only one of memory' space resize ctl-d --quota ctl-a=0
}

# Three times as many blocks as there are frames; each tells its number.
put_blocks() {
	local i
	for i in {1..24}; do
		{ printf 'block %s of %s ' "$i" "$1"; head -c 60000 block; } > part
		"$program" put ctl-d "$1 $i" part --pad > /dev/null || return
	done
}

# Prints how many blocks are present and have their bytes; "wrong" if others.
count_blocks() {
	local i nr=0
	for i in {1..24}; do
		"$program" get ctl-d "$1 $i" copy 2> /dev/null || continue
		{ printf 'block %s of %s ' "$i" "$1"; head -c 60000 block; } > part
		cmp -s -n "$(wc -c < part)" part copy || { echo wrong; return; }
		nr=$((nr + 1))
	done
	echo $nr
}

test_nvme_blocks() {
	put_blocks first
	same 'nvme: blocks are put' $? 0
	run space show ctl-d --json
	json 'nvme: more than memory holds' '.blocks == 24 and .stats.writeouts >= 16'
	run lookup ctl-d 'first 1' --json
	json 'nvme: the oldest is there' '.blocks[0].tier == "nvme"'
	same 'nvme: all have their bytes' "$(count_blocks first)" 24
	run space show ctl-d --json
	json 'nvme: they were read' '.stats.loads >= 16 and .stats.lost == 0'
	run tier show ctl-n --json
	json 'nvme: blocks are counted' '.blocks >= 16 and .used > 0 and .spaces[0].blocks == .blocks'
	json 'nvme: bytes are counted' '.stats | .bytes_written >= .block_bytes_written and .block_bytes_written >= 16 * 262144 and .bytes_read >= 16 * 262144'
	expect 'nvme: drop' 0 '' drop ctl-d 'first 1' 'first 24'
	expect 'nvme: what was dropped is gone' 3 'no such block' get ctl-d 'first 1' copy
}

# Removed, it takes along what was in memory only; added again, all is there.
test_nvme_again() {
	local add="tier add nvme --name ctl-n --device $disk1 --device $disk2"
	put_blocks second
	expect 'nvme: tier remove in use' 0 '' tier remove ctl-n
	run space show ctl-d --json
	json 'nvme: the space goes on' '.arenas | map(.tier) == ["ctl-a"]'
	json 'nvme: with what is in memory' '.blocks > 0 and .blocks <= 8'
	expect 'nvme: put without it' 0 '' put ctl-d third block --pad
	expect 'nvme: drop without it' 0 '' drop ctl-d third
	# shellcheck disable=SC2086
	expect 'nvme: added again' 0 '' $add
	run tier show ctl-n --json
	json 'nvme: its segments are found' '.found > 0 and .used == 0 and .blocks == 0'
	expect 'nvme: a quota again' 0 '' space resize ctl-d --quota ctl-n=32M
	expect 'nvme: tier wait' 0 '' tier wait ctl-n --timeout 60
	run tier show ctl-n --json
	json 'nvme: they are the space'"'"'s' '.found == 0 and .used > 0 and .recovering == 0 and .blocks > 24'
	same 'nvme: every block, every byte' "$(count_blocks second)" 24
	expect 'nvme: what was dropped stays so' 3 'no such block' get ctl-d 'first 1' copy
}

# Into another life of the space, and not into a space of another identity.
test_nvme_reborn() {
	local add="tier add nvme --name ctl-n --device $disk1 --device $disk2"
	local new='space create ctl-d --block-size 256K --quota ctl-a=2M --quota ctl-n=32M'
	expect 'nvme: tier remove' 0 '' tier remove ctl-n
	expect 'nvme: then space delete' 0 '' space delete ctl-d
	# shellcheck disable=SC2086
	{
		expect 'nvme: without --name' 0 '' ${add/--name ctl-n/}
		output 'nvme: it is chosen' '^nvme[0-9]+$'
		expect 'nvme: by that name' 0 '' tier remove "$(< out)"
		expect 'nvme: added once more' 0 '' $add
		expect 'nvme: another identity' 0 '' $new --identity-text other --wait
		run space show ctl-d --json
		json 'nvme: finds nothing' '.blocks == 0'
		run tier show ctl-n --json
		json 'nvme: it is kept' '.found > 0'
		expect 'nvme: space delete' 0 '' space delete ctl-d
		expect 'nvme: another block size' 0 '' ${new/256K/128K} --identity-text nvme --wait
		run space show ctl-d --json
		json 'nvme: finds nothing' '.blocks == 0'
		expect 'nvme: space delete' 0 '' space delete ctl-d
		expect 'nvme: space create --wait' 0 '' $new --identity-text nvme --wait
	}
	run space show ctl-d --json
	json 'nvme: recovered' '.blocks >= 24 and .stats.recovered >= 24'
	same 'nvme: every block, every byte, again' "$(count_blocks second)" 24
	expect 'nvme: space delete drops them' 0 '' space delete ctl-d
	# shellcheck disable=SC2086
	expect 'nvme: made once more' 0 '' $new --identity-text nvme --wait
	run space show ctl-d --json
	json 'nvme: they are gone for good' '.blocks == 0'
	expect 'nvme: space delete' 0 '' space delete ctl-d
	expect 'nvme: tier remove' 0 '' tier remove ctl-n
	expect 'nvme: tier check' 0 '' tier check "$disk1" "$disk2"
}

# The copy of a device that is attached is one whose host has gone down.
test_nvme_hosts() {
	local add='tier add nvme --name ctl-n --device'
	# shellcheck disable=SC2086
	expect 'nvme: attached here' 0 '' $add "$disk3"
	sync
	cp disk3 disk3.copy
	expect 'nvme: detached' 0 '' tier remove ctl-n
	cp disk3 disk3.detached
	replace_disk3 cp disk3.copy disk3
	other_machine_id 0123456789abcdef0123456789abcdef
	# shellcheck disable=SC2086
	{
		expect 'nvme: another host has it' 1 "$disk3: another host .*--take-over$" $add "$disk3"
		replace_disk3 cp disk3.detached disk3
		expect 'nvme: another host had it' 0 '' $add "$disk3"
		expect 'nvme: detached there' 0 '' tier remove ctl-n
		replace_disk3 cp disk3.copy disk3
		own_machine_id
		expect 'nvme: this host went down' 0 '' $add "$disk3"
		expect 'nvme: detached' 0 '' tier remove ctl-n
		replace_disk3 cp disk3.copy disk3
		other_machine_id 0123456789abcdef0123456789abcdef
		expect 'nvme: taken over' 0 '' $add "$disk3" --take-over
	}
	expect 'nvme: detached' 0 '' tier remove ctl-n
	own_machine_id
	expect 'nvme: no such tier' 3 'no tier "ctl-n"' tier remove ctl-n
}

test_nvme() {
	if ! nvme_setup; then
		tap_skip 'nvme tiers' 'loop devices cannot be made'
		return
	fi
	test_nvme_wrong
	test_nvme_add
	test_nvme_knobs
	test_nvme_space
	test_nvme_blocks
	test_nvme_again
	test_nvme_reborn
	test_nvme_hosts
	nvme_cleanup
}
