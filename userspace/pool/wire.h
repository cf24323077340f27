/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pool protocol: what kvtierd and kvtier-poold say to each other, and nothing
 * but that. See Documentation/pool-protocol.rst. All integers are little-endian.
 *
 * A message is a head and @nr entries of the kind its type says. It is sent by one
 * SEND of at most KVP_MESSAGE_SIZE bytes. The bytes of blocks never are in one:
 * they go by RDMA READ and WRITE between frames.
 */
#ifndef KVP_WIRE_H
#define KVP_WIRE_H

#include <assert.h>
#include <linux/types.h>

#define KVP_MAGIC		0x5054564bU	/* "KVTP" on the wire */
#define KVP_VERSION		1
#define KVP_MESSAGE_SIZE	8192
#define KVP_KEY_SIZE		32
#define KVP_NAME_SIZE		32
#define KVP_IDENTITY_SIZE	32
#define KVP_NONCE_SIZE		32
#define KVP_PROOF_SIZE		32		/* HMAC-SHA256 */
#define KVP_HOST_SIZE		16
#define KVP_MAX_CREDITS		1024
#define KVP_MAX_WAIT_MS		3600000U
#define KVP_PORT		7471

/* Answers have the type of what they answer, and this. */
#define KVP_ANSWER		0x80

/**
 * enum kvp_type - what a message is
 * @KVP_HELLO: the client names a space; the answer is a challenge
 * @KVP_PROVE: the client proves that it has the space's key; so does the answer
 * @KVP_LOOKUP: which of the keys are here
 * @KVP_ACQUIRE: leases on what is here, and where their frames are
 * @KVP_RELEASE: leases given back
 * @KVP_RESERVE: frames for keys that are not here
 * @KVP_COMMIT: they are filled
 * @KVP_ABORT: they will not be filled
 * @KVP_DROP: blocks to be forgotten
 * @KVP_PING: nothing
 */
enum kvp_type {
	KVP_HELLO	= 1,
	KVP_PROVE	= 2,
	KVP_LOOKUP	= 3,
	KVP_ACQUIRE	= 4,
	KVP_RELEASE	= 5,
	KVP_RESERVE	= 6,
	KVP_COMMIT	= 7,
	KVP_ABORT	= 8,
	KVP_DROP	= 9,
	KVP_PING	= 10,
};

#define KVP_NR_TYPES	11

#define KVP_F_WAIT	(1U << 0) /* ACQUIRE: for what is being filled, @wait_ms */
#define KVP_F_CHAIN	(1U << 1) /* DROP: and all below it */
#define KVP_F_TOUCH	(1U << 2) /* RELEASE: counts as use now */

/**
 * struct kvp_head - begins every message
 * @magic: KVP_MAGIC
 * @version: KVP_VERSION
 * @type: enum kvp_type, | KVP_ANSWER
 * @pad: zero
 * @length: bytes of the message, this included
 * @nr: entries that follow
 * @id: the client's; the answer has the same
 * @flags: KVP_F_*
 * @status: answers: 0, or why the whole request failed: an errno, positive
 * @wait_ms: longest wait at the server, ms
 * @credits: answers: requests that the client may have under way
 */
struct kvp_head {
	__le32	magic;
	__u8	version;
	__u8	type;
	__le16	pad;
	__le32	length;
	__le32	nr;
	__le64	id;
	__le32	flags;
	__le32	status;
	__le32	wait_ms;
	__le32	credits;
};

/**
 * struct kvp_hello - which space, by whom. One entry of HELLO
 * @space: NUL-terminated and zero after that
 * @identity: of the space, as the client has it
 * @host: names the client's host
 * @nonce: random
 * @block_size: bytes of a block, its trailer included
 * @pad: zero
 */
struct kvp_hello {
	__u8	space[KVP_NAME_SIZE];
	__u8	identity[KVP_IDENTITY_SIZE];
	__u8	host[KVP_HOST_SIZE];
	__u8	nonce[KVP_NONCE_SIZE];
	__le32	block_size;
	__le32	pad;
};

/**
 * struct kvp_challenge - one entry of HELLO's answer
 * @nonce: random
 */
struct kvp_challenge {
	__u8	nonce[KVP_NONCE_SIZE];
};

/**
 * struct kvp_proof - one entry of PROVE and of its answer
 * @proof: HMAC-SHA256 by the space's key of: one byte, 'C' by the client, 'S' by the
 *	server; struct kvp_hello; struct kvp_challenge
 */
struct kvp_proof {
	__u8	proof[KVP_PROOF_SIZE];
};

/**
 * struct kvp_key - LOOKUP, ACQUIRE, DROP
 * @key: the block's
 */
struct kvp_key {
	__u8	key[KVP_KEY_SIZE];
};

/**
 * struct kvp_chain - RESERVE
 * @key: the block's
 * @parent: its parent's; all zero: a root
 * @class_id: retention class
 * @pad: zero
 */
struct kvp_chain {
	__u8	key[KVP_KEY_SIZE];
	__u8	parent[KVP_KEY_SIZE];
	__u8	class_id;
	__u8	pad[7];
};

/**
 * struct kvp_lease - RELEASE, COMMIT, ABORT
 * @lease: as the server named it
 */
struct kvp_lease {
	__le64	lease;
};

/**
 * struct kvp_place - answers of ACQUIRE and RESERVE
 * @addr: where the frame is, for RDMA; ACQUIRE: to READ, RESERVE: to WRITE
 * @lease: to give back, or to COMMIT or ABORT; 0 with a status
 * @rkey: for @addr, until @lease ends
 * @status: 0, or an errno, positive: ENOENT, EEXIST (RESERVE: it is here),
 *	EINPROGRESS, ENOSPC, ...
 * @uses: ACQUIRE: how often the block was lent lately, this time included; else 0
 * @pad: zero
 */
struct kvp_place {
	__le64	addr;
	__le64	lease;
	__le32	rkey;
	__le32	status;
	__le32	uses;
	__le32	pad;
};

/**
 * struct kvp_result - answers of LOOKUP, RELEASE, COMMIT, ABORT, DROP
 * @status: 0, or an errno, positive
 */
struct kvp_result {
	__le32	status;
};

static_assert(sizeof(struct kvp_head) == 40, "wire format");
static_assert(sizeof(struct kvp_hello) == 120, "wire format");
static_assert(sizeof(struct kvp_challenge) == 32, "wire format");
static_assert(sizeof(struct kvp_proof) == 32, "wire format");
static_assert(sizeof(struct kvp_key) == 32, "wire format");
static_assert(sizeof(struct kvp_chain) == 72, "wire format");
static_assert(sizeof(struct kvp_lease) == 8, "wire format");
static_assert(sizeof(struct kvp_place) == 32, "wire format");
static_assert(sizeof(struct kvp_result) == 4, "wire format");

#endif /* KVP_WIRE_H */
