#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC1091,SC2034,SC2154
#
# Usage: run.sh KVTIERCTL
#
# What kvtierctl makes of its arguments, of the kernel's answers and of sysfs,
# with a fake library and a fake sysfs. KVTIERCTL is the build of ./Makefile.

set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$(realpath -e "$1") || exit 1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1

ctl=("$program")
unset NO_COLOR
. "$here/../../selftests/kvtierctl/tap.sh"
. "$here/fake_class.sh"

k0=$(printf '0%.0s' {1..64})
k1=${k0%?}1
k2=${k0%?}2
k3=${k0%?}3
m='a multiple'

# NAME ERRNO CODE REGEX ARG...: as expect, when the kernel answers with ERRNO
answer() {
	local name=$1 error=$2
	shift 2
	FAKE_ERRNO=$error expect "$name" "$@"
}

# VALUE FILE: a reader sees the one value or the other
replace() {
	echo "$1" > new && mv new "$2"
}

asked() {
	same "$1" "$(tail -n 1 asked 2> /dev/null)" "$2"
}

# --- arguments -------------------------------------------------------------

test_main() {
	expect 'no command' 2 '^Usage: '
	expect 'help' 0 '' help
	output 'help lists the commands' '^  space create +Make a space'
	expect '--help' 0 '' --help
	expect '-h after a command' 0 '' tier add -h
	output 'help of a command' '^Usage: kvtierctl tier add NAME --kind'
	expect 'help of two words' 0 '' help space create
	output 'help names the option' '--identity-text'
	expect 'help of a group' 0 '' help tier
	output 'help of a group has its commands' 'tier resize'
	expect 'group --help' 0 '' space --help
	expect 'help of nonsense' 2 "no command 'tier frob'" help tier frob
	expect 'unknown command' 2 "no command 'frob'.*kvtierctl help" frob
	expect 'unknown second word' 2 "no command 'tier frob'.*help tier" tier frob
	expect 'group alone' 2 '^Usage: ' tier
	expect 'unknown option' 2 "unknown option '--frob'" tier list --frob
	expect 'unknown letter' 2 "unknown option '-x'" tier list -x
	expect 'unknown -j' 2 "unknown option '-j'" tier remove -j t
	expect 'value of a flag' 2 'takes no value' tier list --json=1
	expect 'option without value' 2 "'--size' needs a value" tier resize t --size
	expect 'option twice' 2 '--size is given twice' tier resize t --size 2M --size 4M
	expect 'too few operands' 2 'operands are missing' tier remove
	expect 'too many operands' 2 "'b' is one operand too many" tier remove a b
	expect 'missing option' 2 '--size is missing' tier resize t
	expect 'missing knob' 2 'too few operands' space set chat
}

test_sizes() {
	local add='tier add t --kind dram --node 0 --size'
	local size bad
	for size in 2097152 2048K 2048k 2M 2MiB; do
		rm -f asked
		# shellcheck disable=SC2086
		expect "size $size" 0 '' $add $size
		asked "size $size is 2 MiB" 'tier_add t 0 0 2097152'
	done
	# shellcheck disable=SC2086
	{
		expect 'size 16T' 0 '' $add 16T
		asked 'size 16T is 2^44' 'tier_add t 0 0 17592186044416'
		expect 'size 1M' 2 "not $m of 2M" $add 1M
		expect 'size 0' 2 'must not be 0' $add 0
		expect 'size -2M' 2 'not negative' $add=-2M
		expect 'size 1.5G' 2 'no fraction' $add 1.5G
		expect 'size 16E' 2 'too large' $add 16E
		expect 'size 2^64' 2 'too large' $add 18446744073709551616
		for bad in x '' M 2MB 2MX 2X '2 M' ' 2M' +2M 0x200000 2MiBs; do
			expect "size '$bad'" 2 'not a size' $add "$bad"
		done
	}
	expect 'block size 1K' 2 'a block has 4K to 64M' space create s --block-size 1K --quota t=2M
	expect 'block size 128M' 2 'a block has 4K to 64M' space create s --block-size 128M --quota t=2G
	expect 'block size 6000' 2 "not $m of 4K" space create s --block-size 6000 --quota t=2M
}

test_names() {
	local bad
	for bad in 1a A a.b 'a b' a/b _a -a ä; do
		expect "name '$bad'" 2 'a name ' tier remove -- "$bad"
	done
	expect 'name of 31' 0 '' tier remove abcdefghijklmnopqrstuvwxyz_-012
	expect 'name of 32' 2 'at most 31' tier remove abcdefghijklmnopqrstuvwxyz_-0123
	expect 'empty name' 2 'empty name' space show ''
	expect 'bad space name' 2 "space 'X': a name" put X key
}

test_tier_arguments() {
	expect 'kind nvme' 2 'dram or cxl' tier add t --kind nvme --node 0 --size 2M
	expect 'it says how' 2 'for devices: kvtierctl tier add nvme --device' tier add t --kind nvme
	expect 'node x' 2 'not a whole number' tier add t --kind cxl --node x --size 2M
	expect 'node -1' 2 'not a whole number' tier add t --kind cxl --node -1 --size 2M
	expect 'node 2^31' 2 'too large' tier add t --kind cxl --node 2147483648 --size 2M
	expect 'tier add' 0 '' tier add fast --kind cxl --node 3 --size 4M
	asked 'tier add asks' 'tier_add fast 1 3 4194304'
	expect 'options before the name' 0 '' tier add --kind=dram --node=0 --size=4M slow
	asked 'and asks the same' 'tier_add slow 0 0 4194304'
}

