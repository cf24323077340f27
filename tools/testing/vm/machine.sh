# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2054,SC2154 # shares run's variables
#
# Sourced by run: what QEMU is told. machine() sets the array qemu from run's
# options, its job directory $job, and $vmlinuz and $initrd.

mib() {
	echo $(($(numfmt --from=iec "$1") >> 20))
}

# A comma in a value of a QEMU option
quote() {
	echo "${1//,/,,}"
}

qemu_cpu() {
	# TCG runs rep movsb/stosb byte by byte; the kernel uses them if the
	# CPU says that they are fast.
	local cpu=max,-erms,-fsrm
	# To a guest of a hypervisor the kernel does not commit CXL regions.
	[[ $cxl ]] && cpu+=,-hypervisor
	qemu+=(-cpu "$cpu" -smp "$smp")
	if [[ $icount ]]; then
		qemu+=(-accel tcg,thread=single -icount shift=0)
	else
		qemu+=(-accel tcg,thread=multi)
	fi
}

qemu_memory() {
	local model=q35 size hotplug=''
	size=$(mib "$mem")
	if [[ $hmat ]]; then
		model+=,hmat=on
		size=$((size + $(mib "$hmat")))
		qemu_nodes
	fi
	if [[ $cxl ]]; then
		model+=,cxl=on,cxl-fmw.0.targets.0=cxl.1,cxl-fmw.0.size=4G
		hotplug=,maxmem=$((size + 6144))M,slots=8
	fi
	qemu+=(-machine "$model" -m "size=${size}M$hotplug")
}

qemu_nodes() {
	qemu+=(
		-object "memory-backend-ram,id=m0,size=$mem"
		-object "memory-backend-ram,id=m1,size=$hmat"
		-numa "node,nodeid=0,cpus=0-$((smp - 1)),memdev=m0,initiator=0"
		-numa node,nodeid=1,memdev=m1,initiator=0
		-numa dist,src=0,dst=1,val=20
	)
	qemu_node_speed 0 80 20G
	qemu_node_speed 1 250 10G
	[[ $cxl ]] || return 0
	qemu+=(
		-numa node,nodeid=2
		-numa dist,src=0,dst=2,val=30
		-numa dist,src=1,dst=2,val=40
	)
	qemu_node_speed 2 500 5G
}

# node, ns, bytes a second: by these the kernel sorts nodes into tiers
qemu_node_speed() {
	local from=hmat-lb,initiator=0,hierarchy=memory,target=$1
	qemu+=(
		-numa "$from,data-type=access-latency,latency=$2"
		-numa "$from,data-type=access-bandwidth,bandwidth=$3"
	)
}

# Comes last: later devices without bus= would be put behind its host bridge.
qemu_cxl() {
	[[ $cxl ]] || return 0
	qemu+=(
		-object "memory-backend-ram,id=vmem0,share=on,size=$cxl"
		-device pxb-cxl,bus_nr=12,bus=pcie.0,id=cxl.1
		-device cxl-rp,port=0,bus=cxl.1,id=rp13,chassis=0,slot=2
		-device cxl-type3,bus=rp13,volatile-memdev=vmem0,id=cxl-vmem0,sn=0x1234
	)
	# Among nodes, the kernel must be told which one the bridge belongs to.
	[[ $hmat ]] && qemu+=(-object acpi-generic-port,id=gp0,pci-bus=cxl.1,node=2)
	return 0
}

# Some file systems (tmpfs) cannot do direct I/O.
cache_mode() {
	if dd if="$1" of=/dev/null bs=4096 count=1 iflag=direct status=none 2> /dev/null; then
		echo cache=none,aio=native
	else
		echo cache=writeback,aio=threads
	fi
}

qemu_nvme() {
	local i file
	for ((i = 0; i < ${#disks[@]}; i++)); do
		disk_file "$i"
		qemu+=(
			-drive "file=$(quote "$file"),if=none,id=nv$i,format=raw,discard=unmap,$(cache_mode "$file")"
			-device "nvme,serial=kvt$((i + 1)),drive=nv$i,max_ioqpairs=4,mdts=8"
		)
	done
}

qemu_net() {
	[[ $net ]] || return 0
	local mac=52:54:00:6b:76:0$net_host role=server=off,reconnect-ms=300
	[[ $net == listen ]] && role=server=on
	qemu+=(
		-netdev "stream,id=n0,$role,addr.type=unix,addr.path=$(quote "$net_path")"
		-device "virtio-net-pci,netdev=n0,mac=$mac,host_mtu=4200,romfile="
	)
}

# tag, directory, more
qemu_share() {
	qemu+=(
		-fsdev "local,id=$1,path=$(quote "$2"),security_model=none,multidevs=remap${3-}"
		-device "virtio-9p-pci,fsdev=$1,mount_tag=$1"
	)
}

qemu_shares() {
	local i
	qemu_share hostroot / ,readonly=on
	qemu_share job "$job"
	for i in "${!shares[@]}"; do
		qemu_share "share$i" "${shares[i]}"
	done
}

qemu_output() {
	qemu+=(
		-serial "file:$job/console"
		-device isa-debug-exit,iobase=0xf4,iosize=0x4
		-device virtio-serial-pci
	)
	if [[ $tty ]]; then
		qemu+=(-chardev stdio,id=out,signal=off -device virtconsole,chardev=out)
	else
		qemu+=(-chardev "file,id=out,path=$job/out" -device virtserialport,chardev=out,name=out)
	fi
}

# The rate of the time stamp counter, as a kernel parameter. It is measured
# once after this machine has booted.
tsc_rate() {
	local khz='' of='' boot known=$cache/tsc-khz
	if [[ $icount ]]; then
		echo tsc_early_khz=1000000
		return
	fi
	read -r boot < /proc/sys/kernel/random/boot_id
	[[ ! -e $known ]] || read -r khz of < "$known"
	if [[ $of != "$boot" ]]; then
		khz=$("$here/tsc-khz" 2> /dev/null) || return 0
		echo "$khz $boot" > "$known"
	fi
	echo "tsc_early_khz=$khz"
}

qemu_kernel() {
	# loglevel 5: warnings and worse reach the console, for when the
	# machine dies.
	local args="console=ttyS0 loglevel=5 log_buf_len=4M printk.devkmsg=on"
	args+=" panic=-1 oops=panic kfence.sample_interval=100"
	# On a busy host the timers look broken for a moment: no reason to
	# panic, to get the clock's rate wrong, or to change to a slow one.
	args+=" no_timer_check tsc=nowatchdog $(tsc_rate)"
	# A single-ported drive, which most are, has its queue to itself.
	args+=" nvme_core.multipath=0"
	qemu+=(-kernel "$vmlinuz" -initrd "$initrd" -append "$args$append")
}

machine() {
	qemu=(-nodefaults -no-user-config -display none -no-reboot)
	qemu_cpu
	qemu_memory
	qemu_output
	qemu_shares
	qemu_nvme
	qemu_net
	qemu_kernel
	qemu+=("${qemu_extra[@]}")
	qemu_cxl
}
