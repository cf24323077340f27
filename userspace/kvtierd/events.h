/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel tells of spaces and tiers, by generic netlink. */
#ifndef KVD_EVENTS_H
#define KVD_EVENTS_H

struct kvd_events;
struct kvd_loop;

/**
 * kvd_events_open() - listen
 * @loop: by which
 * @changed: called when something has, or may have: go and look
 * @user: for @changed
 *
 * Return: NULL: there is no such thing here, which is logged.
 */
struct kvd_events *kvd_events_open(struct kvd_loop *loop,
				   void (*changed)(void *user), void *user);

void kvd_events_close(struct kvd_events *events);	/* or NULL */

#endif /* KVD_EVENTS_H */
