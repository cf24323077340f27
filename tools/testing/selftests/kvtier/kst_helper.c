// SPDX-License-Identifier: GPL-2.0
#include <pthread.h>

#include "kst_helper.h"
#include "../../../../kmod/trailer.h"

#define TICK_MS 5	/* how soon the thread notices what is not a request */

int kst_remote_add(const char *name)
{
	struct kvt_remote_add a = { .size = sizeof(a) };

	kst_name(a.name, name);
	return kst_control(KVT_IOC_REMOTE_ADD, &a);
}

/* ---------------------------------------------------------------- the channel */

int kst_remote_attach(const char *tier, __u32 depth,
		      struct kvt_remote_attach *arg)
{
	struct kvt_remote_attach a = { .size = sizeof(a), .depth = depth };
	int control = open(KST_CONTROL, O_RDWR | O_CLOEXEC), fd;

	if (control < 0)
		return -errno;
	kst_name(a.name, tier);
	fd = ioctl(control, KVT_IOC_REMOTE_ATTACH, &a);
	if (fd < 0)
		fd = -errno;
	close(control);
	if (arg)
		*arg = a;
	return fd;
}

/* The last helper may be on its way out still. */
static int attach_when_free(const char *tier, __u32 depth,
			    struct kvt_remote_attach *arg)
{
	int fd;

	KST_UNTIL((fd = kst_remote_attach(tier, depth, arg)) != -EBUSY);
	return fd;
}

int kst_channel_open(struct kst_channel *c, const char *tier, __u32 depth)
{
	int err = io_uring_queue_init(2 * depth, &c->ring, 0);

	if (err)
		return err;
	c->fd = attach_when_free(tier, depth, &c->arg);
	if (c->fd < 0) {
		io_uring_queue_exit(&c->ring);
		return c->fd;
	}
	c->map = mmap(NULL, c->arg.map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		      c->fd, 0);
	if (c->map != MAP_FAILED)
		return 0;
	err = -errno;
	io_uring_queue_exit(&c->ring);
	close(c->fd);
	return err;
}

int kst_channel_close(struct kst_channel *c)
{
	char tier[KVT_NAME_SIZE];

	memcpy(tier, c->arg.name, sizeof(tier));
	io_uring_queue_exit(&c->ring);
	munmap(c->map, c->arg.map_bytes);
	close(c->fd);
	return KST_UNTIL(kst_tier_attr(tier, "helper") <= 0) ? 0 : -ETIMEDOUT;
}

struct kvt_remote_desc *kst_desc(struct kst_channel *c, __u32 tag)
{
	return (void *)(c->map + (size_t)tag * c->arg.stride);
}

void *kst_trailer(struct kst_channel *c, __u32 tag, __u32 i)
{
	struct kvt_remote_desc *d = kst_desc(c, tag);

	return (char *)d + KVT_REMOTE_TRAILERS + (size_t)i * d->trailer_size;
}

struct io_uring_sqe *kst_remote_sqe(struct kst_channel *c, __u32 cmd, __u32 tag,
				    __u64 id)
{
	struct kvt_uring_remote u = { .tag = tag, .id = id };
	struct io_uring_sqe *sqe;

	while (!(sqe = io_uring_get_sqe(&c->ring)))
		io_uring_submit(&c->ring);
	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, c->fd, NULL, 0, 0);
	sqe->cmd_op = cmd;
	sqe->user_data = tag;
	memcpy(sqe->cmd, &u, sizeof(u));
	return sqe;
}

void kst_remote_arm(struct kst_channel *c, __u32 tag)
{
	kst_remote_sqe(c, KVT_URING_FETCH_REQ, tag, 0);
	io_uring_submit(&c->ring);
}

void kst_remote_answer(struct kst_channel *c, __u32 tag, __u64 id)
{
	kst_remote_sqe(c, KVT_URING_COMMIT_REQ, tag, id);
	io_uring_submit(&c->ring);
}