test_nvme_arguments() {
	local long
	long=/dev/$(printf 'x%.0s' {1..250})
	expect 'nvme without a device' 2 '--device is missing' tier add nvme
	expect 'device without nvme' 2 '--device is for devices: kvtierctl tier add nvme' tier add t --device /dev/a
	expect 'take-over without nvme' 2 '--take-over is for devices' tier add t --kind dram --node 0 --size 2M --take-over
	expect 'nvme with a size' 2 '--size is for tiers of memory' tier add nvme --device /dev/a --size 2M
	expect 'nvme with a node' 2 '--node is for tiers of memory' tier add nvme --device /dev/a --node 0
	expect 'memory that is called nvme' 0 '' tier add nvme --kind dram --node 0 --size 2M
	asked 'is memory' 'tier_add nvme 0 0 2097152'
	expect 'missing option of memory' 2 '--node is missing' tier add t --kind dram --size 2M
	expect 'nine devices' 2 'at most 8 devices' tier add nvme --device={a,b,c,d,e,f,g,h,i}
	expect 'a path of 256' 2 'more than 255 characters' tier add nvme --device "${long}x"
	expect 'a path of 255' 0 '' tier add nvme --device "$long" --name a
	expect 'no path' 2 'empty path' tier add nvme --device ''
	expect 'class frob' 2 'fast or bulk' tier add nvme --device /dev/a --class frob
	expect 'name of nvme' 2 'a name begins' tier add nvme --device /dev/a --name 0
	expect 'nvme with a name' 0 '' tier add nvme --device /dev/a --device /dev/b --name disk1 --take-over
	asked 'asks for it' 'nvme_add disk1 flags=1 host=abab /dev/a /dev/b'
	same 'and prints nothing' "$(< out)" ''
	expect 'nvme without a name' 0 '' tier add nvme --device /dev/a
	asked 'asks for nvme0' 'nvme_add nvme0 flags=0 host=abab /dev/a'
	same 'and prints that' "$(< out)" nvme0
	expect 'wait for less than a tenth' 2 'an interval is' tier wait t --timeout 0.01
	expect 'count without interval' 2 'needs --interval' tier stat --count 2
}

