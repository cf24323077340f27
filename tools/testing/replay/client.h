/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_CLIENT_H
#define REPLAY_CLIENT_H

#include <stdatomic.h>

#include "options.h"
#include "tally.h"

/**
 * struct client - one thread that replays requests
 * @options: what was asked for
 * @space: the process' handle, shared by its threads
 * @tally: where it counts
 * @complaints: messages that may still be printed, shared by all clients
 * @stop: set when the replay is to end; cuts holding short
 * @keys: of the current request
 * @blocks: of the current request
 * @found: tier of each, where it was found
 * @nr_found: how many there were
 * @check_bytes: bytes of each block to fill and verify
 * @random: state of the generator that picks samples
 */
struct client {
	const struct options *options;
	struct kvt_space *space;
	struct tally *tally;
	atomic_int *complaints;
	atomic_int *stop;
	struct kvt_key *keys;
	struct kvt_block *blocks;
	uint8_t *found;
	size_t nr_found;
	size_t check_bytes;
	uint64_t random;
};

/**
 * client_init - make a client ready
 * @c: fields from @options to @stop are set
 * @number: of this client, for its random numbers
 *
 * Return: 0, or -ENOMEM.
 */
int client_init(struct client *c, unsigned int number);

void client_free(struct client *c);

/**
 * client_request - what an engine does for one request
 * @c: the client
 * @ids: the trace's numbers of the prompt's blocks
 * @nr: how many, up to TRACE_MAX_CHAIN
 *
 * Return: 0, or a negative errno when a command was refused as a whole; a
 * message has been printed then.
 */
int client_request(struct client *c, const uint64_t *ids, size_t nr);

#endif /* REPLAY_CLIENT_H */