static int next_cqe(struct kst_channel *c, unsigned int ms, __u64 *data, int *res)
{
	struct __kernel_timespec ts = {
		.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000LL,
	};
	struct io_uring_cqe *cqe;
	int err;

	do {
		err = io_uring_wait_cqe_timeout(&c->ring, &cqe, &ts);
	} while (err == -EINTR);
	if (err)
		return err;
	*data = cqe->user_data;
	*res = cqe->res;
	io_uring_cqe_seen(&c->ring, cqe);
	return 0;
}

int kst_remote_next(struct kst_channel *c, unsigned int ms, __u32 *tag, int *res)
{
	__u64 data;
	int err = next_cqe(c, ms, &data, res);

	if (!err)
		*tag = data;
	return err;
}

/* ------------------------------------------------------------------- the pool */

struct pool_block {
	struct pool_block *next;
	struct kvt_trailer_of of;
	char *bytes;
	struct kvt_trailer *trailer;
};

/* @lock guards all but the first. */
struct kst_pool {
	__u32 block_size;
	pthread_mutex_t lock;
	struct pool_block *blocks;
	unsigned int nr;
	struct kst_ways ways;
	unsigned int asked[4];
	unsigned int requests[4];
	unsigned int pending;
	unsigned int wrong;
};

#define LOCKED(p, expr)							\
	({								\
		pthread_mutex_lock(&(p)->lock);				\
		typeof(expr) locked_ = (expr);				\
		pthread_mutex_unlock(&(p)->lock);			\
		locked_;						\
	})

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
	return LOCKED(p, p->ways);
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
	return LOCKED(p, !!*find(p, key.b));
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
	return LOCKED(p, p->nr);
}

unsigned int kst_pool_asked(struct kst_pool *p, enum kvt_remote_op op)
{
	return LOCKED(p, p->asked[op]);
}

unsigned int kst_pool_requests(struct kst_pool *p, enum kvt_remote_op op)
{
	return LOCKED(p, p->requests[op]);
}

bool kst_pool_wait_asked(struct kst_pool *p, enum kvt_remote_op op,
			 unsigned int least)
{
	return KST_UNTIL(kst_pool_asked(p, op) >= least);
}

unsigned int kst_pool_pending(struct kst_pool *p)
{
	return LOCKED(p, p->pending);
}

unsigned int kst_pool_wrong(struct kst_pool *p)
{
	return LOCKED(p, p->wrong);
}

static void is_wrong(struct kst_pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->wrong++;
	pthread_mutex_unlock(&p->lock);
}

