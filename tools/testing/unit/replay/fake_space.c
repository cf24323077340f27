// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "fake_space.h"

void fake_init(struct kvt_space *s, unsigned int capacity)
{
	memset(s, 0, sizeof(*s));
	s->capacity = capacity;
	s->busy_at = -1;
	s->full_at = -1;
	s->no_quota = FAKE_FRAMES;
	s->fail_op = -1;
}

unsigned int fake_leases(const struct kvt_space *s)
{
	unsigned int i, n = 0;

	for (i = 0; i < s->capacity; i++)
		n += s->frame[i].leases;
	return n;
}

unsigned int fake_count(const struct kvt_space *s, enum fake_state state)
{
	unsigned int i, n = 0;

	for (i = 0; i < s->capacity; i++)
		n += s->frame[i].state == state;
	return n;
}

static int same(const struct kvt_key *a, const struct kvt_key *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static int find(const struct kvt_space *s, const struct kvt_key *key)
{
	unsigned int i;

	for (i = 0; i < s->capacity; i++)
		if (s->frame[i].state != FAKE_FREE &&
		    same(&s->frame[i].key, key))
			return i;
	return -1;
}

static int has_child(const struct kvt_space *s, const struct kvt_key *key)
{
	unsigned int i;

	for (i = 0; i < s->capacity; i++)
		if (s->frame[i].state != FAKE_FREE &&
		    same(&s->frame[i].parent, key))
			return 1;
	return 0;
}

static int take_frame(struct kvt_space *s)
{
	int i, victim = -1;

	for (i = 0; i < (int)s->capacity; i++) {
		const struct fake_frame *f = &s->frame[i];

		if (f->state == FAKE_FREE)
			return i;
		if (f->state == FAKE_SEALED && !f->leases &&
		    !has_child(s, &f->key) &&
		    (victim < 0 || f->last_use < s->frame[victim].last_use))
			victim = i;
	}
	return victim;
}

static void place(struct kvt_block *b, int frame, int result)
{
	b->offset = frame >= 0 ? (uint64_t)frame * FAKE_BLOCK : 0;
	b->slot = frame >= 0 ? (uint32_t)frame : 0;
	b->result = result;
}

static int begin(struct kvt_space *s, enum kvt_op op)
{
	s->calls[op]++;
	return s->fail_op == (int)op ? s->fail_err : 0;
}

uint32_t kvt_block_size(const struct kvt_space *s)
{
	(void)s;
	return FAKE_BLOCK;
}

void *kvt_ptr(struct kvt_space *s, uint64_t offset)
{
	return s->bytes[offset / FAKE_BLOCK];
}

static int is_full(const struct kvt_space *s, size_t i,
		   const struct kvt_how *how)
{
	return (int)i == s->full_at && !(how && how->flags & KVT_F_WAIT);
}

ssize_t kvt_lookup(struct kvt_space *s, const struct kvt_key *keys, size_t nr,
		   const struct kvt_how *how, struct kvt_block *blocks)
{
	int err = begin(s, KVT_OP_LOOKUP);
	size_t hits;

	(void)how;
	if (err)
		return err;
	for (hits = 0; hits < nr; hits++) {
		int at = find(s, &keys[hits]);

		if (at < 0 || s->frame[at].state != FAKE_SEALED)
			break;
		place(&blocks[hits], at, s->tier);
	}
	return hits;
}

ssize_t kvt_acquire(struct kvt_space *s, const struct kvt_key *keys, size_t nr,
		    const struct kvt_how *how, struct kvt_block *blocks)
{
	int err = begin(s, KVT_OP_ACQUIRE);
	size_t i, hits = 0;

	if (err)
		return err;
	for (i = 0; i < nr; i++)
		place(&blocks[i], -1, -ECANCELED);
	for (; hits < nr; hits++) {
		int at = find(s, &keys[hits]);

		if (at >= 0 && is_full(s, hits, how)) {
			place(&blocks[hits], -1, -ENOSPC);
			break;
		}
		if (at < 0 || s->frame[at].state != FAKE_SEALED) {
			place(&blocks[hits], -1, at < 0 ? -ENOENT : -EINPROGRESS);
			break;
		}
		s->frame[at].leases++;
		place(&blocks[hits], at, KVT_TIER_DRAM | KVT_RES_LEASED);
	}
	for (i = hits; i--;)
		s->frame[blocks[i].slot].last_use = ++s->clock;
	if (fake_leases(s) > s->most_leases)
		s->most_leases = fake_leases(s);
	return hits;
}

static int reserve_one(struct kvt_space *s, const struct kvt_key *key,
		       const struct kvt_key *parent, struct kvt_block *b)
{
	int at = find(s, key);

	if (at >= 0) {
		int sealed = s->frame[at].state == FAKE_SEALED;

		place(b, at, sealed ? KVT_RES_PRESENT : -EALREADY);
		return 1;
	}
	at = take_frame(s);
	place(b, at, at < 0 ? -ENOSPC : 0);
	if (at < 0)
		return 0;
	s->frame[at] = (struct fake_frame) {
		.state = FAKE_FILLING,
		.key = *key,
		.parent = *parent,
	};
	memset(s->bytes[at], 0xaa, FAKE_BLOCK);
	return 1;
}

ssize_t kvt_reserve(struct kvt_space *s, const struct kvt_key *keys, size_t nr,
		    const struct kvt_how *how, struct kvt_block *blocks)
{
	struct kvt_key parent = { { 0 } };
	int err = begin(s, KVT_OP_RESERVE);
	size_t i, good = 0;

	if (err)
		return err;
	if (how && how->parent)
		parent = *how->parent;
	for (i = 0; i < nr; i++)
		place(&blocks[i], -1, -ECANCELED);
	for (i = 0; i < nr; i++) {
		if ((int)i == s->busy_at) {
			s->busy_at = -1;
			place(&blocks[i], -1, -EINPROGRESS);
			parent = keys[i];
			continue;
		}
		if (i >= s->no_quota) {
			place(&blocks[i], -1, -EDQUOT);
			break;
		}
		if (is_full(s, i, how)) {
			place(&blocks[i], -1, -ENOSPC);
			break;
		}
		if (!reserve_one(s, &keys[i], &parent, &blocks[i]))
			break;
		parent = keys[i];
	}
	for (i = 0; i < nr; i++)
		good += blocks[i].result >= 0;
	return good;
}

ssize_t kvt_commit_blocks(struct kvt_space *s, struct kvt_block *blocks,
			  size_t nr)
{
	int err = begin(s, KVT_OP_COMMIT);
	ssize_t sealed = 0;
	size_t i;

	if (err)
		return err;
	for (i = nr; i--;) {
		struct fake_frame *f = &s->frame[blocks[i].slot];

		if (!kvt_filling(&blocks[i]))
			continue;
		if (s->lose_commits) {
			f->state = FAKE_FREE;
			blocks[i].result = -ECANCELED;
			continue;
		}
		f->state = FAKE_SEALED;
		f->last_use = ++s->clock;
		blocks[i].result |= KVT_RES_PRESENT;
		sealed++;
	}
	return sealed;
}

ssize_t kvt_abort_blocks(struct kvt_space *s, struct kvt_block *blocks,
			 size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		s->frame[blocks[i].slot].state = FAKE_FREE;
		blocks[i].result = -ECANCELED;
	}
	return nr;
}

ssize_t kvt_release_blocks(struct kvt_space *s, struct kvt_block *blocks,
			   size_t nr, const struct kvt_how *how)
{
	int err = begin(s, KVT_OP_RELEASE);
	ssize_t given = 0;
	size_t i;

	(void)how;
	if (err)
		return err;
	for (i = 0; i < nr; i++) {
		struct fake_frame *f = &s->frame[blocks[i].slot];

		if (!(blocks[i].result & KVT_RES_LEASED) || !f->leases)
			continue;
		f->leases--;
		blocks[i].result = 0;
		given++;
	}
	return given;
}

const char *kvt_strerror(int call, int err)
{
	(void)call;
	return strerror(err < 0 ? -err : err);
}

const char *kvt_tier_kind_name(int kind)
{
	return kind == KVT_TIER_DRAM ? "dram" : "other";
}
