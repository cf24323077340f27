/* SPDX-License-Identifier: GPL-2.0 */
/* A connection to the pool node, and messages over it, good ones and bad ones. */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <time.h>

#include "client.h"

#define PATIENCE_S	120	/* for anything: machines may be slow */
#define MAX_IN		256

/**
 * struct peer - one connection
 * @link: NULL when it is down
 * @is_up: it was
 * @down: negative errno, when it is not any more
 * @nr_in: of @in
 * @credits: from the last answer
 * @in: answers that nobody has taken
 */
struct peer {
	struct kvp_link *link;
	bool is_up;
	int down;
	unsigned int nr_in;
	unsigned int credits;
	struct kvp_message in[MAX_IN];
};

/* Let things happen. False: that has been done until @give_up_at. */
bool peer_turn(time_t give_up_at);

/* Returns whether it came true. */
#define wait_for(cond) ({						\
	time_t give_up_at_ = time(NULL) + PATIENCE_S;			\
	bool came_;							\
									\
	while (!(came_ = !!(cond)) && peer_turn(give_up_at_))		\
		;							\
	came_;								\
})

/* Connected, but not introduced; and connected and introduced. */
struct peer *peer_dial(void);
struct peer *peer_connect(void);
void peer_hang_up(struct peer *peer);
bool peer_is_cut_off(struct peer *peer);

void peer_fill_hello(struct kvp_hello *hello);

/* Status of the answer to PROVE; -1: cut off. */
int peer_introduce(struct peer *peer, const struct kvp_hello *hello,
		   const uint8_t key[KVP_SECRET_SIZE]);

/* A message with an id that no other one has. */
void peer_begin(struct kvp_message *m, uint8_t type);

/* Out of the answers that are here; NULL: not there. The next call may change it. */
struct kvp_message *peer_take(struct peer *peer, uint64_t id);

/* Send, and wait for the answer; NULL: cut off. */
struct kvp_message *peer_ask(struct peer *peer, const struct kvp_message *m);

#endif /* PEER_H */
