#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC1091,SC2034,SC2154
#
# Usage: ctl.sh DIRECTORY
#
# kvtierctl tier format, check and dump, on images; DIRECTORY has kvtierctl and
# kvtier-crash, which makes a log to be looked at. TAP.

set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$(realpath -e "$1") || exit 1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
. "$here/../../selftests/kvtierctl/tap.sh"

ctl=("$bin/kvtierctl" tier)
unset NO_COLOR
PATH+=:/usr/sbin:/sbin

# FILE SIZE: an image full of nothing
image() {
	rm -f "$1"
	truncate -s "$2" "$1"
}

# FILE OFFSET BYTES: overwrite; BYTES as printf takes them
poke() {
	# shellcheck disable=SC2059
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# FILE OFFSET: change one bit of a byte
flip() {
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	poke "$1" "$2" "\\x$(printf %02x $((byte ^ 1)))"
}

unchanged() {
	if [[ $(sha256sum < "$2") == "$3" ]]; then
		tap_ok "$1"
	else
		tap_not_ok "$1" "$2 was written to"
	fi
}

# --- format ----------------------------------------------------------------

test_format() {
	image a 300M
	image b 200M
	expect 'format a set' 0 '' format a b --class fast --json
	json 'two devices' '.devices | length == 2 and .[0].index == 0 and .[1].index == 1'
	json 'segments of less than 64M' '.segment_size == 4194304 and .class == "fast"'
	json 'as many as fit' '.devices[1].segments == 49 and .devices[1].usable == 49 * 4194304'
	cmp -s -n 4096 a <(tail -c +1048577 a | head -c 4096)
	same 'both copies of the superblock are alike' $? 0
	expect 'check it' 0 '' check a b --json
	json 'clean and empty' '.clean and (.spaces == []) and ([.devices[].free] | add) == 74 + 49'
	expect 'it is not formatted again' 1 'a is formatted for kvtier already, as device 0 of 2.*--force' format a
	expect 'nor if one copy is damaged' 1 'b is formatted.*superblock 0 is damaged' format "$(flip b 100; echo b)"
	poke b 0 '\0'
	expect 'nor if one is gone' 1 'b is formatted.*device 1 of 2' format b
	expect 'unless forced' 0 '' format b --force
	expect 'then it is another set' 2 'b is of another set than a' check a b
	image big 3G
	expect 'a larger one' 0 '' format big --json
	json 'segments of 64M' '.segment_size == 67108864 and .class == "bulk"'
	image big 1T
	expect 'a very large one' 0 '' format big --segment-size 256M --json
	json 'segments of 256M' '.segment_size == 268435456 and .devices[0].segments == 4095'
	rm -f big
}

test_format_refused() {
	local sum
	image a 50M
	sum=$(sha256sum < a)
	image small 5M
	expect 'too small' 1 'small has 5242880 bytes; 6 MiB are the least' format a small
	image small 6M
	expect 'no room for four' 1 'small .6.0 MiB. has no room for 4 segments of 2 MiB' format a small --segment-size 2M
	expect 'odd segment' 2 '3M.*a segment is 1M' format a --segment-size 3M
	expect 'small segment' 2 '512K.*a segment is' format a --segment-size 512K
	expect 'large segment' 2 '512M.*a segment is' format a --segment-size 512M
	expect 'odd class' 2 'fast or bulk' format a --class slow
	expect 'named twice' 2 'a and a are the same' format a a
	ln -sf a link
	expect 'named by a link' 2 'a and link are the same' format a link
	expect 'no device' 2 'operands are missing' format
	expect 'nine devices' 2 "'9' is one operand too many" format 1 2 3 4 5 6 7 8 9
	expect 'not there' 3 'there is no device or file nope' format a nope
	expect 'a directory' 1 'neither a block device nor' format a .
	expect 'a character device' 1 'is a character device; name its block device' format a /dev/null
	unchanged 'nothing was written to the one that was fit' a "$sum"
	expect 'the least that will do' 0 '' format small
}

test_format_foreign() {
	local sum
	image a 50M
	sum=$(sha256sum < a)
	image pt 50M
	poke pt 446 '\x80\x20\x21\x00\x83\xdd\x1e\x3f\x00\x08\x00\x00\x00\x10\x00\x00'
	poke pt 510 '\x55\xaa'
	expect 'a partition table' 1 'pt holds data: dos partition table.*--force.*wipefs' format a pt
	image sw 50M
	poke sw 4086 'SWAPSPACE2'
	poke sw 1024 '\x01\0\0\0\xff\x0f\0\0'
	expect 'a swap area' 1 'sw holds data: swap' format a sw
	unchanged 'nothing was written to the one that was fit' a "$sum"
	expect 'forced' 0 '' format a pt --force
	expect 'clean then' 0 '' check a pt
	if ! command -v mkfs.ext4 > /dev/null || ! command -v blkid > /dev/null; then
		tap_skip 'a file system' 'no e2fsprogs'
		return
	fi
	image fs 50M
	mkfs.ext4 -q -L models fs
	expect 'a file system' 1 'fs holds data: ext4 file system labelled "models"' format fs
	expect 'a file system, forced' 0 '' format fs --force --no-discard
	same 'nothing of it is seen then' "$(blkid -p fs)" ''
	expect 'an old log without discard is free' 0 '' check fs --json
	json 'all free' '.clean and .devices[0].free == .devices[0].segments'
}

# As the kernel would give them; needs loop devices, and root.
test_format_block() {
	local loop
	image disk 50M
	if ! loop=$(losetup -f --show disk 2> /dev/null); then
		tap_skip 'block devices' 'no loop devices here'
		return
	fi
	expect 'a block device' 0 '' format "$loop"
	losetup -d "$loop"
	loop=$(losetup -r -f --show disk)
	expect 'a read-only one' 1 'is read-only; make it writable' format "$loop" --force
	expect 'which can be checked' 0 '' check "$loop"
	losetup -d "$loop"
}

# --- check and dump ----------------------------------------------------------

# A fresh set: im0 im1, with blocks of two spaces.
log() {
	rm -f im?
	"$bin/kvtier-crash" --write im --seed 134
}

# Sets state, device, segment, offset (of the segment on its device) of one that
# jq's condition is true for.
pick() {
	local found
	"${ctl[@]}" dump im0 im1 --json > picked.json
	found=$(jq -r "[.segments[] | select($1)][0] | \"\(.index) \(.segment)\"" picked.json)
	read -r device segment <<< "$found"
	offset=$((2097152 + segment * 1048576))
}

# NAME TEXT [NOTE]: check finds that, and only that, in the segment that was picked
damage() {
	expect "$1" 1 '' check im0 im1 --json
	json "$1: what" ".problems | length == 1 and (.[0].text | test(\"$2\"))"
	json "$1: where" ".problems[0] | .device == \"im$device\" and .segment == $segment"
}

test_check() {
	log
	expect 'a good log' 0 '' check im0 im1 --json
	cp out good.json
	json 'is clean' '.clean and .problems == [] and .verified > 0'
	json 'has two spaces' '[.spaces[].space] | sort == ["a", "b"]'
	json 'with blocks and tombs' 'all(.spaces[]; .blocks > 0 and .bytes == .blocks * .block_size and .tombs > 0)'
	json 'all blocks were read' '.verified == ([.spaces[].bytes] | add)'
	expect 'quick' 0 '' check im0 im1 --quick --json
	json 'reads no blocks' '.clean and .verified == 0'
	expect 'in another order' 0 '' check im1 im0 --json
	same 'gives the same' "$(jq -S .spaces out)" "$(jq -S .spaces good.json)"
	expect 'as text' 0 '' check im0 im1
	output 'a table of devices' '^DEVICE +INDEX +SIZE +SEGMENTS'
	output 'a table of spaces' '^a +[0-9.]+ KiB'
	output 'and a word' '^clean; .* were read'
	expect 'one of two' 0 'only 1 of the 2 devices' check im0
	expect 'one twice' 2 'are both device 0' check im0 im0
	expect 'not formatted' 2 'is not formatted' check good.json
	expect 'no such' 2 'there is no device' check nope
	expect 'wrong option' 2 'unknown option' check im0 --frob
}

test_damage() {
	local entry at
	log
	flip im1 64
	expect 'a damaged superblock' 1 '' check im0 im1 --json
	json 'is told' '.problems | length == 1 and .[0].device == "im1" and (.[0].text | test("superblock 0 is damaged"))'
	flip im1 $((1048576 + 64))
	expect 'two damaged superblocks' 2 'im1 was formatted.*both superblocks are damaged' check im0 im1
	log
	truncate -s -4M im1
	expect 'a device that became smaller' 2 'smaller than when it was formatted' check im0 im1

	log
	pick '.state == "closed" and .blocks > 1'
	flip "im$device" $((offset + 1048576 - 4096 + 40))
	damage 'a damaged state page' 'state page is no good; its header is'
	flip "im$device" $((offset + 40))
	damage 'with a damaged header' 'neither is good'
	json 'the segment is told as damaged' '[.devices[].damaged] | add == 1'

	log
	flip "im$device" $((offset + 40))
	damage 'a damaged header' 'its header is damaged; nothing is lost'
	json 'and nothing is lost' ".spaces == $(jq .spaces good.json)"

	log
	flip "im$device" $((offset + 4096 + 200))
	damage 'a damaged summary of a closed segment' 'summary at byte 4096 is damaged; nothing is lost'
	json 'and nothing is lost' ".spaces == $(jq .spaces good.json)"

	log
	flip "im$device" $((offset + 1048576 - 8192 + 33))
	damage 'a damaged footer' 'its footer is damaged; its summaries were read'
	json 'and nothing is lost' ".spaces == $(jq .spaces good.json)"

	log
	"${ctl[@]}" dump im0 im1 --segment "$device:$segment" --json > dump.json
	read -r entry at <<< "$(jq -r '[.list[] | select(.state == "live")][0] | "\(.entry) \(.offset)"' dump.json)"
	flip "im$device" $((offset + at + 70000))
	damage 'a damaged block' '1 of the 2 checksums'
	json 'which one' ".problems[0].entry == $entry"
	expect 'quick does not see it' 0 '' check im0 im1 --quick

	log
	pick '.state == "open" and .blocks > 20'
	flip "im$device" $((offset + 4096 + 200))
	damage 'a damaged summary of an open segment' 'summary at byte 4096 is damaged; blocks of it and of those behind it are lost'
	expect 'as text' 1 '' check im0 im1
	output 'where and what' "^damage: im$device, segment $segment: the summary"
	output 'how many' '^1 problems'
}

# Summaries that were sent together come to media in any order.
test_cut() {
	local seed
	for seed in 14 20 25 28; do
		rm -f im?
		"$bin/kvtier-crash" --write im --cut --seed "$seed"
		expect "a power cut, $seed" 0 '' check im? --json
		json 'is no damage' '.clean and .problems == []'
	done
}

test_dump() {
	log
	expect 'dump' 0 '' dump im0 im1 --json
	json 'segments that are not free' '.segments | length > 0 and all(.state != "free")'
	json 'each with its space' 'all(.segments[]; .space == "a" or .space == "b")'
	same 'live bytes are those of check' "$(jq '[.segments[].live] | add' out)" \
		"$(jq '[.spaces[].bytes] | add' good.json)"
	expect 'dump all' 0 '' dump im0 im1 --all --json
	json 'has the free ones' '(.segments | length) == ([.devices[].segments] | add)'
	expect 'dump as text' 0 '' dump im0 im1
	output 'a table' '^DEVICE +SEGMENT +STATE +GENERATION'
	pick '.state == "closed" and .tombs > 0'
	expect 'a segment' 0 '' dump im0 im1 --segment "$device:$segment" --json
	json 'has its entries' '.entries == (.list | length)'
	json 'blocks have keys' 'all(.list[] | select(.state == "live"); .key | length == 64)'
	json 'tombs name entries' 'all(.list[] | select(.state == "tomb"); .drops | test("generation"))'
	expect 'a segment as text' 0 '' dump im0 im1 --segment "$device:$segment"
	output 'entries' '^ENTRY +STATE'
	expect 'which device?' 2 'several devices are named' dump im0 im1 --segment 1
	expect 'no such segment' 3 'im0 has segments 0 to 5$' dump im0 im1 --segment 0:6
	expect 'no such device' 3 'device 7 of the set' dump im0 im1 --segment 7:4
	expect 'no number' 2 "the segment's number" dump im0 --segment x
	expect 'of one of two' 0 'only 1 of the 2' dump im1 --segment 0
	expect 'not formatted' 1 'is not formatted' dump good.json
}

for t in format format_refused format_foreign format_block check damage cut dump; do
	"test_$t"
done
tap_end
