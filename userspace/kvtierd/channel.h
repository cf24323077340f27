/* SPDX-License-Identifier: GPL-2.0 */
/* The helper's end of the kernel's channel: see <kvtier_remote.h>. */
#ifndef KVD_CHANNEL_H
#define KVD_CHANNEL_H

#include "kvtier_remote.h"
#include "loop.h"

/**
 * struct kvd_channel - attached to a remote tier
 * @fd: its file
 * @depth: tags
 * @stride: from one descriptor to the next
 * @map: descriptors
 * @map_bytes: of @map
 */
struct kvd_channel {
	int fd;
	unsigned int depth;
	uint32_t stride;
	uint8_t *map;
	size_t map_bytes;
};

/**
 * kvd_channel_open() - become the tier's helper
 * @ch: out
 * @tier: its name
 * @depth: tags
 *
 * Return: NULL, or in words why not.
 */
const char *kvd_channel_open(struct kvd_channel *ch, const char *tier,
			     unsigned int depth);

/* What was not answered is lost. */
void kvd_channel_close(struct kvd_channel *ch);

/* For the first time: @event happens when there is a request. */
void kvd_channel_arm(struct kvd_channel *ch, struct kvd_loop *loop, unsigned int tag,
		     struct kvd_event *event);

/* The request is answered; @event happens with the next one. */
void kvd_channel_commit(struct kvd_channel *ch, struct kvd_loop *loop,
			unsigned int tag, uint64_t id, struct kvd_event *event);

static inline struct kvt_remote_desc *kvd_channel_desc(const struct kvd_channel *ch,
						       unsigned int tag)
{
	return (struct kvt_remote_desc *)(void *)(ch->map + (size_t)tag * ch->stride);
}

#endif /* KVD_CHANNEL_H */
