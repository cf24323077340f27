/* SPDX-License-Identifier: GPL-2.0 */
/* A connection whose other end is the test. */
#ifndef FAKE_LINK_H
#define FAKE_LINK_H

#include "link.h"

#define FAKE_SENT	128

struct kvp_link {
	struct kvp_link_how how;
	struct kvp_message sent[FAKE_SENT];
	unsigned int nr_sent;	/* not taken by the test */
	struct kvp_op *op;
};

/* The one that there is; NULL: none. */
extern struct kvp_link *fake_link;

/* So many were connected. */
extern unsigned int fake_connects;

/* No connection can be begun. */
extern bool fake_no_connect;

/* The oldest message; ends the test program if there is none. */
struct kvp_message fake_take(void);

/* It arrives. */
void fake_message(const struct kvp_message *m, size_t bytes);

#endif /* FAKE_LINK_H */
