/* SPDX-License-Identifier: GPL-2.0 */
/* What the command line says, and what all tests use. */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdint.h>
#include <sys/socket.h>

#include "link.h"
#include "proof.h"

#define CHAIN	8	/* blocks */

/**
 * struct client - one program, with one pool node
 * @rdma: as created
 * @to: the node's address
 * @space: as the node calls it to others
 * @local_space: as it is called here, on the node
 * @argv: of main()
 * @secret: the space's
 * @block_size: bytes
 * @max_leases: that the node lets one have
 * @frames: CHAIN blocks, registered
 */
struct client {
	struct kvp_rdma *rdma;
	struct sockaddr_storage to;
	const char *space;
	const char *local_space;
	char **argv;
	uint8_t secret[KVP_SECRET_SIZE];
	uint32_t block_size;
	unsigned int max_leases;
	char *frames;
};

extern struct client client;

#endif /* CLIENT_H */
