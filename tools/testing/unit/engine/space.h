/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A space that is made of memory, for tests of who uses one: the calls of
 * libkvtier that kvtier-engine makes, in one process and by one thread. Bytes
 * that may not be looked at are 0xff, which makes every number that is computed
 * of them a NaN: frames that are free, and layers that have not been waited for.
 */
#ifndef UNIT_SPACE_H
#define UNIT_SPACE_H

#include <stdbool.h>

#include <libkvtier.h>

#define SPACE_FRAMES	64

struct frame {
	enum { FRAME_FREE, FRAME_FILLING, FRAME_SEALED } state;
	struct kvt_key key;
	unsigned int leases;
	size_t arrived;		/* bytes of it */
	uint8_t *bytes;
	uint8_t *media;		/* all of them, once it is sealed */
};

/**
 * struct kvt_space - the space, and what is to go wrong
 * @block_size: bytes
 * @layer_size: bytes of a layer
 * @layers: in a block; 0: none are declared
 * @frames: all there are
 * @arriving: blocks come layer by layer, if the caller takes them so
 * @lose: this block does not arrive ...
 * @lose_layer: ... from this layer on. Then it is dropped
 * @full: RESERVE finds no frame
 * @evict: so many COMMITs lose all that they seal
 * @busy: so many RESERVEs find that somebody else fills the first block, and has
 *	sealed it right after
 * @other: what he fills it with
 * @waits: layers that were waited for while they had not arrived
 */
struct kvt_space {
	size_t block_size;
	size_t layer_size;
	unsigned int layers;
	struct frame frames[SPACE_FRAMES];
	bool arriving;
	const struct kvt_key *lose;
	unsigned int lose_layer;
	bool full;
	unsigned int evict;
	unsigned int busy;
	uint8_t *other;
	unsigned int waits;
};

void space_init(struct kvt_space *s, size_t block_size, unsigned int layers,
		size_t layer_size);
void space_free(struct kvt_space *s);

/* The frame that holds this block. */
struct frame *space_find(struct kvt_space *s, const struct kvt_key *key);

/* As if it had been evicted. */
void space_evict(struct kvt_space *s, const struct kvt_key *key);

unsigned int space_leases(const struct kvt_space *s);
unsigned int space_count(const struct kvt_space *s, int state);

#endif /* UNIT_SPACE_H */
