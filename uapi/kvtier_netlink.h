/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * kvtier: what is there, and what happens, by generic netlink. For programs that
 * watch; nothing is changed this way. Documentation/netlink/kvtier.yaml says
 * the same for tools that read such files.
 *
 * Dumps may be asked for by everybody, as sysfs may be read. Multicast loses messages
 * when a listener is too slow: the socket says ENOBUFS, and KVT_NL_A_SEQ shows what is
 * missing; a dump tells how things are.
 */
#ifndef _UAPI_KVTIER_NETLINK_H
#define _UAPI_KVTIER_NETLINK_H

#include <linux/types.h>

#define KVT_NL_FAMILY		"kvtier"
#define KVT_NL_VERSION		1

/* Multicast groups. To join the second takes CAP_SYS_ADMIN: it tells keys. */
#define KVT_NL_GROUP_EVENTS	"events"
#define KVT_NL_GROUP_BLOCKS	"blocks"

/**
 * enum kvt_nl_cmd - messages
 * @KVT_NL_CMD_UNSPEC: none
 * @KVT_NL_CMD_GET_TIER: dump: each tier. KVT_NL_A_TIER, _KIND, _NODE (memory),
 *	_UP (remote), _COUNTER
 * @KVT_NL_CMD_GET_SPACE: dump: each space. KVT_NL_A_SPACE, _BLOCK_SIZE, _IDENTITY,
 *	_ARENA, _REMOTE if it has one, _COUNTER
 * @KVT_NL_CMD_TIER_ADDED: event. KVT_NL_A_TIER, _KIND
 * @KVT_NL_CMD_TIER_REMOVED: event. KVT_NL_A_TIER, _KIND
 * @KVT_NL_CMD_SPACE_CREATED: event. KVT_NL_A_SPACE
 * @KVT_NL_CMD_SPACE_DELETED: event. KVT_NL_A_SPACE
 * @KVT_NL_CMD_DEVICE_FAILED: event: a tier goes on without a device. KVT_NL_A_TIER,
 *	_DEVICE
 * @KVT_NL_CMD_PRESSURE: event: a space has fewer free frames on a tier than its low
 *	watermark, and finds no more; or again as many. KVT_NL_A_SPACE, _TIER, _SHORT,
 *	_FREE
 * @KVT_NL_CMD_BLOCKS: group "blocks": blocks that came or went, in order.
 *	KVT_NL_A_SPACE, _SEQ, _LOST if not 0, _BLOCKS
 * @KVT_NL_CMD_HELPER: event: a remote tier has a helper, or has none any more.
 *	KVT_NL_A_TIER, _UP
 * @KVT_NL_CMD_SPACE_CHANGED: event: a space uses another remote tier, or none.
 *	KVT_NL_A_SPACE, _REMOTE
 * @KVT_NL_CMD_GET_BLOCK: dump: the blocks of KVT_NL_A_SPACE that others can see, in no
 *	order, some in each message. KVT_NL_A_SPACE, _BLOCKS, all of them stored. Who joins the
 *	group "blocks" first knows all there is. CAP_SYS_ADMIN. ENOENT: no such space
 */
enum kvt_nl_cmd {
	KVT_NL_CMD_UNSPEC,
	KVT_NL_CMD_GET_TIER,
	KVT_NL_CMD_GET_SPACE,
	KVT_NL_CMD_TIER_ADDED,
	KVT_NL_CMD_TIER_REMOVED,
	KVT_NL_CMD_SPACE_CREATED,
	KVT_NL_CMD_SPACE_DELETED,
	KVT_NL_CMD_DEVICE_FAILED,
	KVT_NL_CMD_PRESSURE,
	KVT_NL_CMD_BLOCKS,
	KVT_NL_CMD_HELPER,
	KVT_NL_CMD_SPACE_CHANGED,
	KVT_NL_CMD_GET_BLOCK,
};

/**
 * enum kvt_nl_attr - attributes of all messages
 * @KVT_NL_A_UNSPEC: none
 * @KVT_NL_A_PAD: padding
 * @KVT_NL_A_TIER: string: a tier's name
 * @KVT_NL_A_KIND: u32: enum kvt_tier_kind
 * @KVT_NL_A_NODE: s32: NUMA node
 * @KVT_NL_A_SPACE: string: a space's name
 * @KVT_NL_A_BLOCK_SIZE: u32: bytes
 * @KVT_NL_A_IDENTITY: 32 bytes
 * @KVT_NL_A_ARENA: nest, one for each tier of a space: KVT_NL_A_TIER, _KIND, _FRAMES
 *	and _FREE (memory), _HELD
 * @KVT_NL_A_FRAMES: u32: frames
 * @KVT_NL_A_FREE: u32: free frames
 * @KVT_NL_A_HELD: u32: sealed blocks that are there
 * @KVT_NL_A_COUNTER: nest, one for each counter: KVT_NL_A_NAME, _VALUE
 * @KVT_NL_A_NAME: string: a counter's name, as in sysfs
 * @KVT_NL_A_VALUE: u64
 * @KVT_NL_A_DEVICE: string: a block device's name
 * @KVT_NL_A_SHORT: u8: 1: pressure, 0: it is over
 * @KVT_NL_A_SEQ: u64: number of the first of @KVT_NL_A_BLOCKS; counts all blocks of
 *	all spaces since somebody listens: a gap is a loss
 * @KVT_NL_A_LOST: u64: so many before the first were lost by the kernel
 * @KVT_NL_A_BLOCKS: struct kvt_nl_block[]
 * @KVT_NL_A_UP: u8: 1: a remote tier has a helper, 0: it has none
 * @KVT_NL_A_REMOTE: string: name of a space's remote tier; empty: none
 */
enum kvt_nl_attr {
	KVT_NL_A_UNSPEC,
	KVT_NL_A_PAD,
	KVT_NL_A_TIER,
	KVT_NL_A_KIND,
	KVT_NL_A_NODE,
	KVT_NL_A_SPACE,
	KVT_NL_A_BLOCK_SIZE,
	KVT_NL_A_IDENTITY,
	KVT_NL_A_ARENA,
	KVT_NL_A_FRAMES,
	KVT_NL_A_FREE,
	KVT_NL_A_HELD,
	KVT_NL_A_COUNTER,
	KVT_NL_A_NAME,
	KVT_NL_A_VALUE,
	KVT_NL_A_DEVICE,
	KVT_NL_A_SHORT,
	KVT_NL_A_SEQ,
	KVT_NL_A_LOST,
	KVT_NL_A_BLOCKS,
	KVT_NL_A_UP,
	KVT_NL_A_REMOTE,
};

#define KVT_NL_BLOCK_STORED	1U /* sealed, or found again on nvme */
#define KVT_NL_BLOCK_REMOVED	2U /* not in any tier of this host any more */

/**
 * struct kvt_nl_block - what became of a block
 * @key: the block's
 * @parent: its parent's, STORED; all zero: a root
 * @what: KVT_NL_BLOCK_*
 * @pad: zero
 */
struct kvt_nl_block {
	__u8	key[32];
	__u8	parent[32];
	__u32	what;
	__u32	pad;
};

#endif /* _UAPI_KVTIER_NETLINK_H */