/* One of those that are counted down, if any is left. */
static bool one_more(unsigned int *left)
{
	return *left && (*left)--;
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
	if (one_more(&p->ways.no_bytes))
		return 0;
	if (one_more(&p->ways.other_block))
		b = b->next ?: p->blocks;
	memcpy(frame, b->bytes, p->block_size);
	memcpy(trailer, b->trailer, kvt_trailer_bytes(p->block_size));
	if (one_more(&p->ways.flip_bytes))
		frame[p->block_size - 1] ^= 1;
	if (one_more(&p->ways.flip_trailer))
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

/* ------------------------------------------------------------------ the thread */

/**
 * struct kst_helper - a thread that answers
 * @pool: what it answers from
 * @thread: it
 * @channel: the thread's own
 * @space: name of the space whose file @space_fd is; empty: none
 * @space_fd: the thread's own
 * @got: by tag: when its request came, ms; 0: it has none
 * @stop: it is to end
 * @let_go: it is to close @space_fd
 */
struct kst_helper {
	struct kst_pool *pool;
	pthread_t thread;
	struct kst_channel channel;
	char space[KVT_NAME_SIZE];
	int space_fd;
	__u64 got[KVT_REMOTE_MAX_DEPTH];
	bool stop;
	bool let_go;
};

static void close_space(struct kst_helper *h)
{
	if (*h->space)
		close(h->space_fd);
	*h->space = 0;
}

static char *map_frame(struct kst_helper *h, const struct kvt_remote_desc *d,
		       __u64 offset)
{
	char *p;

	if (strncmp(h->space, (const char *)d->space, KVT_NAME_SIZE)) {
		close_space(h);
		h->space_fd = kst_open((const char *)d->space, O_RDWR);
		if (h->space_fd < 0)
			return NULL;
		memcpy(h->space, d->space, KVT_NAME_SIZE);
	}
	p = kst_map(h->space_fd, offset, d->block_size, PROT_READ | PROT_WRITE);
	return p;
}

static int serve_bytes(struct kst_helper *h, struct kvt_remote_desc *d,
		       const struct kvt_remote_block *rb, char *trailer)
{
	char *frame = map_frame(h, d, rb->offset);
	int ret;

	if (d->op == KVT_REMOTE_FETCH)
		ret = LOCKED(h->pool, pool_fetch(h->pool, rb, frame, trailer));
	else
		ret = LOCKED(h->pool, pool_spill(h->pool, rb, frame, trailer));
	if (frame)
		munmap(frame, d->block_size);
	return ret;
}

static int serve_block(struct kst_helper *h, struct kvt_remote_desc *d, __u32 i,
		       char *trailer)
{
	const struct kvt_remote_block *rb = &d->blocks[i];

	switch (d->op) {
	case KVT_REMOTE_EXISTS:
		return LOCKED(h->pool, pool_exists(h->pool, rb));
	case KVT_REMOTE_DROP:
		return LOCKED(h->pool, pool_drop(h->pool, rb, d->flags));
	default:
		return serve_bytes(h, d, rb, trailer);
	}
}

static bool makes_sense(struct kst_pool *p, const struct kvt_remote_desc *d)
{
	__u32 trailer = d->op == KVT_REMOTE_FETCH || d->op == KVT_REMOTE_SPILL ?
			kvt_trailer_bytes(p->block_size) : 0;

	return d->id && d->op <= KVT_REMOTE_DROP && d->nr &&
	       d->nr <= KVT_REMOTE_BATCH && d->block_size == p->block_size &&
	       d->trailer_size == trailer && !d->pad;
}

/* A commit that is to fail. Its completion says with what. */
static void commit_wrong(struct kst_helper *h, __u32 tag, __u64 id, __u32 as_tag,
			 int expect)
{
	struct io_uring_sqe *sqe = kst_remote_sqe(&h->channel,
						  KVT_URING_COMMIT_REQ, tag, id);
	struct kvt_uring_remote u = {
		.tag = as_tag, .id = id, .pad = expect == EINVAL && as_tag == tag,
	};

	memcpy(sqe->cmd, &u, sizeof(u));
	sqe->user_data = (__u64)expect << 32 | tag;
	io_uring_submit(&h->channel.ring);
}

static void misbehave(struct kst_helper *h, __u32 tag, struct kvt_remote_desc *d)
{
	struct kst_pool *p = h->pool;

	if (LOCKED(p, one_more(&p->ways.bad_status))) {
		static const int bad[] = { 1, -4096, INT32_MIN, INT32_MAX };
		unsigned int i;

		for (i = 0; i < 4; i++) {
			struct io_uring_sqe *sqe;

			d->blocks[d->nr - 1].status = bad[i];
			sqe = kst_remote_sqe(&h->channel, KVT_URING_COMMIT_REQ,
					     tag, d->id);
			sqe->user_data = (__u64)EINVAL << 32 | tag;
			io_uring_submit(&h->channel.ring);
		}
	}
	if (LOCKED(p, one_more(&p->ways.bad_id))) {
		commit_wrong(h, tag, d->id + 1, tag, ESTALE);
		commit_wrong(h, tag, 0, tag, ESTALE);
		commit_wrong(h, tag, d->id, h->channel.arg.depth, EINVAL);
		commit_wrong(h, tag, d->id, ~0U, EINVAL);
		commit_wrong(h, tag, d->id, tag, EINVAL);
	}
}

static void answer(struct kst_helper *h, __u32 tag)
{
	struct kvt_remote_desc *d = kst_desc(&h->channel, tag);
	struct kst_pool *p = h->pool;
	__s32 status[KVT_REMOTE_BATCH];
	bool fail = LOCKED(p, !!(p->ways.fail & 1U << d->op));
	__u64 id = d->id;
	__u32 i;

	for (i = 0; i < d->nr; i++)
		status[i] = fail ? -EIO :
			    serve_block(h, d, i, kst_trailer(&h->channel, tag, i));
	misbehave(h, tag, d);
	for (i = 0; i < d->nr; i++)
		d->blocks[i].status = status[i];
	h->got[tag] = 0;
	/* Before who asked can see the answer. */
	LOCKED(p, p->pending--);
	kst_remote_answer(&h->channel, tag, id);
	if (LOCKED(p, one_more(&p->ways.twice)))
		commit_wrong(h, tag, id, tag, ESTALE);
}

static bool is_ready(struct kst_helper *h, __u32 tag)
{
	const struct kvt_remote_desc *d = kst_desc(&h->channel, tag);
	struct kst_ways ways = kst_pool_ways_left(h->pool);
	__u64 age = kst_now_ms() - h->got[tag];

	if (ways.hold & 1U << d->op || age < ways.delay_ms)
		return false;
	if (d->op != KVT_REMOTE_EXISTS || !d->wait_ns)
		return true;
	return !LOCKED(h->pool, pool_exists(h->pool, &d->blocks[0])) ||
	       age >= d->wait_ns / 1000000;
}

static void note_request(struct kst_helper *h, __u32 tag)
{
	const struct kvt_remote_desc *d = kst_desc(&h->channel, tag);
	struct kst_pool *p = h->pool;

	h->got[tag] = kst_now_ms();
	pthread_mutex_lock(&p->lock);
	p->wrong += !makes_sense(p, d);
	p->asked[d->op % 4] += d->nr;
	p->requests[d->op % 4]++;
	p->pending++;
	pthread_mutex_unlock(&p->lock);
}

static void take_requests(struct kst_helper *h)
{
	unsigned int ms = TICK_MS;
	int res, expect;
	__u64 data;

	while (!next_cqe(&h->channel, ms, &data, &res)) {
		ms = 0;
		expect = data >> 32;
		if (res == 0 && !expect)
			note_request(h, data);
		else if (res != -expect)
			is_wrong(h->pool);
	}
}

static void *helper_thread(void *arg)
{
	struct kst_helper *h = arg;
	__u32 i;

	for (i = 0; i < h->channel.arg.depth; i++)
		kst_remote_arm(&h->channel, i);
	while (!__atomic_load_n(&h->stop, __ATOMIC_ACQUIRE)) {
		take_requests(h);
		for (i = 0; i < h->channel.arg.depth; i++)
			if (h->got[i] && is_ready(h, i))
				answer(h, i);
		if (__atomic_load_n(&h->let_go, __ATOMIC_ACQUIRE)) {
			close_space(h);
			__atomic_store_n(&h->let_go, false, __ATOMIC_RELEASE);
		}
	}
	return NULL;
}

struct kst_helper *kst_helper_start(struct kst_pool *p, const char *tier,
				    __u32 depth)
{
	struct kst_helper *h = calloc(1, sizeof(*h));
	int err;

	h->pool = p;
	err = -kst_channel_open(&h->channel, tier, depth);
	if (!err) {
		err = pthread_create(&h->thread, NULL, helper_thread, h);
		if (!err)
			return h;
		kst_channel_close(&h->channel);
	}
	free(h);
	errno = err;
	return NULL;
}

int kst_helper_stop(struct kst_helper *h)
{
	__u32 i;
	int err;

	__atomic_store_n(&h->stop, true, __ATOMIC_RELEASE);
	pthread_join(h->thread, NULL);
	close_space(h);
	for (i = 0; i < h->channel.arg.depth; i++)
		LOCKED(h->pool, h->pool->pending -= !!h->got[i]);
	err = kst_channel_close(&h->channel);
	free(h);
	return err;
}

void kst_helper_let_go(struct kst_helper *h)
{
	__atomic_store_n(&h->let_go, true, __ATOMIC_RELEASE);
	KST_UNTIL(!__atomic_load_n(&h->let_go, __ATOMIC_ACQUIRE));
}
