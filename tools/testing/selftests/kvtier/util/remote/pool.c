// SPDX-License-Identifier: GPL-2.0
/* The blocks of a pool, in memory, and what a helper does with them. */
#include "pool.h"
#include "../../../../../../kmod/trailer.h"

struct pool_block {
	struct pool_block *next;
	struct kvt_trailer_of of;
	char *bytes;
	struct kvt_trailer *trailer;
};

struct kst_pool *kst_pool_new(__u32 block_size)
{
	struct kst_pool *p = calloc(1, sizeof(*p));

	p->block_size = block_size;
	pthread_mutex_init(&p->lock, NULL);
	return p;
}

static struct pool_block **find(struct kst_pool *p, const __u8 *key)
{
	struct pool_block **b = &p->blocks;

	while (*b && memcmp((*b)->of.key, key, KVT_KEY_SIZE))
		b = &(*b)->next;
	return b;
}

static void remove_block(struct kst_pool *p, struct pool_block **at)
{
	struct pool_block *b = *at;

	*at = b->next;
	p->nr--;
	free(b->bytes);
	free(b->trailer);
	free(b);
}

/* With room for its bytes and trailer, which the caller fills. */
static struct pool_block *add_block(struct kst_pool *p, const __u8 *key,
				    const __u8 *parent, __u32 class_id)
{
	struct pool_block *b = calloc(1, sizeof(*b)), **old = find(p, key);

	if (*old)
		remove_block(p, old);
	memcpy(b->of.key, key, KVT_KEY_SIZE);
	memcpy(b->of.parent, parent, KVT_KEY_SIZE);
	memset(b->of.identity, 0x11, KVT_IDENTITY_SIZE);
	b->of.block_size = p->block_size;
	b->of.class_id = class_id;
	b->bytes = malloc(p->block_size);
	b->trailer = malloc(kvt_trailer_bytes(p->block_size));
	b->next = p->blocks;
	p->blocks = b;
	p->nr++;
	return b;
}

static void sum_block(const struct kst_pool *p, const char *bytes, __u32 *sums)
{
	__u32 at, len;

	for (at = 0; at < p->block_size; at += len) {
		len = min(KVT_TRAILER_SPAN, p->block_size - at);
		*sums++ = crc32c(~0U, bytes + at, len);
	}
}

void kst_pool_free(struct kst_pool *p)
{
	while (p->blocks)
		remove_block(p, &p->blocks);
	free(p);
}

void kst_pool_ways(struct kst_pool *p, const struct kst_ways *ways)
{
	pthread_mutex_lock(&p->lock);
	p->ways = *ways;
	pthread_mutex_unlock(&p->lock);
}

struct kst_ways kst_pool_ways_left(struct kst_pool *p)
{
	return KST_LOCKED(p, p->ways);
}

void kst_pool_put(struct kst_pool *p, struct kst_key key, struct kst_key parent,
		  __u64 seed)
{
	__u32 sums[1024];
	struct pool_block *b;

	pthread_mutex_lock(&p->lock);
	b = add_block(p, key.b, parent.b, 0);
	kst_fill(b->bytes, p->block_size, seed);
	sum_block(p, b->bytes, sums);
	kvt_trailer_make(b->trailer, &b->of, sums);
	pthread_mutex_unlock(&p->lock);
}

void kst_pool_put_chain(struct kst_pool *p, __u64 chain, unsigned int first,
			unsigned int nr)
{
	unsigned int n;

	for (n = first; n < first + nr; n++)
		kst_pool_put(p, kst_key(chain, n),
			     n ? kst_key(chain, n - 1) : kst_root,
			     kst_seed(chain, n));
}

void kst_pool_forget(struct kst_pool *p, struct kst_key key)
{
	struct pool_block **b;

	pthread_mutex_lock(&p->lock);
	b = find(p, key.b);
	if (*b)
		remove_block(p, b);
	pthread_mutex_unlock(&p->lock);
}

bool kst_pool_has(struct kst_pool *p, struct kst_key key)
{
	return KST_LOCKED(p, !!*find(p, key.b));
}

bool kst_pool_holds(struct kst_pool *p, struct kst_key key, __u64 seed)
{
	struct pool_block *b;
	bool holds;

	pthread_mutex_lock(&p->lock);
	b = *find(p, key.b);
	holds = b && kst_holds(b->bytes, p->block_size, seed);
	pthread_mutex_unlock(&p->lock);
	return holds;
}

unsigned int kst_pool_count(struct kst_pool *p, __u64 chain, unsigned int nr)
{
	unsigned int n, found = 0;

	for (n = 0; n < nr; n++)
		found += kst_pool_holds(p, kst_key(chain, n), kst_seed(chain, n));
	return found;
}

static struct kvt_trailer_of about(struct kst_pool *p, struct kst_key key)
{
	struct kvt_trailer_of of = { .class_id = -1 };
	struct pool_block *b;

	pthread_mutex_lock(&p->lock);
	b = *find(p, key.b);
	if (b)
		of = b->of;
	pthread_mutex_unlock(&p->lock);
	return of;
}

