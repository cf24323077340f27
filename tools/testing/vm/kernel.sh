# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # shares run's variables
#
# Sourced by run: which kernel boots. Sets vmlinuz, modules (its directory
# with modules.dep, or empty) and initrd.

need_packages() {
	local tool
	for tool in qemu-system-x86_64 busybox cpio modprobe setpriv; do
		command -v "$tool" > /dev/null || return 0
	done
	# Debian 12's own, 7.2, knows neither CXL memory nor stream sockets enough.
	[[ $(qemu-system-x86_64 -version) =~ version\ ([0-9]+) ]] &&
		((BASH_REMATCH[1] >= 10)) || return 0
	[[ ! $kernel_dir ]] && ! "$here/../setup" --print-kernel > /dev/null 2>&1
}

# The boot protocol has the offset of the version string at byte 0x20e.
kernel_release() {
	local offset
	offset=$(od -An -tu2 -j 526 -N 2 "$1")
	dd if="$1" bs=1 skip=$((offset + 512)) count=128 status=none | tr '\0\n' ' ' | cut -d ' ' -f 1
}

own_kernel() {
	local f
	for f in vmlinuz arch/x86/boot/bzImage; do
		vmlinuz=$kernel_dir/$f
		[[ -e $vmlinuz ]] && break
	done
	[[ -e $vmlinuz ]] || die "--kernel: $kernel_dir has neither vmlinuz nor arch/x86/boot/bzImage"
	modules=$kernel_dir/lib/modules/$(kernel_release "$vmlinuz")
	[[ -e $modules/modules.dep ]] || modules=
}

find_kernel() {
	if need_packages; then
		"$here/../setup" vm >&2 || exit 125
	fi
	if [[ $kernel_dir ]]; then
		own_kernel
	else
		{ read -r vmlinuz; read -r modules; } < <("$here/../setup" --print-kernel)
	fi
}

# Its name is made of all that goes into it, so that a stale one never boots.
find_initramfs() {
	local sum
	sum=$({
		cat "$here"/initramfs*
		[[ ! $modules ]] || stat -c '%n %s %Y' "$modules/modules.dep"
	} | md5sum)
	initrd=$cache/initramfs/${sum%% *}.gz
	[[ -e $initrd ]] || "$here/initramfs" "$initrd" "$modules" || die "cannot make an initramfs"
}
