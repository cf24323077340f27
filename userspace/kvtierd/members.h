/* SPDX-License-Identifier: GPL-2.0 */
/* Members that etcd tells of, beside those of the configuration file. */
#ifndef KVD_MEMBERS_H
#define KVD_MEMBERS_H

struct kvd;

/* Begin to ask, if the configuration says where. 0 or negative errno. */
int kvd_members_start(struct kvd *d);
void kvd_members_stop(struct kvd *d);

#endif /* KVD_MEMBERS_H */
