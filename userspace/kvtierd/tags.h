/* SPDX-License-Identifier: GPL-2.0 */
/* From the channel to requests, and back. */
#ifndef KVD_TAGS_H
#define KVD_TAGS_H

struct kvd;

/* 0 or -ENOMEM. */
int kvd_tags_create(struct kvd *d);

/* Ready for requests. */
void kvd_tags_arm(struct kvd *d);

/* No request is under way any more when this returns. */
void kvd_tags_end(struct kvd *d);

#endif /* KVD_TAGS_H */
