// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What an errno means to kvtier, per call, and what to do about it. A row for
 * ANY_COMMAND or ANY_CONTROL counts where the call has none of its own.
 */
#define _GNU_SOURCE
#include <string.h>

#include "lib.h"

enum {
	ANY_COMMAND = -1,
	ANY_CONTROL = -2,
};

static const struct meaning {
	int	   call;
	int	   err;
	const char *text;
} meanings[] = {
	{ KVT_CALL_OPEN, ENOENT,
	  "no such space, or kvtier.ko is not loaded (modprobe kvtier; kvtierctl space list)" },
	{ KVT_CALL_OPEN, ENXIO,
	  "the space is being removed" },
	{ KVT_CALL_OPEN, ENODEV,
	  "the space is being removed" },
	{ KVT_CALL_OPEN, EACCES,
	  "the mode of the space's device node does not allow it (see ls -l /dev/kvtier)" },
	{ KVT_CALL_OPEN, EPERM,
	  "the mode of the space's device node does not allow it (see ls -l /dev/kvtier)" },
	{ KVT_CALL_OPEN, EKEYREJECTED,
	  "the space is of another identity (model, dtype, layout, rank or format)" },
	{ KVT_CALL_OPEN, ENOTTY,
	  "not the device node of a kvtier space" },
	{ KVT_CALL_OPEN, EINVAL,
	  "a space's name is 1 to 31 of a-z, 0-9, _ and -, and begins with a letter" },

	{ KVT_CALL_MAP, EINVAL,
	  "arena index out of range" },
	{ KVT_CALL_MAP, ENOENT,
	  "no arena has this index, or one on nvme, which has no window" },
	{ KVT_CALL_MAP, ERANGE,
	  "no window or slot is there" },
	{ KVT_CALL_MAP, ENOMEM,
	  "not enough address space to map it (see ulimit -v)" },
	{ KVT_CALL_MAP, EAGAIN,
	  "mlockall() is in force and its limit is too low (see ulimit -l)" },

	{ KVT_CALL_QUEUE_CREATE, EPERM,
	  "io_uring is off (sysctl kernel.io_uring_disabled=0; container: seccomp profile)" },
	{ KVT_CALL_QUEUE_CREATE, ENOSYS,
	  "no io_uring here (a seccomp profile may hide it, or the kernel is built without)" },
	{ KVT_CALL_QUEUE_CREATE, ENOMEM,
	  "not enough memory, or a limit to locked memory, for the ring (see ulimit -l)" },
	{ KVT_CALL_QUEUE_CREATE, EINVAL,
	  "a queue takes 1 to 4096 commands" },
	{ KVT_CALL_QUEUE, EPERM,
	  "another thread's queue: a queue is used by the thread that made it" },
	{ KVT_CALL_QUEUE, EBUSY,
	  "the queue is full: take completions first (kvt_queue_wait)" },
	{ KVT_CALL_QUEUE, ENOENT,
	  "the command is not in flight" },
	{ KVT_CALL_QUEUE_REGISTER, EPERM,
	  "another thread's queue: a queue is used by the thread that made it" },
	{ KVT_CALL_QUEUE_REGISTER, EBUSY,
	  "commands are in flight: take their completions first" },
	{ KVT_CALL_QUEUE_REGISTER, ENOMEM,
	  "more memory than this process may lock (see ulimit -l)" },
	{ KVT_CALL_QUEUE_REGISTER, EFAULT,
	  "memory that is not mapped, or read-only (a window of a space opened read-only?)" },
	{ KVT_CALL_WAIT_LAYER, ETIMEDOUT,
	  "the layer has not arrived in time" },
	{ KVT_CALL_WAIT_LAYER, EIO,
	  "the block could not be read from nvme: release it and compute it anew (see dmesg)" },
	{ KVT_CALL_WAIT_LAYER, ESTALE,
	  "the block's frame got other bytes: it was not leased" },
	{ KVT_CALL_WAIT_LAYER, EINVAL,
	  "the block has no such layer, or was not acquired" },
	{ KVT_CALL_WAIT_LAYER, ERANGE,
	  "the block's offset is in no window" },

	{ KVT_CALL_ACQUIRE, ENOENT,
	  "no such block" },
	{ KVT_CALL_ACQUIRE, EINPROGRESS,
	  "another file is filling the block (wait for it with KVT_F_WAIT)" },
	{ KVT_CALL_ACQUIRE, ETIMEDOUT,
	  "the block was not sealed, or no frame for it became free, in time" },
	{ KVT_CALL_ACQUIRE, ENOSPC,
	  "no frame is free at once to bring the block into memory (release, or KVT_F_WAIT)" },
	{ KVT_CALL_RELEASE, ENOENT,
	  "this file has no lease on the slot" },
	{ KVT_CALL_RESERVE, EINPROGRESS,
	  "another file is filling the block (ACQUIRE it with KVT_F_WAIT instead)" },
	{ KVT_CALL_RESERVE, EALREADY,
	  "this file is filling the block already" },
	{ KVT_CALL_RESERVE, ENOSPC,
	  "all frames are leased, being filled or written to nvme (release, KVT_F_WAIT, enlarge)" },
	{ KVT_CALL_RESERVE, ETIMEDOUT,
	  "no frame became free in time" },
	{ KVT_CALL_COMMIT, ENOENT,
	  "this file is not filling the slot" },
	{ KVT_CALL_COMMIT, ECANCELED,
	  "the block was dropped or took longer to fill than fill_timeout_ms; its frame is gone" },
	{ KVT_CALL_ABORT, ENOENT,
	  "this file is not filling the slot" },
	{ KVT_CALL_ABORT, ECANCELED,
	  "the block took longer to fill than fill_timeout_ms; its frame is gone" },
	{ KVT_CALL_PUT, EINPROGRESS,
	  "another file is filling the block" },
	{ KVT_CALL_PUT, EALREADY,
	  "this file is filling the block already" },
	{ KVT_CALL_PUT, ENOSPC,
	  "all frames are leased, being filled or written to nvme (release, KVT_F_WAIT, enlarge)" },
	{ KVT_CALL_PUT, ETIMEDOUT,
	  "no frame became free in time" },
	{ KVT_CALL_PUT, EFAULT,
	  "the block's bytes cannot be read from the caller's memory" },
	{ KVT_CALL_GET, EINPROGRESS,
	  "another file is filling the block" },
	{ KVT_CALL_GET, EFAULT,
	  "the block's bytes cannot be written to the caller's memory" },

	{ ANY_COMMAND, ENOENT,
	  "no such block" },
	{ ANY_COMMAND, EDQUOT,
	  "the space's lease_quota is reached (release leases, or raise it in sysfs)" },
	{ ANY_COMMAND, ENOSPC,
	  "no frame is free nor can be made free" },
	{ ANY_COMMAND, ETIMEDOUT,
	  "the block was being moved or read for 30 s (see dmesg for the device)" },
	{ ANY_COMMAND, ECANCELED,
	  "not reached: the command ended at an entry before it" },
	{ ANY_COMMAND, ELOOP,
	  "the block would be its own ancestor" },
	{ ANY_COMMAND, EHWPOISON,
	  "the block's memory has failed; the block is dropped" },
	{ ANY_COMMAND, EKEYREJECTED,
	  "the file is attached with an identity that is not the space's" },
	{ ANY_COMMAND, EBADF,
	  "the space is not open for this command (read-only?)" },
	{ ANY_COMMAND, EINVAL,
	  "bad flag, class, time-out, field or all-zero key (unused fields must be zero)" },
	{ ANY_COMMAND, EOPNOTSUPP,
	  "the module is older than this library: it has no io_uring commands" },
	{ ANY_COMMAND, E2BIG,
	  "the module is older than this library" },
	{ ANY_COMMAND, ENOMEM,
	  "not enough memory to carry out the command" },
	{ ANY_COMMAND, EINTR,
	  "killed while waiting" },

	{ KVT_CALL_OPEN_CONTROL, ENOENT,
	  "kvtier.ko is not loaded (modprobe kvtier)" },
	{ KVT_CALL_OPEN_CONTROL, EACCES,
	  "only root may change tiers and spaces (try sudo)" },
	{ KVT_CALL_OPEN_CONTROL, EPERM,
	  "only root may change tiers and spaces (try sudo)" },
	{ KVT_CALL_TIER_ADD, EEXIST,
	  "a tier of this name exists" },
	{ KVT_CALL_TIER_ADD, ENOMEM,
	  "the node has not that much free memory (see numactl -H)" },
	{ KVT_CALL_TIER_ADD, ENODEV,
	  "no such NUMA node, or it has no memory (see numactl -H)" },
	{ KVT_CALL_TIER_ADD, EADDRNOTAVAIL,
	  "the node is online_movable only (use daxctl online-memory --no-movable)" },
	{ KVT_CALL_TIER_ADD, EINVAL,
	  "bad name, kind or size (a size is a multiple of 2 MiB and not 0)" },
	{ KVT_CALL_HOST_ID, ENOENT,
	  "no /etc/machine-id, which names this host on devices (run systemd-machine-id-setup)" },
	{ KVT_CALL_HOST_ID, EBADMSG,
	  "/etc/machine-id is not 32 hex digits (run systemd-machine-id-setup)" },
	{ KVT_CALL_NVME_ADD, EEXIST,
	  "a tier of this name exists" },
	{ KVT_CALL_NVME_ADD, ESTALE,
	  "devices of the set are missing (give all that were formatted together)" },
	{ KVT_CALL_NVME_ADD, ENOENT,
	  "no such device" },
	{ KVT_CALL_NVME_ADD, ENXIO,
	  "there is no device behind this name (see lsblk, dmesg)" },
	{ KVT_CALL_NVME_ADD, ENODEV,
	  "there is no device behind this name (see lsblk, dmesg)" },
	{ KVT_CALL_NVME_ADD, EACCES,
	  "no permission for its path, or its file system is mounted nodev" },
	{ KVT_CALL_NVME_ADD, ENOTBLK,
	  "not a block device" },
	{ KVT_CALL_NVME_ADD, EBUSY,
	  "in use: mounted, swap, in another tier, RAID or volume, or given twice (see lsblk)" },
	{ KVT_CALL_NVME_ADD, EROFS,
	  "read-only (see blockdev --getro)" },
	{ KVT_CALL_NVME_ADD, EMEDIUMTYPE,
	  "not formatted for kvtier (see kvtierctl help tier format)" },
	{ KVT_CALL_NVME_ADD, EPROTONOSUPPORT,
	  "formatted by another version of kvtier (load that one, or format it anew)" },
	{ KVT_CALL_NVME_ADD, EUCLEAN,
	  "both superblocks are damaged (to use it, format it anew)" },
	{ KVT_CALL_NVME_ADD, EOVERFLOW,
	  "smaller than when it was formatted (grow it again, or format it anew)" },
	{ KVT_CALL_NVME_ADD, EXDEV,
	  "not formatted together with the first device (kvtierctl tier dump shows the set)" },
	{ KVT_CALL_NVME_ADD, EREMOTE,
	  "another host has it attached, or went down with it (KVT_NVME_TAKE_OVER if it is gone)" },
	{ KVT_CALL_NVME_ADD, EIO,
	  "cannot be read or written (see dmesg)" },
	{ KVT_CALL_NVME_ADD, EOPNOTSUPP,
	  "logical blocks of more than 4 KiB (see blockdev --getss)" },
	{ KVT_CALL_NVME_ADD, EINVAL,
	  "bad name, flag, host, path or count of devices (1 to 8)" },
	{ KVT_CALL_REMOTE_ADD, EEXIST,
	  "a tier of this name exists" },
	{ KVT_CALL_REMOTE_ATTACH, ENOENT,
	  "no such tier (make it: kvtierctl tier add remote NAME)" },
	{ KVT_CALL_REMOTE_ATTACH, EINVAL,
	  "not a remote tier, or a depth that is not 1 to 64 (see kvtierctl tier list)" },
	{ KVT_CALL_REMOTE_ATTACH, EBUSY,
	  "the tier has a helper already (is another kvtierd running?)" },
	{ KVT_CALL_TIER_REMOVE, ENOENT,
	  "no such tier" },
	{ KVT_CALL_TIER_REMOVE, EBUSY,
	  "a space uses the tier, or a device has memory of it pinned; nvme: I/O does not end" },
	{ KVT_CALL_TIER_RESIZE, ENOENT,
	  "no such tier" },
	{ KVT_CALL_TIER_RESIZE, EBUSY,
	  "spaces have the rest: the tier shrank only part of the way" },
	{ KVT_CALL_TIER_RESIZE, ENOMEM,
	  "the node has not that much free memory: the tier grew only part of the way" },
	{ KVT_CALL_TIER_RESIZE, EOPNOTSUPP,
	  "an nvme tier is as large as its devices" },
	{ KVT_CALL_TIER_RESIZE, EINVAL,
	  "bad size (a size is a multiple of 2 MiB)" },
	{ KVT_CALL_SPACE_CREATE, EEXIST,
	  "a space of this name exists" },
	{ KVT_CALL_SPACE_CREATE, ENOENT,
	  "no such tier" },
	{ KVT_CALL_SPACE_CREATE, ENOSPC,
	  "a tier has not that much free (see kvtierctl tier list)" },
	{ KVT_CALL_SPACE_CREATE, EINVAL,
	  "bad name, block size (4 KiB steps to 64 MiB), mode, class, layout or quota" },
	{ KVT_CALL_SPACE_DELETE, ENOENT,
	  "no such space" },
	{ KVT_CALL_SPACE_DELETE, EBUSY,
	  "a process has the space open or mapped (see fuser /dev/kvtier/NAME)" },
	{ KVT_CALL_SPACE_RESIZE, ENOENT,
	  "no such space or tier" },
	{ KVT_CALL_SPACE_RESIZE, EBUSY,
	  "frames are leased, being filled or pinned by a device: it shrank only part of the way" },
	{ KVT_CALL_SPACE_RESIZE, ENOSPC,
	  "the tier has not that much free (see kvtierctl tier list)" },
	{ KVT_CALL_SPACE_RESIZE, EINVAL,
	  "bad size (see kvt_quota), or it would take the last arena of memory away" },

	{ ANY_CONTROL, EPERM,
	  "only root may change tiers and spaces (CAP_SYS_ADMIN)" },
	{ ANY_CONTROL, EINVAL,
	  "bad name or field" },
	{ ANY_CONTROL, E2BIG,
	  "the module is older than this library" },
	{ ANY_CONTROL, ENOTTY,
	  "the loaded module does not know this command; it is older than this library" },
};

static const char *find(int call, int err)
{
	size_t i;

	for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].call == call && meanings[i].err == err)
			return meanings[i].text;
	return NULL;
}

static int group(int call)
{
	if (call >= KVT_CALL_OPEN_CONTROL)
		return ANY_CONTROL;
	return call < KVT_CALL_OPEN ? ANY_COMMAND : call;
}

const char *kvt_strerror(int call, int err)
{
	const char *text;

	if (err < 0 && err > -4096)
		err = -err;
	text = find(call, err);
	if (!text)
		text = find(group(call), err);
	if (!text)
		text = strerrordesc_np(err);
	return text ? text : "unknown error";
}

const char *kvt_tier_kind_name(int kind)
{
	switch (kind) {
	case KVT_TIER_DRAM:
		return "dram";
	case KVT_TIER_CXL:
		return "cxl";
	case KVT_TIER_NVME:
		return "nvme";
	case KVT_TIER_REMOTE:
		return "remote";
	default:
		return "unknown";
	}
}

const char *kvt_lib_version(void)
{
	return KVT_LIB_VERSION;
}