int kst_pool_class(struct kst_pool *p, struct kst_key key)
{
	return about(p, key).class_id;
}

struct kst_key kst_pool_parent(struct kst_pool *p, struct kst_key key)
{
	struct kvt_trailer_of of = about(p, key);
	struct kst_key parent;

	memcpy(parent.b, of.parent, KVT_KEY_SIZE);
	return parent;
}

unsigned int kst_pool_nr(struct kst_pool *p)
{
	return KST_LOCKED(p, p->nr);
}

unsigned int kst_pool_asked(struct kst_pool *p, enum kvt_remote_op op)
{
	return KST_LOCKED(p, p->asked[op]);
}

unsigned int kst_pool_requests(struct kst_pool *p, enum kvt_remote_op op)
{
	return KST_LOCKED(p, p->requests[op]);
}

bool kst_pool_wait_asked(struct kst_pool *p, enum kvt_remote_op op,
			 unsigned int least)
{
	return KST_UNTIL(kst_pool_asked(p, op) >= least);
}

unsigned int kst_pool_pending(struct kst_pool *p)
{
	return KST_LOCKED(p, p->pending);
}

unsigned int kst_pool_wrong(struct kst_pool *p)
{
	return KST_LOCKED(p, p->wrong);
}

/* ---------------------------------------------------------- what is done to a block */

static int pool_exists(struct kst_pool *p, const struct kvt_remote_block *rb)
{
	return *find(p, rb->key) ? 0 : -ENOENT;
}

static int pool_fetch(struct kst_pool *p, const struct kvt_remote_block *rb,
		      char *frame, char *trailer)
{
	struct pool_block *b = *find(p, rb->key);

	if (!b)
		return -ENOENT;
	if (!frame)
		return -EIO;
	if (kst_one_more(&p->ways.no_bytes))
		return 0;
	if (kst_one_more(&p->ways.other_block))
		b = b->next ?: p->blocks;
	memcpy(frame, b->bytes, p->block_size);
	memcpy(trailer, b->trailer, kvt_trailer_bytes(p->block_size));
	if (kst_one_more(&p->ways.flip_bytes))
		frame[p->block_size - 1] ^= 1;
	if (kst_one_more(&p->ways.flip_trailer))
		trailer[offsetof(struct kvt_trailer, sums)] ^= 1;
	return 0;
}

/* Is the trailer that of these bytes? */
static bool trailer_is_right(struct kst_pool *p, const struct pool_block *b)
{
	__u32 sums[1024], i;

	if (kvt_trailer_check(b->trailer, kvt_trailer_bytes(p->block_size),
			      &b->of) ||
	    le32_to_cpu(b->trailer->class_id) != b->of.class_id ||
	    memcmp(b->trailer->parent, b->of.parent, KVT_KEY_SIZE))
		return false;
	sum_block(p, b->bytes, sums);
	for (i = 0; i < le32_to_cpu(b->trailer->nr); i++)
		if (le32_to_cpu(b->trailer->sums[i]) != sums[i])
			return false;
	return true;
}

static int pool_spill(struct kst_pool *p, const struct kvt_remote_block *rb,
		      const char *frame, const char *trailer)
{
	struct pool_block *b;

	if (!frame)
		return -EIO;
	b = add_block(p, rb->key, rb->parent, rb->class_id);
	memcpy(b->bytes, frame, p->block_size);
	memcpy(b->trailer, trailer, kvt_trailer_bytes(p->block_size));
	if (trailer_is_right(p, b))
		return 0;
	p->wrong++;
	remove_block(p, find(p, rb->key));
	return -EIO;
}

static void drop_below(struct kst_pool *p, const struct kst_key *key)
{
	struct pool_block **b = &p->blocks;
	struct kst_key child;

	while (*b) {
		if (memcmp((*b)->of.parent, key->b, KVT_KEY_SIZE)) {
			b = &(*b)->next;
			continue;
		}
		memcpy(child.b, (*b)->of.key, KVT_KEY_SIZE);
		remove_block(p, b);
		drop_below(p, &child);
		b = &p->blocks;
	}
}

static int pool_drop(struct kst_pool *p, const struct kvt_remote_block *rb,
		     __u32 flags)
{
	struct pool_block **b = find(p, rb->key);
	struct kst_key key;

	memcpy(key.b, rb->key, KVT_KEY_SIZE);
	if (*b)
		remove_block(p, b);
	if (flags & KVT_REMOTE_F_CHAIN)
		drop_below(p, &key);
	return 0;
}

int kst_pool_carry_out(struct kst_pool *p, enum kvt_remote_op op, __u32 flags,
		       const struct kvt_remote_block *rb, char *frame,
		       char *trailer)
{
	switch (op) {
	case KVT_REMOTE_EXISTS:
		return KST_LOCKED(p, pool_exists(p, rb));
	case KVT_REMOTE_FETCH:
		return KST_LOCKED(p, pool_fetch(p, rb, frame, trailer));
	case KVT_REMOTE_SPILL:
		return KST_LOCKED(p, pool_spill(p, rb, frame, trailer));
	default:
		return KST_LOCKED(p, pool_drop(p, rb, flags));
	}
}
