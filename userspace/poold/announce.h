/* SPDX-License-Identifier: GPL-2.0 */
/* This pool node in etcd, where others find it. */
#ifndef PN_ANNOUNCE_H
#define PN_ANNOUNCE_H

struct pn_node;

/* Begin to be announced, if the configuration says where. 0 or negative errno. */
int pn_announce_start(struct pn_node *node);

/* No more: whoever asks is told so. */
void pn_announce_stop(struct pn_node *node);

#endif /* PN_ANNOUNCE_H */