test_space_arguments() {
	local new='space create s --block-size 8K'
	# shellcheck disable=SC2086
	{
		expect 'no quota' 2 '--quota is missing' $new
		expect 'quota without =' 2 'not TIER=SIZE' $new --quota dram0
		expect 'quota of a bad name' 2 'a name begins' $new --quota 0=2M
		expect 'quota with a long name' 2 'at most 31' $new --quota "$k0=2M"
		expect 'quota of 3M' 2 "not $m of 2M" $new --quota dram0=3M
		expect 'quota of 0' 2 'less than one block' $new --quota dram0=0
		expect 'same tier twice' 2 'given already' $new --quota a=2M --quota a=4M
		expect 'nine tiers' 2 'at most 8' $new --quota={a,b,c,d,e,f,g,h,i}=2M
		expect 'quota below a block' 2 'less than one block' space create s --block-size 4M --quota a=2M
		expect 'short identity' 2 'not 64 hex digits' $new --quota a=2M --identity abc
		expect 'two identities' 2 'exclude each other' $new --quota a=2M --identity $k1 --identity-text x
		expect 'mode 0999' 2 'not an octal mode' $new --quota a=2M --mode 0999
		expect 'mode 01777' 2 '0 to 0777' $new --quota a=2M --mode 01777
		expect 'class 16' 2 '0 to 15' $new --quota a=2M --class 16
		expect 'owner nonsense' 2 'no such user' $new --quota a=2M --owner no-such-user
		expect 'group nonsense' 2 'no such group' $new --quota a=2M --owner root:no-such-group
		expect 'owner by number needs a group' 2 'UID:GROUP' $new --quota a=2M --owner 3999999999
		expect 'all defaults' 0 '' $new --quota dram0=2M
		asked 'defaults are root, 0660, 0' 'space_create s 8192 uid=0 gid=0 mode=660 class=0 identity=0000 dram0=2097152'
		expect 'all options' 0 '' $new --quota a=2M --quota b=4M --identity ab${k1#??} \
			--owner 77:88 --mode 640 --class 15
		asked 'all options are passed' 'space_create s 8192 uid=77 gid=88 mode=640 class=15 identity=ab01 a=2097152 b=4194304'
		expect 'identity of a text' 0 '' $new --quota a=2M --identity-text hello --owner nobody
		asked 'it is its SHA-256' "space_create s 8192 uid=65534 gid=$(id -g nobody) mode=660 class=0 identity=2c24 a=2097152"
	}
}

# --- the kernel's answers --------------------------------------------------

test_no_module() {
	local command
	rm -rf class dev
	for command in 'tier add t --kind dram --node 0 --size 2M' 'tier remove t' \
		'tier resize t --size 2M' 'tier list' 'tier show t' 'tier set t verify=0' \
		'tier stat' 'tier stat t' 'tier wait t' 'tier add nvme --device /dev/a' 'space delete s' 'space list' \
		'space create s --block-size 4K --quota t=2M' 'space show s' \
		'space resize s --quota t=2M' 'space set s promote=off' 'stat' 'stat s' \
		'put s k /dev/null' 'get s k x' 'lookup s k' 'drop s k'; do
		# shellcheck disable=SC2086
		expect "no module: $command" 5 'kvtier module is not loaded: run modprobe kvtier$' $command
	done
	expect 'no module: version' 0 '' version
	output 'version says so' '^module +not loaded'
	expect 'no module: version --json' 0 '' version --json
	json 'version as JSON' '.kvtierctl == "1.2.3" and .abi == 1 and .module == null'
	fake_module
	rm dev/kvtier-control
	expect 'module without its device' 5 'is loaded, but there is no .*container' tier remove t
	rm dev/kvtier/chat
	expect 'space without its device' 3 'container' get chat k x
	fake_module
	expect 'version of the module' 0 '' version --json
	json 'module and ABI' '.module == "9.9.9" and .module_abi == 7'
}

test_permission() {
	FAKE_OPEN_ERRNO=13 expect 'control device refused' 4 'cannot remove tier "t": no permission.*needs root' tier remove t
	FAKE_OPEN_ERRNO=13 expect 'space refused' 4 'its mode is 0640, its owner root \(0\)' get chat k x
	answer 'capability missing' 1 4 'needs root \(CAP_SYS_ADMIN\)' tier remove t
	answer 'module of another version' 25 1 'does not know this command.*kvtierctl version' tier remove t
}

test_tier_answers() {
	local add='tier add t --kind dram --node 0 --size 8M'
	# shellcheck disable=SC2086
	{
		answer 'tier exists' 17 1 'cannot add tier "t": .*exists' $add
		answer 'no such node' 19 3 'no NUMA node 0 with memory; nodes that have some' $add
		answer 'not enough memory' 12 1 'node 0 could not give 8.0 MiB' $add
		answer 'movable memory' 99 1 'online-memory --no-movable' $add
		answer 'killed' 4 1 'cannot add tier "t": ' $add
	}
	answer 'no such tier to remove' 2 3 'no tier "t"; see: kvtierctl tier list' tier remove t
	answer 'tier in use' 16 1 'spaces have 1.0 GiB of it' tier remove dram0
	echo 0 > class/kvtier_tier/cxl1/used
	echo 2097152 > class/kvtier_tier/cxl1/limbo
	answer 'tier in limbo' 16 1 '2.0 MiB of it are still mapped' tier remove cxl1
	answer 'no such tier to resize' 2 3 'no tier "t"' tier resize t --size 2M
	FAKE_BYTES=4194304 answer 'shrunk in part' 16 6 'size is now 4 MiB \(asked 2 MiB\)' tier resize dram0 --size 2M
	FAKE_BYTES=2147483648 answer 'not shrunk' 16 1 'size is now 2 GiB \(asked 2 MiB\)' tier resize dram0 --size 2M
	FAKE_BYTES=3221225472 answer 'grown in part' 12 6 'node has no more' tier resize dram0 --size 4G
	fake_module
}

test_nvme_answers() {
	local add='tier add nvme --device /dev/a --device /dev/b'
	# shellcheck disable=SC2086
	{
		FAKE_BAD=1 answer 'not formatted' 124 1 '^kvtierctl: cannot add tier "nvme0": /dev/b: not formatted for kvtier \(see kvtierctl help tier format\)$' $add
		FAKE_BAD=0 answer 'in use' 16 1 '/dev/a: in use.*see lsblk' $add
		FAKE_BAD=0 answer 'read-only' 30 1 '/dev/a: read-only' $add
		FAKE_BAD=1 answer 'of another set' 18 1 '/dev/b: .*not formatted together with the first' $add
		FAKE_BAD=1 answer 'of another host' 66 1 '/dev/b: another host .*--take-over' $add
		FAKE_BAD=1 answer 'of another version' 93 1 '/dev/b: .*another version' $add
		FAKE_BAD=1 answer 'damaged' 117 1 '/dev/b: both superblocks' $add
		FAKE_BAD=1 answer 'shrunk' 75 1 '/dev/b: smaller than when' $add
		FAKE_BAD=1 answer 'unreadable' 5 1 '/dev/b: .*see dmesg' $add
		FAKE_BAD=1 answer 'large blocks' 95 1 '/dev/b: .*logical blocks of more than 4 KiB' $add
		FAKE_BAD=1 answer 'no such device' 2 3 '/dev/b: no such device' $add
		FAKE_BAD=1 answer 'nobody behind it' 6 3 '/dev/b: there is no device behind' $add
		FAKE_BAD=1 answer 'no way to it' 13 4 '/dev/b: no permission' $add
		FAKE_BAD=1 answer 'no block device' 15 1 '/dev/b: not a block device' $add
		answer 'devices missing' 116 1 '"nvme0": devices of the set are missing' $add
		answer 'bad count' 22 1 'count of devices' $add
		answer 'capability missing' 1 4 'needs root' $add
		answer 'an old module' 25 1 'does not know this command' $add
		answer 'name taken' 17 1 'cannot add tier "x": a tier of this name exists' $add --name x
		FAKE_HOST_ERRNO=2 expect 'no machine id' 1 'no /etc/machine-id.*systemd-machine-id-setup' $add
		FAKE_HOST_ERRNO=74 expect 'bad machine id' 1 '/etc/machine-id is not 32 hex digits' $add
		FAKE_TAKEN=nvme0 expect 'name taken at the last moment' 0 '' $add
		same 'the next one then' "$(< out)" nvme1
		mkdir -p class/kvtier_tier/nvme0
		echo dram > class/kvtier_tier/nvme0/kind
		expect 'names that are taken' 0 '' $add
		same 'are passed over' "$(< out)" nvme1
	}
	fake_nvme
	expect 'another class' 1 'were formatted as class bulk, not fast' tier add nvme --device /dev/a --name disk0 --class fast
	asked 'it is not kept' 'tier_remove disk0'
	expect 'that class' 0 '' tier add nvme --device /dev/a --name disk0 --class bulk
	asked 'it is kept' 'nvme_add disk0 flags=0 host=abab /dev/a'
	answer 'resize of nvme' 95 1 'an nvme tier is as large as its devices' tier resize disk0 --size 2G
	answer 'remove does not end' 16 1 'do not end; see dmesg' tier remove disk0
	answer 'space on nvme only' 22 1 'needs a quota on a tier of memory' space create x --block-size 4K --quota disk0=1G
	answer 'one segment' 22 1 'tier "disk0" is at least two of its segments, 128 MiB \(asked 64 MiB\)' space create x --block-size 4K --quota disk0=64M --quota dram0=2M
	answer 'resize to one segment' 22 1 'at least two of its segments' space resize chat --quota disk0=64M
	answer 'segments too short' 22 1 'segment of tier "disk0" \(64 MiB\) has no room for two blocks of 64 MiB; .*--segment-size' space create x --block-size 64M --quota disk0=1G --quota dram0=64M
	answer 'another bad value' 22 1 'bad name, block size' space create x --block-size 4K --quota disk0=1G --quota dram0=2M
	fake_module
}

# Two devices that are one, by two names; needs block devices, not to be opened.
test_same_device() {
	if ! mknod a b 7 0 2> err || ! mknod b b 7 0 2>> err; then
		tap_skip 'one device twice' 'mknod is not allowed here'
		return
	fi
	ln -s b c
	expect 'one device twice' 1 '"nvme": a and c are the same device' tier add nvme --device a --device c
	rm a b c
}

test_remove_progress() {
	fake_nvme
	if ! script --version > err 2>&1; then
		tap_skip 'progress of a removal' 'there is no script(1)'
		return
	fi
	FAKE_SECONDS=1 TERM=xterm script -qec "$program tier remove disk0" /dev/null > out < /dev/null
	output 'removal tells what is left' 'tier disk0: 3 blocks are in memory only; writing them'
	FAKE_SECONDS=1 TERM=dumb script -qec "$program tier remove disk0" /dev/null > out < /dev/null
	same 'not on a dumb terminal' "$(< out)" ''
	FAKE_SECONDS=1 expect 'nor elsewhere' 0 '' tier remove disk0
	fake_module
}

test_wait() {
	local left=class/kvtier_tier/disk0/recovering
	fake_nvme
	expect 'nothing to wait for' 0 '' tier wait disk0
	expect 'nor on memory' 0 '' tier wait dram0
	expect 'nor on no tier' 3 'no tier "x"' tier wait x
	echo 5 > $left
	expect 'time is over' 6 '5 segments of tier "disk0" are still to be read' tier wait disk0 --timeout 0.3
	(sleep 0.5; echo 0 > $left) &
	expect 'wait' 0 '' tier wait disk0 --timeout 60
	wait
	echo 5 > $left
	(sleep 0.5; echo 0 > $left) &
	expect 'space create --wait' 0 '' space create x --block-size 4K --quota dram0=2M --quota disk0=1G --wait
	same 'waits' "$(< $left)" 0
	wait
	asked 'asks for all' 'space_create x 4096 uid=0 gid=0 mode=660 class=0 identity=0000 dram0=2097152 disk0=1073741824'
	echo 5 > $left
	(sleep 0.5; echo failed > class/kvtier_tier/disk0/state) &
	expect 'the tier fails meanwhile' 1 'cannot wait for the blocks of space "x": .*have failed; see dmesg' space create x --block-size 4K --quota disk0=1G --quota dram0=2M --wait
	wait
	fake_nvme
	echo 5 > $left
	(sleep 0.5; rm -r class/kvtier_tier/disk0) &
	expect 'the tier goes away meanwhile' 3 'no tier "disk0"' tier wait disk0
	wait
	fake_module
}

test_layers() {
	local create='space create s --block-size 16K --quota a=2M --layers'
	local asked='space_create s 16384 uid=0 gid=0 mode=660 class=0 identity=0000 a=2097152'
	# shellcheck disable=SC2086
	{
		expect 'so many layers' 0 '' $create 4
		asked 'are alike' "$asked layers=4:4096,8192,12288,16384"
		expect 'sizes of layers' 0 '' $create 8K,1K,7K
		asked 'are added up' "$asked layers=3:8192,9216,16384"
		expect 'layers 1' 0 '' $create 1
		expect 'layers 1024' 0 '' $create 1024
		expect 'layers 3' 2 '--layers: a block of 16 KiB is not of 3 layers of the same size' $create 3
		expect 'layers 0' 2 '1 to 1024 layers' $create 0
		expect 'layers 1025' 2 '1 to 1024 layers' $create 1025
		expect 'layers x' 2 'not a number of layers, nor their sizes' $create x
		expect 'too few bytes' 2 'the layers are 12 KiB in all, a block is 16 KiB' $create 4K,8K
		expect 'too many bytes' 2 'the layers are 20 KiB in all' $create 4K,16K
		expect 'an empty layer' 2 'a layer of 0 bytes' $create 16K,0
		expect 'a comma at the end' 2 'not a size' $create 16K,
		expect 'more than any block' 2 'more than the 64M' $create 64M,4K
		expect 'an absurd size' 2 'too large a size' $create 4K,00000000000000000000000000000000004K
		expect '1025 sizes' 2 '1 to 1024 layers' $create "$(printf '1,%.0s' {1..1024})1"
	}
	expect 'no layers' 0 '' space show chat
	same 'are not shown' "$(grep -ci layer out)" 0
	FAKE_LAYERS=4 expect 'layers that are alike' 0 '' space show chat
	output 'are one line' '^4 layers of 1 KiB$'
	FAKE_LAYERS=3 FAKE_UNLIKE=1 expect 'layers that are not' 0 '' space show chat
	output 'are a table' '^ +1 +2048 +1024$'
	FAKE_LAYERS=3 FAKE_UNLIKE=1 run space show chat --json
	json 'layers as JSON' '.layers == [2048, 1024, 1024]'
	FAKE_OPEN_ERRNO=13 run space show chat --json
	json 'who may not open it is not told' 'has("layers") | not'
}

test_space_answers() {
	local new='space create x --block-size 4K --quota'
	# shellcheck disable=SC2086
	{
		answer 'space exists' 17 1 'cannot create space "x": .*exists' $new dram0=2M
		answer 'tier is full' 28 1 '^kvtierctl: cannot create space "x": tier "dram0" has only 1.0 GiB free \(asked 2.0 GiB\); see: kvtierctl tier list$' $new cxl1=2M --quota dram0=2G
		answer 'full by a hair' 28 1 'only 1 GiB free \(asked 1026 MiB\)' $new dram0=1026M
		answer 'no such tier' 2 3 'no tier "dram9"' $new dram0=2M --quota dram9=2M
	}
	answer 'no space to delete' 2 3 'no space "x"; see: kvtierctl space list' space delete x
	answer 'space is open' 16 1 'open files: 1\); see: fuser -v dev/kvtier/chat' space delete chat
	echo 0 > class/kvtier/chat/openers
	answer 'space is mapped' 16 1 'is mapped' space delete chat
	echo pool > class/kvtier/chat/remote
	answer 'open, with a remote tier' 16 1 'is mapped' space delete chat
	same 'it has it still' "$(< class/kvtier/chat/remote)" pool
	rm class/kvtier/chat/remote
	expect 'no space to resize' 3 'no space "x"' space resize x --quota dram0=2M
	answer 'no tier to resize on' 2 3 'no tier "dram9"' space resize chat --quota dram9=2M
	answer 'no room to grow' 28 1 'only 1.0 GiB free \(asked 2.0 GiB\)' space resize chat --quota dram0=3G
	answer 'the last tier' 22 1 'delete the space instead' space resize chat --quota dram0=0
	FAKE_BYTES=4194304 answer 'shrunk in part' 16 6 'tier "dram0" is now 4 MiB \(asked 2 MiB\)' space resize chat --quota dram0=2M
	FAKE_BYTES=1073741824 answer 'not shrunk' 16 1 'now 1 GiB' space resize chat --quota dram0=2M
	FAKE_TIER=dram0 answer 'one of two quotas' 28 6 'cannot resize space "chat"' space resize chat --quota dram0=3G --quota cxl1=4M
	asked 'the other one was done' 'space_resize chat cxl1 4194304'
	expect 'both quotas' 0 '' space resize chat --quota dram0=3G --quota cxl1=0
	fake_module
}

# --- knobs -----------------------------------------------------------------

test_knobs() {
	local dir=class/kvtier/chat
	expect 'set knobs' 0 '' space set chat promote=always lease_quota=500
	same 'promote is set' "$(< $dir/promote)" always
	same 'lease_quota is set' "$(< $dir/lease_quota)" 500
	expect 'unknown knob' 2 "no knob 'frob'" space set chat frob=1
	expect 'prefix of a knob' 2 "no knob 'pro'" space set chat pro=off
	expect 'no value' 2 'has no value' space set chat promote=
	expect 'no =' 2 'is not KNOB=VALUE' space set chat promote
	expect 'nothing is set on a usage error' 2 'no knob' space set chat promote=off frob=1
	same 'promote is as it was' "$(< $dir/promote)" always
	expect 'knob of no space' 3 'no space "x"' space set x promote=off
	rm $dir/promote
	expect 'one of two knobs' 6 'promote: .*no such knob' space set chat promote=off lease_quota=150
	same 'the other was set' "$(< $dir/lease_quota)" 150
	fake_module
}

test_tier_knobs() {
	local dir=class/kvtier_tier/disk0
	fake_nvme
	: > $dir/admission
	: > class/kvtier/chat/class15/floor
	expect 'set tier knobs' 0 '' tier set disk0 admission=class admit_classes=0x21 write_budget=3T carry_over=0
	same 'admission is set' "$(< $dir/admission)" class
	same 'a budget in bytes' "$(< $dir/write_budget)" 3298534883328
	expect 'budget 3X' 2 "write_budget '3X': not a size" tier set disk0 write_budget=3X
	expect 'no such tier knob' 2 "no knob 'promote'; see: kvtierctl help tier set" tier set disk0 promote=off
	expect 'tier of memory' 1 'it is a dram tier: only nvme tiers have knobs' tier set dram0 verify=0
	expect 'knob of no tier' 3 'no tier "x"' tier set x verify=0
	expect 'a value too long' 2 "value of 'verify' is too long" tier set disk0 verify="$k0"
	expect 'class knobs' 0 '' space set chat class15/floor=nvme class0/ttl_s=60
	same 'floor is set' "$(< class/kvtier/chat/class15/floor)" nvme
	same 'ttl_s is set' "$(< class/kvtier/chat/class0/ttl_s)" 60
	local bad
	for bad in class16 class class01 class-1 classx; do
		expect "knob of $bad" 2 'there is no knob' space set chat $bad/ttl_s=1
	done
	fake_module
}

# --- what is printed -------------------------------------------------------

test_tier_list() {
	expect 'tier list' 0 '' tier list
	output 'headings' '^TIER +KIND +NODE +SIZE +USED +FREE +LIMBO +RETIRED +HUGE$'
	output 'a row' '^dram0 +dram +0 +2.0 GiB +1.0 GiB +1.0 GiB +0 B +0 B +2.0 GiB$'
	expect 'tier list --json' 0 '' tier list --json
	json 'two tiers by name' 'map(.name) == ["cxl1", "dram0"]'
	json 'sizes are numbers' '.[1].size == 2147483648 and .[1].node == 0'
	expect 'tier list -j' 0 '' tier list -j
	rm class/kvtier_tier/cxl1/kind
	expect 'a tier that goes away meanwhile' 0 '' tier list --json
	json 'is left out' 'map(.name) == ["dram0"]'
	rm -r class/kvtier_tier/*
	expect 'no tiers' 0 '' tier list --json
	json 'is an empty array' '. == []'
	fake_module
}

test_nvme_list() {
	fake_nvme
	expect 'tier list with nvme' 0 '' tier list
	output 'headings of nvme' '^TIER +KIND +CLASS +STATE +SIZE +USED +FREE +FOUND +BLOCKS +WRITTEN +AMPL +ERRORS$'
	output 'a row of nvme' '^disk0 +nvme +bulk +ok +10.0 GiB +1.0 GiB +8.0 GiB +1.0 GiB +7 +1.0 GiB +1.10 +6$'
	output 'a row of memory' '^dram0 +dram +0 +2.0 GiB'
	echo 12 > class/kvtier_tier/disk0/recovering
	run tier list
	output 'recovery' '^disk0 +nvme +bulk +ok, 12 to recover +10.0'
	expect 'tier list --json' 0 '' tier list --json
	json 'nvme' '.[1] | .name == "disk0" and .grade == "bulk" and .found == 1073741824 and .blocks == 7'
	json 'knobs' '.[1].knobs | .admission == "second" and .write_budget == 4294967296 and .admit_classes == "0xffff"'
	json 'counters' '.[1].stats | .bytes_read == 5000000000 and .crc_errors == 2 and .bad_records == 3'
	json 'who uses it' '.[1].spaces == [{"name": "chat", "bytes": 1073741824, "blocks": 7}]'
	expect 'tier show' 0 '' tier show disk0
	output 'state' '^state +ok$'
	output 'amplification' '^write amplification +1.10$'
	output 'budget' '^write budget left +2.0 GiB now, of 4.0 GiB a day$'
	output 'errors' '^damaged records +3$'
	output 'knob' '^admission +second$'
	output 'spaces' '^chat +1.0 GiB +7$'
	echo 0 > class/kvtier_tier/disk0/write_budget
	echo 0 > class/kvtier_tier/disk0/block_bytes_written
	run tier show disk0
	output 'no budget' '^write budget left +no limit$'
	output 'nothing written' '^write amplification +-$'
	expect 'tier show of memory' 0 '' tier show dram0
	output 'limbo' '^limbo +0 B$'
	expect 'tier show --json' 0 '' tier show disk0 --json
	json 'an object' '.name == "disk0" and .devices == 2'
	expect 'show of no tier' 3 'no tier "x"' tier show x
	rm -r class/kvtier_tier/{cxl1,dram0}
	run tier list
	same 'nvme alone has one table' "$(grep -c . out)" 2
	fake_module
}

test_nvme_space() {
	fake_nvme
	run space list
	output 'nvme apart' '^chat +4.0 KiB +1.0 GiB +1.0 GiB +262656 +262646 +10 '
	expect 'space show with nvme' 0 '' space show chat
	output 'an arena without frames' '^ +2  disk0 +nvme +1.0 GiB +- +- +7$'
	output 'a class that was changed' '^ +5 +3600 +1  cxl$'
	same 'and no other' "$(grep -c ' remote$' out)" 0
	run space show chat --json
	json 'bytes of memory and nvme' '.bytes == 1075838976 and .nvme_bytes == 1073741824'
	json 'kinds of arenas' '.arenas | map(.kind) == ["dram", "cxl", "nvme"] and (.[2] | has("frames") | not)'
	json 'all classes' '.classes | length == 16 and .[5] == {"class": 5, "ttl_s": 3600, "priority": 1, "floor": "cxl"}'
	run stat
	output 'loads and writeouts' '^chat +10 .* 12 +34 +3$'
	run stat chat
	output 'each counter' '^writeouts +34$'
	fake_module
}

test_tier_stat() {
	local dir=class/kvtier_tier/disk0
	expect 'tier stat without nvme' 0 '' tier stat
	same 'headings only' "$(grep -c . out)" 1
	fake_nvme
	expect 'tier stat' 0 '' tier stat
	output 'a row' '^disk0 +1.0 GiB +8.0 GiB +7 +4.7 GiB +1.0 GiB +953.7 MiB +1.10 +6  ok$'
	expect 'tier stat NAME --json' 0 '' tier stat disk0 --json
	json 'counters' '.[0].stats.bytes_written == 1100000000'
	expect 'tier stat of memory' 1 'is a tier of memory' tier stat dram0
	expect 'tier stat of no tier' 3 'no tier "x"' tier stat x
	expect 'with an interval, too' 3 'no tier "x"' tier stat x --interval 1
	begin_sampling tier stat disk0 --interval 0.2 --json
	replace 1100000000 $dir/block_bytes_written
	replace 1300000000 $dir/bytes_written
	end_sampling '([.[] | .rates.bytes_written * .seconds] | add) > 199000000'
	json 'rates' '([.[] | .rates.bytes_written * .seconds] | add) | . > 199000000 and . < 201000000'
	json 'of each counter' 'all(.[]; .rates.crc_errors == 0)'
	json 'gauges' '.[0] | .name == "disk0" and .used == 1073741824 and .state == "ok"'
	expect 'tier stat --interval --count' 0 '' tier stat --interval 0.1 --count 2
	same 'a line each' "$(grep -c '^disk0' out)" 2
	# Both counters are to grow within one interval: it may take a few tries.
	local i blocks=1100000000 bytes=1300000000
	begin_sampling tier stat --interval 0.3
	for i in {1..100}; do
		grep -q ' 2.00 ' samples && break
		replace $((blocks += 100000000)) $dir/block_bytes_written
		replace $((bytes += 200000000)) $dir/bytes_written
		sleep 0.5
	done
	end_sampling .
	cp samples out
	output 'amplification of the interval' ' 2.00 +0  ok$'
	fake_module
}

test_space_list() {
	expect 'space list' 0 '' space list
	output 'a row' '^chat +4.0 KiB +1.0 GiB +0 B +262656 +262646 +10 +2 +1 +0640 +0 +0$'
	expect 'space list --json' 0 '' space list --json
	json 'sums over arenas' '.[0].bytes == 1075838976 and .[0].frames == 262656'
	expect 'space show' 0 '' space show chat
	output 'owner' '^owner +root:root$'
	output 'identity' "^identity +$k0\$"
	output 'arenas' '^ +1  cxl1 +cxl +2.0 MiB +512 +511 +1$'
	output 'policy in use' '^policy +lru$'
	expect 'space show --json' 0 '' space show chat --json
	json 'identity is a string' ".identity == \"$k0\""
	json 'knobs' '.knobs.policy == "lru" and .knobs.low_watermark == 10'
	json 'arenas' '.arenas | map(.tier) == ["dram0", "cxl1"]'
	json 'device and mode' '.device == "dev/kvtier/chat" and .mode == "0640"'
	expect 'show of no space' 3 'no space "x"' space show x
}

test_stat() {
	expect 'stat' 0 '' stat
	output 'counters and ratios' '^chat +10 +262646 +2 +100 +25.0 +10 +100.0 +10 +0 +1 +0 +0 +0 +3$'
	expect 'stat SPACE' 0 '' stat chat
	output 'every counter' '^no_quota +1$'
	output 'every gauge' '^metadata_bytes +1800$'
	expect 'stat --json' 0 '' stat --json
	json 'an array' '.[0].name == "chat" and .[0].stats.lookups == 100'
	expect 'stat SPACE --json' 0 '' stat chat --json
	json 'an object' '.name == "chat" and .leases == 2 and .stats.no_space == 2'
	expect 'stat of no space' 3 'no space "x"' stat x
	expect 'count alone' 2 'needs --interval' stat --count 2
	expect 'interval 0' 2 '0.1 to 86400' stat --interval 0
	expect 'interval nan' 2 'not a number' stat --interval nan
	expect 'interval 1x' 2 'not a number' stat --interval 1x
	expect 'count 0' 2 'must not be 0' stat --interval 1 --count 0
}

test_stat_interval() {
	local stats=class/kvtier/chat/stats
	begin_sampling stat chat --interval 0.2 --json
	replace 140 $stats/lookups
	end_sampling '([.[] | .rates.lookups * .seconds] | add) > 39'
	json 'rates of what was counted meanwhile' '([.[] | .rates.lookups * .seconds] | add) | . > 39 and . < 41'
	json 'nothing before' '.[0].rates.lookups == 0 and .[0].seconds >= 0.19'
	begin_sampling stat chat --interval 0.2 --json
	replace 30 $stats/lookups
	end_sampling '([.[] | .rates.lookups * .seconds] | add) > 29'
	json 'a space made anew counts from zero' '([.[] | .rates.lookups * .seconds] | add) | . > 29 and . < 31'
	expect 'stat --interval --count' 0 '' stat chat --interval 0.1 --count 2 --json
	same 'a line each' "$(wc -l < out)" 2
	expect 'table of rates' 0 '' stat chat --interval 0.1 --count 3
	same 'headings once' "$(grep -c SPACE out)" 1
	same 'three lines' "$(grep -c '^chat' out)" 3
	same 'columns stay below their headings' "$(awk '{ print length }' out | uniq | wc -l)" 1
	(sleep 0.3; rm -r class/kvtier/chat) &
	expect 'the space is deleted meanwhile' 3 'no space "chat"' stat chat --interval 0.5
	wait
	fake_module
}

# --- blocks ----------------------------------------------------------------

test_keys() {
	local sha
	sha=$(printf hello | sha256sum | cut -c 1-64)
	expect 'key of a text' 3 'no such block' get chat hello x
	run lookup chat hello --json
	json 'it is its SHA-256' ".blocks[0].key == \"$sha\""
	run lookup chat text:hello --json
	json 'text: is the same' ".blocks[0].key == \"$sha\""
	run lookup chat "$sha" --json
	json '64 digits are the key' ".blocks[0].key == \"$sha\""
	run lookup chat "hex:${sha^^}" --json
	json 'hex: and capitals' ".blocks[0].key == \"$sha\""
	run lookup chat abcd --json
	json 'short hex is a text' ".blocks[0].key == \"$(printf abcd | sha256sum | cut -c 1-64)\""
	expect 'a digit short' 2 "hex digits, but not 64" lookup chat "${sha%?}"
	expect 'a digit more' 2 "hex digits, but not 64" lookup chat "${sha}0"
	expect 'hex: of a text' 2 'not 64 hex digits' lookup chat hex:hello
	expect 'all zero' 2 'all zero is not a key' lookup chat "$k0"
	expect 'empty key' 2 'empty key' lookup chat ''
	expect 'bad key in a list' 2 'all zero' lookup chat "$k1" "$k0"
}

test_put_get() {
	head -c 4096 /dev/urandom > block
	expect 'put a file' 0 '' put chat "$k1" block
	output 'put says where' "^$k1  slot 5  dram$"
	asked 'as a root' 'put flags=0 class=0 parent=00'
	expect 'get to a file' 0 '' get chat "$k1" copy
	bytes 'same bytes' block copy
	expect 'put what is there' 0 '' put chat "$k1" block --json
	json 'says so' '.stored == false and .tier == "cxl" and .slot == 5'
	expect 'put from the input' 0 '' put chat "$k2" - --parent "ab${k1#??}" --class 3 < block
	asked 'with parent and class' 'put flags=80 class=3 parent=ab'
	expect 'get to the output' 0 '' get chat "$k2"
	bytes 'same bytes again' block out
	expect 'get a range' 0 '' get chat "$k2" - --offset 100 --length 1K
	bytes 'its bytes' <(tail -c +101 block | head -c 1024) out
	expect 'get --json' 0 '' get chat "$k2" copy --offset 4095 --json
	json 'tells what was read' '.offset == 4095 and .length == 1 and .file == "copy"'
	same 'one byte' "$(wc -c < copy)" 1
}

test_put_get_wrong() {
	head -c 100 /dev/zero | tr '\0' x > short
	head -c 5000 /dev/zero > long
	: > empty
	expect 'short input' 1 'short has only 100 B of a block of 4 KiB; --pad' put chat "$k3" short
	expect 'empty input' 1 'empty is empty' put chat "$k3" empty --pad
	expect 'long input' 1 'more than one block \(4 KiB\)' put chat "$k3" long
	expect 'no input' 1 'opening nowhere: No such file' put chat "$k3" nowhere
	expect 'nothing was stored' 3 'no such block' get chat "$k3" copy3
	same 'a miss makes no file' "$(ls copy3 2> /dev/null)" ''
	expect 'padded input' 0 '' put chat "$k3" short --pad
	expect 'get it' 0 '' get chat "$k3" copy3
	bytes 'zeros follow' copy3 <(cat short; head -c 3996 /dev/zero)
	expect 'offset behind the end' 2 'a block of this space has 4 KiB' get chat "$k3" x --offset 4K
	expect 'length behind the end' 2 'only 96 B are left' get chat "$k3" x --offset 4000 --length 97
	expect 'length 0' 2 'must not be 0' get chat "$k3" x --length 0
	expect 'output is no file' 1 'opening /: Is a directory' get chat "$k3" /
	expect 'json without a file' 2 'needs a FILE' get chat "$k3" --json
	answer 'no frame left' 28 1 "cannot put block '$k1" put chat "$k1" block
	answer 'being filled' 115 1 'filling the block' put chat "$k1" block
	expect 'no such space' 3 'no space "x"' put x "$k1" block
	"$program" get chat "$k3" > /dev/full 2> err
	same 'a full output fails' $? 1
	"$program" tier list > /dev/full 2> err
	same 'a full output of a list fails' $? 1
}

test_lookup_drop() {
	expect 'lookup of all' 0 '' lookup chat "$k1" "$k2"
	output 'rows' "^$k2 +1 +dram +present$"
	expect 'lookup of some' 6 '' lookup chat "$k1" x "$k2"
	output 'behind the miss' "^$k2 +- +- +not tried$"
	expect 'lookup of some --json' 6 '' lookup chat "$k1" x "$k2" --json
	json 'tells the prefix' '.asked == 3 and .present == 1 and (.blocks | length == 3)'
	json 'and each' '.blocks | map(.state) == ["present", "miss", "not tried"]'
	expect 'lookup of none' 3 '' lookup chat x
	expect 'drop of some' 6 '' drop chat "$k1" x
	asked 'drop of blocks' 'drop flags=0'
	expect 'drop of none' 3 '' drop chat "$k1"
	output 'says so' "^$k1 +absent$"
	expect 'drop of all, with what is below' 0 '' drop chat "$k2" "$k3" --chain --json
	asked 'drop of chains' 'drop flags=20'
	json 'as JSON' '.dropped == 2 and .blocks[1].state == "dropped"'
}

test_remote() {
	expect 'tier add remote' 0 '' tier add remote pool
	asked 'asks for it' 'remote_add pool'
	expect 'tier add remote --name' 0 '' tier add remote --name other
	asked 'asks for the same' 'remote_add other'
	expect 'remote with two names' 2 'there are two names' tier add remote pool --name other
	expect 'remote without a name' 2 'name of the remote tier is missing' tier add remote
	expect 'remote with a size' 2 'size is not for remote tiers' tier add remote pool --size 2M
	expect 'remote with a bad name' 2 'a name ' tier add remote Pool
	expect 'two names' 2 'one operand too many' tier add a b --kind dram --node 0 --size 2M
	expect 'a tier called remote' 0 '' tier add remote --kind dram --node 0 --size 2M
	asked 'is one of memory' 'tier_add remote 0 0 2097152'
	answer 'remote add of what exists' 17 1 'a tier of this name exists' tier add remote pool
	fake_remote
	expect 'tier list with a remote tier' 0 '' tier list
	output 'has a table for it' '^pool +remote +1 +3 +77 +2 +5$'
	expect 'tier show of it' 0 '' tier show pool
	output 'says how many time-outs' 'timeouts +2'
	output 'and who uses it' '^chat +through'
	expect 'as JSON' 0 '' tier show pool --json
	json 'with the same' '.helper == 1 and .spaces[0].name == "chat"'
	answer 'remove in use' 16 1 'remote=none.*stop kvtierd' tier remove pool
	expect 'no knobs' 1 'it is a remote tier: only nvme tiers have knobs' tier set pool verify=1
	fake_module
}

test_policy() {
	expect 'policy without its file' 3 'absent cannot be read: is kvtierd running' \
		policy --file absent
	echo 'no JSON' > policy.json
	expect 'policy of a damaged file' 3 'cannot be read' policy --file policy.json
	echo '[1]' > policy.json
	expect 'policy of another file' 3 'cannot be read' policy --file policy.json
	cat > policy.json <<- 'END'
	{ "dry_run": false, "pid": 1, "rules": [ { "rule": "slow", "space": "chat",
	  "metric": "pool_latency_ms", "is": 61.5, "on": true, "knob": "remote_write",
	  "value": "none", "changed_s_ago": 7, "reason": "it is slow" } ] }
	END
	expect 'policy' 0 '' policy --file policy.json
	output 'policy says what it does' \
		'^slow +chat +pool_latency_ms +61\.5 +true +remote_write +none +7 +it is slow'
	expect 'policy --json' 0 '' policy --file policy.json --json
	json 'policy as JSON' '.rules[0].knob == "remote_write" and .dry_run == false'
	sed -i 's/"pid": 1,/"pid": 4194304,/' policy.json
	expect 'policy of a dead agent' 0 'not running any more' policy --file policy.json
}

test_drain() {
	local dir=class/kvtier/chat/drain
	expect 'drain of no space' 3 'no such space.*space list' drain chat2
	attributes $dir on 0 total 10 'done' 7 failed 1
	expect 'drain until its deadline' 6 '' drain chat --deadline .3
	output 'drain counts those on the pool' '^On the pool +7$'
	output 'drain counts what was not done' '^Not done in time +2$'
	same 'drain is stopped' "$(< $dir/on)" 0
	expect 'drain --json' 6 '' drain chat --deadline .3 --json
	json 'drain as JSON' '.total == 10 and .copied == 7 and .failed == 1 and .left == 2'
	attributes $dir total 7 failed 0
	expect 'drain of all' 0 '' drain chat --deadline .3
	expect 'drain with a bad deadline' 2 'deadline' drain chat --deadline soon
}

test_restore() {
	expect 'restore without a list' 2 '--list is missing' restore chat
	expect 'restore of no file' 1 'read nofile: No such file' restore chat --list nofile
	echo "$k1" > list
	expect 'restore of half a line' 1 'list, line 1: not two keys' restore chat --list list
	printf '%s %s\n' "$k1" "$k0" "$k2" "${k1%?}" > list
	expect 'restore of a short key' 1 'list, line 2: not two keys' restore chat --list list
	printf '%s %s x\n' "$k1" "$k0" > list
	expect 'restore of too much' 1 'list, line 1' restore chat --list list
	printf '%s %s\n' "$k1" "$k0" "$k2" "$k1" > list
	expect 'restore of what is not there' 6 '' restore chat --list list --deadline .2
	output 'restore counts what is missing' '^Missing +2$'
	touch pool
	expect 'restore' 0 '' restore chat --list list --json
	json 'restore as JSON' '.total == 2 and .here == 2 and .missing == 0'
	rm pool
	: > list
	expect 'restore of nothing' 0 '' restore chat --list list
}

test_terminal() {
	if ! script --version > err 2>&1; then
		tap_skip 'output to a terminal' 'there is no script(1)'
		return
	fi
	TERM=xterm script -qec "$program tier list" /dev/null > out < /dev/null
	output 'colour on a terminal' $'\033'
	NO_COLOR=1 TERM=xterm script -qec "$program tier list" /dev/null > out < /dev/null
	same 'not with NO_COLOR' "$(grep -c $'\033' out)" 0
	TERM=dumb script -qec "$program tier list" /dev/null > out < /dev/null
	same 'not on a dumb one' "$(grep -c $'\033' out)" 0
	script -qec "$program get chat $k1" /dev/null > out < /dev/null
	output 'no bytes to a terminal' 'is a terminal'
}

fake_module
test_main
test_sizes
test_names
test_tier_arguments
test_nvme_arguments
test_space_arguments
test_no_module
test_permission
test_tier_answers
test_nvme_answers
test_same_device
test_remove_progress
test_wait
test_space_answers
test_knobs
test_tier_knobs
test_tier_list
test_nvme_list
test_nvme_space
test_tier_stat
test_space_list
test_layers
test_stat
test_stat_interval
test_keys
test_put_get
test_put_get_wrong
test_lookup_drop
test_policy
test_drain
test_restore
test_remote
test_terminal
tap_end
